"""Shapes, axes, types: operations that leave the entries as they are, or move them about."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import as_numpy, composite, internal, nondifferentiable, primitive
from .leading import behind, in_front

# -- shapes and axes -----------------------------------------------------------------------


@primitive("reshape(x, shape)")
def reshape(ct, z, x, shape=None):
    """The same entries in another shape; one length may be -1.

    >>> import autodiff as ad
    >>> ad.Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, 2).shape
    (2, 2)
    """
    return reshape(ct, in_front(ct, z) + shape_of(x))


@primitive("transpose(x, axes)")
def transpose(ct, z, x, axes=None):
    """The axes in another order, reversed where `axes` is not given."""
    front, ndim = len(in_front(ct, z)), len(shape_of(x))
    if axes is None and not front:
        return transpose(ct)
    back = range(ndim)[::-1] if axes is None else _inverse(axes, ndim)
    return transpose(ct, (*range(front), *[front + i for i in back]))


as_numpy(np.permute_dims)(transpose)


def _inverse(axes: Any, ndim: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(normalize_axis_tuple(axes, ndim)))


@primitive("swapaxes(x, axis1, axis2)")
def swapaxes(ct, z, x, axis1=-1, axis2=-2):
    """Two axes exchanged; the last two where none are given."""
    return swapaxes(ct, behind(axis1, ct, z), behind(axis2, ct, z))


@composite(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x):
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


@primitive("moveaxis(x, source, destination)")
def moveaxis(ct, z, x, source=0, destination=-1):
    """Axes moved to other places, the rest keeping their order."""
    return moveaxis(ct, behind(destination, ct, z), behind(source, ct, z))


@composite(np.rollaxis)
def rollaxis(x, axis, start=0):
    """One axis moved to before another."""
    ndim = len(shape_of(x))
    axis = normalize_axis_index(axis, ndim)
    start = start + ndim if start < 0 else start
    if not 0 <= start <= ndim:
        raise np.exceptions.AxisError(f"`start` is from {-ndim} to {ndim}, but here {start}.")
    place = start - 1 if axis < start else start
    return real(x) if place == axis else moveaxis(x, axis, operator.index(place))


@primitive("expand_dims(x, axis)")
def expand_dims(ct, z, x, axis=0):
    """An axis of length 1 put in."""
    return reshape(ct, in_front(ct, z) + shape_of(x))


@primitive("squeeze(x, axis=axis)")
def squeeze(ct, z, x, axis=None):
    """Axes of length 1 taken out."""
    return reshape(ct, in_front(ct, z) + shape_of(x))


@composite()
def ravel(x):
    """All entries along one axis."""
    return reshape(x, (-1,))


def _order_of(x, order, orders="CFAK"):
    """The name of an order as NumPy reads it; A and K are C or F where memory is laid out so."""
    if not isinstance(order, (str, type(None))):
        raise TypeError(f"An order is a word, such as 'C' or 'F', but here it is {order!r}.")
    name = "C" if order is None else order.upper()
    if name not in tuple(orders):
        raise ValueError(f"Entries are taken in the order {', '.join(orders)}, but not {order!r}.")
    if name in "CF" or len(shape_of(x)) < 2:
        return name
    if getattr(x, "traced", False):
        raise ValueError(
            f"A program keeps no layout in memory, which the order {order!r} asks for.\n"
            "Say which order is meant, 'C' or 'F'."
        )
    flags = np.asarray(data_of(x)).flags
    if flags.c_contiguous:
        return "C"
    return "F" if flags.f_contiguous else name.replace("A", "C")


def _ordered(x, shape, order, orders="CFA"):
    name = _order_of(x, order, orders)
    if name == "K":
        axes = np.argsort([-abs(stride) for stride in data_of(x).strides], kind="stable")
        x, name = transpose(x, tuple(axes.tolist())), "C"
    if name == "C":
        return reshape(x, shape)
    backwards = tuple(shape)[::-1] if np.iterable(shape) else (shape,)
    return transpose(reshape(transpose(x), backwards))


@as_numpy(np.reshape)
def _numpy_reshape(a, shape=None, order="C", *, copy=None):
    return _ordered(a, shape, order)


def reshape_method(self, *shape, order="C", copy=None, **named):
    """`t.reshape(2, 3)`, or `t.reshape((2, 3))`: what `np.reshape` gives for it."""
    if len(shape) == 1:
        shape = shape[0]
    return _ordered(self, named.pop("shape", shape), order)


@as_numpy(np.ravel)
def _numpy_ravel(a, order="C"):
    return _ordered(a, (-1,), order, "CFAK")


@composite()
def flatten(x, order="C"):
    """All entries along one axis."""
    return _ordered(x, (-1,), order, "CFAK")


@primitive("broadcast_to(x, shape)")
def broadcast_to(ct, z, x, shape=()):
    """Repeated along new axes and axes of length 1, without a copy."""
    return ct  # the engine sums what was repeated


@composite(np.broadcast_arrays)
def broadcast_arrays(*arrays, subok=False):
    """Each of the arrays, repeated to the shape that they broadcast to."""
    shape = np.broadcast_shapes(*map(shape_of, arrays))
    return tuple(broadcast_to(a, shape) for a in arrays)


@composite(np.meshgrid)
def meshgrid(*vectors, copy=True, sparse=False, indexing="xy"):
    """Each vector along its own axis of a grid, repeated along the others."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"`meshgrid` has the indexing 'xy' and 'ij', but not {indexing!r}.")
    axes = list(range(len(vectors)))
    if indexing == "xy" and len(axes) > 1:
        axes[:2] = 1, 0
    apart = [
        reshape(v, tuple(-1 if i == axis else 1 for i in range(len(axes))))
        for v, axis in zip(vectors, axes, strict=True)
    ]
    return tuple(apart) if sparse else broadcast_arrays(*apart)


@internal
@primitive("x.astype(dtype)")
def cast(ct, z, x, dtype=np.float64):
    """The same in another float type; the cotangent takes the operand's type again."""
    return ct


@internal
@nondifferentiable("array(x, dtype)")
def cast_to_whole(x, dtype=np.int64):
    """The entries as whole numbers or booleans, as plain data."""


@composite()
def astype(x, dtype=np.float64, order="K", casting="unsafe", subok=True, copy=True, device=None):
    """x in another float type; in whole numbers or booleans as plain data, without a derivative.

    Raises TypeError for a dtype of anything else, or that `casting` does not allow.

    >>> import autodiff as ad
    >>> ad.Tensor([1.5, 2.5]).astype(int)
    array([1, 2])
    """
    dtype, now = np.dtype(dtype), np.asarray(data_of(x)).dtype
    if not np.can_cast(now, dtype, casting):
        raise TypeError(f"`casting={casting!r}` does not allow {now} to become {dtype}.")
    if dtype.kind in "biu":
        return cast_to_whole(x, dtype)
    if dtype.kind != "f":
        raise TypeError(
            f"Derivatives are of real numbers, but `astype` was asked for {dtype}.\n"
            "Use `t.data.astype(...)`, which has none."
        )
    return cast(x, dtype)


if hasattr(np, "astype"):  # from NumPy 2.1 on
    as_numpy(np.astype)(astype)


@as_numpy(np.copy)
def _numpy_copy(a, order="K", subok=False):
    _order_of(0.0, order)
    return reshape(a, shape_of(a))


def as_operand(x):
    """What is no node as an array, so that a number has the type that it has as one."""
    return x if isinstance(x, Value) else np.asarray(x)


def like(x, other):
    """x in the float type of `other`, as NumPy's functions keep it."""
    dtype = getattr(data_of(other), "dtype", None)
    return x if dtype is None or np.asarray(data_of(x)).dtype == dtype else cast(x, dtype)


def like_floats(x, other):
    """x in the type of `other` where that is of floats: a mean of whole numbers is none."""
    return like(x, other) if np.asarray(data_of(other)).dtype.kind == "f" else x


def kind_of(x):
    """What NumPy finds a type together with: a dtype, or a number of Python's, which has none."""
    data = data_of(x)
    return data if type(data) in (int, float) else np.asarray(data).dtype


def as_type(x, dtype):
    """x in a type, as a new node only where it has another."""
    if isinstance(x, Value):
        return x if np.asarray(data_of(x)).dtype == dtype else astype(x, dtype)
    return np.asarray(x, dtype)


def as_entry_of(x, number):
    """A number in the type of the entries of x, so that it widens no result."""
    if isinstance(number, Value):
        return like(number, x)
    dtype = getattr(data_of(x), "dtype", np.dtype(float))
    return np.asarray(number, dtype if dtype.kind == "f" or np.isfinite(number) else float)


@primitive("flip(x, axis=axis)")
def flip(ct, z, x, axis=None):
    """The order reversed along one axis, some, or all."""
    return flip(ct, behind(axis, ct, z))


@primitive("roll(x, shift, axis=axis)")
def roll(ct, z, x, shift=1, axis=None):
    """Entries moved along an axis, those that fall off the end coming in at the start."""
    # NumPy takes any numbers, and even texts, that are whole numbers to `int`.
    back = tuple(-int(s) for s in shift) if isinstance(shift, (tuple, list)) else -int(shift)
    if axis is None and in_front(ct, z):
        return reshape(roll(reshape(ct, (*in_front(ct, z), -1)), back, -1), shape_of(ct))
    return roll(ct, back, behind(axis, ct, z))


@primitive("tril(x, k)")
def tril(ct, z, x, k=0):
    """The lower triangle; zeros above the k-th diagonal."""
    return tril(ct, k)


@primitive("triu(x, k)")
def triu(ct, z, x, k=0):
    """The upper triangle; zeros below the k-th diagonal."""
    return triu(ct, k)


# -- NumPy's functions of complex numbers, on real ones ------------------------------------


@composite(np.conjugate, np.real)
def real(x):
    """The same as a new node: the real part, and the conjugate, of real numbers."""
    return reshape(x, shape_of(x))


@as_numpy(np.real_if_close)
def _numpy_real_if_close(a, tol=100):
    return real(a)


@composite(np.imag)
def imag(x):
    """Zeros: the imaginary part of real numbers."""
    return np.zeros_like(x)


@composite(np.full_like)
def full_like(x, fill_value, dtype=None, shape=None):
    """An array of the shape and type of x, of one value (or of an array's, repeated)."""
    if not isinstance(fill_value, Value):
        return np.full_like(data_of(x), fill_value, dtype, shape=shape)
    repeated = broadcast_to(fill_value, shape_of(x) if shape is None else shape)
    return astype(repeated, np.asarray(data_of(x)).dtype if dtype is None else dtype)


@composite(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """So many values from start to stop, at equal distances; with `retstep` their distance, too."""
    num = operator.index(num)
    if dtype is not None and np.dtype(dtype).kind != "f":
        return np.linspace(data_of(start), data_of(stop), num, endpoint, retstep, dtype, axis)
    steps = np.linspace(0.0, 1.0, num, endpoint)
    ndim = len(np.broadcast_shapes(shape_of(start), shape_of(stop)))
    steps = reshape(steps, (num,) + (1,) * ndim)
    found = np.where(steps == 1.0, stop, start * (1.0 - steps) + stop * steps)
    found = moveaxis(found, 0, axis) if axis != 0 else found
    kind = np.result_type(kind_of(start), kind_of(stop), 1.0) if dtype is None else dtype
    found = cast(found, np.dtype(kind))
    count = num - 1 if endpoint else num
    return (found, (stop - start) * (1 / count if count > 0 else np.nan)) if retstep else found
