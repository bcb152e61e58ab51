"""Expressions that were typed, on the numbers that were given to their names."""

from __future__ import annotations

from collections.abc import Mapping

from autodiff import Value

from ..expression import ExpressionError, as_function, names_in, node_of
from .source import Source

_SHOWN = 60  # characters of what was typed


def source_typed(text: str, given: Mapping[str, str]) -> Source:
    """The graph of an expression."""
    numbers = {name: _number(name, number) for name, number in given.items()}
    needed = names_in(text)
    leaves = {name: Value(number, name=name) for name, number in numbers.items()}
    root = node_of(text, leaves)
    spare = [name for name in numbers if name not in needed]
    if spare:
        raise ExpressionError(
            f"the expression has no {spare[0]!r}: it has {', '.join(needed) or 'no names'}"
        )
    return Source(root, leaves, as_function(text, leaves))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ExpressionError(
            f"the value of {name!r} is a number, but this is {text[:_SHOWN]!r}"
        ) from None
