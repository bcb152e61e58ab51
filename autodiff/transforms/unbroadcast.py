"""Broadcasting undone: a cotangent in the shape and dtype of the operand that it is of."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..graph.tensor import Tensor
from ..graph.value import Value
from ..operations import reductions, shapes
from ..primitives.entries import Entries
from ..primitives.lazy import LazyProduct
from ..primitives.trial import check_cotangents
from .entries import as_whole
from .rows import Rows

ndarray = np.ndarray


def unbroadcast(part: Any, operand: Value, node: Value) -> Any:
    """A cotangent in the shape and dtype of the operand that it is of, broadcasting undone.

    Raises ValueError or TypeError, by the name of the rule, for what cannot be its cotangent.
    """
    try:
        data = operand._data
        if type(part) is Entries:
            part = as_whole(part)
        if type(part) is Rows:  # summed already
            return part
        if type(part) is ndarray is type(data):
            part = sum_to(part, data.shape)
            return part if part.dtype is data.dtype else part.astype(data.dtype)
        if type(part) is Tensor is type(operand):
            found = part._data
            if found.shape == data.shape and found.dtype is data.dtype:
                return part
        return _of_node(part, operand) if isinstance(part, Value) else _of_data(part, data)
    except (ValueError, TypeError):
        pullback: Any = node._pullback
        pairs = zip(pullback.inputs(node), pullback.positions, strict=True)
        places = [place for other, place in pairs if other is operand]
        check_cotangents(pullback.primitive, [part], [operand], places[:1])
        raise


def _of_data(part: Any, data: Any) -> Any:
    if type(data) is float:
        return float(part if isinstance(part, float) else np.sum(part))
    part = np.asarray(part)
    if part.shape != data.shape:
        part = sum_to(part, data.shape)
    return part.astype(data.dtype, copy=False)


def _of_node(part: Any, operand: Value) -> Any:
    if type(part) is LazyProduct:  # its shape and dtype are known to be the operand's
        return part
    like = operand._data
    found, dtype = np.shape(part._data), getattr(part._data, "dtype", np.dtype(float))
    if not isinstance(operand, Tensor):
        part = reductions.sum(part) if found else part
        return part if dtype == np.float64 else shapes.cast(part, np.float64)
    if found != like.shape:
        part = _summed_to(part, like.shape)
    return part if dtype == like.dtype else shapes.cast(part, like.dtype)


def _summed_to(part: Any, shape: tuple[int, ...]) -> Any:
    """What `sum_to` does, by operations."""
    found = np.shape(part._data)
    extra = len(found) - len(shape)
    if extra > 0:
        part = reductions.sum(part, 0 if extra == 1 else tuple(range(extra)))
        found = found[extra:]
    axes = tuple(i for i in range(-len(found), 0) if shape[i] == 1 and found[i] != 1)
    if axes:
        part = reductions.sum(part, axes, True)
    if np.shape(part._data) != shape:
        part = shapes.broadcast_to(part, shape)
    return part


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: the sum over the axes along which `shape` was repeated.

    What has fewer axes than `shape` was the same for each of its entries, and is repeated.
    """
    extra = array.ndim - len(shape)
    if extra == 1 == len(shape) and array.shape[1:] == shape and array.dtype.char in "fd":
        return ones(array.shape[0], array.dtype.char).dot(array)  # BLAS is faster
    if extra > 0:
        array = np.add.reduce(array, axis=tuple(range(extra)))
    if array.shape != shape:
        axes = tuple([i for i in range(-array.ndim, 0) if shape[i] == 1 and array.shape[i] != 1])
        if axes:
            array = array.sum(axis=axes, keepdims=True)
    return array if array.shape == shape else np.broadcast_to(array, shape)


@functools.lru_cache(maxsize=32)
def ones(count: int, char: str) -> Any:
    """A vector of ones, for sums by a product."""
    return np.ones(count, char)
