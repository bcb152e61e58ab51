"""Differences, integrals, interpolation, polynomials, convolution: calculus on samples."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph.messages import describe
from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import composite, internal, nondifferentiable, primitive
from ..primitives.namespaces import helper
from .choices import clip, where
from .indexing import along_axis, getitem, take_along_axis
from .joining import concatenate, stack
from .predicates import argsort, isfinite, not_equal
from .products import times_in_sum
from .reductions import sum
from .shapes import as_operand, broadcast_to, cast, flip, like, moveaxis, ravel, reshape
from .zeros import safe_mul


@composite(np.diff)
def diff(
    x: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    """The difference of each entry from the one before it, n times."""
    if n < 0:
        raise ValueError(f"`diff` takes differences n times, but n is {n}.")
    if n == 0:
        return x
    axis = normalize_axis_index(axis, len(shape_of(x)))
    ends = [as_operand(part) for part in (prepend, x, append) if part is not np._NoValue]
    if len(ends) > 1:
        shape = list(shape_of(x))
        shape[axis] = 1
        x = concatenate([p if shape_of(p) else broadcast_to(p, shape) for p in ends], axis)
    for _ in range(n):
        ahead, behind = along_axis(x, slice(1, None), axis), along_axis(x, slice(None, -1), axis)
        x = not_equal(ahead, behind) if _are_conditions(x) else ahead - behind
    return x


def _are_conditions(x: Any) -> bool:
    """Whether the entries are truth values, which have no difference but that they differ."""
    return np.asarray(data_of(x)).dtype == bool


@composite(np.ediff1d)
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours, all entries in a row, with more put before and behind."""
    x = ravel(x)
    parts = [to_begin, x[1:] - x[:-1], to_end]
    return like(concatenate([reshape(p, (-1,)) for p in parts if p is not None]), x)


@composite(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slopes along each axis by central differences, at the ends by one-sided ones.

    Spacings are one number for all axes, or for each one a number or the coordinates.
    """
    axes = range(len(shape_of(f))) if axis is None else axis
    axes = normalize_axis_tuple(axes, len(shape_of(f)))
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1 and not shape_of(spacings[0]):
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"`gradient` takes a spacing or the coordinates for each of {len(axes)} axes, or one "
            f"spacing for all, but was given {len(spacings)}."
        )
    if edge_order not in (1, 2):
        raise ValueError(f"`gradient` has the edge orders 1 and 2, but not {edge_order!r}.")
    slopes = []
    for a, spacing in zip(axes, spacings, strict=True):
        count = shape_of(f)[a]
        if shape_of(spacing) not in ((), (count,)):
            raise ValueError(
                f"`gradient` takes one spacing or {count} coordinates along axis {a}, but these "
                f"have shape {shape_of(spacing)}."
            )
        if count < edge_order + 1:
            raise ValueError(f"An axis of length {count} is too short for its gradient.")
        slopes.append(like(moveaxis(_slopes(moveaxis(f, a, -1), spacing, edge_order), -1, a), f))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _of_floats(places: Any) -> Any:
    """Places as floats, where they are whole numbers, whose differences might wrap."""
    whole = not isinstance(places, Value) and np.asarray(places).dtype.kind in "biu"
    return np.asarray(places, float) if whole else places


def _slopes(f: Any, spacing: Any, edge_order: int) -> Any:
    count = shape_of(f)[-1]
    uniform = not shape_of(spacing)
    steps = spacing * np.ones(count - 1) if uniform else diff(_of_floats(spacing))
    rise = diff(f) / steps
    if count == 2:
        return concatenate([rise, rise], -1)
    before, behind = steps[:-1], steps[1:]
    if uniform:
        inside = (f[..., 2:] - f[..., :-2]) / (2.0 * spacing)
    else:
        inside = (rise[..., :-1] * behind + rise[..., 1:] * before) / (before + behind)
    first, last = rise[..., :1], rise[..., -1:]
    if edge_order == 2:
        first = first + (first - rise[..., 1:2]) * steps[:1] / (steps[:1] + steps[1:2])
        last = last + (last - rise[..., -2:-1]) * steps[-1:] / (steps[-1:] + steps[-2:-1])
    return concatenate([first, inside, last], -1)


@composite(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples by the trapezoidal rule."""
    if x is not None and len(shape_of(x)) == 1:
        along = [1] * len(shape_of(y))
        along[axis] = -1
        dx = reshape(diff(x), tuple(along))
    elif x is not None:
        dx = diff(x, axis=axis)
    before = (slice(None),) * normalize_axis_index(axis, len(shape_of(y)))
    behind = getitem(y, (*before, slice(None, -1)))
    ahead = getitem(y, (*before, slice(1, None)))
    return sum(dx * (ahead + behind) / 2.0, axis)


@composite(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """The piecewise linear function through the points (xp, fp), xp ascending, at x.

    Beyond the points it is `left` and `right`, or the first and the last fp; with a `period` the
    points repeat, in whatever order they are. Its slope at a point is that of the piece to the
    right, at the last one that to the left.
    """
    x = np.asarray(x, np.float64) if x is None else x  # which is NaN for NumPy
    x, xp, fp = (cast(_operand(part), np.float64) for part in (x, xp, fp))
    if len(shape_of(xp)) != 1 or shape_of(xp) != shape_of(fp) or not shape_of(xp)[0]:
        raise ValueError(
            "`interp` goes through points, given by two vectors of one length, but these have "
            f"shapes {shape_of(xp)} and {shape_of(fp)}."
        )
    if period is not None:
        x, xp, fp = _repeated(x, xp, fp, period)
        left = right = None
    inside = _between(clip(x, xp[0], xp[-1]), xp, fp)
    inside = where(x < xp[0], fp[0] if left is None else left, inside)
    return where(x > xp[-1], fp[-1] if right is None else right, inside)


def _between(x: Any, xp: Any, fp: Any) -> Any:
    """The piecewise linear function at x, none of which is beyond the points."""
    start, end, before, behind = _pieces_at(x, xp, fp)
    slope = (behind - before) / where(start == end, np.inf, end - start)
    # From the end of a piece where it starts at an infinity. What is infinite has no weight at 0.
    backwards = where(before == behind, behind, behind + safe_mul(x - end, slope))
    ordinary = isfinite(before) & (start != -np.inf)
    inside = where(ordinary, before + safe_mul(x - start, slope), backwards)
    return where(x == xp[-1], fp[-1] + safe_mul(x - xp[-1], slope), inside)


@helper("pieces_of")
def _pieces_of(x: Any, xp: Any) -> Any:
    last = np.searchsorted(xp, xp[-1], "left") - 1  # the last piece that has a width
    found = np.searchsorted(xp, np.reshape(x, -1), "right") - 1
    return np.maximum(np.minimum(found, last), 0)


@internal
@nondifferentiable("pieces_of(x, xp)")
def pieces(x, xp):
    """Between which of the knots and the next one each entry of x lies, in a row."""


def _pieces_at(x: Any, xp: Any, fp: Any) -> list[Any]:
    """From where to where, and from what to what, the piece goes in which each entry of x lies."""
    places = pieces(x, xp)
    ends = [(points, concatenate([points[1:], points[-1:]])) for points in (xp, fp)]
    found = [take_along_axis(end, places, 0) for pair in ends for end in pair]
    return [reshape(end, shape_of(x)) for end in found]


def _repeated(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """x in one period, and the points in it, ascending, with one more on either side."""
    if period == 0:
        raise ValueError("The `period` of `interp` is not 0.")
    period = abs(period)
    x, xp = x % period, xp % period
    order = argsort(xp)
    xp, fp = take_along_axis(xp, order, 0), take_along_axis(fp, order, 0)
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, concatenate([fp[-1:], fp, fp[:1]])


@internal
@nondifferentiable("unwrap(x, discont, axis, period=period) - x")
def turns(x, discont=None, axis=-1, period=2 * np.pi):
    """How far `unwrap` moves each entry."""


@composite(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """Angles without jumps of more than half a period (or `discont`), by whole turns."""
    return p + turns(p, discont, axis, period)


# -- polynomials and convolution -----------------------------------------------------------


def _operand(x: Any) -> Any:
    """A list or whatever else is no node as an array. TypeError for what has no numbers."""
    if isinstance(x, Value):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"These are to be numbers, but here is {describe(x)}.")
    return array


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The polynomial p[0] * x**(n-1) + ... + p[n-1] at x."""
    if isinstance(x, np.poly1d):
        raise TypeError("`polyval` is of numbers, but x is a polynomial.\nUse its `.coeffs`.")
    p, x = p.coeffs if isinstance(p, np.poly1d) else p, _operand(x)
    if not shape_of(p):
        raise TypeError("`polyval` takes a sequence of coefficients, but `p` is a single number.")
    result = np.zeros_like(x)
    for i in range(shape_of(p)[0]):
        result = result * x + p[i]
    return result


@composite(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each entry of a vector, as the columns of a matrix, descending."""
    if len(shape_of(x)) != 1:
        raise ValueError(f"`vander` is of a vector, but this has shape {shape_of(x)}.")
    count = shape_of(x)[0] if N is None else operator.index(N)
    if count < 0:
        raise ValueError(f"`vander` has so many columns as N says, but N is {count}.")
    x = cast(_operand(x), np.float64)
    if not count:
        return reshape(x, (-1, 1))[:, :0]
    powers = [x**i for i in range(count)]
    return stack(powers if increasing else powers[::-1], axis=1)


# A convolution is a product of polynomials. What it pulls back are sums of products again: the two
# ways to sum, over all that overlaps and over what overlaps wholly, are each other's cotangents.


@internal
@primitive("correlate(a, v[::-1], 'full')")
def convolve_full(ct, _, a, v):
    """The convolution of two vectors, wherever they overlap, as NumPy computes it."""
    return (
        lambda: times_in_sum(correlate_valid, ct, v),
        lambda: times_in_sum(correlate_valid, ct, a),
    )


@internal
@primitive("correlate(a, v)")
def correlate_valid(ct, _, a, v):
    """The sums of products of the longer vector with the other moved along it."""
    if shape_of(a)[0] < shape_of(v)[0]:  # the other way round, and backwards
        ct = flip(ct, 0)
        return (
            lambda: times_in_sum(lambda ct, v: correlate_valid(v, ct), ct, v),
            lambda: times_in_sum(convolve_full, ct, a),
        )
    return (
        lambda: times_in_sum(convolve_full, ct, v),
        lambda: times_in_sum(lambda ct, a: correlate_valid(a, ct), ct, a),
    )


def _mode_of(name: str, mode: Any) -> str:
    """A mode by its name, which NumPy takes by its number, too."""
    modes = ("valid", "same", "full")
    if mode in modes or mode in range(3):
        return modes[mode] if mode in range(3) else mode
    error = ValueError if isinstance(mode, (str, int)) else TypeError
    raise error(f"`{name}` has the modes full, same and valid, but not {mode!r}.")


def _row(x: Any) -> Any:
    """A number as a vector of one entry."""
    return _operand(x) if shape_of(x) else reshape(x, (1,))


def _vectors(name: str, a: Any, v: Any) -> tuple[Any, Any]:
    """The two, which are vectors. ValueError for anything else."""
    if [len(shape_of(x)) for x in (a, v)] != [1, 1] or not (shape_of(a)[0] and shape_of(v)[0]):
        raise ValueError(
            f"`{name}` takes vectors that are not empty, but these have shapes {shape_of(a)} and "
            f"{shape_of(v)}.\nLay an array out by `ravel`, or go row by row."
        )
    return a, v


@composite(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The convolution of two vectors: what multiplying polynomials does to coefficients."""
    mode = _mode_of("convolve", mode)
    a, v = _vectors("convolve", _row(a), _row(v))
    if shape_of(a)[0] < shape_of(v)[0]:
        a, v = v, a
    if mode == "valid":
        return correlate_valid(a, flip(v))
    whole = convolve_full(a, v)
    start = (shape_of(v)[0] - 1) // 2
    return whole if mode == "full" else getitem(whole, slice(start, start + shape_of(a)[0]))


@composite(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The sums of products of a with v moved along it."""
    mode = _mode_of("correlate", mode)
    a, v = _vectors("correlate", _operand(a), _operand(v))
    if shape_of(a)[0] < shape_of(v)[0]:
        return flip(correlate(v, a, mode))
    return correlate_valid(a, v) if mode == "valid" else convolve(a, flip(v), mode)
