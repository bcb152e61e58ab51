"""What a formula is given for an operand: one door, for whatever form that comes in."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..graph.held import Held
from ..graph.messages import describe
from ..graph.tensor import Tensor, as_array, to_float
from ..graph.value import Value
from .primitive import Primitive, ndarray

_NUMBER = (float, int, np.bool_, np.floating, np.integer)
_KINDS = frozenset(np.typecodes["AllInteger"] + np.typecodes["Float"] + "?")


def is_number(operand: Any) -> bool:
    """Whether an operand is one number: of such alone, the formula is computed on floats."""
    if isinstance(operand, (Value, *_NUMBER)):
        return not isinstance(operand, (Tensor, np.timedelta64))
    return isinstance(operand, numbers.Real)


def data_of_operands(
    primitive: Primitive, operands: Sequence[Any], nodes: Collection[int], scalar: bool
) -> list[Any]:
    """What the formula is given for each operand, of which those at `nodes` are nodes.

    `scalar` says that all are numbers. Raises TypeError for what is no operand.
    """
    data = [_data_of_operand(primitive, o, scalar, recorded=bool(nodes)) for o in operands]
    if nodes and not scalar and all([_is_whole(data[i]) for i in nodes]):
        kind = np.result_type(*[d.dtype for d in data if hasattr(d, "dtype")])
        compares = not primitive.differentiable  # and with any number, as NumPy does
        return [
            o if type(o) is int and (compares or has_room(kind, o)) else d
            for o, d in zip(operands, data, strict=True)
        ]
    return data


def has_room(kind: np.dtype[Any], number: int) -> bool:
    """Whether one of Python's whole numbers stays whole beside arrays of this type.

    NumPy refuses one that the type has no room for: that is a float, as it is without nodes.
    """
    if kind.kind not in "biu":
        return True
    room = np.iinfo(np.int64 if kind.kind == "b" else kind)
    return room.min <= number <= room.max


def _data_of_operand(primitive: Primitive, operand: Any, scalar: bool, recorded: bool) -> Any:
    if isinstance(operand, Value):
        return operand._data
    if isinstance(operand, (bool, np.bool_)) and not primitive.differentiable:
        return bool(operand)  # a condition among conditions
    if is_number(operand):
        # A number of NumPy's has a type, which counts beside arrays; Python's have none.
        typed = isinstance(operand, _NUMBER) and type(operand) is not int
        return operand if typed and not scalar else to_float(operand)
    if operand is None or isinstance(operand, (str, bytes, dict, set)) or callable(operand):
        raise TypeError(
            f"`{primitive.name}` takes numbers, arrays, Values and Tensors, but this is "
            f"{describe(operand)}.\nConvert it first, as in `float(x)` or `np.asarray(x, float)`."
        )
    if not recorded and np.iscomplexobj(operand):
        return np.asarray(operand)  # nothing is differentiated: this is plain NumPy
    if type(operand) is ndarray:
        return frozen(operand) if recorded else operand
    return as_array(operand, copy=recorded, promote=False)


def _is_whole(data: Any) -> bool:
    """Whether data is an array of whole numbers or booleans, as only a trace has in nodes."""
    return isinstance(data, ndarray) and data.dtype.kind in "biu"


def frozen(array: Any) -> Any:
    """An array as a node holds it: itself if no one can write into it, else a copy."""
    dtype = array.dtype
    if dtype.char not in _KINDS or not dtype.isnative:
        return as_array(array, copy=True, promote=False)
    if _is_frozen(array):
        return array
    array = array.copy()
    array.setflags(write=False)  # so that it is not copied where a node holds it again
    return array


def _is_frozen(array: Any) -> bool:
    """Whether no one can write into an array: it, and what it is a view of, are read-only."""
    base = array.base
    return not array.flags.writeable and (
        base is None or (type(base) is ndarray and base.base is None and not base.flags.writeable)
    )


def widened(constant: Any, operands: Sequence[Any]) -> Any:
    """A constant in the type that it has together with all operands.

    NumPy computes with it in that type, and so must a partial that has this constant alone:
    of 16 bits, b * b overflows and 1 / b has but three digits.
    """
    dtype = getattr(constant, "dtype", None)
    if dtype is None or dtype.kind not in "iuf":
        return constant
    wide = np.result_type(*operands)
    return constant if dtype == wide else constant.astype(wide)


def narrower(primitive: Primitive, data: Sequence[Any]) -> tuple[list[int], Any]:
    """Which operands are of a narrower type than is computed with, entry by entry; that type.

    A formula and a partial may have such an operand alone, as in x * log(y), and 1 / y. It is the
    type that NumPy computes with; but in a formula of ours, which may be of -x or 1 - x, whole
    numbers and booleans are floats: of 64 bits, where there are no others.
    """
    if not primitive.elementwise:
        return [], None
    ours = primitive.formula.is_ours
    dtypes = [getattr(d, "dtype", None) for d in data]
    if len(set(dtypes)) == 1 and not (ours and _is_whole(data[0])):
        return [], None
    wide = np.result_type(*data)
    if ours and wide.kind in "biu":
        wide = np.dtype(float)
    known = "biuf" if ours else "iuf"
    narrow = [i for i, d in enumerate(dtypes) if d is not None and d.kind in known and d != wide]
    return (narrow, wide) if wide.kind == "f" else ([], None)


def constant_beside(node: Value, constant: Any, paired: bool) -> Any:
    """What the commonest constants become beside one node; TypeError for any other.

    `paired` says that the two are taken entry by entry.
    """
    kind, data = type(constant), node._data
    if kind is ndarray and type(node) is Tensor:
        array = frozen(constant)
        return widened(array, (array, data)) if paired else array
    if kind is Held:
        return constant_beside(node, constant.view(ndarray), paired)
    if kind is int or (kind is np.float64 and (type(data) is float or data.dtype.char == "d")):
        return float(constant)
    raise TypeError
