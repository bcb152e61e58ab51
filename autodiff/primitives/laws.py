"""The laws by which expressions become simpler: a table, each law beside what it rewrites.

They are told once for all sorts of expressions: Python's syntax (`OfSyntax`, for the texts on
edges and for what rules say), the steps of programs, the products of a recorded walk.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..support import syntax

# In a law, c and d are numbers, a and b anything, and a number may stand on either side of + and
# *. The third column says when it holds, if not always. Each is exact in floating point, but for
# the sign of -0.0 + 0: what is simplified gives the same digits.
SAME = "a has the shape and dtype of the whole"
WHOLE = "a is of whole numbers"  # 0 * inf is NaN
EXACT = "c or d is a power of two"
FLOATS = "all are of floats"  # as every law asks but that of WHOLE: whole numbers wrap

PRODUCTS = (
    ("0 * a", "0", WHOLE),
    ("1 * a", "a", SAME),
    ("-1 * a", "-a", SAME),
)
UNITS = (
    ("a / 1", "a", SAME),
    ("a ** 1", "a", SAME),
    ("a + 0", "a", SAME),
    ("a - 0", "a", SAME),
)
REPEATED = (
    ("a + a", "2 * a", SAME),
    ("-a - a", "-2 * a", FLOATS),
    ("c * (d * a)", "(c * d) * a", EXACT),
    ("b ** 0 * a", "a", SAME),
    ("a * b ** 0", "a", SAME),
)
SIGNS = (
    ("-(-a)", "a", FLOATS),
    ("a + -b", "a - b", FLOATS),
    ("-a + b", "b - a", FLOATS),
    ("a - -b", "a + b", FLOATS),
    ("-a * b", "-(a * b)", FLOATS),
    ("a * -b", "-(a * b)", FLOATS),
    ("-a / b", "-(a / b)", FLOATS),
)
IDLE = (
    ("+a", "a", SAME),
    ("identity(a)", "a", SAME),
    ("cast(a)", "a", SAME),
    ("reshape(a)", "a", SAME),
    ("broadcast_to(a)", "a", SAME),
    ("a.T.T", "a", ""),
)
COMMUTATIVE = {"add", "mul"}  # in floating point as well


class Law(NamedTuple):
    """`left` becomes `right`: a number, a letter, or an operation and what it is on."""

    left: Any
    right: Any
    condition: str
    needs: frozenset[Any]  # the numbers and operations that must be among the operands


Laws = Mapping[str, Sequence[Law]]


def laws_of(*tables: Sequence[tuple[str, str, str]]) -> Laws:
    """The laws of tables, in order, by the operation that they rewrite."""
    found: dict[str, list[Law]] = {}
    for table in tables:
        for left, right, condition in table:
            form = _form(left)
            needs = frozenset(_head_of_form(f) for f in form[1] if not isinstance(f, str))
            found.setdefault(form[0], []).append(Law(form, _form(right), condition, needs))
    return found


def _head_of_form(form: Any) -> Any:
    return form if isinstance(form, float) else form[0]


def _form(text: str) -> Any:
    return _form_of(syntax.parse(text, mode="eval").body)


def _form_of(tree: ast.expr) -> Any:
    number = syntax.number_of(tree)
    if number is not None:
        return float(number)
    if isinstance(tree, ast.Name):
        return tree.id
    parts: Any = parts_of(tree)
    return parts[0], [_form_of(operand) for operand in parts[1]]


def parts_of(tree: ast.expr) -> tuple[str, Sequence[ast.expr]] | None:
    """The operation of an expression, by its name in the registry, and its operands."""
    match tree:
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(operator), [left, right]
        case ast.UnaryOp(op=operator, operand=operand):
            return _operation(operator), [operand]
        case ast.Call(func=ast.Name(id=function), args=operands, keywords=[]):
            return function, operands
        case ast.Attribute(value=value, attr=attr):
            return attr, [value]
    return None


def _operation(operator: ast.AST) -> str:
    pythons = syntax.OPERATORS[type(operator)][2]
    return {"truediv": "div", "pos": "positive"}.get(pythons, pythons)


class Expressions(Protocol):
    """What the laws ask of one sort of expressions."""

    def number(self, thing: Any) -> float | None:
        """The number that an operand is, if it is one."""

    def parts(self, thing: Any) -> tuple[str, Sequence[Any]] | None:
        """The operation that gave an operand, and what it was on."""

    def make(self, operation: str, operands: Sequence[Any]) -> Any:
        """An operation on operands, some of which may be floats."""

    def constant(self, number: float) -> Any:
        """The whole, where it is a number."""

    def holds(self, condition: str, letters: Mapping[str, Any]) -> bool:
        """Whether a law's condition holds for what its letters stand for."""


def simpler(laws: Laws, operation: str, operands: Sequence[Any], of: Expressions) -> Any:
    """What an operation on operands is by the first law that holds; None where none does."""
    found = laws.get(operation)
    if found is None:
        return None
    heads = {_head(operand, of) for operand in operands}
    for left, right, condition, needs in found:
        letters = _matched(left[1], operation, operands, of, {}) if needs <= heads else None
        if letters is not None and (not condition or of.holds(condition, letters)):
            return of.constant(right) if isinstance(right, float) else _built(right, letters, of)
    return None


def _head(operand: Any, of: Expressions) -> Any:
    number = of.number(operand)
    return (of.parts(operand) or [None])[0] if number is None else number


_OF_NUMBERS: dict[float | None, Any] = {
    law.left[1][0]: law.right for law in laws_of(PRODUCTS)["mul"]
}


def product(a: Any, factor: Any, of: Expressions) -> Any:
    """`a * factor`, a cotangent times a partial, by PRODUCTS: of these the conditions hold."""
    form = _OF_NUMBERS.get(of.number(factor))
    if form is None:
        return of.make("mul", [a, factor])
    return of.constant(form) if isinstance(form, float) else _built(form, {"a": a}, of)


def _matched(
    forms: Sequence[Any], operation: str, operands: Sequence[Any], of: Expressions,
    letters: dict[str, Any],
) -> dict[str, Any] | None:  # fmt: skip
    """What the letters stand for where operands have these forms, beside what is known."""
    if len(forms) != len(operands):
        return None
    found: dict[str, Any] | None = letters
    for form, operand in zip(forms, operands, strict=True):
        found = None if found is None else _matched_one(form, operand, of, found)
    if found is None and operation in COMMUTATIVE and any(map(_is_number, forms)):
        return _matched([forms[1], forms[0]], "", operands, of, letters)
    return found


def _is_number(form: Any) -> bool:
    return isinstance(form, float) or form in ("c", "d")


def _matched_one(
    form: Any, operand: Any, of: Expressions, letters: dict[str, Any]
) -> dict[str, Any] | None:
    if isinstance(form, float):
        return letters if of.number(operand) == form else None
    if isinstance(form, str):
        thing = of.number(operand) if _is_number(form) else operand
        same = letters.get(form, thing) is thing and thing is not None
        return {**letters, form: thing} if same else None
    parts = of.parts(operand)
    if parts is None or parts[0] != form[0]:
        return None
    return _matched(form[1], form[0], parts[1], of, letters)


def _built(form: Any, letters: Mapping[str, Any], of: Expressions) -> Any:
    if not isinstance(form, tuple):
        return letters.get(form, form)
    operation, operands = form[0], [_built(operand, letters, of) for operand in form[1]]
    if operation == "mul" and all(isinstance(o, float) for o in operands):
        return operands[0] * operands[1]
    return of.make(operation, operands)


class OfSyntax:
    """Python's syntax: of it nothing is known that a condition could ask."""

    def number(self, thing: ast.expr) -> float | None:
        number = syntax.number_of(thing)
        return None if number is None else float(number)

    def parts(self, thing: ast.expr) -> tuple[str, Sequence[ast.expr]] | None:
        return parts_of(thing)

    def make(self, operation: str, operands: Sequence[Any]) -> ast.expr:
        trees = [self.constant(o) if isinstance(o, float) else o for o in operands]
        if len(trees) == 1:
            return ast.UnaryOp(_OPERATORS[operation](), trees[0])
        return ast.BinOp(trees[0], _OPERATORS[operation](), trees[1])

    def constant(self, number: float) -> ast.expr:
        return syntax.literal(int(number) if number == int(number) else number)

    def holds(self, condition: str, letters: Mapping[str, Any]) -> bool:
        return True


_OPERATORS: dict[str, Any] = {_operation(o()): o for o in syntax.OPERATORS}
