"""Programs in JavaScript: text alone, which a browser runs."""

from __future__ import annotations

from typing import Any, NoReturn

from .capture import Capture
from .program import Program
from .text.javascript import JAVASCRIPT, careful_script, refuse_arrays
from .text.module import Module


class JavaScriptProgram(Program):
    """A `Program` over numbers whose source is JavaScript, to run in a browser or by Node.

    The source is a function that needs nothing else, and gives what IEEE 754 has. Where a zero
    cotangent may meet an infinity, `script` has the steps again, with care. `save` writes that as
    a module which exports the function.
    """

    def __init__(self, capture: Capture, name: str) -> None:
        careful = capture.careful()
        refuse_arrays([*capture.graph.steps, *careful.graph.steps])
        plain = self._written(capture, name, JAVASCRIPT)
        self.script = str(self.source)
        if careful is not capture:
            second = Module(careful, name, JAVASCRIPT, taken=plain.names.outside)
            self.script = careful_script(plain, second)
        for done in {capture, careful}:
            done.forget()

    @property
    def _saved(self) -> str:
        return f"{self.script}\nexport {{ {self.name} }};\n"

    def __call__(self, *args: Any) -> NoReturn:
        """Raises TypeError: it is JavaScript that runs it."""
        raise TypeError(
            f"`{self.name}` is a program in JavaScript, which a browser or Node runs.\n"
            "Save it, as in `program.save('f.mjs')`; to call one here, derive it without an engine."
        )
