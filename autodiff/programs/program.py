"""A derivative as a program: straight-line Python that a person would have written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..support.cached import Cached
from ..support.files import replacing
from ..support.notebook import mimebundle
from ..support.numbers import has_nan
from ..support.quiet import quiet
from ..support.tree import leaves, unflatten
from .capture import Capture, checked_arguments
from .text.language import Language
from .text.module import Module
from .text.numpy import NUMPY
from .text.saved import saved_source, steps_with_care
from .text.source import compiled_source
from .text.trees import holds_named_tuple


class Program:
    """The steps of a function, forward and backward, as Python source that runs.

    `source` is a module that imports numpy or math and nothing else; `print(program)` shows
    it. Calling the program gives what the function gave, in its structure: for one number its
    value and gradients, for anything else just the value. A program is of the shapes and
    dtypes that it was derived for: other arguments raise ValueError, another structure
    TypeError. It does not warn of infinities.

    On floats the source is plain `math`, which raises where IEEE 754 has inf or nan. Called here,
    and in the module that `save` writes, such steps then give what the engine does.
    """

    _repr_mimebundle_ = mimebundle

    def __init__(self, capture: Capture, name: str) -> None:
        module = self._written(capture, name, NUMPY)
        careful = capture.careful()
        self._keep(module, careful)
        for done in {capture, careful}:
            done.forget()
        self._named_tuples = holds_named_tuple(capture.out)

    def _written(
        self, capture: Capture, name: str, language: Language, as_arguments: bool = False
    ) -> Module:
        """The text of the program, which it keeps, and of the capture what a call needs."""
        module = Module(capture, name, language, as_arguments)
        self.name, self._capture = name, capture
        self.source, self._captured = module.source, module.captured
        return module

    def _keep(self, module: Module, careful: Capture) -> None:
        """What the saved module is written of, when one is asked for: its text takes its time."""
        self._modules = module, steps_with_care(module, careful)

    @Cached
    def _saved(self) -> str:
        return saved_source(*self._modules)

    @Cached
    def _run(self) -> Callable[..., Any]:
        """The function that the source defines."""
        return defined(self.name, self.source)

    @Cached
    def _run_carefully(self) -> Callable[..., Any]:
        """The function that the saved module defines."""
        return defined(self.name, self._saved)

    def __call__(self, *args: Any) -> Any:
        capture = self._capture
        given = unflatten(capture.args, checked_arguments(capture, args))
        out = self._computed(given)
        if self._named_tuples:
            out = unflatten(capture.out, leaves(out))
        if capture.trace.ties and callable(capture.f) and any(map(has_nan, leaves(out))):
            return capture.eagerly(given)
        return out

    @quiet
    def _computed(self, given: Any) -> Any:
        try:
            out = self._run(*given)
            odd = self._capture.trace.doubtful and any(map(has_nan, leaves(out)))
        except (ArithmeticError, ValueError):
            odd = True
        return self._run_carefully(*given) if odd else out

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled of it: texts, and what its arguments are like; no function."""
        left_out = ("_run", "_run_carefully", "_jitted", "_modules")
        state = {key: value for key, value in vars(self).items() if key not in left_out}
        return state | ({"_saved": self._saved} if hasattr(self, "_modules") else {})

    def __str__(self) -> str:
        return str(self.source)

    def __repr__(self) -> str:
        return f"<Program {self.name} of {len(self.source.splitlines())} lines>"

    @property
    def module(self) -> str:
        """The text of the module that `save` writes."""
        return str(self._saved)

    def save(self, path: str | Path) -> None:
        """Write the program as a module; a file that is there is replaced whole or not at all.

        To `source` it adds what a program needs that others call: it checks its arguments, and
        where the plain steps cannot do it has them again, with care.
        """
        with replacing(path) as file:
            file.write(self.module.encode())


def defined(name: str, source: str) -> Callable[..., Any]:
    """The function that a source defines. It comes from the registry and checked names."""
    namespace: dict[str, Any] = {}
    exec(compiled_source(name, source), namespace)
    function: Callable[..., Any] = namespace[name]
    return function
