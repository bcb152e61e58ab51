"""Pooling: the largest entry, or the mean, of each window that moves along the last axes.

Windows are gone through by the places in them: the entries of all windows at one place are a slice
of the array. So they may overlap, and stand over the edge, where there is nothing.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..primitives.declare import composite, internal, primitive
from ..primitives.namespaces import helper
from .shapes import as_type
from .windows import for_axes

_TAKES = (
    "an array whose last axes, with the padding, are as long as the windows or longer, and whole "
    "numbers from 1 up (a padding from 0 up) as settings",
    "Take a smaller `size`, or a larger `padding`.",
)


@helper("pool_places")
@functools.lru_cache(maxsize=256)
def _pool_places(
    lengths: tuple[int, ...], size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> tuple[list[int], list[tuple[Any, Any]]]:
    """How many windows there are along each of the last axes of an array of this shape.

    And for each place in a window, the index of the windows that have an entry of the array there,
    and the index of those entries.
    """
    size = for_axes(size, 1)
    axes = len(size)
    settings = [for_axes(s, axes) for s in (size if stride is None else stride, padding, dilation)]
    rows = list(zip(lengths[len(lengths) - axes :], size, *settings, strict=True))
    if min([min(k, s, d, p + 1) for _, k, s, p, d in rows]) < 1:
        raise ValueError("A window, its stride and dilation are 1 or more, a padding 0 or more.")
    counts: list[int] = []
    places: list[tuple[Any, Any]] = [((...,), (...,))]
    for n, k, s, p, d in rows:
        room = n + 2 * p - d * (k - 1) - 1
        if room < 0:
            raise ValueError("The window is larger than the array.")
        count = (room + (s - 1) * ceil) // s + 1
        counts.append(count - ((count - 1) * s >= n + p))  # none begins behind the array
        pairs = [_at_place(d * i - p, n, s, counts[-1]) for i in range(k)]
        places = [((*o, outer), (*i, inner)) for o, i in places for outer, inner in pairs]
    return counts, places


def _at_place(begin: int, length: int, stride: int, count: int) -> tuple[slice, slice]:
    """Which of so many windows have an entry of the axis `begin` behind their start, and these."""
    first = -(min(begin, 0) // stride)
    last = max(first, min(count, (length - 1 - begin) // stride + 1))
    end = max(0, (last - 1) * stride + begin + 1)
    return slice(first, last), slice(first * stride + begin, end, stride)


def _like(x: Any, axes: int, lengths: Any, value: float) -> Any:
    """An array of this value, whose last axes are of other lengths than those of x.

    Its axes lie in memory in the order that those of x do.
    """
    return np.full_like(x, value, shape=(*x.shape[: x.ndim - axes], *lengths))


def _of_floats(x: Any) -> Any:
    return x if x.dtype.kind == "f" else x.astype(float)


# -- the largest ---------------------------------------------------------------------------


@helper(
    "max_pool",
    jax="""
    counts, places = pool_places(x.shape, size, stride, padding, dilation, ceil)
    z = jnp.full((*x.shape[: x.ndim - len(counts)], *counts), -jnp.inf, jnp.result_type(x, 1.0))
    for outer, inner in places:
        z = z.at[outer].max(x[inner])
    z
    """,
)
def _max_pool(x: Any, size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> Any:
    counts, places = _pool_places(x.shape, size, stride, padding, dilation, ceil)
    z = _like(_of_floats(x), len(counts), counts, -np.inf)
    for outer, inner in places:
        np.maximum(z[outer], x[inner], out=z[outer])
    return z


@primitive("max_pool(x, size, stride, padding, dilation, ceil)", takes=_TAKES)
def max_pool(ct, z, x, size=(2,), stride=None, padding=0, dilation=1, ceil=False):
    """The largest entry of each window that moves along the last axes; ties share equally.

    `size` has the lengths of the windows, along as many axes; they move by `stride`, or as it
    stands by as much as they are long, and stand over either edge by `padding`. Their entries are
    `dilation` apart. With `ceil` the last window may stand over the edge further. A window with a
    NaN is NaN, and pulls nothing back.

    >>> import autodiff as ad
    >>> t = ad.Tensor([[1.0, 3.0, 2.0, 2.0]])
    >>> z = ad.max_pool(t, (1, 2))
    >>> z.backward([[1.0, 1.0]])
    >>> z.data, t.grad
    (array([[3., 2.]]), array([[0. , 1. , 0.5, 0.5]]))
    """
    return lambda: max_unpool(ct, x, z, size, stride, padding, dilation, ceil)


def _at_largest(x: Any, z: Any, places: Any) -> tuple[list[Any], Any]:
    """For each place, where the entry is the largest of its window; how many are, 1 for none."""
    chosen = [x[inner] == z[outer] for outer, inner in places]
    many = np.zeros_like(z, np.min_scalar_type(len(places)))
    for (outer, _), here in zip(places, chosen, strict=True):
        many[outer] += here
    return chosen, np.maximum(many, 1)


def _product_with(x: Any) -> Any:
    """How parts of x are multiplied by conditions: to exactly 0 where they do not hold.

    So `where` does in any case, and takes four times as long.
    """
    return np.multiply if np.isfinite(x).all() else _where


def _where(x: Any, condition: Any, out: Any = None) -> Any:
    found = np.where(condition, x, 0)
    if out is None:
        return found
    out[...] = found
    return out


@helper(
    "max_unpool",
    jax="""
    counts, places = pool_places(x.shape, size, stride, padding, dilation, ceil)
    many, axes = jnp.zeros(z.shape, y.dtype), len(counts)
    for outer, inner in places:
        many = many.at[outer].add(x[inner] == z[outer])
    share = y / jnp.maximum(many, 1)
    total = jnp.zeros((*y.shape[: y.ndim - axes], *x.shape[x.ndim - axes :]), y.dtype)
    for outer, inner in places:
        total = total.at[inner].add(jnp.where(x[inner] == z[outer], share[outer], 0))
    total
    """,
)
def _max_unpool(
    y: Any, x: Any, z: Any, size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Any:
    counts, places = _pool_places(x.shape, size, stride, padding, dilation, ceil)
    axes = len(counts)
    if z.shape != (*x.shape[: x.ndim - axes], *counts) or y.shape[y.ndim - z.ndim :] != z.shape:
        raise ValueError("These are not the largest entries of windows of this array.")
    chosen, many = _at_largest(x, z, places)
    share = y / many.astype(y.dtype)
    times, total = _product_with(share), _like(share, axes, x.shape[x.ndim - axes :], 0.0)
    apart = stride in (None, size) and dilation in (1, (1,) * axes)  # no two windows overlap
    for (outer, inner), here in zip(places, chosen, strict=True):
        if apart:
            times(share[outer], here, total[inner])
        else:
            total[inner] += times(share[outer], here)
    return total


@internal
@primitive("max_unpool(y, x, z, size, stride, padding, dilation, ceil)")
def max_unpool(ct, _, y, x, z, size=(2,), stride=None, padding=0, dilation=1, ceil=False):
    """Entries y put where the largest ones of x were, in equal shares: what they pull back."""
    return lambda: max_repool(ct, x, z, size, stride, padding, dilation, ceil), None, None


@helper(
    "max_repool",
    jax="""
    counts, places = pool_places(x.shape, size, stride, padding, dilation, ceil)
    many = jnp.zeros(z.shape, t.dtype)
    total = jnp.zeros((*t.shape[: t.ndim - len(counts)], *counts), t.dtype)
    for outer, inner in places:
        many = many.at[outer].add(x[inner] == z[outer])
        total = total.at[outer].add(jnp.where(x[inner] == z[outer], t[inner], 0))
    total / jnp.maximum(many, 1)
    """,
)
def _max_repool(
    t: Any, x: Any, z: Any, size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> Any:
    counts, places = _pool_places(x.shape, size, stride, padding, dilation, ceil)
    axes = len(counts)
    if z.shape != (*x.shape[: x.ndim - axes], *counts) or t.shape[t.ndim - x.ndim :] != x.shape:
        raise ValueError("These are not the largest entries of windows of this array.")
    chosen, many = _at_largest(x, z, places)
    times, total = _product_with(t), _like(t, axes, counts, 0.0)
    for (outer, inner), here in zip(places, chosen, strict=True):
        total[outer] += times(t[inner], here)
    return total / many.astype(t.dtype)


@internal
@primitive("max_repool(t, x, z, size, stride, padding, dilation, ceil)")
def max_repool(ct, _, t, x, z, size=(2,), stride=None, padding=0, dilation=1, ceil=False):
    """The mean of t where the largest entries of x are, in each window."""
    return lambda: max_unpool(ct, x, z, size, stride, padding, dilation, ceil), None, None


# -- the mean ------------------------------------------------------------------------------


@helper(
    "sum_pool",
    jax="""
    counts, places = pool_places(x.shape, size, stride, padding, 1, ceil)
    z = jnp.zeros((*x.shape[: x.ndim - len(counts)], *counts), jnp.result_type(x, 1.0))
    for outer, inner in places:
        z = z.at[outer].add(x[inner])
    z
    """,
)
def _sum_pool(x: Any, size: Any, stride: Any, padding: Any, ceil: bool) -> Any:
    counts, places = _pool_places(x.shape, size, stride, padding, 1, ceil)
    z = _like(_of_floats(x), len(counts), counts, 0.0)
    for outer, inner in places:
        z[outer] += x[inner]
    return z


@internal
@primitive("sum_pool(x, size, stride, padding, ceil)", takes=_TAKES)
def sum_pool(ct, _, x, size=(2,), stride=None, padding=0, ceil=False):
    """The sum of each window that moves along the last axes."""
    whole = shape_of(x)[-len(for_axes(size, 1)) :]
    return lambda: sum_unpool(ct, size, stride, padding, ceil, whole)


@helper(
    "sum_unpool",
    jax="""
    counts, places = pool_places(whole, size, stride, padding, 1, ceil)
    total = jnp.zeros((*y.shape[: y.ndim - len(counts)], *whole), y.dtype)
    for outer, inner in places:
        total = total.at[inner].add(y[outer])
    total
    """,
)
def _sum_unpool(
    y: Any, size: Any, stride: Any, padding: Any, ceil: bool, whole: tuple[int, ...]
) -> Any:
    counts, places = _pool_places(whole, size, stride, padding, 1, ceil)
    if y.shape[-len(counts) :] != tuple(counts) or len(counts) != len(whole):
        raise ValueError("These are not the sums of windows of such an array.")
    total = _like(y, len(counts), whole, 0.0)
    for outer, inner in places:
        total[inner] += y[outer]
    return total


@internal
@primitive("sum_unpool(y, size, stride, padding, ceil, whole)")
def sum_unpool(ct, _, y, size=(2,), stride=None, padding=0, ceil=False, whole=(4,)):
    """Each entry added at all places of its window, in an array with the last axes `whole`."""
    return lambda: sum_pool(ct, size, stride, padding, ceil)


@composite()
def avg_pool(
    x: Any, size: Any, stride: Any = None, padding: Any = 0, ceil: bool = False,
    include_pad: bool = True,
) -> Any:  # fmt: skip
    """The mean of each window that moves along the last axes; the settings are `max_pool`'s.

    With `include_pad` the padding counts, as zeros; else the mean is of the array's own entries.

    >>> import autodiff as ad
    >>> ad.avg_pool(ad.Tensor([[1.0, 3.0, 2.0, 4.0]]), (1, 2)).data
    array([[2., 3.]])
    """
    total = sum_pool(x, size, stride, padding, ceil)
    dtype = np.asarray(data_of(total)).dtype
    counts = _counts(shape_of(x), size, stride, padding, ceil, include_pad)
    own = tuple(map(slice, shape_of(total)[-counts.ndim :]))  # with `ceil` there may be one more
    return total / as_type(counts[own], dtype)


def _counts(
    lengths: tuple[int, ...], size: Any, stride: Any, padding: Any, ceil: bool, include_pad: bool
) -> Any:
    """How many entries there are in each window."""
    size = for_axes(size, 1)
    pads = for_axes(padding if include_pad else 0, len(size))
    last = lengths[len(lengths) - len(size) :]
    ones = np.ones([n + 2 * p for n, p in zip(last, pads, strict=True)])
    return _sum_pool(ones, size, stride, 0 if include_pad else padding, ceil)
