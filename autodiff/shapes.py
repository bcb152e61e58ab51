"""Operations that move entries about: shapes, axes, joining, indexing, sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .declare import primitive
from .primitive import shape_of

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
