"""The source of helper functions, to stand in a program that imports nothing of this project."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import itertools
import math
import textwrap
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ...support import syntax


def definitions(
    wanted: Mapping[str, Callable[..., Any]], define: Callable[..., Any],
    taken: Collection[str] = (),
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
        texts[function] = _renamed(text, others) if others else text

    for function in list(names):
        if function not in texts:
            add(function)
    return list(texts.values())


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with the first number after it that makes it another name than all taken."""
    names = itertools.chain([wanted], (f"{wanted}{i}" for i in itertools.count(1)))
    return next(name for name in names if name not in taken)


def _renamed(text: str, others: Mapping[str, str]) -> str:
    """A definition in which functions are called by other names."""
    put = {name: syntax.name(other) for name, other in others.items()}
    return ast.unparse(ast.fix_missing_locations(syntax.filled(syntax.parse(text), put)))


def copied(name: str, function: Callable[..., Any]) -> tuple[str, dict[str, Callable[..., Any]]]:
    """A helper as it stands in its file, without types, and those of ours that it calls."""
    tree, called = bare(function)
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
def bare(function: Callable[..., Any]) -> tuple[ast.FunctionDef, dict[str, Callable[..., Any]]]:
    """A function's syntax without types and decorators, and those of ours that it calls."""
    tree = syntax.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise TypeError(f"{function!r} is not a plain function, so it has no source to copy.")
    tree.decorator_list, tree.returns = [], None
    several = [a for a in (tree.args.vararg, tree.args.kwarg) if a is not None]
    for argument in (*tree.args.args, *tree.args.kwonlyargs, *several):
        argument.annotation = None
    called = {}
    for name in dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)):
        thing = function.__globals__.get(name)
        if thing is not None and thing not in (np, math, builtins, Any):
            called[name] = inspect.unwrap(thing)
    return _Untyped().visit(tree), called


class _Untyped(ast.NodeTransformer):
    """Types taken out, and `builtins.max` as `max`, since no operation has that name there."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign([node.target], node.value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "builtins":
            return ast.Name(node.attr, node.ctx)
        return node
