"""Python's `math`: how steps on numbers alone are written."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ...primitives.namespaces import MATH_NAMES, SCALARS
from ...primitives.registry import registry
from ...support import syntax
from .language import Qualify, Spelling, helper_of, over

_SUFFIX = "_of_floats"
_AS_PYTHON = ("abs", "where", "logical_not")  # the last two are then written as Python does
_numpys = over("np")


def _qualified(name: str) -> str:
    if name in _AS_PYTHON:
        return name
    if name == "pow" or name in MATH_NAMES:
        return f"math.{MATH_NAMES.get(name, name)}"
    return f"{name}{_SUFFIX}" if name in SCALARS else _numpys(name)


def _helper(name: str) -> Callable[..., Any] | None:
    return SCALARS.get(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else helper_of(name)


class _Finish(ast.NodeTransformer):
    """What Python writes otherwise about floats than NumPy about arrays."""

    def __init__(self, qualified: Qualify) -> None:
        self.qualified = qualified

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        exponent = syntax.number_of(node.right)
        if isinstance(node.op, ast.Pow) and (exponent is None or exponent % 1):
            return ast.Call(self.qualified("pow"), [node.left, node.right], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="where"), args=[condition, a, b]):
                return ast.IfExp(condition, a, b)
            case ast.Call(func=ast.Name(id="logical_not"), args=[x]):
                return ast.UnaryOp(ast.Not(), x)
            case ast.Call(func=ast.Name(id="maximum_of_floats"), args=[x, ast.Constant() as c]):
                return ast.IfExp(ast.Compare(x, [ast.Lt()], [c]), c, x)
            case ast.Call(func=ast.Name(id=name)) if name in registry.helpers:
                return syntax.call("float", node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"))):
                return syntax.call("float", node)
        return node


FLOATS = Spelling(
    _qualified,
    _helper,
    lambda tree, qualified: _Finish(qualified).visit(tree),
    as_array="float64",
    as_number="float",
)
