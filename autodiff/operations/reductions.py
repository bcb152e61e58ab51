"""Operations that bring many entries to fewer: sums, means, extremes, products."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..graph.value import shape_of
from ..primitives.declare import as_numpy, primitive
from ..primitives.formula import helper
from .arithmetic import maximum, minimum, times, where
from .indexing import getitem
from .joining import concatenate
from .shapes import expand_dims, flip, moveaxis, reshape

# Along which axes: an int, a tuple of them, or None for all.
Axis = int | tuple[int, ...] | None


def spread(reduced: Any, axis: Axis, keepdims: bool) -> Any:
    """A result of a reduction, shaped to broadcast against what was reduced."""
    return reduced if keepdims or axis is None else expand_dims(reduced, axis)


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, counted from the front."""
    named = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple([a % builtins.max(ndim, 1) for a in named])


def _count(x: Any, z: Any) -> int:
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
    return spread(ct, axis, keepdims) / _count(x, z)


@primitive("var(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def var(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The mean squared distance from the mean; with ddof=1, the unbiased estimate."""
    distance = x - mean(x, axis, True)
    return times(spread(ct, axis, keepdims), distance) * (2 * _inverse(_count(x, z) - ddof))


@primitive("std(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def std(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The square root of `var`; where all entries are equal, the subgradient 0."""
    scale = times(ct, _inverse(_count(x, z) - ddof) / where(z == 0, 1.0, z))
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
    share = chosen / sum(chosen, axis, True)
    return where(share, times(spread(ct, axis, keepdims), share), 0.0)


# -- products and running totals -----------------------------------------------------------


@primitive("cumsum(x, axis=axis)")
def cumsum(ct, z, x, axis=None):
    """The sum of each entry and all before it."""
    if axis is None:
        return reshape(flip(cumsum(flip(ct, 0), 0), 0), shape_of(x))
    return flip(cumsum(flip(ct, axis), axis), axis)


@primitive("cumprod(x, axis=axis)")
def cumprod(ct, z, x, axis=None):
    """The product of each entry and all before it; its derivative is exact with zeros, too."""
    flat = axis is None or not shape_of(x)
    rows = reshape(x, (1, -1)) if flat else moveaxis(x, axis, -1)
    ct = reshape(ct, (1, -1)) if flat else moveaxis(ct, axis, -1)
    following = _shifted(rows, -1, 0.0)
    pulled = times(recurrence(following, ct), _before(rows))
    return reshape(pulled, shape_of(x)) if flat else moveaxis(pulled, -1, axis)


@primitive("prod(x, axis=axis, keepdims=keepdims)")
def prod(ct, z, x, axis=None, keepdims=False):
    """The product of entries; its derivative, the product of the others, is exact with zeros."""
    ndim = len(shape_of(x))
    if not ndim:
        return ct
    axes = axes_of(axis, ndim)
    last = tuple(range(ndim - len(axes), ndim))
    moved = moveaxis(x, axes, last)
    rows = reshape(moved, (*shape_of(moved)[: ndim - len(axes)], _count(x, z)))
    others = _before(rows) * flip(_before(flip(rows, -1)), -1)
    others = moveaxis(reshape(others, shape_of(moved)), last, axes)
    return times(spread(ct, axis, keepdims), others)


def _shifted(rows: Any, by: int, fill: float) -> Any:
    """Rows moved by one place along the last axis, with `fill` coming in."""
    if not shape_of(rows)[-1]:
        return rows
    edge = np.full((*shape_of(rows)[:-1], 1), fill, np.float32)
    if by > 0:
        return concatenate([edge, getitem(rows, (..., slice(None, -1)))], -1)
    return concatenate([getitem(rows, (..., slice(1, None))), edge], -1)


def _before(rows: Any) -> Any:
    """The product of all entries before each one, along the last axis."""
    return cumprod(_shifted(rows, 1, 1.0), -1) if shape_of(rows)[-1] else rows


@helper(
    "recurrence",
    jax="""
    def step(s, pair):
        s = pair[1] + pair[0] * s
        return s, s

    pairs = [jnp.moveaxis(part, -1, 0) for part in jnp.broadcast_arrays(factor, x)]
    start = jnp.zeros(pairs[0].shape[1:], jnp.result_type(factor, x))
    jnp.moveaxis(jax.lax.scan(step, start, pairs, reverse=True)[1], 0, -1)
    """,
)
def _recurrence(factor: Any, x: Any) -> Any:
    if np.shape(factor)[-1:] != np.shape(x)[-1:] or not np.shape(x):
        raise ValueError(
            "`recurrence` runs along a last axis of one length, but the shapes here are "
            f"{np.shape(factor)} and {np.shape(x)}."
        )
    s = np.array(np.broadcast_to(x, np.broadcast_shapes(np.shape(factor), np.shape(x))))
    for i in range(s.shape[-1] - 2, -1, -1):
        s[..., i] += np.where(s[..., i + 1] == 0, 0.0, factor[..., i] * s[..., i + 1])
    return s


@primitive("recurrence(factor, x)")
def recurrence(ct, s, factor, x):
    """s with s[i] = x[i] + factor[i] * s[i + 1] along the last axis, and s = x at its end."""
    earlier = flip(_shifted(factor, 1, 0.0), -1)
    pulled = flip(recurrence(earlier, flip(ct, -1)), -1)
    return lambda: times(pulled, _shifted(s, -1, 0.0)), pulled


# -- what NumPy's functions take more --------------------------------------------------------


@as_numpy(np.sum)
def _numpy_sum(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    total = sum(a, axis, keepdims)
    return total if initial is None else total + initial


@as_numpy(np.prod)
def _numpy_prod(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    product = prod(a, axis, keepdims)
    return product if initial is None else product * initial


@as_numpy(np.max, np.amax)
def _numpy_max(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    largest = max(a, axis, keepdims)
    return largest if initial is None else maximum(largest, initial)


@as_numpy(np.min, np.amin)
def _numpy_min(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    smallest = min(a, axis, keepdims)
    return smallest if initial is None else minimum(smallest, initial)
