"""The door for what is no operand: indices, axes, shapes and static numbers, in one form each.

What a user passes there may be of many forms, of which every reading is to see the same one:
whole numbers are Python's, sequences of them tuples (in an index: arrays, which no one can write
into). Operands have a door of their own, `operands.py`, and arguments in lists and dicts theirs,
`support/tree.py`.
"""

from __future__ import annotations

import array
import collections
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.value import Value
from .operands import frozen
from .primitive import Primitive

# What is in the engine's own form already.
_OWN = frozenset({bool, int, float, str, type(None), type(...)})
_SEQUENCES = (list, range, collections.deque, array.array, memoryview)


def admitted(primitive: Primitive, params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The static parameters of an operation in the engine's form."""
    if all([type(param) in _OWN for param in params]) and "axes" not in primitive.defaults:
        return params
    return tuple(
        [_DOORS.get(n, static)(p) for n, p in zip(primitive.defaults, params, strict=True)]
    )


def static(value: Any) -> Any:
    """An axis, a shape, a count: whole numbers as Python's, sequences as tuples."""
    if type(value) in _OWN or isinstance(value, (Value, type, np.dtype)):
        return value
    if isinstance(value, (tuple, *_SEQUENCES)):
        return tuple(map(static, value))
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "iu":
        return static(value.tolist())
    return _whole(value)


def index(value: Any) -> Any:
    """An index, each of its parts in one form; TypeError for a node, which is none."""
    if type(value) in _OWN:
        return value
    if isinstance(value, tuple):
        return tuple(map(_part, value))
    return _part(value)


def _part(value: Any) -> Any:
    if isinstance(value, Value):
        if value.traced:
            value.refuse_as_index()
        raise TypeError(
            f"An index is whole numbers, but this is {describe(value)}.\n"
            "Take its numbers, as in `t[index.data.astype(int)]`; an index has no gradient."
        )
    if isinstance(value, slice):
        ends = value.start, value.stop, value.step
        own = all([type(end) in _OWN for end in ends])
        return value if own else slice(*map(static, ends))
    if isinstance(value, (tuple, *_SEQUENCES)):
        return frozen(np.array(value, None if len(value) else int))
    if hasattr(value, "__array__"):
        numbers = np.asarray(value)
        return frozen(numbers) if numbers.ndim else _whole(numbers[()])
    return _whole(value)


def _whole(value: Any) -> Any:
    """A whole number of whatever type as Python's; anything else as it is."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype.kind not in "iu"):
        return value
    return operator.index(value) if hasattr(value, "__index__") else value


def axes(value: Any) -> Any:
    """Axes that are counted off, of which a single one may stand for itself."""
    value = static(value)
    return (value,) if type(value) is int else value


_DOORS: dict[str, Callable[[Any], Any]] = {"index": index, "axes": axes}
