"""Quantiles: the values that parts of the entries lie below, and the median."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import composite
from .choices import maximum, where
from .indexing import sort, take_along_axis
from .predicates import any, argsort, count_nonzero, isnan, logical_and, logical_or
from .reductions import Axis, mean
from .scans import cumsum
from .shapes import as_entry_of, expand_dims, moveaxis, reshape
from .statistics import axes_named, nanmean, numbers_among, weights_of_all
from .zeros import times

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
    count = maximum(count_nonzero(numbers_among(rows), -1, True), 1)
    place = _places(rows, parts, count, method, _weights_of_rows(weights, x, axis))
    return _shaped(_at_places(sort(rows, -1), place, count, q), q, kept, keepdims)


def _weights_of_rows(weights: Any, x: Any, axis: Axis) -> Any:
    return (
        None if weights is None else _as_rows(weights_of_all(weights, shape_of(x), axis), axis)[0]
    )


def _as_rows(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """The axes moved to one at the end, and the shape that keepdims gives the result."""
    shape, axes = shape_of(x), axes_named(axis, x)
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
        parts = reshape(as_entry_of(result, q), shape_of(q) + (1,) * rest)
        lost = (result + parts) * as_entry_of(result, np.nan)  # with a derivative by both of NaN
        result = where(_is_part(parts), result, lost)
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
    axes = axes_named(axis, x)
    if 0 in [shape_of(x)[a] for a in axes]:
        return mean(x, axes, bool(keepdims))
    return quantile(x, 0.5, axis, keepdims=keepdims)


@composite(np.nanmedian)
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The median of those entries that are numbers."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)
