"""The source of helper functions, to stand in a program that imports nothing of this project."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[..., Any]


def definitions(wanted: dict[str, Function]) -> list[str]:
    """The functions, under these names, and all that they call, each before its first use."""
    found: dict[Function, str] = {}
    for name, function in wanted.items():
        _define(name, inspect.unwrap(function), found)
    return list(found.values())


def _define(name: str, function: Function, found: dict[Function, str]) -> None:
    if function in found:
        return
    tree, called = _bare(function)
    for other_name, other in called.items():
        _define(other_name, other, found)
    tree.name = name
    found[function] = ast.unparse(ast.fix_missing_locations(tree))


@functools.cache
def _bare(function: Function) -> tuple[ast.FunctionDef, dict[str, Function]]:
    """A function's syntax without types and decorators, and those of ours that it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise TypeError(f"{function!r} is not a plain function, so it has no source to copy.")
    tree.decorator_list, tree.returns = [], None
    for argument in (*tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = None
    called = {}
    for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
        thing = function.__globals__.get(name)
        if thing is not None and thing not in (np, math, builtins, Any):
            called[name] = inspect.unwrap(thing)
    return _Plain().visit(tree), called


class _Plain(ast.NodeTransformer):
    """Types taken out, and `builtins.max` as `max`, since no operation has that name there."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign([node.target], node.value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "builtins":
            return ast.Name(node.attr, node.ctx)
        return node
