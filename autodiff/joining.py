"""Operations that join arrays, split them, repeat them and pad them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .declare import composite, primitive
from .indexing import gathered, getitem
from .primitive import shape_of
from .shapes import flip, reshape


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
