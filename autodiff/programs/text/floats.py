"""Python's `math`: how steps on numbers alone are written."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ...primitives.namespaces import MATH_NAMES, SCALARS
from ...primitives.registry import registry
from ...support import syntax
from .language import Qualify, Spelling, helper_of, over

_SUFFIX = "_of_floats"
_AS_PYTHON = ("abs", "where", "logical_not")  # the last two are then written as Python does
_numpys = over("np")


def _quotient(a: float, b: float) -> float:
    """a / b, infinite or NaN where b is 0."""
    with np.errstate(all="ignore"):
        return a / b if b else float(np.divide(a, b))


def _ieee(pythons: Callable[..., float], numpys: Callable[..., Any], *x: float) -> float:
    """What Python's function gives; where it raises an error what NumPy's does, as inf or NaN."""
    try:
        return pythons(*x)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return float(numpys(*map(np.float64, x)))


_FUNCTIONS: dict[str, Callable[..., Any]] = {**SCALARS, "quotient": _quotient, "ieee": _ieee}
RAISING = frozenset(f"{name}{_SUFFIX}" for name in ("quotient", "ieee"))
OF_FLOATS = frozenset(f"{name}{_SUFFIX}" for name in _FUNCTIONS)  # their names in a program


def _qualified(name: str) -> str:
    if name in _AS_PYTHON:
        return name
    if name == "pow" or name in MATH_NAMES:
        return f"math.{MATH_NAMES.get(name, name)}"
    return f"{name}{_SUFFIX}" if name in _FUNCTIONS else _numpys(name)


def _helper(name: str) -> Callable[..., Any] | None:
    return _FUNCTIONS.get(name.removesuffix(_SUFFIX)) if name in OF_FLOATS else helper_of(name)


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


# What NumPy calls the functions of `math` that raise errors.
_SILENT = ("isfinite", "isinf", "isnan", "pi", "e", "inf", "nan", "erf", "erfc")
_RAISE = {theirs: ours for ours, theirs in MATH_NAMES.items() if ours not in _SILENT}
_RAISE["pow"] = "power"


class _Raising(ast.NodeTransformer):
    """What raises an error on Python's floats written so that it gives infinities and NaN."""

    def __init__(self, qualified: Qualify) -> None:
        self.qualified = qualified

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div) and not syntax.number_of(node.right):
            return ast.Call(self.qualified("quotient"), [node.left, node.right], [])
        if isinstance(node.op, ast.Pow):
            return self._ieee(self.qualified("pow"), "np.power", [node.left, node.right])
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            operator, _, _, numpys = syntax.OPERATORS[type(node.op)]
            pythons = syntax.parse(f"lambda a, b: a {operator} b", mode="eval").body
            return self._ieee(pythons, f"np.{numpys}", [node.left, node.right])
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr=name)):
                if name in _RAISE:
                    return self._ieee(node.func, f"np.{_RAISE[name]}", node.args)
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in registry.helpers:
                return self._ieee(node.func, name, node.args)
        return node

    def _ieee(self, pythons: ast.expr, numpys: str, operands: list[ast.expr]) -> ast.expr:
        functions = [pythons, syntax.dotted(numpys)]
        return ast.Call(self.qualified("ieee"), [*functions, *operands], [])


def _finished(tree: ast.expr, qualified: Qualify) -> ast.expr:
    return _Finish(qualified).visit(tree)  # type: ignore[no-any-return]


def _finished_as_ieee(tree: ast.expr, qualified: Qualify) -> ast.expr:
    return _Raising(qualified).visit(_finished(tree, qualified))  # type: ignore[no-any-return]


FLOATS = Spelling(_qualified, _helper, _finished, as_array="float64", as_number="float")
# The same, with infinities and NaN where Python raises errors.
IEEE_FLOATS = dataclasses.replace(FLOATS, finished=_finished_as_ieee)
