"""Running totals and products, and what is computed like them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, primitive
from ..primitives.namespaces import helper
from .indexing import getitem
from .joining import concatenate
from .leading import behind, in_front
from .reductions import axes_of, count_of, in_type, spread, total_of
from .shapes import flip, moveaxis, reshape
from .zeros import safe_product, times, zero_may_meet


@primitive("cumsum(x, axis=axis)")
def cumsum(ct, z, x, axis=None):
    """The sum of each entry and all before it."""
    if axis is None:
        return reshape(flip(cumsum(flip(ct, -1), -1), -1), in_front(ct, z) + shape_of(x))
    axis = behind(axis, ct, z)
    return flip(cumsum(flip(ct, axis), axis), axis)


@primitive("cumprod(x, axis=axis)")
def cumprod(ct, z, x, axis=None):
    """The product of each entry and all before it; its derivative is exact with zeros, too."""
    flat = axis is None or not shape_of(x)
    rows = reshape(x, (1, -1)) if flat else moveaxis(x, axis, -1)
    front = in_front(ct, z)
    ct = reshape(ct, (*front, 1, -1)) if flat else moveaxis(ct, behind(axis, ct, z), -1)
    following = _shifted(rows, -1, 0.0)
    pulled = times(recurrence(following, ct), _before(rows))
    if flat:
        return reshape(pulled, front + shape_of(x))
    return moveaxis(pulled, -1, axis + len(front) if axis >= 0 else axis)


@primitive("prod(x, axis=axis, keepdims=keepdims)")
def prod(ct, z, x, axis=None, keepdims=False):
    """The product of entries; its derivative, the product of the others, is exact with zeros."""
    ndim = len(shape_of(x))
    if not ndim:
        return ct
    axes = axes_of(axis, ndim)
    last = tuple(range(ndim - len(axes), ndim))
    moved = moveaxis(x, axes, last)
    rows = reshape(moved, (*shape_of(moved)[: ndim - len(axes)], count_of(x, z)))
    others = _before(rows) * flip(_before(flip(rows, -1)), -1)
    others = moveaxis(reshape(others, shape_of(moved)), last, axes)
    return times(spread(ct, axis, keepdims, x), others)


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
        s = pair[1] + jnp.where(s == 0, 0.0, pair[0] * s)
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
    shape = np.broadcast_shapes(np.shape(factor), np.shape(x))
    wide = np.result_type(factor, x, np.float16)
    factor, x = (
        np.moveaxis(np.broadcast_to(np.asarray(part, wide), shape), -1, 0) for part in (factor, x)
    )
    levels = []
    while len(x) > 32 and (blocks := _in_blocks(factor, x)) is not None:
        levels.append((*blocks, len(x)))
        factor, x = blocks[0][0], blocks[1][0]
    s = np.array(x)
    for i in range(len(s) - 2, -1, -1):
        s[i] += _stopped(s[i + 1], factor[i])
    for factors, sums, count in reversed(levels):
        sums[:, :-1] += _stopped(s[1:], factors[:, :-1])
        s = sums.swapaxes(0, 1).reshape(-1, *shape[:-1])[:count]
    return np.ascontiguousarray(np.moveaxis(s, 0, -1))


def _in_blocks(factor: Any, x: Any) -> tuple[Any, Any] | None:
    """The recurrence in each block of eight, all blocks at once, as if 0 came after it.

    Beside it are the products of the factors from each place to its block's end, by which what
    does come after counts. None where one of them is beyond the numbers that the dtype has.
    """
    given, sums = _eight_by_eight(factor, 1.0), _eight_by_eight(x, 0.0)
    factors = given.copy()
    for i in range(6, -1, -1):
        sums[i] += _stopped(sums[i + 1], given[i])
        factors[i] = _stopped(factors[i + 1], given[i])
    sizes, tiny = np.abs(factors), np.finfo(x.dtype).tiny
    if not (sizes.min(initial=1.0) >= tiny and sizes.max(initial=0.0) < np.inf):
        usual = np.isfinite(given) & (given != 0)
        usual = np.logical_and.accumulate(usual[::-1])[::-1]
        if np.isinf(given).any() or np.any(usual & ~((sizes >= tiny) & (sizes < np.inf))):
            return None
    return factors, sums


def _eight_by_eight(x: Any, beyond: float) -> Any:
    """x in blocks of eight along the first axis, which the second one counts, full to the end."""
    count = -(-len(x) // 8)
    more = np.full((8 * count - len(x), *x.shape[1:]), beyond, x.dtype)
    return np.concatenate([x, more]).reshape(count, 8, *x.shape[1:]).swapaxes(0, 1).copy()


def _stopped(ct: Any, factor: Any) -> Any:
    """`safe_product`, which is the plain one where that is finite."""
    product = ct * factor
    return product if np.isfinite(product).all() else safe_product(ct, factor)


@primitive("recurrence(factor, x)")
def recurrence(ct, s, factor, x):
    """s with s[i] = x[i] + factor[i] * s[i + 1] along the last axis, and s = x at its end.

    It is what `cumprod` pulls back, so that s is a cotangent, and a 0 of it stops at any factor.
    """
    earlier, following = flip(_shifted(factor, 1, 0.0), -1), _shifted(s, -1, 0.0)
    pulled = flip(recurrence(earlier, flip(ct, -1)), -1)

    def by_factor() -> Any:
        if zero_may_meet(following, pulled):
            return times(following, pulled)
        return times(pulled, following)

    return by_factor, pulled


# -- what NumPy's functions take more --------------------------------------------------------

numpy_prod = as_numpy(np.prod)(total_of(prod, lambda a, b: a * b, 1))


@as_numpy(np.cumsum)
def numpy_cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return in_type(cumsum(in_type(a, dtype), axis), dtype)


@as_numpy(np.cumprod)
def numpy_cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return in_type(cumprod(in_type(a, dtype), axis), dtype)
