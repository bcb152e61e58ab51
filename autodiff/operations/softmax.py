"""Logarithms of sums of exponentials: logsumexp, softmax, cross entropy."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..graph.tensor import ONE
from ..primitives.declare import internal, primitive
from ..primitives.namespaces import fused, helper
from .choices import where
from .exponentials import exp
from .leading import behind
from .reductions import Axis, axes_of, in_32_bits, spread, sum
from .shapes import expand_dims
from .zeros import times


@helper("logsumexp")
def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) with the largest term taken out, so that a sum near 1 keeps its digits."""
    x = _floats(x)
    axes = axes_of(axis, x.ndim)
    rows = _rows(x, axes)
    top, rest = _top_and_rest(rows)
    result = (top + np.log1p(rest))[..., 0]
    return np.expand_dims(result, axes) if keepdims else result


def _floats(x: Any) -> Any:
    """The array with whole numbers and booleans as floats: of those x - max(x) may wrap."""
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind in "biu" else x


def _rows(x: Any, axes: tuple[int, ...]) -> Any:
    """The entries along these axes in one row each, along a last axis."""
    rows = np.moveaxis(x, axes, tuple(range(x.ndim - len(axes), x.ndim)))
    rest = rows.shape[: x.ndim - len(axes)]
    return rows.reshape(*rest, math.prod([x.shape[a] for a in axes]))


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
    z = where(z == -math.inf, 0.0, z)  # of rows of -inf alone, which no small step takes further
    return times(spread(ct, axis, keepdims, x), exp(x - spread(z, axis, keepdims, x)))


@helper("softmax")
def _softmax(x: Any, axis: Axis = -1) -> Any:
    x = _floats(x)
    if not x.size:  # there is no largest entry; sum looks at the axes, as max would
        return np.zeros_like(x) + np.sum(x, axis=axis, keepdims=True)
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@primitive("softmax(x, axis=axis)")
def softmax(ct, z, x, axis=-1):
    """exp(x), scaled so that it sums to 1 along the axis."""
    return times(ct - sum(times(ct, z), behind(axis, ct, z), True), z)


@helper("log_softmax")
def _log_softmax(x: Any, axis: Axis = -1) -> Any:
    x = _floats(x)
    axes = axes_of(axis, x.ndim)
    top, rest = _top_and_rest(_rows(x, axes))
    top, rest = np.expand_dims(top[..., 0], axes), np.expand_dims(rest[..., 0], axes)
    return x - top - np.log1p(rest)


@primitive("log_softmax(x, axis=axis)")
def log_softmax(ct, z, x, axis=-1):
    """log(softmax(x)), exact where softmax rounds to 0 or to 1."""
    return ct - times(sum(ct, behind(axis, ct, z), True), exp(z))


# -- cross entropy, whose gradient is simpler than that of its parts -----------------------

# These look entries up by their place in the flattened rows, sum a row by a product with ones,
# find an extreme by its place, and repeat a column entry by entry: for the few columns of a
# classifier each is several times faster than along an axis. Numbers have a dtype already.


@functools.lru_cache(maxsize=32)
def _fixed(rows: int, columns: int, dtype: Any) -> tuple[Any, ...]:
    """Where so many rows and columns start when flattened; ones to sum a row and a column by."""
    starts = np.arange(0, rows * columns, columns)
    return starts, np.ones(columns, dtype), np.ones(rows, dtype)


@functools.lru_cache(maxsize=32)
def _number(number: float, dtype: Any) -> Any:
    return np.array(number, dtype)


def _checked_labels(logits: Any, labels: Any) -> Any:
    """The labels, one after another."""
    labels, shape = np.asarray(labels), logits.shape[:-1]
    if not logits.size:
        raise ValueError(
            f"Labels are of one row of logits or more, but these have shape {logits.shape}, and so "
            "none.\nLook where the rows have gone."
        )
    if labels.dtype.kind not in "iu" or labels.shape != shape or not logits.ndim:
        raise ValueError(
            "Labels are whole numbers, one for each row of the logits, of shape "
            f"{shape}, but these have shape {labels.shape} and dtype {labels.dtype}.\n"
            "Take `labels.astype(int)` of whole floats, `rows.argmax(axis=-1)` of one-hot rows."
        )
    columns = logits.shape[-1]
    low, high = labels.item(labels.argmin()), labels.item(labels.argmax())
    if low < 0 or high >= columns:
        raise ValueError(
            f"Labels count the {columns} columns of the logits from 0, but these go from "
            f"{low} to {high}.\n"
            "Let each class have a column, and subtract 1 where labels count from 1."
        )
    return labels.ravel().astype(np.intp, copy=False)


def _narrowed(result: Any, logits: Any) -> Any:
    """A result in the logits' type, where that is of 16 bits."""
    return result.astype(logits.dtype) if logits.dtype.char == "e" else result


def _by_rows(ufunc: Any, flat: Any, column: Any, few: int = 32_768) -> Any:
    """The ufunc of each entry of flattened rows and the number in `column` that is its row's.

    Up to `few` entries the time is that of calls, and from there on that of memory.
    """
    if flat.size > few:
        return ufunc(flat.reshape(column.size, -1), column[:, None]).reshape(-1)
    return ufunc(flat, column.repeat(flat.size // column.size))


def _others(logits: Any, labels: Any) -> tuple[Any, ...]:
    """The rows of a classifier with their largest entry taken out.

    Gives exp(row - largest) with 0 in the place of the largest, flattened; the sum of each such
    row; the places of the largest entries and of the labels; largest - row[label]; and ones to
    sum over the rows by.
    """
    labels = _checked_labels(logits, labels)
    rows, columns = labels.size, logits.shape[-1]
    flat = logits.reshape(rows * columns)
    if flat.dtype.char not in "fdg":  # of 16 bits, sums and counts above 65504 are infinite
        flat = flat.astype(np.float32 if flat.dtype.char == "e" else np.float64)
    starts, over_columns, over_rows = _fixed(rows, columns, flat.dtype)
    top_places = starts + logits.argmax(axis=-1).reshape(rows)
    label_places = starts + labels
    top = flat[top_places]
    powers = _by_rows(np.subtract, flat, top)
    np.exp(powers, out=powers)
    powers[top_places] = 0.0
    rest = powers.reshape(rows, columns).dot(over_columns)
    return powers, rest, top_places, label_places, top - flat[label_places], over_rows


@helper(
    "cross_entropy",
    # A program of JAX's cannot refuse a label: the loss of one that is out of range is NaN.
    jax="""
    labels = jnp.asarray(labels)
    places = jnp.where(labels < 0, logits.shape[-1], labels)[..., None]
    -jnp.take_along_axis(log_softmax(logits), places, -1, mode="fill").mean()
    """,
)
def _cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over rows of log(sum(exp(row))) - row[label], with the largest term taken out."""
    logits = np.asarray(logits)
    _, rest, _, _, behind, over_rows = _others(logits, labels)
    return _narrowed((behind + np.log1p(rest)).dot(over_rows) / rest.size, logits)


@helper(
    "softmax_error",
    jax="""
    labels = jnp.asarray(labels)
    chosen = labels[..., None] == jnp.arange(logits.shape[-1])
    p = softmax(logits)
    others = jnp.where(chosen, 0.0, p).sum(axis=-1, keepdims=True)
    wide = jnp.promote_types(p.dtype, jnp.float32)
    (jnp.where(chosen, -others, p).astype(wide) / labels.size).astype(p.dtype)
    """,
)
def _softmax_error(logits: Any, labels: Any) -> Any:
    """(softmax(row) - one_hot(label)) / rows: at the label, minus the sum of the others."""
    return _loss_and_error(logits, labels)[1]


@fused("loss_and_error", "cross_entropy", "softmax_error")
def _loss_and_error(logits: Any, labels: Any) -> tuple[Any, Any]:
    powers, rest, top_places, label_places, losses, over_rows = _others(logits, labels)
    losses += np.log1p(rest)
    loss = _narrowed(losses.dot(over_rows) / rest.size, logits)
    one = _number(1.0, rest.dtype)
    powers[top_places] = one
    # At the label, power - (1 + rest): exactly -rest where the label's is the largest.
    powers[label_places] = (powers[label_places] - one) - rest
    error = _by_rows(np.divide, powers, (one + rest) * _number(rest.size, rest.dtype))
    return loss, _narrowed(error.reshape(logits.shape), logits)


@internal
@primitive("softmax_error(logits, labels)")
@in_32_bits
def softmax_error(ct, z, logits, labels):
    """The gradient of `cross_entropy`: (softmax(logits) - one_hot(labels)) / rows."""
    p = softmax(logits)
    rows = math.prod(shape_of(labels))
    return lambda: p * (ct - sum(ct * p, -1, True)) / rows, None


@primitive("cross_entropy(logits, labels)", keeps="softmax_error")
def cross_entropy(ct, z, error, logits, labels):
    """The mean of -log softmax(logits) at each row's label.

    `logits` has shape (..., classes), `labels` (whole numbers from 0) shape (...). Exact at
    logits of +-1000, and in its tail, where the label's probability is close to 1. Raises
    ValueError for labels of another shape, kind or range.

    >>> import autodiff as ad
    >>> ad.round(ad.cross_entropy(ad.Tensor([[0.0, 0.0], [0.0, 1000.0]]), [0, 1]), 4).item()
    0.3466
    """
    return lambda: error if ct is ONE else spread(ct, None, False, logits) * error, None


@helper(
    "label_entries",
    jax="""
    labels = jnp.asarray(labels)
    ignored = jnp.zeros(labels.shape, bool) if ignore_index is None else labels == ignore_index
    places = jnp.where(labels < 0, x.shape[-1], labels)[..., None]
    jnp.where(ignored, 0.0, jnp.take_along_axis(x, places, -1, mode="fill")[..., 0])
    """,
)
def _label_entries(x: Any, labels: Any, ignore_index: int | None = None) -> Any:
    x, labels = np.asarray(x), np.asarray(labels)
    kept = ignore_index is None or labels != ignore_index
    places = _checked_labels(x, labels if kept is True else np.where(kept, labels, 0))
    rows = x.reshape(places.size, x.shape[-1])
    found = rows[np.arange(places.size), places].reshape(labels.shape)
    return found if kept is True else np.where(kept, found, 0)


@internal
@primitive("label_entries(x, labels, ignore_index=ignore_index)")
def label_entries(ct, z, x, labels, ignore_index=None):
    """The entry of each row at its label, and 0 in rows whose label is to be ignored."""
    column = expand_dims(labels, -1)
    chosen = column == np.arange(shape_of(x)[-1])
    if ignore_index is not None:
        chosen = chosen & (column != ignore_index)
    return lambda: where(chosen, expand_dims(ct, -1), 0.0), None
