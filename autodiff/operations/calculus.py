"""Differences, integrals, interpolation, polynomials, convolution: calculus on samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..graph.value import Value
from ..primitives.declare import composite, internal, nondifferentiable
from .choices import where
from .indexing import along_axis, getitem
from .joining import concatenate, pad_constant, stack
from .products import matmul
from .reductions import axes_of, sum
from .shapes import flip, like, moveaxis, ravel, reshape
from .windows import windows


@composite(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The difference of each entry from the one before it, n times."""
    ends = [part for part in (prepend, x, append) if part is not None]
    if len(ends) > 1:
        shape = list(shape_of(x))
        shape[axis] = 1
        x = concatenate([p if shape_of(p) else p + np.zeros(shape) for p in ends], axis)
    for _ in range(n):
        x = along_axis(x, slice(1, None), axis) - along_axis(x, slice(None, -1), axis)
    return x


@composite(np.ediff1d)
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours, all entries in a row, with more put before and behind."""
    parts = [to_begin, diff(ravel(x)), to_end]
    return like(concatenate([reshape(p, (-1,)) for p in parts if p is not None]), x)


@composite(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slopes along each axis by central differences, at the ends by one-sided ones.

    Spacings are one number for all axes, or for each one a number or the coordinates.
    """
    axes = axes_of(axis, len(shape_of(f)))
    spacings = list(varargs) or [1.0]
    spacings = spacings * len(axes) if len(spacings) == 1 else spacings
    if len(spacings) != len(axes):
        raise TypeError(f"`gradient` takes a spacing for each of {len(axes)} axes, or one for all.")
    slopes = []
    for a, h in zip(axes, spacings, strict=True):
        if edge_order not in (1, 2):
            raise ValueError(f"`gradient` has the edge orders 1 and 2, but not {edge_order!r}.")
        if shape_of(f)[a] < edge_order + 1:
            raise ValueError(f"An axis of length {shape_of(f)[a]} is too short for its gradient.")
        slopes.append(like(moveaxis(_slopes(moveaxis(f, a, -1), h, edge_order), -1, a), f))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slopes(f: Any, spacing: Any, edge_order: int) -> Any:
    count = shape_of(f)[-1]
    steps = diff(spacing) if shape_of(spacing) else spacing * np.ones(count - 1)
    rise = diff(f) / steps
    if count == 2:
        return concatenate([rise, rise], -1)
    before, behind = steps[:-1], steps[1:]
    inside = (rise[..., :-1] * behind + rise[..., 1:] * before) / (before + behind)
    first, last = rise[..., :1], rise[..., -1:]
    if edge_order == 2:
        first = first + (first - rise[..., 1:2]) * steps[:1] / (steps[:1] + steps[1:2])
        last = last + (last - rise[..., -2:-1]) * steps[-1:] / (steps[-1:] + steps[-2:-1])
    return concatenate([first, inside, last], -1)


@composite(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples by the trapezoidal rule."""
    y = moveaxis(y, axis, -1)
    if x is not None:
        dx = diff(x) if len(shape_of(x)) == 1 else diff(moveaxis(x, axis, -1))
    return sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, -1)


@composite(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """The piecewise linear function through the points (xp, fp), xp ascending, at x.

    Beyond the points it is `left` and `right`, or the first and the last fp. Its slope at a
    point is that of the piece to the right, at the last one that to the left.
    """
    count = shape_of(xp)[0]
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    at, knots = (p.data if isinstance(p, Value) else np.asarray(p) for p in (x, xp))
    i = np.clip(np.searchsorted(knots, at, "right") - 1, 0, max(count - 2, 0))
    j = np.minimum(i + 1, count - 1)
    width = getitem(xp, j) - getitem(xp, i) if count > 1 else 1.0
    part = (x - getitem(xp, i)) / width
    inside = getitem(fp, i) * (1 - part) + getitem(fp, j) * part
    return where(at < knots[0], left, where(at > knots[-1], right, inside))


@internal
@nondifferentiable("unwrap(x, axis=axis) - x")
def turns(x, axis=-1):
    """How far `unwrap` moves each entry."""


@composite(np.unwrap)
def unwrap(p: Any, axis: int = -1) -> Any:
    """Angles in radians without jumps of more than pi, by whole turns."""
    return p + turns(p, axis)


# -- polynomials and convolution -----------------------------------------------------------


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The polynomial p[0] * x**(n-1) + ... + p[n-1] at x."""
    result = 0.0 * x
    for i in range(shape_of(p)[0]):
        result = result * x + p[i]
    return result


@composite(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each entry of a vector, as the columns of a matrix, descending."""
    count = shape_of(x)[0] if N is None else N
    if not count:
        return reshape(x, (-1, 1))[:, :0]
    powers = [x**i for i in range(count)]
    return stack(powers if increasing else powers[::-1], axis=1)


@composite(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The convolution of two vectors: what multiplying polynomials does to coefficients."""
    a, v = reshape(a, (-1,)), reshape(v, (-1,))
    if shape_of(v)[0] > shape_of(a)[0]:
        a, v = v, a
    if not shape_of(v)[0]:
        raise ValueError("`convolve` is of vectors that are not empty.")
    size = shape_of(v)[0]
    around = {"full": (size - 1, size - 1), "valid": (0, 0), "same": (size // 2, (size - 1) // 2)}
    if mode not in around:
        raise ValueError(f"`convolve` has the modes full, same and valid, but not {mode!r}.")
    return matmul(windows(pad_constant(a, (around[mode],)), size), flip(v))


@composite(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The sums of products of a with v moved along it."""
    if shape_of(v)[0] > shape_of(a)[0]:
        return flip(convolve(flip(a), v, mode))
    return convolve(a, flip(v), mode)
