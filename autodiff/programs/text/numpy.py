"""NumPy: how programs over arrays are written, those on Python's floats among them."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ...operations.indexing import repeats
from ...primitives.namespaces import defaults_of
from ...support import syntax
from ..steps import Step
from .floats import FLOATS
from .helpers import copied
from .language import Language, Spelling, over
from .printer import Printer


class Brief(ast.NodeTransformer):
    """What is written more briefly about arrays: `x.T`, and no keyword that is usual."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if node.keywords:
            function = ast.unparse(node.func)
            usual = defaults_of(function.removeprefix("np.").removeprefix("jnp."))
            node.keywords = [k for k in node.keywords if not _is_usual(k, usual)]
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="np" | "jnp"), attr="transpose"),
                args=[x, ast.Constant(value=None)],
            ):
                return ast.Attribute(x, "T", ast.Load())
        return node


def _is_usual(keyword: ast.keyword, defaults: dict[str, Any]) -> bool:
    """Whether a keyword gives what would hold without it."""
    number = syntax.number_of(keyword.value)
    default = defaults.get(keyword.arg or "")
    return number is not None and type(default) is type(number) and default == number


def _draw(printer: Printer, step: Step) -> ast.expr:
    draw: Any = step.draw
    function = ast.Attribute(syntax.name(printer.names[draw.generator]), draw.name, ast.Load())
    keywords = [ast.keyword(k, printer.literal(v)) for k, v in draw.keywords.items()]
    return ast.Call(function, [printer.literal(a) for a in draw.args], keywords)


def _sum_of_scatters(printer: Printer, step: Step, parts: list[Any]) -> list[str]:
    """Lines that add scatters up, by writing into what they are added to."""
    name, (first, *others) = printer.names[step], parts
    lines = [f"{name} = {_start(printer, step, first)}  # {step.shape}"]
    for part in others:
        x, (index, _) = printer.operand(part.operands[0]), part.params
        added = ast.unparse(x)
        if repeats(index):
            places = ast.unparse(syntax.outside_brackets(printer.literal(index)))
            lines.append(f"np.add.at({name}, {places}, {added})")
        else:
            place = ast.Subscript(syntax.name(name), printer.literal(index), ast.Load())
            lines.append(f"{ast.unparse(place)} += {added}")
    return lines


def _start(printer: Printer, step: Step, first: Any) -> str:
    """A new array like the first part of a sum, or of zeros."""
    if first is None:
        return printer.zeros(step)
    tree = printer.operand(first)
    text = ast.unparse(tree)
    new = isinstance(tree, ast.BinOp) or (isinstance(first, np.ndarray) and "(" in text)
    return text if new else f"{text}.copy()"


NUMPY = Language(
    arrays=Spelling(over("np"), finished=lambda tree, _: Brief().visit(tree), as_array="float64"),
    floats=FLOATS,
    define=copied,
    draw=_draw,
    sum_of_scatters=_sum_of_scatters,
)
