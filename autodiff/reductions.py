"""Operations that bring many entries to fewer: sums, means, extremes, products, norms, losses."""

from __future__ import annotations

import builtins
import functools
import math
from typing import Any

import numpy as np

from .declare import composite, primitive
from .formula import fused, helper
from .ops import abs, exp, where
from .primitive import shape_of
from .shapes import concatenate, expand_dims, flip, getitem, moveaxis, reshape

# Along which axes: an int, a tuple of them, or None for all.
Axis = int | tuple[int, ...] | None


def _spread(reduced: Any, axis: Axis, keepdims: bool) -> Any:
    """A result of a reduction, shaped to broadcast against what was reduced."""
    return reduced if keepdims or axis is None else expand_dims(reduced, axis)


def _count(x: Any, z: Any) -> int:
    """How many entries of x made each entry of z."""
    return math.prod(shape_of(x)) // builtins.max(math.prod(shape_of(z)), 1)


@primitive("sum(x, axis=axis, keepdims=keepdims)")
def sum(ct, z, x, axis=None, keepdims=False):
    """The sum along an axis, several, or all."""
    return _spread(ct, axis, keepdims)


@primitive("mean(x, axis=axis, keepdims=keepdims)")
def mean(ct, z, x, axis=None, keepdims=False):
    """The mean along an axis, several, or all."""
    return _spread(ct, axis, keepdims) / _count(x, z)


@primitive("var(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def var(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The mean squared distance from the mean; with ddof=1, the unbiased estimate."""
    distance = x - mean(x, axis, True)
    return _spread(ct, axis, keepdims) * distance * (2 / (_count(x, z) - ddof))


@primitive("std(x, axis=axis, ddof=ddof, keepdims=keepdims)")
def std(ct, z, x, axis=None, ddof=0, keepdims=False):
    """The square root of `var`; where all entries are equal, the subgradient 0."""
    scale = ct / (where(z == 0, 1.0, z) * (_count(x, z) - ddof))
    return _spread(scale, axis, keepdims) * (x - mean(x, axis, True))


@primitive("max(x, axis=axis, keepdims=keepdims)")
def max(ct, z, x, axis=None, keepdims=False):
    """The largest entry; entries that tie share the derivative equally.

    >>> import autodiff as ad
    >>> t = ad.Tensor([1.0, 1.0, 0.0])
    >>> t.max().backward()
    >>> t.grad
    array([0.5, 0.5, 0. ])
    """
    chosen = x == _spread(z, axis, keepdims)
    return _spread(ct, axis, keepdims) * (chosen / sum(chosen, axis, True))


@primitive("min(x, axis=axis, keepdims=keepdims)")
def min(ct, z, x, axis=None, keepdims=False):
    """The smallest entry; entries that tie share the derivative equally."""
    chosen = x == _spread(z, axis, keepdims)
    return _spread(ct, axis, keepdims) * (chosen / sum(chosen, axis, True))


@composite(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@composite(np.average)
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The mean, or the weighted mean."""
    if weights is None:
        return mean(x, axis)
    if axis is not None and shape_of(weights) != shape_of(x):
        weights = expand_dims(weights, tuple(a for a in range(len(shape_of(x))) if a != axis))
    return sum(x * weights, axis) / sum(weights + 0.0 * x, axis)


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
    pulled = _before(rows) * recurrence(following, ct)
    return reshape(pulled, shape_of(x)) if flat else moveaxis(pulled, -1, axis)


@primitive("prod(x, axis=axis, keepdims=keepdims)")
def prod(ct, z, x, axis=None, keepdims=False):
    """The product of entries; its derivative, the product of the others, is exact with zeros."""
    ndim = len(shape_of(x))
    if not ndim:
        return ct
    axes = range(ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    axes = tuple(a % ndim for a in axes)
    last = tuple(range(ndim - len(axes), ndim))
    moved = moveaxis(x, axes, last)
    rows = reshape(moved, (*shape_of(moved)[: ndim - len(axes)], _count(x, z)))
    others = _before(rows) * flip(_before(flip(rows, -1)), -1)
    others = moveaxis(reshape(others, shape_of(moved)), last, axes)
    return _spread(ct, axis, keepdims) * others


def _shifted(rows: Any, by: int, fill: float) -> Any:
    """Rows moved by one place along the last axis, with `fill` coming in."""
    edge = np.full((*shape_of(rows)[:-1], 1), fill, np.float32)
    if by > 0:
        return concatenate([edge, getitem(rows, (..., slice(None, -1)))], -1)
    return concatenate([getitem(rows, (..., slice(1, None))), edge], -1)


def _before(rows: Any) -> Any:
    """The product of all entries before each one, along the last axis."""
    return cumprod(_shifted(rows, 1, 1.0), -1) if shape_of(rows)[-1] else rows


@helper("recurrence")
def _recurrence(factor: Any, x: Any) -> Any:
    s = np.array(np.broadcast_to(x, np.broadcast_shapes(np.shape(factor), np.shape(x))))
    for i in range(s.shape[-1] - 2, -1, -1):
        s[..., i] += factor[..., i] * s[..., i + 1]
    return s


@primitive("recurrence(factor, x)")
def recurrence(ct, s, factor, x):
    """s with s[i] = x[i] + factor[i] * s[i + 1] along the last axis, and s = x at its end."""
    earlier = flip(_shifted(factor, 1, 0.0), -1)
    pulled = flip(recurrence(earlier, flip(ct, -1)), -1)
    return lambda: pulled * _shifted(s, -1, 0.0), pulled


@composite(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """The difference of each entry from the one before it, n times."""
    for _ in range(n):
        before = (slice(None),) * (axis % len(shape_of(x)))
        x = getitem(x, (*before, slice(1, None))) - getitem(x, (*before, slice(None, -1)))
    return x


# -- norms ---------------------------------------------------------------------------------


@primitive("linalg.norm(x, axis=axis, keepdims=keepdims)")
def euclidean_norm(ct, z, x, axis=None, keepdims=False):
    """sqrt(sum(x * x)) along an axis, two, or all; at 0 the subgradient 0."""
    return x * _spread(ct / where(z == 0, 1.0, z), axis, keepdims)


@composite(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of a vector or a matrix, as `numpy.linalg.norm`; at 0 the subgradient 0.

    `ord` is None, a number, inf or -inf; for matrices also "fro" and "nuc".
    """
    matrix = len(shape_of(x)) == 2 if axis is None else isinstance(axis, tuple)
    if ord is None or (ord == 2 and not matrix) or (ord == "fro" and matrix):
        return euclidean_norm(x, axis, keepdims)
    if not matrix:
        return _vector_norm(x, ord, axis, keepdims)
    return _matrix_norm(x, ord, axis or (0, 1), keepdims)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(f"A vector norm's order is a number, but this is {ord!r}.")
    size = abs(x)
    if ord == np.inf:
        return max(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(where(size == 0, 0.0, 1.0), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    total = sum(size**ord, axis, keepdims)
    return where(total == 0, 0.0, total ** (1 / ord))


def _matrix_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    from .linalg import svdvals

    rows = moveaxis(x, axis, (-2, -1))
    if ord in (1, -1):
        columns = sum(abs(rows), -2)
        result = max(columns, -1) if ord > 0 else min(columns, -1)
    elif ord in (np.inf, -np.inf):
        sums = sum(abs(rows), -1)
        result = max(sums, -1) if ord > 0 else min(sums, -1)
    elif ord in (2, -2):
        values = svdvals(rows)
        result = max(values, -1) if ord > 0 else min(values, -1)
    elif ord == "nuc":
        result = sum(svdvals(rows), -1)
    else:
        raise ValueError(
            f"A matrix norm's order is 1, 2, inf, their negatives, 'fro' or 'nuc', not {ord!r}."
        )
    return (
        expand_dims(result, tuple(sorted(a % len(shape_of(x)) for a in axis)))
        if keepdims
        else result
    )


# -- logarithms of sums of exponentials ----------------------------------------------------


@helper("logsumexp")
def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) with the largest term taken out, so that a sum near 1 keeps its digits."""
    x = np.asarray(x)
    axes = tuple(range(x.ndim)) if axis is None else np.atleast_1d(axis) % builtins.max(x.ndim, 1)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    rows = np.moveaxis(x, tuple(axes), last)
    rows = rows.reshape(*rows.shape[: x.ndim - len(axes)], -1)
    top, rest = _top_and_rest(rows)
    result = (top + np.log1p(rest))[..., 0]
    return np.expand_dims(result, tuple(axes)) if keepdims else result


def _top_and_rest(rows: Any) -> tuple[Any, Any]:
    """The largest entry of each row, and the sum of exp(entry - largest) over the others."""
    if not rows.shape[-1]:
        return np.full((*rows.shape[:-1], 1), -np.inf, rows.dtype), rows.sum(-1, keepdims=True)
    place = rows.argmax(axis=-1, keepdims=True)
    top = np.take_along_axis(rows, place, -1)
    with np.errstate(invalid="ignore"):  # inf - inf is put right below
        powers = np.exp(rows - top)
    np.put_along_axis(powers, place, 0.0, -1)
    rest = powers.sum(axis=-1, keepdims=True)
    return top, np.where(np.isinf(top), 0.0, rest).astype(rest.dtype, copy=False)


@primitive("logsumexp(x, axis=axis, keepdims=keepdims)")
def logsumexp(ct, z, x, axis=None, keepdims=False):
    """log(sum(exp(x))), exact where exp would overflow and where the sum is close to 1."""
    return _spread(ct, axis, keepdims) * exp(x - _spread(z, axis, keepdims))


@helper("softmax")
def _softmax(x: Any, axis: int = -1) -> Any:
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@primitive("softmax(x, axis=axis)")
def softmax(ct, z, x, axis=-1):
    """exp(x), scaled so that it sums to 1 along the axis."""
    return z * (ct - sum(ct * z, axis, True))


@helper("log_softmax")
def _log_softmax(x: Any, axis: int = -1) -> Any:
    rows = np.moveaxis(np.asarray(x), axis, -1)
    top, rest = _top_and_rest(rows)
    return np.moveaxis(rows - top - np.log1p(rest), -1, axis)


@primitive("log_softmax(x, axis=axis)")
def log_softmax(ct, z, x, axis=-1):
    """log(softmax(x)), exact where softmax rounds to 0 or to 1."""
    return ct - exp(z) * sum(ct, axis, True)


# -- cross entropy, whose gradient is simpler than that of its parts -----------------------


def _checked_labels(logits: Any, labels: Any) -> Any:
    shape, classes = logits.shape[:-1], logits.shape[-1] if logits.ndim else 0
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != shape or not labels.size:
        raise ValueError(
            "Labels are whole numbers, one for each row of the logits, of shape "
            f"{shape}, but these have shape {labels.shape} and dtype {labels.dtype}.\n"
            "From one-hot rows, take `rows.argmax(axis=-1)`."
        )
    # As unsigned numbers, negative ones are large: one look finds both faults.
    if np.maximum.reduce(labels.astype(np.uint64, copy=False), axis=None) >= classes:
        raise ValueError(
            f"Labels count the {classes} columns of the logits from 0, but these go from "
            f"{labels.min()} to {labels.max()}."
        )
    return labels


# Both look entries up by their place in the flattened rows, and sum a row by a product with
# ones: for the few columns of a classifier each is several times faster than along an axis.


@functools.lru_cache(maxsize=32)
def _ones(count: int, dtype: Any) -> Any:
    return np.ones(count, dtype)


@helper("cross_entropy")
def _cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over rows of log(sum(exp(row))) - row[label], with the largest term taken out."""
    logits = np.asarray(logits)
    labels = _checked_labels(logits, labels).ravel()
    rows, columns = labels.size, logits.shape[-1]
    flat = logits.reshape(rows * columns)
    starts = np.arange(0, rows * columns, columns)
    top_places = starts + logits.reshape(rows, columns).argmax(axis=1)
    top = flat.take(top_places)
    right = flat.take(starts + labels)
    powers = np.exp(logits.reshape(rows, columns) - top[:, None])
    powers.reshape(-1)[top_places] = 0.0
    losses = np.log1p(powers.dot(_ones(columns, powers.dtype)))
    return (np.add.reduce(losses) + np.add.reduce(top - right)) / rows


@helper("softmax_error")
def _softmax_error(logits: Any, labels: Any) -> Any:
    """(softmax(row) - one_hot(label)) / rows: at the label, minus the sum of the others."""
    labels = np.asarray(labels)
    rows, columns = labels.size, logits.shape[-1]
    ones, starts = _ones(columns, logits.dtype), np.arange(0, rows * columns, columns)
    top = logits.reshape(-1).take(starts + logits.reshape(rows, columns).argmax(axis=1))
    powers = np.exp(logits.reshape(rows, columns) - top[:, None])
    powers *= (1 / (rows * powers.dot(ones)))[:, None]
    flat, label_places = powers.reshape(-1), starts + labels.reshape(-1)
    flat[label_places] = 0.0
    flat[label_places] = -powers.dot(ones)
    return powers.reshape(logits.shape)


@fused("loss_and_error", "cross_entropy", "softmax_error")
def _loss_and_error(logits: Any, labels: Any) -> tuple[Any, Any]:
    labels = _checked_labels(logits, labels).ravel()
    rows, columns = labels.size, logits.shape[-1]
    ones, starts = _ones(columns, logits.dtype), np.arange(0, rows * columns, columns)
    flat, table = logits.reshape(rows * columns), logits.reshape(rows, columns)
    top_places, label_places = starts + table.argmax(axis=1), starts + labels
    top = flat.take(top_places)
    powers = np.exp(table - top[:, None])
    error = powers.reshape(rows * columns)
    error[top_places] = 0.0
    rest = powers.dot(ones)
    loss = np.add.reduce(np.log1p(rest)) + np.add.reduce(top - flat.take(label_places))
    error[top_places] = 1.0
    powers *= (1 / (rows * (1 + rest)))[:, None]
    error[label_places] = 0.0
    error[label_places] = -powers.dot(ones)
    return loss / rows, powers.reshape(logits.shape)


@primitive("softmax_error(logits, labels)")
def softmax_error(ct, z, logits, labels):
    """The gradient of `cross_entropy`: (softmax(logits) - one_hot(labels)) / rows."""
    p = softmax(logits)
    rows = math.prod(shape_of(labels))
    return lambda: p * (ct - sum(ct * p, -1, True)) / rows, None


@primitive("cross_entropy(logits, labels)")
def cross_entropy(ct, z, logits, labels):
    """The mean of -log softmax(logits) at each row's label.

    `logits` has shape (..., classes), `labels` (whole numbers from 0) shape (...). Exact at
    logits of +-1000, and in its tail, where the label's probability is close to 1. Raises
    ValueError for labels of another shape, kind or range.

    >>> import autodiff as ad
    >>> ad.round(ad.cross_entropy(ad.Tensor([[0.0, 0.0], [0.0, 1000.0]]), [0, 1]), 4).item()
    0.3466
    """
    return lambda: ct * softmax_error(logits, labels), None
