"""A derivative as a program: straight-line Python that a person would have written by hand."""

from __future__ import annotations

import ast
import math
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..primitives.namespaces import MATH_NAMES, numpy_function
from ..support import syntax
from ..support.files import replacing
from ..support.numbers import has_nan
from ..support.tree import leaves, unflatten
from .capture import Capture, checked_arguments
from .text.language import Language
from .text.module import Module
from .text.numpy import NUMPY
from .text.source import compiled_source
from .text.trees import holds_named_tuple


class _FloatsByName(ast.NodeTransformer):
    """Numbers as calls of `float`, which then may be NumPy's."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return syntax.call("float", node) if type(node.value) is float else node


class Program:
    """The steps of a function, forward and backward, as Python source that runs.

    `source` is a module that imports numpy or math and nothing else; `print(program)` shows
    it. Calling the program gives what the function gave, in its structure: for one number its
    value and gradients, for anything else just the value. A program is of the shapes and
    dtypes that it was derived for: other arguments raise ValueError, another structure
    TypeError. It does not warn of infinities.

    On floats the source is plain `math`, which raises where IEEE 754 has inf or nan; called
    here, the same lines are then run on NumPy's floats, as the engine does.
    """

    def __init__(self, capture: Capture, name: str) -> None:
        self._write(capture, name, NUMPY)
        self._run = self._compiled({})
        self._ieee: Callable[..., Any] | None = None
        self._named_tuples = holds_named_tuple(capture.out)
        self._careful: Program | None = None

    def _write(
        self, capture: Capture, name: str, language: Language, as_arguments: bool = False
    ) -> None:
        """Keep the text of the program, and of the capture what a call needs."""
        self.name, self._capture = name, capture
        module = Module(capture, name, language, as_arguments)
        self.source, self._captured = module.source, module.captured
        capture.forget()

    def _compiled(self, replaced: dict[str, Any]) -> Callable[..., Any]:
        """The function that the source defines. It comes from the registry and checked names."""
        module = ast.parse(self.source)
        if replaced:
            module.body = [s for s in module.body if not isinstance(s, ast.Import)]
            module = ast.fix_missing_locations(_FloatsByName().visit(module))
        namespace: dict[str, Any] = dict(replaced)
        exec(compiled_source(self.name, self.source, module), namespace)
        function: Callable[..., Any] = namespace[self.name]
        return function

    def __call__(self, *args: Any) -> Any:
        capture = self._capture
        given = unflatten(capture.args, checked_arguments(capture, args))
        with np.errstate(all="ignore"):
            try:
                out = self._run(*given)
            except (ArithmeticError, ValueError):
                out = self._run_ieee(given)
        if self._named_tuples:
            out = unflatten(capture.out, leaves(out))
        if capture.trace.doubtful and any(map(has_nan, leaves(out))):
            if self._careful is None:
                self._careful = Program(capture.carefully(args), self.name)
            return self._careful(*args)
        return out

    def _run_ieee(self, args: Any) -> Any:
        if self._ieee is None:
            functions = {theirs: numpy_function(ours) for ours, theirs in MATH_NAMES.items()}
            as_math = types.SimpleNamespace(**{**vars(math), **functions, "pow": np.power})
            self._ieee = self._compiled({"math": as_math, "np": np, "float": np.float64})
        given = unflatten(args, [np.float64(a) if type(a) is float else a for a in leaves(args)])
        out = self._ieee(*given)
        return unflatten(out, [float(o) if np.ndim(o) == 0 else o for o in leaves(out)])

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<Program {self.name} of {len(self.source.splitlines())} lines>"

    def save(self, path: str | Path) -> None:
        """Write the source as a module; a file that is there is replaced whole or not at all."""
        with replacing(path) as file:
            file.write(self.source.encode())
