"""Statistics: averages, quantiles, covariances, and reductions that leave NaN out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import composite
from .choices import clip, maximum, where
from .exponentials import sqrt
from .indexing import sort, take_along_axis
from .joining import concatenate
from .predicates import (
    all,
    any,
    argsort,
    count_nonzero,
    isnan,
    logical_and,
    logical_not,
    logical_or,
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
from .scans import cumsum, numpy_cumprod, numpy_cumsum, numpy_prod
from .shapes import (
    as_entry_of,
    astype,
    broadcast_to,
    expand_dims,
    like,
    moveaxis,
    reshape,
    swapaxes,
)
from .zeros import times


@composite(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@composite(np.average)
def average(
    x: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """The mean, or the weighted mean; with `returned`, also the sum of the weights."""
    axis = None if axis is None else _axes(axis, x)
    if weights is None:
        result = mean(x, axis, keepdims)
        return (result, np.zeros_like(result) + count_of(x, result)) if returned else result
    weights = _weights(weights, shape_of(x), axis)
    total = sum(weights, axis, keepdims)
    result = sum(x * weights, axis, keepdims) / total
    return (result, total) if returned else result


def _weights(weights: Any, shape: tuple[int, ...], axis: Axis) -> Any:
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


# -- quantiles -----------------------------------------------------------------------------


# Where in the order of n entries, counted from 0, the part q of them is passed: Hyndman and Fan
# (1996), Sample quantiles in statistical packages. Between two places it is between two entries.
# (NumPy's functions: of plain numbers they are faster, and of nodes they are the operations.)
PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "linear": lambda q, n: q * (n - 1),
    "lower": lambda q, n: np.floor(q * (n - 1)),
    "higher": lambda q, n: np.ceil(q * (n - 1)),
    "nearest": lambda q, n: np.rint(q * (n - 1)),
    "midpoint": lambda q, n: 0.5 * (np.floor(q * (n - 1)) + np.ceil(q * (n - 1))),
    "inverted_cdf": lambda q, n: np.ceil(q * n) - 1,
    "averaged_inverted_cdf": lambda q, n: 0.5 * (np.floor(q * n) + np.ceil(q * n) - 1),
    "closest_observation": lambda q, n: np.rint(q * n) - 1,
    "interpolated_inverted_cdf": lambda q, n: q * n - 1,
    "hazen": lambda q, n: q * n - 0.5,
    "weibull": lambda q, n: q * (n + 1) - 1,
    "median_unbiased": lambda q, n: q * (n + 1 / 3) - 2 / 3,
    "normal_unbiased": lambda q, n: q * (n + 0.25) - 0.625,
}


@composite(np.quantile)
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False,
    *, weights: Any = None,
) -> Any:  # fmt: skip
    """The value below which the part q of the entries lies, between neighbours in their order.

    `q` is one number or an array from 0 to 1, whose shape comes first in the result; at an entry
    the derivative by it is that of the right. `method` is one of NumPy's, such as "linear",
    "lower", "higher", "nearest", "midpoint", "hazen", "median_unbiased". `weights` say what part
    of the whole each entry is, and go with the method "inverted_cdf" alone.

    >>> import autodiff as ad
    >>> ad.grad(ad.quantile, 1)(np.array([1.0, 5.0, 2.0]), 0.3)
    2.0
    """
    parts, (rows, kept) = _parts(q), _as_rows(x, axis)
    place = _places(rows, parts, shape_of(rows)[-1], method, _weights_of_rows(weights, x, axis))
    if not shape_of(rows)[-1]:
        raise IndexError(f"A quantile is of one entry or more, but the shape is {shape_of(x)}.")
    result = _at_places(sort(rows, -1), place, shape_of(rows)[-1], q)
    result = where(any(isnan(rows), -1), as_entry_of(result, np.nan), result)
    return _shaped(result, q, kept, keepdims)


@composite(np.nanquantile)
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False,
    *, weights: Any = None,
) -> Any:  # fmt: skip
    """The quantile of those entries that are numbers."""
    parts, (rows, kept) = _parts(q), _as_rows(x, axis)
    if not math.prod(shape_of(x)):
        return nanmean(x, axis, keepdims=keepdims)
    count = maximum(count_nonzero(_numbers(rows), -1, True), 1)
    place = _places(rows, parts, count, method, _weights_of_rows(weights, x, axis))
    return _shaped(_at_places(sort(rows, -1), place, count, q), q, kept, keepdims)


def _weights_of_rows(weights: Any, x: Any, axis: Axis) -> Any:
    return None if weights is None else _as_rows(_weights(weights, shape_of(x), axis), axis)[0]


def _axes(axis: Any, x: Any) -> tuple[int, ...]:
    """The axes that are named by a number, or by any sequence of them."""
    return axes_of(tuple(axis) if np.ndim(axis) else axis, len(shape_of(x)))


def _as_rows(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """The axes moved to one at the end, and the shape that keepdims gives the result."""
    shape, axes = shape_of(x), _axes(axis, x)
    last = tuple(range(len(shape) - len(axes), len(shape)))
    moved = moveaxis(x, axes, last)
    rest = shape_of(moved)[: len(shape) - len(axes)]
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return reshape(moved, (*rest, math.prod(shape[a] for a in axes))), kept


def _parts(q: Any) -> Any:
    """The parts of which quantiles are asked for, which are numbers from 0 to 1."""
    numbers = np.asarray(data_of(q))
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"A quantile is of a part that is a number, but this is {describe(q)}.")
    if getattr(q, "traced", False):
        return where(_is_part(q), q, 0.0)
    if not np.all((numbers >= 0) & (numbers <= 1)):
        raise ValueError("Quantiles are parts from 0 to 1 (percentiles from 0 to 100).")
    return q if isinstance(q, Value) else numbers.astype(float)


def _is_part(q: Any) -> Any:
    return logical_and(q >= 0, q <= 1)


def _shaped(result: Any, q: Any, kept: tuple[int, ...], keepdims: bool) -> Any:
    """Quantiles with the axes that are kept; NaN where a program was given what is no part."""
    if getattr(q, "traced", False):
        rest = len(shape_of(result)) - len(shape_of(q))
        valid = reshape(_is_part(q), shape_of(q) + (1,) * rest)
        result = where(valid, result, as_entry_of(result, np.nan))
    return reshape(result, shape_of(q) + kept) if keepdims else result


def _places(rows: Any, parts: Any, count: Any, method: Any, weights: Any) -> Any:
    """Where parts are passed in the order of each row, of which `count` entries are numbers.

    The axis of the parts comes last.
    """
    if method not in PLACES:
        raise ValueError(f"The methods of `quantile` are {', '.join(PLACES)}, not {method!r}.")
    parts = np.reshape(parts, (*(1,) * (len(shape_of(rows)) - 1), -1))
    if weights is None:
        return np.clip(PLACES[method](parts, count), 0.0, count - 1.0)
    if method != "inverted_cdf":
        raise ValueError(f"`weights` go with the method 'inverted_cdf' alone, not {method!r}.")
    weights = where(isnan(rows), 0.0, weights)
    passed = cumsum(take_along_axis(weights, argsort(rows, -1), -1), -1)
    passed = expand_dims(passed / passed[..., -1:], -2)
    before = logical_or(passed < expand_dims(parts, -1), passed == 0)
    return count_nonzero(before, -1)


def _at_places(ordered: Any, place: Any, count: Any, q: Any) -> Any:
    """The entries at these places of ordered rows, between neighbours where it is between them."""
    low = np.clip(np.floor(place), 0.0, np.maximum(count - 2.0, 0.0))
    shape = (*shape_of(ordered)[:-1], shape_of(place)[-1])
    below, above = [
        take_along_axis(ordered, np.broadcast_to(at.astype(int), shape), -1)
        for at in (low, np.minimum(low + 1.0, shape_of(ordered)[-1] - 1.0))
    ]
    weight = (place - low).astype(_type_of_quantiles(ordered, q))
    result = times(1 - weight, below) + times(weight, above)
    return reshape(moveaxis(result, -1, 0), (*shape_of(q), *shape[:-1]))


def _type_of_quantiles(x: Any, q: Any) -> Any:
    """That of the entries, and of q where it has a type: Python's numbers have none."""
    types = [np.asarray(data_of(o)).dtype for o in (x, q)]
    typed = not (type(q) in (int, float, Value) or types[1].kind != "f")
    return np.result_type(np.float16, *types[: 1 + typed])


@composite(np.percentile)
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False,
    *, weights: Any = None,
) -> Any:  # fmt: skip
    """`quantile` with q from 0 to 100."""
    return quantile(x, _of_hundred(q), axis, method, keepdims, weights=weights)


@composite(np.nanpercentile)
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False,
    *, weights: Any = None,
) -> Any:  # fmt: skip
    """`nanquantile` with q from 0 to 100."""
    return nanquantile(x, _of_hundred(q), axis, method, keepdims, weights=weights)


def _of_hundred(q: Any) -> Any:
    return q / 100 if type(q) in (int, float) else np.true_divide(q, 100)


@composite(np.median)
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The entry in the middle of the order, or the mean of the two there."""
    axes = _axes(axis, x)
    if 0 in [shape_of(x)[a] for a in axes]:
        return mean(x, axes, bool(keepdims))
    return quantile(x, 0.5, axis, keepdims=keepdims)


@composite(np.nanmedian)
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The median of those entries that are numbers."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


# -- without NaN ---------------------------------------------------------------------------

# NumPy's functions without `nan`, where an entry that is NaN takes no part.


def _numbers(x: Any, condition: Any = True) -> Any:
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
    return numpy_mean(x, axis, dtype, keepdims, _numbers(x, where))


@composite(np.nanvar)
def nanvar(
    x: Any, axis: Axis = None, dtype: Any = None, ddof: Any = 0, keepdims: bool = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    """The variance of those entries that are numbers; NaN where too few are."""
    taking, ddof = _numbers(x, where), freedom_lost(ddof, correction)
    result = variance_where(x, axis, dtype, ddof, keepdims, taking, mean, np.nan)
    return result if dtype is not None else like(result, x)


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
