"""The door for what is no operand: indices, axes, shapes and static values, in one form each.

What a user passes there may be of many forms, of which every reading is to see the same one:
whole numbers are Python's, sequences of them tuples (in an index: arrays, which no one can write
into). What no program could be written of is refused, in every reading alike. Operands have a door
of their own, `operands.py`, and arguments in lists and dicts theirs, `support/tree.py`.
"""

from __future__ import annotations

import array
import collections
import functools
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
# Parameters that count: axes, lengths, places, times.
COUNTS = frozenset({
    "axes", "axis", "axis1", "axis2", "axisa", "axisb", "axisc", "ddof", "decimals", "destination",
    "dilation", "edge_order", "groups", "ind", "indices_or_sections", "k", "kth", "n", "N",
    "new_shape", "num", "offset", "pad_width", "padding", "repeats", "reps", "shape", "shift",
    "size", "source", "stride", "whole", "width", "window",
})  # fmt: skip


def admitted(primitive: Primitive, params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The static parameters of an operation in the engine's form.

    Raises TypeError for one that is of no form that a program can be written of.
    """
    if all([_is_own(param) for param in params]) and "axes" not in primitive.defaults:
        return params
    named = zip(primitive.defaults, params, strict=True)
    return tuple([_admitted(primitive, name, param) for name, param in named])


def _is_own(param: Any) -> bool:
    """Whether a value is in the engine's own form already, as most are."""
    kind = type(param)
    if kind is tuple:
        return all(
            [type(part) in _OWN or (type(part) is slice and _is_own(part)) for part in param]
        )
    if kind is slice:
        return all([type(end) in _OWN for end in (param.start, param.stop, param.step)])
    return kind in _OWN


def _admitted(primitive: Primitive, name: str, param: Any) -> Any:
    if name == "index":
        return index(param)
    found = count(param) if name in COUNTS else static(param)
    if name == "axes" and type(found) is int:  # a single one may stand for itself
        return (found,)
    if is_known(found) or isinstance(found, Value):  # of which `apply` says what it is not
        return found
    if name in COUNTS:
        rule, fix = "a whole number or a tuple of them", f"`{name}=0` or `{name}=(0, 1)`"
    else:
        rule, fix = "numbers, texts, arrays and tuples of them", "a number or a text for it"
    raise TypeError(
        f"`{name}` of `{primitive.name}` is {rule}, of which programs are written, but here it is "
        f"{describe(param)}.\nWrite {fix}."
    )


def is_known(value: Any) -> bool:
    """Whether a static value is one that programs can be written of, by `syntax.literal`."""
    if isinstance(value, (tuple, list)):
        return all(map(is_known, value))
    if isinstance(value, slice):
        return all(map(is_known, (value.start, value.stop, value.step)))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufU"
    if isinstance(value, type):
        return issubclass(value, (np.generic, float, int))
    if isinstance(value, np.generic) and not isinstance(value, np.longdouble):
        value = value.item()
    known = (bool, int, float, str, type(...), np.dtype, np.longdouble)
    return value is None or isinstance(value, known)


def counting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is written in operations, given Python's whole numbers for what counts."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if COUNTS.isdisjoint(names):
        return function
    doors = [_number if name in COUNTS else _as_it_is for name in names[: code.co_argcount]]

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        counted = [door(arg) for door, arg in zip(doors, args, strict=False)]
        for name in COUNTS.intersection(keywords):
            keywords[name] = _number(keywords[name])
        return function(*counted, *args[len(doors) :], **keywords)

    return call


def _as_it_is(value: Any) -> Any:
    return value


def static(value: Any) -> Any:
    """A static value of any kind: Python's own for what is a number or a text of another type."""
    return bool(value) if isinstance(value, np.bool_) else _each(value, static)


def count(value: Any) -> Any:
    """An axis, a shape, a count: whole numbers as Python's, sequences as tuples.

    A truth value of NumPy's, which is none for NumPy, stays what it is.
    """
    if hasattr(value, "__array__") and not isinstance(value, (Value, np.bool_)):
        numbers = np.asarray(value)
        value = numbers.tolist() if numbers.dtype.kind in "iu" else value
    return _each(value, count)


def _each(value: Any, door: Callable[[Any], Any]) -> Any:
    if type(value) in _OWN or isinstance(value, Value):
        return value
    if isinstance(value, (tuple, *_SEQUENCES)):
        return tuple(map(door, value))
    if isinstance(value, slice):
        return slice(door(value.start), door(value.stop), door(value.step))
    if isinstance(value, str):  # as a member of an enumeration may be
        return str.__str__(value)
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "biuf":
        return frozen(value)
    return _number(value)


def _number(value: Any) -> Any:
    """A number of whatever type as Python's; anything else, and a truth value, as it is."""
    if isinstance(value, (bool, np.bool_, Value)):
        return value
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype.kind not in "iu"):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return float(value)
    return operator.index(value) if hasattr(value, "__index__") else value


def index(value: Any) -> Any:
    """An index, each of its parts in one form.

    Raises TypeError for a node, which is none, and IndexError, as NumPy does, for anything else.
    """
    if type(value) in _OWN:
        return value
    if isinstance(value, tuple):
        return tuple(map(_part, value))
    return _part(value)


def _part(value: Any) -> Any:
    if type(value) in _OWN:
        return value
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
        return value if own else slice(*map(count, ends))
    if not isinstance(value, np.ndarray) and _is_whole(value):
        return operator.index(value)
    places = np.asarray(value)  # of a list, of a Series of pandas, of a tensor of PyTorch
    if places.dtype.kind in "iu":
        places = places.astype(np.intp, copy=False)
    elif not places.size and not hasattr(value, "dtype"):  # `[]`, of which NumPy makes floats
        places = np.zeros(places.shape, np.intp)
    elif places.dtype != bool:
        raise IndexError(
            f"An index is whole numbers, slices, `...`, None, or arrays of whole numbers or "
            f"booleans, but in this one is {describe(value)}.\n"
            "Convert it first, as in `t[np.asarray(index, int)]`."
        )
    if places.ndim:
        return frozen(places)
    return bool(places) if places.dtype == bool else operator.index(places[()])


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not hasattr(value, "__array__")
