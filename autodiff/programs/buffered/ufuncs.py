"""Which expressions are ufuncs, and so can be told where to put what they compute."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from ...support import syntax

_REDUCTIONS = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


def all_ufuncs(tree: ast.expr) -> bool:
    """Whether an expression is made of ufuncs, names and numbers alone."""
    if isinstance(tree, (ast.Name, ast.Constant)):
        return True
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.operand, ast.Constant):
        return True
    function, arguments = as_ufunc(tree)
    return bool(function) and all(map(all_ufuncs, arguments))


def as_ufunc(tree: ast.expr) -> tuple[str, Sequence[ast.expr]]:
    """`("multiply", (a, b))` for `a * b` and for `np.multiply(a, b)`; `("", ())` for others."""
    match tree:
        case ast.BinOp(op=ast.Pow(), left=x, right=ast.Constant(value=2 | 2.0)):
            return "square", [x]
        case ast.BinOp(op=ast.MatMult()):
            return "", []
        case ast.BinOp(left=a, op=operation, right=b):
            return syntax.OPERATORS[type(operation)][3], [a, b]
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return "negative", [x]
        case ast.Compare(left=a, ops=[operation], comparators=[b]):
            return syntax.OPERATORS[type(operation)][3], [a, b]
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args, keywords=[]
        ):
            ufunc = getattr(np, name, None)
            if isinstance(ufunc, np.ufunc) and ufunc.nin == len(args) and ufunc.nout == 1:
                return ufunc.__name__, args
    return "", []


class _Reductions(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=[x]):
                if name in _REDUCTIONS and {k.arg for k in node.keywords} <= {"axis", "keepdims"}:
                    axis = {k.arg: k for k in node.keywords}
                    axis.setdefault("axis", ast.keyword("axis", ast.Constant(None)))
                    reduce = syntax.parse(f"np.{_REDUCTIONS[name]}.reduce", mode="eval").body
                    return ast.Call(reduce, [x], list(axis.values()))
        return node


def reduced_by_ufuncs(tree: ast.expr) -> ast.expr:
    """NumPy's reductions by the ufuncs that they are, without the layers around them."""
    return _Reductions().visit(tree)  # type: ignore[no-any-return]
