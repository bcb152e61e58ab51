"""Reductions, which bring many entries to fewer: sums, means, variances, extremes."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, primitive
from .arithmetic import div
from .choices import maximum, minimum, where
from .shapes import expand_dims
from .zeros import times

# Along which axes: an int, a tuple of them, or None for all.
Axis = int | tuple[int, ...] | None


def spread(reduced: Any, axis: Axis, keepdims: bool) -> Any:
    """A result of a reduction, shaped to broadcast against what was reduced."""
    return reduced if keepdims or axis is None else expand_dims(reduced, axis)


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, counted from the front."""
    named = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple([a % builtins.max(ndim, 1) for a in named])


def count_of(x: Any, z: Any) -> int:
    """How many entries of x made each entry of z."""
    return math.prod(shape_of(x)) // builtins.max(math.prod(shape_of(z)), 1)


def _inverse(count: int) -> float:
    """1 / count, and inf for no degrees of freedom."""
    return 1 / count if count else math.inf


@primitive("sum(x, axis=axis, keepdims=keepdims)")
def sum(ct, z, x, axis=None, keepdims=False):
    """The sum along an axis, several, or all."""
    return spread(ct, axis, keepdims)


@primitive("mean(x, axis=axis, keepdims=keepdims)")
def mean(ct, z, x, axis=None, keepdims=False):
    """The mean along an axis, several, or all."""
    return spread(ct, axis, keepdims) / count_of(x, z)


@primitive("var(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def var(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The mean squared distance from the mean; with ddof=1, the unbiased estimate."""
    distance = x - mean(x, axis, True)
    return times(spread(ct, axis, keepdims), distance) * (2 * _inverse(count_of(x, z) - ddof))


@primitive("std(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def std(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The square root of `var`; where all entries are equal, the subgradient 0."""
    scale = times(ct, _inverse(count_of(x, z) - ddof) / where(z == 0, 1.0, z))
    return times(spread(scale, axis, keepdims), x - mean(x, axis, True))


@primitive("max(x, axis=axis, keepdims=keepdims)")
def max(ct, z, x, axis=None, keepdims=False):
    """The largest entry; entries that tie share the derivative equally.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 1.0, 0.0])
    >>> t.max().backward()
    >>> t.grad
    array([0.5, 0.5, 0. ])
    """
    chosen = x == spread(z, axis, keepdims)
    return _shared(ct, chosen, axis, keepdims)


@primitive("min(x, axis=axis, keepdims=keepdims)")
def min(ct, z, x, axis=None, keepdims=False):
    """The smallest entry; entries that tie share the derivative equally."""
    chosen = x == spread(z, axis, keepdims)
    return _shared(ct, chosen, axis, keepdims)


def _shared(ct: Any, chosen: Any, axis: Axis, keepdims: bool) -> Any:
    """The cotangent in equal shares to the chosen entries, and exactly 0 to the others."""
    share = div(chosen, sum(chosen, axis, True))  # of a number that is NaN, 0 / 0
    return where(share, times(spread(ct, axis, keepdims), share), 0.0)


# -- what NumPy's functions take more --------------------------------------------------------


@as_numpy(np.sum)
def _numpy_sum(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    total = sum(a, axis, keepdims)
    return total if initial is None else total + initial


@as_numpy(np.max, np.amax)
def _numpy_max(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    largest = max(a, axis, keepdims)
    return largest if initial is None else maximum(largest, initial)


@as_numpy(np.min, np.amin)
def _numpy_min(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    smallest = min(a, axis, keepdims)
    return smallest if initial is None else minimum(smallest, initial)
