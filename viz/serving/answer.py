"""What the bench says of one expression: its parts, one after another, the quickest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autodiff import TraceError, Value
from autodiff.extend import data_of, topological

from ..drawing import draw
from ..expression import (
    CONSTANTS,
    ExpressionError,
    as_function,
    checked_name,
    evaluate,
    names_in,
    node_of,
)  # fmt: skip
from ..graphs.numbers import MOST, number
from ..graphs.text import shown
from ..interactive.page import page
from ..interactive.program import MOST_NODES, python_program
from ..names import names_of
from ..render import RenderError
from ..rows import Row, rows_of
from .checks import of_gradients, of_program

FIRST = "1"  # the value of a name that has been given none
MOST_ROWS = 300  # of the table


def answer(expression: str, values: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The parts of the answer by name, as JSON holds them, of values as they were typed.

    `values` are those that it needs, 1 for a name without one; then an `error` with its place, or
    `result`, `leaves`, `table`, `program`, `picture` and `checks`; `failed` is why one is missing.

    >>> parts = dict(answer("x * x", {"x": "3"}))
    >>> parts["result"], parts["leaves"]
    ({'name': 'f', 'value': '9'}, [{'name': 'x', 'gradient': '6'}])
    >>> [part["offset"] for _, part in answer("x *", {})]
    [3]
    """
    try:
        yield "values", (texts := _texts(expression, values))
        given, root = _computed(expression, texts)
    except ExpressionError as error:
        yield "error", _fault(error)
        return
    root.backward()
    nodes = topological(root)
    names = names_of(nodes)
    yield "result", {"name": shown(names[root]), "value": number(root.data, MOST)}
    yield (
        "leaves",
        [
            {"name": shown(name), "gradient": number(leaf.grad, MOST)}
            for name, leaf in given.items()
        ],
    )
    yield "table", _table(nodes, names)
    yield "program", python_program(nodes)
    try:
        yield "picture", draw(root).pipe("svg", encoding="utf-8")
    except RenderError as error:
        yield "failed", {"picture": str(error)}
    yield "checks", [*_checks(expression, given, nodes)]


def answer_page(expression: str, values: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The page to step through as its one part, or an `error`."""
    try:
        _, root = _computed(expression, _texts(expression, values))
        count = len(topological(root))
        if count > MOST_NODES:
            raise ExpressionError(
                f"a page steps through graphs of up to {MOST_NODES} nodes, but this has {count}"
            )
        yield "page", page(root).html
    except (ExpressionError, RenderError) as error:
        yield "error", {"reason": str(error)}


# -- computing -----------------------------------------------------------------------------


class _ValueError(ExpressionError):
    """A fault in the value of a name."""

    def __init__(self, name: str, error: ExpressionError) -> None:
        super().__init__(error.reason, error.text, error.offset, error.end)
        self.name = name


def _texts(expression: str, values: Mapping[str, str]) -> dict[str, str]:
    """The value of each name that the expression needs one for, as it was typed."""
    given = {checked_name(name): text for name, text in values.items()}
    return {
        name: given.get(name, FIRST)
        for name in names_in(expression)
        if name in given or name not in CONSTANTS
    }


def _computed(expression: str, texts: Mapping[str, str]) -> tuple[dict[str, Value], Value]:
    """The names' Values, and the expression computed on these."""
    values = {name: Value(_number(name, text), name=name) for name, text in texts.items()}
    return values, node_of(expression, values)


def _number(name: str, text: str) -> float:
    """A value as it was typed: a number, or an expression of numbers, as pi/2."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        result = evaluate(text, {})
    except ExpressionError as error:
        raise _ValueError(name, error) from None
    if isinstance(result, bool):
        raise _ValueError(name, ExpressionError("this is no number", text, 0, len(text)))
    return float(data_of(result))


def _fault(error: ExpressionError) -> dict[str, Any]:
    return {
        "reason": error.reason,
        "name": error.name if isinstance(error, _ValueError) else None,
        "offset": error.offset,
        "end": error.end,
    }


def _checks(
    expression: str, given: Mapping[str, Value], nodes: Sequence[Value]
) -> Iterator[dict[str, Any]]:
    """The gradient against finite differences, and the derived program against both."""
    yield from of_gradients(as_function(expression, given), given, nodes)
    try:
        yield from of_program(nodes)
    except (TraceError, ValueError, ArithmeticError) as error:
        yield {"what": "the derived program", "verdict": "unclear", "note": str(error)}


# -- the table -----------------------------------------------------------------------------


def _table(nodes: Sequence[Value], names: Mapping[Value, str]) -> dict[str, Any]:
    """The rows of the nodes, operands first, and how many more there are."""
    brief = {node: shown(name) for node, name in names.items()}
    last = nodes[-MOST_ROWS:]
    return {"rows": [*map(_cells, rows_of(last, brief))], "more": len(nodes) - len(last)}


def _cells(row: Row) -> dict[str, Any]:
    """A row as JSON holds it."""
    return {
        "name": row.name,
        "formula": row.formula,
        "value": number(row.value, MOST),
        "gradient": number(row.gradient, MOST),
        "local": [{"by": by, "is": number(partial, MOST)} for by, partial in row.local],
    }
