"""Statistics: averages, covariances, and reductions that leave NaN out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import composite
from .choices import clip, maximum, where
from .exponentials import sqrt
from .joining import concatenate
from .predicates import (
    all,
    isnan,
    logical_and,
    logical_not,
    mask,
)
from .products import matmul
from .reductions import (
    Axis,
    axes_of,
    count_of,
    freedom_lost,
    max,
    mean,
    min,
    numpy_max,
    numpy_mean,
    numpy_min,
    numpy_sum,
    root_of,
    sum,
    variance_where,
)
from .scans import numpy_cumprod, numpy_cumsum, numpy_prod
from .shapes import (
    as_entry_of,
    as_operand,
    as_type,
    astype,
    broadcast_to,
    expand_dims,
    like,
    like_floats,
    moveaxis,
    reshape,
    swapaxes,
)


@composite(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@composite(np.average)
def average(
    x: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """The mean, or the weighted mean; with `returned`, also the sum of the weights."""
    axis = None if axis is None else axes_named(axis, x)
    if weights is None:
        result = mean(x, axis, keepdims)
        return (result, np.zeros_like(result) + count_of(x, result)) if returned else result
    x, weights = as_operand(x), as_operand(weights)
    dtype = np.result_type(*[np.asarray(data_of(part)).dtype for part in (x, weights)])
    if np.asarray(data_of(x)).dtype.kind in "biu":
        dtype = np.result_type(dtype, np.float64)
    weights = as_type(weights_of_all(weights, shape_of(x), axis), dtype)
    total = sum(weights, axis, keepdims)
    result = sum(as_type(x, dtype) * weights, axis, keepdims) / total
    return (result, total) if returned else result


def axes_named(axis: Any, x: Any) -> tuple[int, ...]:
    """The axes that are named by a number, or by any sequence of them."""
    return axes_of(tuple(axis) if np.ndim(axis) else axis, len(shape_of(x)))


def weights_of_all(weights: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Weights of the shape of what they weigh, repeated from those along the axes."""
    if shape_of(weights) == shape:
        return weights
    axes = () if axis is None else axes_of(axis, len(shape))
    if not axes or shape_of(weights) != tuple(shape[a] for a in axes):
        kind: type[Exception] = ValueError if axes else TypeError
        raise kind(
            "Weights have the shape of what they weigh, or that of its axes `axis`, but here are "
            f"weights of shape {shape_of(weights)} for shape {shape} and axis={axis}."
        )
    weights = moveaxis(weights, range(len(axes)), np.argsort(np.argsort(axes)).tolist())
    weights = expand_dims(weights, tuple(a for a in range(len(shape)) if a not in axes))
    return broadcast_to(weights, shape)


@composite(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """The covariances of variables, which are rows (or columns, with rowvar=False).

    `fweights` says how often an observation is repeated, `aweights` how much it counts.
    """
    rows = _variables(m, rowvar)
    if y is not None and shape_of(rows)[0]:
        rows = concatenate([rows, _variables(y, rowvar)])
    rows = astype(rows, np.result_type(data_of(rows), np.float64) if dtype is None else dtype)
    if ddof is None:
        ddof = 1 if bias == 0 else 0
    if ddof != int(ddof):
        raise ValueError(f"`ddof` is a whole number, but this is {ddof!r}.")
    if not shape_of(rows)[0]:
        return np.zeros((0, 0))
    if fweights is aweights is None:
        distance = rows - mean(rows, 1, True)
        products = matmul(distance, distance.T)
        freedom: Any = np.maximum(shape_of(rows)[1] - ddof, 0)
    else:
        weights = 1.0
        for given in (fweights, aweights):
            weights = weights if given is None else weights * _observed(given)
        total = sum(weights)
        distance = rows - sum(rows * weights, 1, True) / total
        products = matmul(distance * weights, distance.T)
        counted = 1.0 if aweights is None else sum(weights * _observed(aweights)) / total
        freedom = maximum(total - ddof * counted, 0.0) if ddof else total
    result = like(products / freedom, products)
    return reshape(result, ()) if shape_of(result) == (1, 1) else result


def _observed(weights: Any) -> Any:
    return weights if isinstance(weights, Value) else np.asarray(weights, float)


def _variables(m: Any, rowvar: bool) -> Any:
    if len(shape_of(m)) > 2:
        raise ValueError(f"Variables are rows of a matrix, but this has shape {shape_of(m)}.")
    if len(shape_of(m)) < 2:
        return reshape(m, (1, -1))
    return m if rowvar else swapaxes(m, 0, 1)


@composite(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlation coefficients of variables, which are rows."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not shape_of(c):
        return c / c
    spread = sqrt(c[np.arange(shape_of(c)[0]), np.arange(shape_of(c)[0])])
    return clip(c / expand_dims(spread, 1) / spread, -1.0, 1.0)


# -- without NaN ---------------------------------------------------------------------------

# NumPy's functions without `nan`, where an entry that is NaN takes no part.


def numbers_among(x: Any, condition: Any = True) -> Any:
    """Which entries take part: numbers, where the condition holds."""
    numbers = logical_not(isnan(x))
    return numbers if condition is True else logical_and(numbers, mask(condition))


def _filled(x: Any, value: float) -> Any:
    return where(isnan(x), as_entry_of(x, value), x)


@composite(np.nansum)
def nansum(
    x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, initial: Any = 0,
    where: Any = True,
) -> Any:  # fmt: skip
    """The sum of those entries that are numbers."""
    return numpy_sum(_filled(x, 0), axis, dtype, keepdims, initial, where)


@composite(np.nanprod)
def nanprod(
    x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, initial: Any = 1,
    where: Any = True,
) -> Any:  # fmt: skip
    """The product of those entries that are numbers."""
    return numpy_prod(_filled(x, 1), axis, dtype, keepdims, initial, where)


@composite(np.nancumsum)
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The running sum of those entries that are numbers."""
    return numpy_cumsum(_filled(x, 0), axis, dtype)


@composite(np.nancumprod)
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The running product of those entries that are numbers."""
    return numpy_cumprod(_filled(x, 1), axis, dtype)


@composite(np.nanmean)
def nanmean(
    x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    """The mean of those entries that are numbers; NaN where there is none."""
    return numpy_mean(x, axis, dtype, keepdims, numbers_among(x, where))


@composite(np.nanvar)
def nanvar(
    x: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    """The variance of those entries that are numbers; NaN where too few are."""
    taking, ddof = numbers_among(x, where), freedom_lost(ddof, correction)
    result = variance_where(x, axis, dtype, ddof, keepdims, taking, mean, np.nan)
    return result if dtype is not None else like_floats(result, x)


@composite(np.nanstd)
def nanstd(
    x: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    """The square root of `nanvar`; where all entries are equal, the subgradient 0."""
    return root_of(nanvar(x, axis, dtype, ddof, keepdims, where, mean, correction))


@composite(np.nanmax)
def nanmax(
    x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The largest of those entries that are numbers; NaN where there is none."""
    return _extreme_number(max, numpy_max, -math.inf, x, axis, keepdims, initial, where)


@composite(np.nanmin)
def nanmin(
    x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The smallest of those entries that are numbers; NaN where there is none."""
    return _extreme_number(min, numpy_min, math.inf, x, axis, keepdims, initial, where)


def _extreme_number(
    reduce: Any, of_numpy: Any, least: float, x: Any, axis: Axis, keepdims: bool, initial: Any,
    condition: Any,
) -> Any:  # fmt: skip
    filled = _filled(x, least)
    if initial is not None:
        return of_numpy(filled, axis, keepdims, initial, condition)
    nowhere = all(isnan(x), axis, keepdims)
    return where(nowhere, as_entry_of(x, np.nan), reduce(filled, axis, keepdims))
