"""Programs in LaTeX: text alone, for people."""

from __future__ import annotations

from typing import Any, NoReturn

from .capture import Capture
from .program import Program
from .text.latex import LatexModule


class LatexProgram(Program):
    """A `Program` whose source is mathematics in LaTeX, with amsmath: the value and the gradient.

    `save` writes it as a formula that stands by itself, for `\\input`.
    """

    def __init__(self, capture: Capture, name: str) -> None:
        module = LatexModule(capture, name)
        self.name, self._capture, self.source = name, capture, module.source
        capture.forget()

    @property
    def _saved(self) -> str:
        return f"% needs \\usepackage{{amsmath}}\n\\[\n{self.source}\\]\n"

    def __call__(self, *args: Any) -> NoReturn:
        """Raises TypeError: it is people who read it."""
        raise TypeError(
            f"`{self.name}` is a program in LaTeX, which nothing runs.\n"
            "Save it, as in `program.save('f.tex')`; to call one here, derive it without an engine."
        )
