"""The source of helper functions, to stand in a program that imports nothing of this project."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def definitions(wanted: Mapping[str, Callable[..., Any]], define: Callable[..., Any]) -> list[str]:
    """The functions, under these names, and all that they call, each before its first use.

    `define(name, function)` is the text of one, and the functions that it calls by name.
    """
    found: dict[Callable[..., Any], str] = {}

    def add(name: str, function: Callable[..., Any]) -> None:
        if function not in found:
            text, called = define(name, function)
            for other_name, other in called.items():
                add(other_name, other)
            found[function] = text

    for name, function in wanted.items():
        add(name, inspect.unwrap(function))
    return list(found.values())


def copied(name: str, function: Callable[..., Any]) -> tuple[str, dict[str, Callable[..., Any]]]:
    """A helper as it stands in its file, without types, and those of ours that it calls."""
    tree, called = bare(function)
    tree.name = name
    text = ast.unparse(ast.fix_missing_locations(tree))
    return _as_written(text, function) or text, called


def _as_written(text: str, function: Callable[..., Any]) -> str | None:
    """A definition with the body as it stands in its file, if that is all on lines of its own."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.body[0].lineno == tree.lineno:
        return None
    if any(isinstance(node, ast.AnnAssign) for node in ast.walk(tree)):
        return None
    body = source.splitlines()[tree.body[0].lineno - 1 :]
    return "\n".join([text.splitlines()[0], *body]).replace("builtins.", "").rstrip()


@functools.cache
def bare(function: Callable[..., Any]) -> tuple[ast.FunctionDef, dict[str, Callable[..., Any]]]:
    """A function's syntax without types and decorators, and those of ours that it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise TypeError(f"{function!r} is not a plain function, so it has no source to copy.")
    tree.decorator_list, tree.returns = [], None
    for argument in (*tree.args.args, *tree.args.kwonlyargs):
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
