"""Symbols: nodes that stand for text, on which a rule is run once to learn what it says.

From a rule's expressions come the text on an edge of a picture and, compiled, the
functions that multiply a cotangent by a partial at the speed of hand-written code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from ..graph.messages import describe
from ..graph.node import fill
from ..support import syntax
from .tracer import Tracer

# How operations are written whose answers are bools.
_FORMS: dict[str, Any] = {
    "equal": ast.Eq, "not_equal": ast.NotEq, "less": ast.Lt, "less_equal": ast.LtE,
    "greater": ast.Gt, "greater_equal": ast.GtE, "both": ast.BitAnd, "either": ast.BitOr,
    "one_alone": ast.BitXor, "inverted": ast.Invert,
}  # fmt: skip


class Symbol(Tracer):
    """An expression over the names of a rule's parameters.

    `data` is what the expression stands for where that is known (in a picture of a graph)
    and None where only the form is wanted.
    """

    __slots__ = ("expression",)

    def __init__(self, expression: ast.expr, data: Any = None) -> None:
        fill(self, data)
        self.expression = expression

    @property
    def shape(self) -> tuple[int, ...]:
        return () if self._data is None else getattr(self._data, "shape", ())

    @property
    def T(self) -> Symbol:
        """The transpose, as it is written."""
        data = None if self._data is None else self._data.T
        return Symbol(ast.Attribute(self.expression, "T", ast.Load()), data)

    def __getitem__(self, index: Any) -> Symbol:
        data = None if self._data is None else self._data[index]
        return Symbol(ast.Subscript(self.expression, syntax.literal(index), ast.Load()), data)

    def compared(self, operation: str, *operands: Any) -> Symbol:
        form, parts = _FORMS[operation](), [expression_of(o) for o in operands]
        if isinstance(form, ast.cmpop):
            return Symbol(ast.Compare(parts[0], [form], parts[1:]))
        tree = ast.UnaryOp(form, *parts) if len(parts) == 1 else ast.BinOp(parts[0], form, parts[1])
        return Symbol(tree)

    def __bool__(self) -> bool:
        raise TypeError(
            "A rule is one expression for every value of its operands, but this one branches on "
            f"`{ast.unparse(self.expression)}`.\nUse `where(condition, a, b)`."
        )

    def __float__(self) -> float:
        raise TypeError(
            f"A rule is run on symbols, and `{ast.unparse(self.expression)}` is not a number yet.\n"
            "Use this project's functions in a rule (`autodiff.exp`), not those of `math`."
        )

    def __repr__(self) -> str:
        return f"Symbol({ast.unparse(self.expression)})"


def expression_of(thing: Any) -> ast.expr:
    """The syntax of a Symbol, or of a constant in a rule."""
    return thing.expression if isinstance(thing, Symbol) else syntax.literal(thing)


def trace_partials(
    rule: Callable[..., Any], names: Sequence[str], operands: int, label: str
) -> list[ast.expr]:
    """The partials, one for each operand, that an elementwise rule says when run on `names`.

    Raises TypeError where the rule returns another number of them, or what is not one.
    """
    returned = rule(*(Symbol(syntax.name(n)) for n in names))
    partials = returned if isinstance(returned, tuple) else (returned,)
    if len(partials) != operands:
        raise TypeError(
            f"The rule of `{label}` must return one partial for each operand, {operands} in all, "
            f"but it returned {len(partials)}.\nReturn `0` where the derivative is zero."
        )
    partials = tuple(p() if callable(p) and not isinstance(p, Symbol) else p for p in partials)
    for partial in partials:
        if not isinstance(partial, (Symbol, int, float)):
            raise TypeError(
                f"The rule of `{label}` must return numbers and expressions of its parameters "
                f"{', '.join(names)}, but one partial is {describe(partial)}."
            )
    return [expression_of(partial) for partial in partials]
