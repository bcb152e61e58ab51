"""Operations that join arrays, split them, repeat them and pad them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph.node import data_of, shape_of
from ..primitives.declare import as_numpy, composite, primitive
from .indexing import along_axis, gathered, getitem
from .leading import behind, in_front
from .shapes import as_operand, astype, flip, like, ravel, reshape


@primitive("concatenate(arrays, axis)")
def concatenate(ct, z, *arrays, axis=0):
    """Arrays one after another along an axis that they have."""
    if axis is None:
        flat = concatenate_parts(ct, [math.prod(shape_of(a)) for a in arrays], -1)
        front = in_front(ct, z)
        pairs = zip(flat, arrays, strict=True)
        return tuple(reshape(part, front + shape_of(a)) for part, a in pairs)
    return tuple(concatenate_parts(ct, [shape_of(a)[axis] for a in arrays], behind(axis, ct, z)))


def concatenate_parts(whole: Any, lengths: list[int], axis: int) -> list[Any]:
    """What each array, of such a length along the axis, became in their concatenation."""
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    return [along_axis(whole, slice(a, b), axis) for a, b in zip(starts, ends, strict=True)]


@primitive("stack(arrays, axis=axis)")
def stack(ct, z, *arrays, axis=0):
    """Arrays of one shape (or Values) side by side along a new axis.

    >>> import autodiff as ad
    >>> ad.stack([ad.Value(1.0), ad.Value(2.0)]).shape
    (2,)
    """
    axis = behind(axis, ct, z)
    if type(ct) is np.ndarray:
        return tuple(np.moveaxis(ct, axis, 0))  # the same in less time, for a million arrays
    return tuple(along_axis(ct, i, axis) for i in range(len(arrays)))


# What NumPy's functions take more: the type of the result.


@as_numpy(np.concatenate)
def _numpy_concatenate(
    arrays: Any, axis: Any = 0, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return _in_type(concatenate(arrays, axis), dtype, casting)


@as_numpy(np.stack)
def _numpy_stack(arrays: Any, axis: Any = 0, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _in_type(stack(arrays, axis), dtype, casting)


def _in_type(x: Any, dtype: Any, casting: str) -> Any:
    np.can_cast(np.float64, np.float64, casting)  # type: ignore[arg-type]  # refuses what is none
    return x if dtype is None else astype(x, dtype, casting=casting)


@composite(np.append)
def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """x and then `values`, along an axis or all in a row."""
    return concatenate([as_operand(x), as_operand(values)], axis)


@composite(np.block)
def block(arrays: Any) -> Any:
    """A matrix, or an array of any rank, put together from a nested list of blocks."""
    ndim, depth = _extent(arrays)
    return _joined(arrays, max(ndim, depth), depth)


def _extent(arrays: Any) -> tuple[int, int]:
    """The highest rank among the blocks, and how deeply their list is nested."""
    if not isinstance(arrays, list):
        return len(shape_of(arrays)), 0
    parts = [_extent(a) for a in arrays]
    if len({depth for _, depth in parts}) != 1:
        raise ValueError(
            "`block` takes lists that are nested alike, but here one is deeper than another, or "
            "empty.\nPut each block into as many lists."
        )
    return max(n for n, _ in parts), 1 + parts[0][1]


def _joined(arrays: Any, ndim: int, depth: int) -> Any:
    if not isinstance(arrays, list):
        shape = shape_of(arrays)
        return reshape(arrays, (1,) * (ndim - len(shape)) + shape)
    return concatenate([_joined(a, ndim, depth - 1) for a in arrays], -depth)


@composite(np.hstack)
def hstack(arrays: Any, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Arrays joined along their second axis, or their only one."""
    arrays = [atleast_1d(a) for a in arrays]
    joined = concatenate(arrays, axis=0 if arrays and len(shape_of(arrays[0])) == 1 else 1)
    return _in_type(joined, dtype, casting)


@composite(np.vstack)
def vstack(arrays: Any, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Rows, or arrays, joined along their first axis."""
    return _in_type(concatenate([atleast_2d(a) for a in arrays], axis=0), dtype, casting)


@composite(np.column_stack)
def column_stack(arrays: Any) -> Any:
    """Vectors as the columns of a matrix."""
    return concatenate([a if len(shape_of(a)) > 1 else reshape(a, (-1, 1)) for a in arrays], axis=1)


@composite(np.dstack)
def dstack(arrays: Any) -> Any:
    """Arrays joined along their third axis."""
    return concatenate([atleast_3d(a) for a in arrays], axis=2)


@composite(np.atleast_1d)
def atleast_1d(*arrays: Any) -> Any:
    """A number as a vector of one entry; anything else as it is."""
    return _each(lambda x: x if shape_of(x) else reshape(x, (1,)), arrays)


@composite(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    """A vector as a matrix of one row; a matrix as it is."""
    return _each(lambda x: x if len(shape_of(x)) > 1 else reshape(x, (1, -1)), arrays)


@composite(np.atleast_3d)
def atleast_3d(*arrays: Any) -> Any:
    """A vector with an axis before and one behind, a matrix with one behind."""

    def with_three(x: Any) -> Any:
        shape = shape_of(x)
        wanted = {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}
        return reshape(x, wanted[len(shape)]) if len(shape) < 3 else x

    return _each(with_three, arrays)


def _each(function: Any, arrays: tuple[Any, ...]) -> Any:
    arrays = tuple(map(as_operand, arrays))
    return function(arrays[0]) if len(arrays) == 1 else tuple(map(function, arrays))


def _split_by(numpy_split: Any, x: Any, parts: Any, axis: int) -> list[Any]:
    """The parts that NumPy's function would cut the indices of that axis into."""
    axis = normalize_axis_index(axis, len(shape_of(x)))
    places = numpy_split(np.arange(shape_of(x)[axis]), parts)
    stretches = [slice(p[0], p[-1] + 1) if len(p) else slice(0, 0) for p in places]
    return [along_axis(x, stretch, axis) for stretch in stretches]


def _refuse_fewer_axes(name: str, x: Any, least: int) -> None:
    """Raise ValueError for an array of fewer axes than a function is of."""
    if len(shape_of(x)) < least:
        axes = "axis" if least == 1 else "axes"
        raise ValueError(
            f"`{name}` is of arrays with {least} {axes} or more, but this has shape {shape_of(x)}."
        )


@composite(np.split)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """A list of parts along an axis: so many equal ones, or cut before these indices."""
    return _split_by(np.split, x, indices_or_sections, axis)


@composite(np.array_split)
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """A list of parts along an axis; where they cannot be equal, the first are longer by one."""
    return _split_by(np.array_split, x, indices_or_sections, axis)


@composite(np.hsplit)
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the second axis, or the only one."""
    _refuse_fewer_axes("hsplit", x, 1)
    return split(x, indices_or_sections, 1 if len(shape_of(x)) > 1 else 0)


@composite(np.vsplit)
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the first axis."""
    _refuse_fewer_axes("vsplit", x, 2)
    return split(x, indices_or_sections, 0)


@composite(np.dsplit)
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the third axis."""
    _refuse_fewer_axes("dsplit", x, 3)
    return split(x, indices_or_sections, 2)


@composite()
def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """What lies along an axis, one by one: what `stack` has joined."""
    _refuse_fewer_axes("unstack", x, 1)
    (axis,) = normalize_axis_tuple(axis, len(shape_of(x)))
    return tuple(along_axis(x, i, axis) for i in range(shape_of(x)[axis]))


if hasattr(np, "unstack"):  # from NumPy 2.1 on
    as_numpy(np.unstack)(unstack)


@composite(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """Copies of x, `reps` along each axis."""
    return gathered(np.tile, x, reps)


@composite(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry repeated."""
    return gathered(np.repeat, x, repeats, axis)


@composite(np.resize)
def resize(x: Any, new_shape: Any) -> Any:
    """The entries over and over until another shape is full; zeros if there are none."""
    if math.prod(shape_of(x)):
        return gathered(np.resize, x, new_shape)
    zeros = np.resize(np.zeros(0), new_shape)
    return like(reshape(concatenate([ravel(x), zeros.ravel()]), zeros.shape), x)


@composite(np.delete)
def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """x without the entries at these indices along an axis."""
    return gathered(np.delete, x, obj, axis)


@composite(np.insert)
def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """x with `values` put in before these indices along an axis."""
    x = as_operand(x)
    sizes = math.prod(shape_of(x)), math.prod(shape_of(values))
    places, added = np.split(np.arange(sum(sizes)), sizes[:1])  # in the two, one after the other
    places, added = places.reshape(shape_of(x)), added.reshape(shape_of(values))
    both = concatenate([ravel(x), astype(ravel(values), np.asarray(data_of(x)).dtype)])
    return getitem(both, np.insert(places, obj, added, axis))


@composite(np.rot90)
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by k quarter turns in the plane of two axes."""
    return gathered(np.rot90, x, k, axes)


@composite(np.flipud)
def flipud(x: Any) -> Any:
    """The order reversed along the first axis."""
    return flip(x, 0)


@composite(np.fliplr)
def fliplr(x: Any) -> Any:
    """The order reversed along the second axis."""
    return flip(x, 1)
