"""Statistics: averages, quantiles, covariances, and reductions that leave NaN out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..graph.value import Value
from ..primitives.declare import composite
from .choices import where
from .exponentials import sqrt
from .indexing import sort, take_along_axis
from .joining import concatenate
from .predicates import all, any, isnan, logical_not
from .products import matmul
from .reductions import Axis, axes_of, max, mean, min, sum
from .scans import cumprod, cumsum, prod
from .shapes import broadcast_to, expand_dims, like, moveaxis, reshape, swapaxes


@composite(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@composite(np.average)
def average(
    x: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """The mean, or the weighted mean; with `returned`, also the sum of the weights."""
    if weights is None:
        result = mean(x, axis, keepdims)
        total: Any = np.full(shape_of(result), math.prod(shape_of(x)) / math.prod(shape_of(result)))
        return (result, total) if returned else result
    if axis is not None and shape_of(weights) != shape_of(x):
        ndim = len(shape_of(x))
        axes = axes_of(axis, ndim)
        weights = moveaxis(weights, range(len(axes)), np.argsort(np.argsort(axes)).tolist())
        weights = expand_dims(weights, tuple(a for a in range(ndim) if a not in axes))
    weights = broadcast_to(weights, shape_of(x))
    total = sum(weights, axis, keepdims)
    result = sum(x * weights, axis, keepdims) / total
    return (result, total) if returned else result


@composite(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    """The covariances of variables, which are rows (or columns, with rowvar=False)."""
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y, rowvar)])
    if ddof is None:
        ddof = 0 if bias else 1
    distance = rows - mean(rows, 1, True)
    result = matmul(distance, distance.T) / (shape_of(rows)[1] - ddof)
    return reshape(result, ()) if shape_of(result) == (1, 1) else result


def _variables(m: Any, rowvar: bool) -> Any:
    if len(shape_of(m)) > 2:
        raise ValueError(f"Variables are rows of a matrix, but this has shape {shape_of(m)}.")
    if len(shape_of(m)) < 2:
        return reshape(m, (1, -1))
    return m if rowvar else swapaxes(m, 0, 1)


@composite(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The correlation coefficients of variables, which are rows."""
    c = cov(x, y, rowvar)
    if not shape_of(c):
        return c / c
    spread = sqrt(c[np.arange(shape_of(c)[0]), np.arange(shape_of(c)[0])])
    return c / expand_dims(spread, 1) / spread


# -- quantiles -----------------------------------------------------------------------------


@composite(np.quantile)
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The value below which the part q of the entries lies, between neighbours in their order.

    `q` is one number or an array from 0 to 1, whose shape comes first in the result. `method`
    is "linear", "lower", "higher" or "midpoint".
    """
    rows, keepdims_shape = _as_rows(x, axis)
    result = _quantile(sort(rows, -1), q, np.asarray(shape_of(rows)[-1]), method)
    poisoned = any(isnan(rows), -1)
    return _as_quantile(where(poisoned, np.nan, result), q, keepdims_shape, keepdims)


@composite(np.nanquantile)
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The quantile of those entries that are numbers."""
    rows, keepdims_shape = _as_rows(x, axis)
    data = rows.data if isinstance(rows, Value) else rows
    count = np.sum(~np.isnan(data), axis=-1)
    result = _quantile(sort(rows, -1), q, count, method)
    return _as_quantile(result, q, keepdims_shape, keepdims)


def _as_rows(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """The axes moved to one at the end, and the shape that keepdims gives the result."""
    shape = shape_of(x)
    axes = axes_of(axis, len(shape))
    last = tuple(range(len(shape) - len(axes), len(shape)))
    moved = moveaxis(x, axes, last)
    rest = shape_of(moved)[: len(shape) - len(axes)]
    keepdims_shape = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return reshape(moved, (*rest, math.prod(shape[a] for a in axes))), keepdims_shape


def _quantile(ordered: Any, q: Any, count: Any, method: str) -> Any:
    parts = np.asarray(q.data if isinstance(q, Value) else q, dtype=float)
    if not np.all((parts >= 0) & (parts <= 1)):
        raise ValueError("Quantiles are parts from 0 to 1 (percentiles from 0 to 100).")
    rest = shape_of(ordered)[:-1]
    results = []
    for part in parts.ravel():
        place = np.broadcast_to(part * (np.maximum(count, 1) - 1), rest)
        low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
        if method == "linear":
            weight = place - low
        elif method == "midpoint":
            weight = np.where(low == high, 0.0, 0.5)
        elif method in ("lower", "higher"):
            low = high = low if method == "lower" else high
            weight = np.zeros(rest)
        else:
            raise ValueError(
                f"`quantile` has the methods linear, lower, higher and midpoint, not {method!r}."
            )
        weight = weight.astype(np.result_type(np.float16, getattr(ordered, "dtype", float)))
        below = take_along_axis(ordered, low[..., None], -1)[..., 0]
        above = take_along_axis(ordered, high[..., None], -1)[..., 0]
        results.append(below * (1 - weight) + where(weight > 0, above, 0.0) * weight)
    joined = concatenate([reshape(r, (1, *rest)) for r in results], 0)
    return reshape(joined, parts.shape + rest)


def _as_quantile(result: Any, q: Any, keepdims_shape: tuple[int, ...], keepdims: bool) -> Any:
    return reshape(result, np.shape(q) + keepdims_shape) if keepdims else result


@composite(np.percentile)
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """`quantile` with q from 0 to 100."""
    return quantile(x, np.true_divide(q, 100), axis, method, keepdims)


@composite(np.nanpercentile)
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """`nanquantile` with q from 0 to 100."""
    return nanquantile(x, np.true_divide(q, 100), axis, method, keepdims)


@composite(np.median)
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The entry in the middle of the order, or the mean of the two there."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


@composite(np.nanmedian)
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The median of those entries that are numbers."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


# -- without NaN ---------------------------------------------------------------------------


def _filled(x: Any, value: float) -> Any:
    return where(isnan(x), value, x)


def _numbers(x: Any, axis: Axis, keepdims: bool) -> Any:
    """How many entries are numbers."""
    return sum(logical_not(isnan(x)), axis, keepdims)


@composite(np.nansum)
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum of those entries that are numbers."""
    return sum(_filled(x, 0.0), axis, keepdims)


@composite(np.nanprod)
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product of those entries that are numbers."""
    return prod(_filled(x, 1.0), axis, keepdims)


@composite(np.nancumsum)
def nancumsum(x: Any, axis: int | None = None) -> Any:
    """The running sum of those entries that are numbers."""
    return cumsum(_filled(x, 0.0), axis)


@composite(np.nancumprod)
def nancumprod(x: Any, axis: int | None = None) -> Any:
    """The running product of those entries that are numbers."""
    return cumprod(_filled(x, 1.0), axis)


@composite(np.nanmean)
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean of those entries that are numbers; NaN where there is none."""
    return like(nansum(x, axis, keepdims) / _numbers(x, axis, keepdims), x)


@composite(np.nanvar)
def nanvar(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The variance of those entries that are numbers."""
    distance = where(isnan(x), 0.0, x - nanmean(x, axis, True))
    freedom = _numbers(x, axis, keepdims) - ddof
    freedom = where(freedom > 0, freedom * 1.0, np.nan)
    return like(sum(distance * distance, axis, keepdims) / freedom, x)


@composite(np.nanstd)
def nanstd(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The square root of `nanvar`; where all entries are equal, the subgradient 0."""
    variance = nanvar(x, axis, ddof, keepdims)
    return where(variance == 0, 0.0, sqrt(where(variance == 0, 1.0, variance)))


@composite(np.nanmax)
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest of those entries that are numbers; NaN where there is none."""
    return where(all(isnan(x), axis, keepdims), np.nan, max(_filled(x, -np.inf), axis, keepdims))


@composite(np.nanmin)
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest of those entries that are numbers; NaN where there is none."""
    return where(all(isnan(x), axis, keepdims), np.nan, min(_filled(x, np.inf), axis, keepdims))
