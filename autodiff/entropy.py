"""Logarithms of sums of exponentials: logsumexp, softmax, cross entropy."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .declare import primitive
from .formula import fused, helper
from .ops import exp
from .primitive import shape_of
from .reductions import Axis, axes_of, spread, sum


@helper("logsumexp")
def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) with the largest term taken out, so that a sum near 1 keeps its digits."""
    x = np.asarray(x)
    axes = axes_of(axis, x.ndim)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    rows = np.moveaxis(x, axes, last)
    rows = rows.reshape(*rows.shape[: x.ndim - len(axes)], -1)
    top, rest = _top_and_rest(rows)
    result = (top + np.log1p(rest))[..., 0]
    return np.expand_dims(result, axes) if keepdims else result


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
    return spread(ct, axis, keepdims) * exp(x - spread(z, axis, keepdims))


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


@helper(
    "softmax_error",
    jax="""
    labels = jnp.asarray(labels)
    chosen = labels[..., None] == jnp.arange(logits.shape[-1])
    p = softmax(logits)
    others = jnp.where(chosen, 0.0, p).sum(axis=-1, keepdims=True)
    jnp.where(chosen, -others, p) / labels.size
    """,
)
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
