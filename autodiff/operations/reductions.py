"""Reductions, which bring many entries to fewer: sums, means, variances, extremes."""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..primitives.declare import as_numpy, primitive
from .arithmetic import div
from .choices import maximum, minimum, where
from .exponentials import sqrt
from .predicates import count_nonzero, mask
from .shapes import as_entry_of, astype, broadcast_to, expand_dims, like_floats
from .zeros import times

# Along which axes: an int, a tuple of them, or None for all.
Axis = int | tuple[int, ...] | None


def spread(reduced: Any, axis: Axis, keepdims: bool, x: Any) -> Any:
    """A result of a reduction of x, or a cotangent of it, shaped to broadcast against x."""
    if keepdims:
        return reduced
    if shape_of(reduced):
        axes = axes_of(axis, len(shape_of(x)))
        front = len(shape_of(reduced)) - (len(shape_of(x)) - len(axes))
        if front > 0:  # see `leading.py`
            return expand_dims(reduced, tuple([front + a for a in axes]))
    return reduced if axis is None else expand_dims(reduced, axis)


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, counted from the front; AxisError for one that there is not."""
    named = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all([-ndim <= a < ndim for a in named]):
        raise np.exceptions.AxisError(f"There is no axis {axis} where there are {ndim}.")
    return tuple([a % ndim for a in named])


def count_of(x: Any, z: Any) -> int:
    """How many entries of x made each entry of z."""
    return math.prod(shape_of(x)) // builtins.max(math.prod(shape_of(z)), 1)


def in_32_bits(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that pulls numbers of 16 bits back in 32: there a count above 65504 is infinite."""

    @functools.wraps(rule)
    def wide(ct: Any, z: Any, x: Any, *rest: Any) -> Any:
        if not _of_16_bits(x):
            return rule(ct, z, x, *rest)
        return rule(astype(ct, np.float32), z, astype(x, np.float32), *rest)

    return wide


def _of_16_bits(x: Any) -> bool:
    return getattr(data_of(x), "dtype", None) == np.float16


def _inverse(count: int) -> float:
    """1 / count, and inf where there are no degrees of freedom."""
    return 1 / count if count > 0 else math.inf


@primitive("sum(x, axis=axis, keepdims=keepdims)")
def sum(ct, z, x, axis=None, keepdims=False):
    """The sum along an axis, several, or all."""
    return spread(ct, axis, keepdims, x)


@primitive("mean(x, axis=axis, keepdims=keepdims)")
@in_32_bits
def mean(ct, z, x, axis=None, keepdims=False):
    """The mean along an axis, several, or all."""
    return spread(ct, axis, keepdims, x) / count_of(x, z)


@primitive("var(x, axis=axis, ddof=ddof, keepdims=keepdims)")
@in_32_bits
def var(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The mean squared distance from the mean; with ddof=1, the unbiased estimate."""
    distance = x - mean(x, axis, True)
    return times(spread(ct, axis, keepdims, x), distance) * (2 * _inverse(count_of(x, z) - ddof))


@primitive("std(x, axis=axis, ddof=ddof, keepdims=keepdims)")
@in_32_bits
def std(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The square root of `var`; where all entries are equal, the subgradient 0."""
    if _of_16_bits(z):  # in which NumPy divides by the count, so that it may be infinite
        z = std(x, axis, ddof, keepdims)
    scale = times(ct, _inverse(count_of(x, z) - ddof) / where(z == 0, math.inf, z))
    return times(spread(scale, axis, keepdims, x), x - mean(x, axis, True))


@primitive("max(x, axis=axis, keepdims=keepdims)")
def max(ct, z, x, axis=None, keepdims=False):
    """The largest entry; entries that tie share the derivative equally.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 1.0, 0.0])
    >>> t.max().backward()
    >>> t.grad
    array([0.5, 0.5, 0. ])
    """
    chosen = x == spread(z, axis, keepdims, x)
    return _shared(ct, chosen, axis, keepdims, x)


@primitive("min(x, axis=axis, keepdims=keepdims)")
def min(ct, z, x, axis=None, keepdims=False):
    """The smallest entry; entries that tie share the derivative equally."""
    chosen = x == spread(z, axis, keepdims, x)
    return _shared(ct, chosen, axis, keepdims, x)


def _shared(ct: Any, chosen: Any, axis: Axis, keepdims: bool, x: Any) -> Any:
    """The cotangent in equal shares to the chosen entries, and exactly 0 to the others."""
    share = div(chosen, sum(chosen, axis, True))  # of a number that is NaN, 0 / 0
    return where(share, times(spread(ct, axis, keepdims, x), share), 0.0)


# -- what NumPy's functions take more --------------------------------------------------------

# `dtype` is the type that is computed in, `initial` a number beside the entries, and `where` says
# which entries take part.


def total_of(reduce: Any, combine: Any, nothing: int) -> Any:
    """NumPy's form of a reduction that gives `nothing` for no entries: of a sum, of a product."""

    def of_numpy(
        a: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False,
        initial: Any = nothing, where: Any = True,
    ) -> Any:  # fmt: skip
        total = reduce(_taking_part(in_type(a, dtype), where, nothing), axis, keepdims)
        if initial is not None and initial is not nothing:
            total = combine(total, as_entry_of(total, initial))
        return in_type(total, dtype)

    return of_numpy


def _extreme_of(reduce: Any, combine: Any, least: float) -> Any:
    """NumPy's form of the largest entry, or of the smallest; of no entries it is `initial`."""

    def of_numpy(
        a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> Any:
        if initial is None:
            return reduce(a, axis, keepdims)
        initial = as_entry_of(a, initial)
        if not math.prod(shape_of(a)):
            return sum(a, axis, keepdims) + initial
        return combine(reduce(_taking_part(a, where, least), axis, keepdims), initial)

    return of_numpy


numpy_sum = as_numpy(np.sum)(total_of(sum, lambda a, b: a + b, 0))
numpy_max = as_numpy(np.max, np.amax)(_extreme_of(max, maximum, -math.inf))
numpy_min = as_numpy(np.min, np.amin)(_extreme_of(min, minimum, math.inf))


@as_numpy(np.mean)
def numpy_mean(
    a: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    entries = in_type(a, dtype)
    if where is True:
        return in_type(mean(entries, axis, keepdims), dtype)
    total = sum(_taking_part(entries, where, 0), axis, keepdims)
    average = total / _count(a, where, axis, keepdims)
    return in_type(like_floats(average, total), dtype)


@as_numpy(np.var)
def numpy_var(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    ddof = freedom_lost(ddof, correction)
    if where is True and mean is None:
        return var(_in_real_type(a, dtype), axis, ddof, keepdims)
    return variance_where(a, axis, dtype, ddof, keepdims, where, mean, 0.0)


def variance_where(
    a: Any, axis: Axis, dtype: Any, ddof: Any, keepdims: bool, condition: Any, mean: Any,
    of_none: float,
) -> Any:  # fmt: skip
    """The variance of the entries where the condition holds, about a mean that may be given.

    Where there are no degrees of freedom it is a sum divided by `of_none`.
    """
    entries = _in_real_type(a, dtype)
    if mean is None:
        mean = numpy_mean(entries, axis, keepdims=True, where=condition)
    distance = entries - mean
    total = sum(_taking_part(distance * distance, condition, 0), axis, keepdims)
    freedom = _count(a, condition, axis, keepdims) - ddof
    return like_floats(total / where(freedom > 0, freedom, of_none), total)


@as_numpy(np.std)
def numpy_std(
    a: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    if where is True and mean is correction is None:
        return std(_in_real_type(a, dtype), axis, ddof, keepdims)
    return root_of(numpy_var(a, axis, dtype, ddof, keepdims, where, mean, correction))


def root_of(variance: Any) -> Any:
    """The square root of a variance, with the subgradient 0 at 0."""
    zero, one = as_entry_of(variance, 0), as_entry_of(variance, 1)
    return where(variance == 0, zero, sqrt(where(variance == 0, one, variance)))


def freedom_lost(ddof: Any, correction: Any) -> Any:
    """The degrees of freedom that are taken off, by either of their names."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(
            f"`correction` is another name for `ddof`, but here are ddof={ddof} and "
            f"correction={correction}.\nGive one of them."
        )
    return correction


def in_type(x: Any, dtype: Any) -> Any:
    return x if dtype is None else astype(x, dtype)


def _in_real_type(x: Any, dtype: Any) -> Any:
    if dtype is not None and np.dtype(dtype).kind in "biu":
        raise TypeError(
            f"A variance is of real numbers, but `dtype` is {np.dtype(dtype)}.\n"
            "Leave it out, or give a float type."
        )
    return in_type(x, dtype)


def _taking_part(x: Any, condition: Any, instead: float) -> Any:
    """The entries where the condition holds, and elsewhere what changes no result."""
    return x if condition is True else where(mask(condition), x, as_entry_of(x, instead))


def _count(x: Any, condition: Any, axis: Axis, keepdims: bool) -> Any:
    """How many entries take part in each result."""
    taking = mask(condition)
    if shape_of(taking) != shape_of(x):
        taking = broadcast_to(taking, shape_of(x))
    return count_nonzero(taking, axis, keepdims)
