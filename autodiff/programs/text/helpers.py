"""The source of helper functions, to stand in a program that imports nothing of this project."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import itertools
import math
import sys
import textwrap
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...support import syntax
from ..tracing.standins import TraceError


def definitions(
    wanted: Mapping[str, Callable[..., Any]], define: Callable[..., Any],
    taken: Collection[str] = (), rename: Callable[[str, Mapping[str, str]], str] | None = None,
) -> list[str]:  # fmt: skip
    """The functions, under these names, and all that they call, each before its first use.

    `define(name, function)` is the text of one, and the functions that it calls by name. These
    are called otherwise where the name is `taken`, or that of another function.
    """
    names = {inspect.unwrap(function): name for name, function in wanted.items()}
    used = {*taken, *wanted}
    texts: dict[Callable[..., Any], str] = {}

    def add(function: Callable[..., Any]) -> None:
        text, called = define(names[function], function)
        texts[function] = ""  # which one that calls itself does not ask for again
        for name, other in called.items():
            if other not in names:
                names[other] = free_name(name, used)
                used.add(names[other])
            if other not in texts:
                add(other)
        others = {name: names[other] for name, other in called.items() if names[other] != name}
        del texts[function]  # to stand after those that it calls
        texts[function] = (rename or renamed)(text, others) if others else text

    for function in list(names):
        if function not in texts:
            add(function)
    return list(texts.values())


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with the first number after it that makes it another name than all taken."""
    names = itertools.chain([wanted], (f"{wanted}{i}" for i in itertools.count(1)))
    return next(name for name in names if name not in taken)


def renamed(text: str, others: Mapping[str, str]) -> str:
    """A definition in which functions are called by other names."""
    put = {name: syntax.name(other) for name, other in others.items()}
    return ast.unparse(ast.fix_missing_locations(syntax.filled(syntax.parse(text), put)))


@dataclass(frozen=True)
class Line:
    """A line that gives a name to what a helper reads and what is no function to be copied."""

    form: str  # with the name left open, as in "{} = 0.5"

    def named(self, name: str) -> str:
        """The line for this name."""
        return self.form.format(name).replace(f" {name} as {name}", f" {name}")


def _line(thing: Any) -> Line | None:
    """The line for a module, a constant, or what can be imported by name; None for others."""
    if isinstance(thing, types.ModuleType):
        return Line(f"import {thing.__name__} as {{}}")
    if isinstance(thing, (bool, int, float, str)):
        text = ast.unparse(syntax.literal(thing)).replace("{", "{{").replace("}", "}}")
        return Line(f"{{}} = {text}")
    name = getattr(thing, "__name__", "")
    for module in (getattr(thing, "__module__", None), *_OF_UFUNCS):
        found = getattr(sys.modules.get(module or ""), name or "-", None)
        if found is thing and module != "__main__":
            return Line(f"from {module} import {name} as {{}}")
    return None


_OF_UFUNCS = ("scipy.special", "numpy")  # where a ufunc is from it does not say


@functools.cache
def copied(name: str, function: Any) -> tuple[str, dict[str, Any]]:
    """A helper as it stands in its file, without types, and what it calls and reads.

    What is not to be copied, as a function of another language, is imported.
    """
    if isinstance(function, Line):
        return function.named(name), {}
    try:
        tree, called = bare(function)
    except TraceError:
        line = _line(function)
        if line is None:
            raise
        return line.named(name), {}
    tree.name = name
    text = ast.unparse(ast.fix_missing_locations(tree))
    return _as_written(text, function) or text, called


def _as_written(text: str, function: Callable[..., Any]) -> str | None:
    """A definition with the body as it stands in its file, if that is all on lines of its own."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = syntax.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.body[0].lineno == tree.lineno:
        return None
    if any(isinstance(node, ast.AnnAssign) for node in ast.walk(tree)):
        return None
    body = source.splitlines()[tree.body[0].lineno - 1 :]
    return "\n".join([text.splitlines()[0], *body]).replace("builtins.", "").rstrip()


@functools.cache
def bare(function: Callable[..., Any]) -> tuple[ast.FunctionDef, dict[str, Any]]:
    """A function's syntax without types and decorators, and what it calls and reads.

    Raises TraceError for what cannot be written down: what is not Python's, or closes over data.
    """
    tree = _syntax_of(function)
    tree.decorator_list, tree.returns = [], None
    several = [a for a in (tree.args.vararg, tree.args.kwarg) if a is not None]
    for argument in (*tree.args.args, *tree.args.kwonlyargs, *several):
        argument.annotation = None
    reach = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    called = {}
    own = function.__code__.co_varnames
    for name in dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)):
        thing = None if name in own else reach.get(name)
        usual = thing is {"np": np, "math": math, "builtins": builtins}.get(name, Any)
        if thing is None or usual:
            continue
        thing = inspect.unwrap(thing) if callable(thing) else thing
        called[name] = thing if inspect.isfunction(thing) else _line(thing)
        if called[name] is None:
            raise _unwritable(f"`{name}`, which `{function.__name__}` reads,")
    return _Untyped().visit(tree), called


def _syntax_of(function: Callable[..., Any]) -> ast.FunctionDef:
    try:
        tree = syntax.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (TypeError, OSError, SyntaxError):
        tree = None
    if not isinstance(tree, ast.FunctionDef):
        raise _unwritable(f"`{getattr(function, '__name__', function)}`")
    return tree


def _unwritable(what: str) -> TraceError:
    return TraceError(
        f"A program is text that stands alone, but {what} has none that could stand in it.\n"
        "Write it as a function of NumPy's, `def` in a file, that reads functions and numbers."
    )


class _Untyped(ast.NodeTransformer):
    """Types taken out, and `builtins.max` as `max`, since no operation has that name there."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "builtins":
            return ast.Name(node.attr, node.ctx)
        return node
