"""Operations that move entries about: shapes, axes, joining, indexing, sorting."""

from __future__ import annotations

import builtins
import itertools
import math
from typing import Any

import numpy as np

from .declare import composite, plain, primitive
from .formula import helper
from .ops import where
from .primitive import shape_of
from .tensor import Tensor
from .value import Value, describe

# -- shapes and axes -----------------------------------------------------------------------


@primitive("reshape(x, shape)")
def reshape(ct, z, x, shape=None):
    """The same entries in another shape; one length may be -1.

    >>> import autodiff as ad
    >>> ad.Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, 2).shape
    (2, 2)
    """
    return reshape(ct, shape_of(x))


@primitive("transpose(x, axes)")
def transpose(ct, z, x, axes=None):
    """The axes in another order, reversed where `axes` is not given."""
    return transpose(ct, None if axes is None else _inverse(axes, len(shape_of(x))))


def _inverse(axes: Any, ndim: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort([a % ndim for a in axes]))


@primitive("swapaxes(x, axis1, axis2)")
def swapaxes(ct, z, x, axis1=-1, axis2=-2):
    """Two axes exchanged; the last two where none are given."""
    return swapaxes(ct, axis1, axis2)


@primitive("moveaxis(x, source, destination)")
def moveaxis(ct, z, x, source=0, destination=-1):
    """Axes moved to other places, the rest keeping their order."""
    return moveaxis(ct, destination, source)


@primitive("expand_dims(x, axis)")
def expand_dims(ct, z, x, axis=0):
    """An axis of length 1 put in."""
    return reshape(ct, shape_of(x))


@primitive("squeeze(x, axis=axis)")
def squeeze(ct, z, x, axis=None):
    """Axes of length 1 taken out."""
    return reshape(ct, shape_of(x))


@primitive("ravel(x)")
def ravel(ct, z, x):
    """All entries along one axis."""
    return reshape(ct, shape_of(x))


@primitive("broadcast_to(x, shape)")
def broadcast_to(ct, z, x, shape=()):
    """Repeated along new axes and axes of length 1, without a copy."""
    return ct  # the engine sums what was repeated


@primitive("x.astype(dtype)")
def astype(ct, z, x, dtype=np.float64):
    """The same in another float type; the cotangent takes the operand's type again."""
    return ct


@primitive("flip(x, axis=axis)")
def flip(ct, z, x, axis=None):
    """The order reversed along one axis, some, or all."""
    return flip(ct, axis)


@primitive("roll(x, shift, axis=axis)")
def roll(ct, z, x, shift=1, axis=None):
    """Entries moved along an axis, those that fall off the end coming in at the start."""
    back = tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift
    return roll(ct, back, axis)


@primitive("tril(x, k)")
def tril(ct, z, x, k=0):
    """The lower triangle; zeros above the k-th diagonal."""
    return tril(ct, k)


@primitive("triu(x, k)")
def triu(ct, z, x, k=0):
    """The upper triangle; zeros below the k-th diagonal."""
    return triu(ct, k)


# -- joining and splitting -----------------------------------------------------------------


@primitive("concatenate(arrays, axis)")
def concatenate(ct, z, *arrays, axis=0):
    """Arrays one after another along an axis that they have."""
    if axis is None:
        flat = concatenate_parts(ct, [(int(np.prod(shape_of(a))),) for a in arrays], 0)
        return tuple(reshape(part, shape_of(a)) for part, a in zip(flat, arrays, strict=True))
    return tuple(concatenate_parts(ct, [shape_of(a) for a in arrays], axis))


def concatenate_parts(whole: Any, shapes: list[tuple[int, ...]], axis: int) -> list[Any]:
    """What each array of these shapes became in their concatenation."""
    ends = np.cumsum([shape[axis] for shape in shapes]).tolist()
    before = (slice(None),) * (axis % len(shapes[0]))
    starts = [0, *ends[:-1]]
    return [getitem(whole, (*before, slice(a, b))) for a, b in zip(starts, ends, strict=True)]


@primitive("stack(arrays, axis=axis)")
def stack(ct, z, *arrays, axis=0):
    """Arrays of one shape (or Values) side by side along a new axis.

    >>> import autodiff as ad
    >>> ad.stack([ad.Value(1.0), ad.Value(2.0)]).shape
    (2,)
    """
    before = (slice(None),) * (axis % len(shape_of(z)))
    return tuple(getitem(ct, (*before, i)) for i in range(len(arrays)))


@composite(np.hstack)
def hstack(arrays: Any) -> Any:
    """Arrays joined along their second axis, or their only one."""
    arrays = [atleast_1d(a) for a in arrays]
    return concatenate(arrays, axis=0 if len(shape_of(arrays[0])) == 1 else 1)


@composite(np.vstack)
def vstack(arrays: Any) -> Any:
    """Rows, or arrays, joined along their first axis."""
    return concatenate([atleast_2d(a) for a in arrays], axis=0)


@composite(np.column_stack)
def column_stack(arrays: Any) -> Any:
    """Vectors as the columns of a matrix."""
    return concatenate([a if len(shape_of(a)) > 1 else reshape(a, (-1, 1)) for a in arrays], axis=1)


@composite(np.atleast_1d)
def atleast_1d(x: Any) -> Any:
    """A number as a vector of one entry; anything else as it is."""
    return x if shape_of(x) else reshape(x, (1,))


@composite(np.atleast_2d)
def atleast_2d(x: Any) -> Any:
    """A vector as a matrix of one row; a matrix as it is."""
    return x if len(shape_of(x)) > 1 else reshape(x, (1, -1))


@composite(np.split, np.array_split)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """A list of parts along an axis: so many equal ones, or cut before these indices."""
    whole = np.arange(shape_of(x)[axis])
    before = (slice(None),) * (axis % len(shape_of(x)))
    ends = [0]
    for part in np.split(whole, indices_or_sections):
        ends.append(ends[-1] + len(part))
    return [getitem(x, (*before, slice(a, b))) for a, b in itertools.pairwise(ends)]


# -- indexing ------------------------------------------------------------------------------


@primitive("x[index]")
def getitem(ct, z, x, index=()):
    """`t[index]`, for every index that NumPy takes; repeated entries add their gradients.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 2.0, 3.0])
    >>> t[[0, 0, 2]].sum().backward()
    >>> t.grad
    array([2., 0., 1.])
    """
    return scatter(ct, index, shape_of(x))


@helper("scatter")
def _scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `x` added at `index`."""
    whole = np.zeros(shape, np.asarray(x).dtype)
    if _repeats(index):
        np.add.at(whole, index, x)
    else:
        whole[index] += x
    return whole


def _repeats(index: Any) -> bool:
    """Whether an index can name one entry twice: only an array of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (list, np.ndarray)) and np.asarray(p).dtype != bool for p in parts)


@primitive("scatter(x, index, shape)")
def scatter(ct, z, x, index=(), shape=()):
    """Zeros of `shape` with x added at `index`: what a gather pulls back."""
    return getitem(ct, index)


@helper("with_entries")
def _with_entries(x: Any, value: Any, index: Any) -> Any:
    changed = np.array(x)
    changed[index] = value
    return changed


@primitive("with_entries(x, value, index)")
def at_set(ct, z, x, value, index=()):
    """x with the entries at `index` replaced, as `x.at[index].set(value)`."""
    return (
        lambda: at_set(ct, np.zeros((), np.float32), index),
        lambda: where(_last_to_write(shape_of(x), index), getitem(ct, index), 0.0),
    )


def _last_to_write(shape: tuple[int, ...], index: Any) -> Any:
    """Which of the entries written stay: where an index is repeated, the last one does."""
    place = np.arange(np.prod(shape, dtype=int)).reshape(shape)[index]
    writer = np.arange(np.size(place)).reshape(np.shape(place))
    last = np.zeros(np.prod(shape, dtype=int), int)
    last[place] = writer
    return last[place] == writer


@primitive("x + scatter(broadcast_to(value, x[index].shape), index, x.shape)")
def at_add(ct, z, x, value, index=()):
    """x with `value` added at `index`, as `x.at[index].add(value)`; repeats add up."""
    return ct, lambda: getitem(ct, index)


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
        return At(self._whole, checked_index(index))

    def set(self, value: Any) -> Any:
        """A Tensor like the whole, with these entries replaced."""
        return at_set(self._whole, value, self._index)

    def add(self, value: Any) -> Any:
        """A Tensor like the whole, with `value` added to these entries."""
        return at_add(self._whole, value, self._index)


def checked_index(index: Any) -> Any:
    """`index` with its arrays copied; TypeError for a node, which is no index."""
    if isinstance(index, tuple):
        return tuple(checked_index(part) for part in index)
    if isinstance(index, Value):
        raise TypeError(
            f"An index is whole numbers, but this is {describe(index)}.\n"
            "Take its numbers, as in `t[index.data.astype(int)]`; an index has no gradient."
        )
    return np.array(index) if isinstance(index, (list, np.ndarray)) else index


def _tensor_getitem(self: Tensor, index: Any) -> Any:
    return getitem(self, checked_index(index))


Tensor.__getitem__ = _tensor_getitem  # type: ignore[method-assign]
Tensor.at = property(At, doc=At.__doc__)  # type: ignore[attr-defined]


@primitive("take_along_axis(x, indices, axis)")
def take_along_axis(ct, z, x, indices, axis=-1):
    """For each place, the entry of x that `indices` name along the axis."""
    if axis is None:
        return lambda: reshape(
            add_along_axis(ct, indices, 0, (math.prod(shape_of(x)),)), shape_of(x)
        ), None
    return lambda: add_along_axis(ct, broadcast_to(indices, shape_of(z)), axis, shape_of(x)), None


@helper("add_along_axis")
def _add_along_axis(x: Any, indices: Any, axis: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, with the entries of x added where take_along_axis takes them from."""
    whole = np.zeros(shape, np.asarray(x).dtype)
    if np.shape(indices) != np.shape(x):
        raise ValueError(f"Indices of shape {np.shape(indices)} place no x of shape {np.shape(x)}.")
    sizes = [n if m > 1 else 1 for n, m in zip(np.shape(x), shape, strict=True)]
    grid = list(np.ogrid[tuple(slice(n) for n in sizes)])
    grid[axis] = indices
    np.add.at(whole, tuple(grid), x)
    return whole


@primitive("add_along_axis(x, indices, axis, shape)")
def add_along_axis(ct, z, x, indices, axis=-1, shape=()):
    """Zeros of `shape` with x added at `indices` along the axis: what take_along_axis pulls."""
    return lambda: take_along_axis(ct, indices, axis), None


@composite(np.take)
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries of x at these indices along an axis (of all entries in a row, for None)."""
    if axis is None:
        return getitem(ravel(x), checked_index(indices))
    before = (slice(None),) * (axis % len(shape_of(x)))
    return getitem(x, (*before, checked_index(indices)))


def gathered(numpy_function: Any, x: Any, *args: Any, **keywords: Any) -> Any:
    """What a NumPy function that only moves entries gives: a gather, by what it does to indices."""
    places = np.arange(np.prod(shape_of(x), dtype=int)).reshape(shape_of(x))
    return getitem(ravel(x), numpy_function(places, *args, **keywords))


@composite(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """Copies of x, `reps` along each axis."""
    return gathered(np.tile, x, reps)


@composite(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry repeated."""
    return gathered(np.repeat, x, repeats, axis)


@composite(np.rot90)
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by k quarter turns in the plane of two axes."""
    return gathered(np.rot90, x, k, axes)


@composite(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries on a diagonal."""
    return gathered(np.diagonal, x, offset, axis1, axis2)


@composite(np.diag)
def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    if len(shape_of(x)) != 1:
        return diagonal(x, k)
    size = shape_of(x)[0] + builtins.abs(k)
    row = np.arange(shape_of(x)[0]) + builtins.max(0, -k)
    return scatter(x, (row, row + k), (size, size))


@composite(np.flipud)
def flipud(x: Any) -> Any:
    """The order reversed along the first axis."""
    return flip(x, 0)


@composite(np.fliplr)
def fliplr(x: Any) -> Any:
    """The order reversed along the second axis."""
    return flip(x, 1)


@primitive("pad(x, width, constant_values=value)")
def pad_constant(ct, z, x, width=0, value=0.0):
    """x with a border of one value, `width` = ((before, after), ...) along each axis."""
    shape = shape_of(x)
    starts = np.broadcast_to(width, (len(shape), 2))[:, 0].tolist()
    inside = tuple(slice(a, a + n) for a, n in zip(starts, shape, strict=True))
    return getitem(ct, inside)


@composite(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0.0) -> Any:
    """x with a border, as `numpy.pad`: constant, edge, reflect, symmetric or wrap."""
    if mode == "constant":
        widths = np.broadcast_to(pad_width, (len(shape_of(x)), 2)).tolist()
        return pad_constant(x, tuple(map(tuple, widths)), constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            f"`pad` has the modes constant, edge, reflect, symmetric and wrap, but not {mode!r}."
        )
    return gathered(np.pad, x, pad_width, mode=mode)


# -- order ---------------------------------------------------------------------------------


@primitive("sort(x, axis)")
def sort(ct, z, x, axis=-1):
    """Ascending along an axis; equal entries keep their order in the derivative."""
    if axis is None:
        order = argsort(ravel(x), -1)
        return reshape(take_along_axis(ct, argsort(order, -1), -1), shape_of(x))
    order = argsort(x, axis)
    return take_along_axis(ct, argsort(order, axis), axis)


@plain('argsort(x, axis=axis, kind="stable")')
def argsort(x, axis=-1):
    """The indices that would sort x, as a plain array."""


@plain("argmax(x, axis=axis)")
def argmax(x, axis=None):
    """The index of the largest entry, as plain data."""


@plain("argmin(x, axis=axis)")
def argmin(x, axis=None):
    """The index of the smallest entry, as plain data."""


@plain("nonzero(x)")
def nonzero(x):
    """The indices of the entries that are not zero, as plain arrays."""


@plain("searchsorted(x, v)")
def searchsorted(x, v):
    """The indices at which v would keep x sorted, as plain data."""
