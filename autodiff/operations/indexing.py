"""Operations that pick entries out, put them in and put them in order."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..graph.node import shape_of
from ..graph.value import Value
from ..primitives.declare import composite, internal, nondifferentiable, primitive
from ..primitives.entries import Entries
from ..primitives.namespaces import helper
from ..primitives.symbol import Symbol
from .choices import where
from .leading import behind, in_front, index_behind
from .predicates import argsort
from .shapes import broadcast_to, ravel, reshape


@internal
@primitive("x[index]")
def getitem(ct, z, x, index=()):
    """`t[index]`, for every index that NumPy takes; repeated entries add their gradients.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 2.0, 3.0])
    >>> t[[0, 0, 2]].sum().backward()
    >>> t.grad
    array([2., 0., 1.])
    """
    front = in_front(ct, z)
    place = index_behind(index, len(front)), front + shape_of(x)
    waits = isinstance(ct, (np.ndarray, Value)) and not isinstance(ct, Symbol)  # for the walk
    return Entries(ct, *place) if waits else scatter(ct, *place)


@helper(
    "scatter",
    jax="""
    kind = jnp.result_type(x)
    jnp.zeros(shape, jnp.result_type(kind, int)).at[index].add(x).astype(kind)
    """,
)
def _scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `x` added at `index`."""
    whole = np.zeros(shape, np.asarray(x).dtype)
    if repeats(index):
        np.add.at(whole, index, x)
    else:
        whole[index] += x
    return whole


def repeats(index: Any) -> bool:
    """Whether an index can name one entry twice: only an array of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (list, np.ndarray)) and np.asarray(p).dtype != bool for p in parts)


def _entries(ct: Any, z: Any, index: Any) -> Any:
    """The entries of a cotangent of z at an index; a number, which takes none, is its own."""
    return getitem(ct, index_behind(index, len(in_front(ct, z)))) if shape_of(ct) else ct


@internal
@primitive("scatter(x, index, shape)")
def scatter(ct, z, x, index=(), shape=()):
    """Zeros of `shape` with x added at `index`: what a gather pulls back."""
    return _entries(ct, z, index)


@helper(
    "with_entries",
    jax="""
    x = jnp.asarray(x)
    shape = x[index].shape  # a value may have more axes, of length 1
    value = jnp.broadcast_to(value, jnp.broadcast_shapes(jnp.shape(value), shape))
    x.at[index].set(value.reshape(shape))
    """,
)
def _with_entries(x: Any, value: Any, index: Any) -> Any:
    changed = np.array(x)
    changed[index] = value
    return changed


@internal
@primitive("with_entries(x, value, index)")
def at_set(ct, z, x, value, index=()):
    """x with the entries at `index` replaced, as `x.at[index].set(value)`."""
    return (
        lambda: at_set(ct, np.zeros((), np.float32), index_behind(index, len(in_front(ct, z)))),
        lambda: where(_last_to_write(shape_of(x), index), _entries(ct, z, index), 0.0),
    )


def _last_to_write(shape: tuple[int, ...], index: Any) -> Any:
    """Which of the entries written stay: where an index is repeated, the last one does."""
    place = np.arange(np.prod(shape, dtype=int)).reshape(shape)[index]
    writer = np.arange(np.size(place)).reshape(np.shape(place))
    last = np.zeros(np.prod(shape, dtype=int), int)
    last[place] = writer
    return last[place] == writer


@internal
@primitive("x + scatter(broadcast_to(value, x[index].shape), index, x.shape)")
def at_add(ct, z, x, value, index=()):
    """x with `value` added at `index`, as `x.at[index].add(value)`; repeats add up."""
    return ct, lambda: _entries(ct, z, index)


class At:
    """`t.at[index]`: the entries that `.set(value)` and `.add(value)` give a new Tensor with.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 2.0, 3.0])
    >>> t.at[0].set(9.0).data, t.at[[0, 0]].add(1.0).data
    (array([9., 2., 3.]), array([3., 2., 3.]))
    """

    def __init__(self, whole: Any, index: Any = None) -> None:
        self._whole = whole
        self._index = index

    def __getitem__(self, index: Any) -> At:
        return At(self._whole, index)

    def set(self, value: Any) -> Any:
        """A Tensor like the whole, with these entries replaced."""
        return at_set(self._whole, value, self._index)

    def add(self, value: Any) -> Any:
        """A Tensor like the whole, with `value` added to these entries."""
        return at_add(self._whole, value, self._index)


def along_axis(x: Any, index: Any, axis: int) -> Any:
    """`x[index]` along one axis: x[:, index] for axis 1."""
    return getitem(x, (*(slice(None),) * normalize_axis_index(axis, len(shape_of(x))), index))


@primitive("take_along_axis(x, indices, axis)")
def take_along_axis(ct, z, x, indices, axis=-1):
    """For each place, the entry of x that `indices` name along the axis."""
    front, shape = in_front(ct, z), shape_of(x)
    places = broadcast_to(indices, front + shape_of(z))
    if axis is None:
        flat = (*front, math.prod(shape))
        return lambda: reshape(add_along_axis(ct, places, -1, flat), front + shape), None
    return lambda: add_along_axis(ct, places, behind(axis, ct, z), front + shape), None


@helper("places_along_axis")
def _places_along_axis(indices: Any, axis: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index that take_along_axis reads an array of this shape by."""
    sizes = [n if m > 1 else 1 for n, m in zip(np.shape(indices), shape, strict=True)]
    grid = list(np.ogrid[tuple([slice(n) for n in sizes])])
    grid[axis] = indices
    return tuple(grid)


@helper(
    "add_along_axis",
    jax="jnp.zeros(shape, jnp.result_type(x)).at[places_along_axis(indices, axis, shape)].add(x)",
)
def _add_along_axis(x: Any, indices: Any, axis: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, with the entries of x added where take_along_axis takes them from."""
    whole = np.zeros(shape, np.asarray(x).dtype)
    pairs = enumerate(zip(np.shape(x), shape, strict=False))
    along = axis % max(len(shape), 1)
    fits = len(np.shape(x)) == len(shape) and all(
        n == m or m == 1 or i == along for i, (n, m) in pairs
    )
    if np.shape(indices) != np.shape(x) or not fits:
        raise ValueError(
            f"Indices of shape {np.shape(indices)} place no x of shape {np.shape(x)} in {shape}."
        )
    np.add.at(whole, _places_along_axis(indices, axis, shape), x)
    return whole


@internal
@primitive("add_along_axis(x, indices, axis, shape)")
def add_along_axis(ct, z, x, indices, axis=-1, shape=()):
    """Zeros of `shape` with x added at `indices` along the axis: what take_along_axis pulls."""
    return lambda: _taken(ct, z, indices, axis), None


def _taken(ct: Any, z: Any, indices: Any, axis: int) -> Any:
    """The entries of a cotangent of z that `indices` name along an axis."""
    front = in_front(ct, z)
    if front:
        indices = broadcast_to(indices, front + shape_of(indices))
    return take_along_axis(ct, indices, behind(axis, ct, z))


@composite(np.take)
def take(x: Any, indices: Any, axis: int | None = None, mode: Any = "raise") -> Any:
    """The entries of x at these indices along an axis (of all entries in a row, for None).

    An index out of bounds raises IndexError, or with mode "wrap" or "clip" is brought inside.
    """
    if axis is None or not shape_of(x):
        normalize_axis_index(0 if axis is None else axis, builtins.max(len(shape_of(x)), 1))
        return take(ravel(x), indices, 0, mode)
    axis = normalize_axis_index(axis, len(shape_of(x)))
    if isinstance(indices, Value):
        return along_axis(x, indices, axis)  # which says that a node is no index
    places = np.asarray(indices)
    if mode != "raise" or places.dtype.kind not in "iu":  # as NumPy reads them
        places = np.take(np.arange(shape_of(x)[axis]), indices, mode=mode)
    return along_axis(x, places, axis)


@composite(np.compress)
def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The entries along an axis (of all in a row, for None) where the condition holds."""
    if axis is not None:
        normalize_axis_index(axis, builtins.max(len(shape_of(x)), 1))
    if np.ndim(condition) != 1:
        raise ValueError(f"`compress` takes a vector of conditions, but not {np.shape(condition)}.")
    return take(x, np.flatnonzero(np.asarray(condition)), axis)


@composite(np.extract)
def extract(condition: Any, x: Any) -> Any:
    """The entries where the condition holds, in a row."""
    return getitem(ravel(x), np.flatnonzero(np.asarray(condition)))


@composite(np.unique)
def unique(
    x: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """The different entries, ascending; the derivative is that of the first of equal ones.

    Along an axis, what lies there is compared. The indices and counts that are asked for are
    NumPy's, as plain data.
    """
    _, first, inverse, counts = np.unique(
        x.data, True, True, True, axis=axis, equal_nan=equal_nan
    )  # fmt: skip
    found = getitem(ravel(x), first) if axis is None else along_axis(x, first, axis)
    asked = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    more = [part for wanted, part in asked if wanted]
    return (found, *more) if more else found


def gathered(numpy_function: Any, x: Any, *args: Any, **keywords: Any) -> Any:
    """What a NumPy function that only moves entries gives: a gather, by what it does to indices."""
    places = np.arange(np.prod(shape_of(x), dtype=int)).reshape(shape_of(x))
    return getitem(ravel(x), numpy_function(places, *args, **keywords))


@composite(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries on a diagonal."""
    return gathered(np.diagonal, x, offset, axis1, axis2)


@composite(np.diag)
def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    if len(shape_of(x)) not in (1, 2):
        raise ValueError(f"`diag` is of a vector or a matrix, but this has shape {shape_of(x)}.")
    if len(shape_of(x)) == 2:
        return diagonal(x, k)
    size = shape_of(x)[0] + builtins.abs(operator.index(k))
    row = np.arange(shape_of(x)[0]) + builtins.max(0, -k)
    return scatter(x, (row, row + k), (size, size))


@composite(np.diagflat)
def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with all entries of x on its diagonal."""
    return diag(ravel(x), k)


# -- order ---------------------------------------------------------------------------------


@primitive("sort(x, axis)")
def sort(ct, z, x, axis=-1):
    """Ascending along an axis; equal entries keep their order in the derivative."""
    if axis is None:
        order = argsort(ravel(x), -1)
        return reshape(_taken(ct, z, argsort(order, -1), -1), in_front(ct, z) + shape_of(x))
    axis = int(axis)  # NumPy takes True for 1
    order = argsort(x, axis)
    return _taken(ct, z, argsort(order, axis), axis)


@helper("places_in_partition", jax="jnp.argsort(x, axis)")  # its partition takes NaN for small
def _places_in_partition(x: Any, kth: Any, axis: int) -> Any:
    parted = np.partition(x, kth, axis)  # whose order is another than that of `argpartition`
    ranks = np.argsort(np.argsort(parted, axis, stable=True), axis)
    return np.take_along_axis(np.argsort(x, axis, stable=True), ranks, axis)


@internal
@nondifferentiable("places_in_partition(x, kth, axis)")
def places_in_partition(x, kth=0, axis=-1):
    """Where in x the entries of `partition` stand, as a plain array."""


@composite(np.partition)
def partition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """The kth entry along an axis in its sorted place, smaller ones before, larger ones behind."""
    if axis is None:
        x, axis = ravel(x), -1
    axis = normalize_axis_index(axis, len(shape_of(x)))
    return take_along_axis(x, places_in_partition(x, kth, axis), axis)
