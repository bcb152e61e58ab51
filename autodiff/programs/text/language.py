"""A target language: what is written otherwise there than in others, as data and a few functions.

A program is the same steps in every language, under the same names; `printer.py` and `module.py`
write them. What differs stands in a file to a language: `numpy.py`, with `floats.py` for Python's
numbers, `jax.py`, `javascript.py` and `latex.py`. What is no expression is written as Python does,
unless a language says.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...primitives.registry import registry
from .helpers import renamed
from .trees import returned, unpacking

Definition = Callable[[str, Callable[..., Any]], tuple[str, Mapping[str, Callable[..., Any]]]]
Qualify = Callable[[str], ast.expr]

# What programs in Python import, by what it is called there.
PYTHONS_MODULES = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "math": "import math",
    "np": "import numpy as np",
}
_PYTHONS_WORDS = frozenset(
    [*keyword.kwlist, "__debug__", "abs", "float", "slice", *PYTHONS_MODULES]
)


def helper_of(name: str) -> Callable[..., Any] | None:
    """The function of ours that formulas use by this name."""
    helper = registry.helpers.get(name)
    return None if helper is None else helper.function


@dataclass(frozen=True, eq=False)
class Spelling:
    """How expressions are written: over arrays, or over numbers alone."""

    qualified: Callable[[str], str]  # a name of a formula: "np.exp" for `exp`
    helper: Callable[[str], Callable[..., Any] | None] = helper_of  # what a program defines
    # The last touch to an expression; it is given the syntax of a formula's name, too.
    finished: Callable[[ast.expr, Qualify], ast.expr] = lambda tree, qualified: tree
    # What makes an array of a number where a formula asks for what only arrays have, and a number
    # of what that gives; empty where there is no need.
    as_array: str = ""
    as_number: str = ""


def over(module: str) -> Callable[[str], str]:
    """A formula's names as those of a module that has NumPy's functions; a helper by its own."""
    return lambda name: name if name in registry.helpers else f"{module}.{name}"


def _cotangent(primal: str, order: int) -> str:
    return f"{'d' if order == 1 else f'd{order}'}_{primal}"


def _assignment(name: str, expression: str, comment: str = "") -> str:
    return f"{name} = {expression}" + (f"  # {comment}" if comment else "")


def function_text(name: str, parameters: Sequence[str], body: Sequence[str]) -> str:
    """The text of a function, of lines that are indented."""
    return "\n".join([f"def {name}({', '.join(parameters)}):", *body])


def _module(
    title: str, imports: Sequence[str], definitions: Sequence[str], constants: Sequence[str],
    name: str, parameters: Sequence[str], body: Sequence[str],
) -> str:  # fmt: skip
    """The text of a module: a function, above it what it needs."""
    top = "\n\n".join([f'"""{title}"""', *(["\n".join(imports)] if imports else [])])
    above = ["\n".join(constants)] if constants else []
    function = function_text(name, parameters, body)
    return "\n\n\n".join([top, *definitions, *above, function]) + "\n"


@dataclass(frozen=True, eq=False)
class Language:
    """How one language writes what others write otherwise."""

    arrays: Spelling
    floats: Spelling
    define: Definition  # a function as the text of a helper, and those of ours that it calls
    draw: Callable[[Any, Any], ast.expr]  # of a Printer and a Step: random numbers
    sum_of_scatters: Callable[[Any, Any, list[Any]], list[str]]  # of these and the sum's parts

    # Of a Printer, a Step, and the expressions of its operands: these as they are given there. And
    # of a Printer, a Step and its expression: this as what NumPy gives.
    operands: Callable[[Any, Any, list[ast.expr]], list[ast.expr]] = lambda _, step, trees: trees
    result: Callable[[Any, Any, ast.expr], ast.expr] = lambda _, step, tree: tree
    static: Callable[[Any], Any] = lambda value: value  # a static parameter as it is passed there
    copy: str = ".copy()"  # what makes a result the caller's own; empty where none is written to
    note: Callable[[Any], str] = lambda capture: ""  # what the title says besides

    # Of a helper's text: the same, in which functions are called by other names.
    renamed: Callable[[str, Mapping[str, str]], str] = renamed
    modules: Mapping[str, str] = field(default_factory=lambda: PYTHONS_MODULES)
    reserved: frozenset[str] = _PYTHONS_WORDS
    defines_helpers: bool = True  # under their names, which nothing else has then
    value: str = "value"  # what a result is called that has no name; "" for the program's
    cotangent: Callable[[str, int], str] = _cotangent  # of what has a name, of an order
    longest: int = 48  # characters of an expression that is still put into another
    notation: Any = None  # what else a language knows of one program
    expression: Callable[[ast.expr], str] = ast.unparse
    assignment: Callable[..., str] = _assignment
    comment: str = "# "
    unpacking: Callable[..., list[str]] = unpacking
    returned: Callable[[Any], list[str]] = returned
    module: Callable[..., str] = _module
