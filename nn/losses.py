"""Losses of numbers and of yes or no: how far predictions are from what they should be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import data_of, describe, is_number

from .targets import (
    RANGES,
    Array,
    check_probabilities,
    refuse_nan,
    refuse_source,
    source,
    warn_of_bounds,
    warn_of_reach,
)


def mse(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The squared error (p - t)², over Tensors, lists of Values or single ones of one shape.

    The `reduction` of its terms is their "mean", their "sum", or "none". Raises ValueError for two
    shapes, for none of these, and where the loss is NaN because of the target. Warns where the
    last activation of the prediction never gives what is in the target.

    >>> mse(ad.Tensor([1.0, 2.0]), [1.0, 4.0]).item()
    2.0
    """
    prediction, target = paired(prediction, target)
    warn_of_reach("mse", prediction, target)
    return reduced(ad.square(prediction - target), reduction, target)


def l1(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The absolute error |p - t|, of which 0 has the gradient 0; all else as in `mse`.

    >>> l1(ad.Tensor([1.0, 2.0]), [1.0, 4.0]).item()
    1.0
    """
    prediction, target = paired(prediction, target)
    warn_of_reach("l1", prediction, target)
    return reduced(ad.abs(prediction - target), reduction, target)


def huber(prediction: Any, target: Any, delta: float = 1.0, *, reduction: str = "mean") -> Any:
    """(p - t)² / 2 where |p - t| is at most delta, beyond it delta (|p - t| - delta / 2).

    All else is as in `mse`; raises ValueError for delta that is not a number above 0.
    P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35 (1964), 73.

    >>> huber(ad.Tensor([1.5, 4.0]), [1.0, 1.0], reduction="none")
    Tensor([0.125, 2.5  ])
    """
    if not is_number(delta) or not delta > 0:
        raise ValueError(
            f"`delta`, where huber becomes linear, is a number above 0, but this is {delta!r}."
        )
    prediction, target = paired(prediction, target)
    warn_of_reach("huber", prediction, target)
    return reduced(ad.huber(float(delta), prediction - target), reduction, target)


def binary_cross_entropy(probability: Any, target: Any, *, reduction: str = "mean") -> Any:
    """-(t log p + (1 - t) log(1 - p)), for probabilities p and targets t in [0, 1].

    Where p comes from a sigmoid, `binary_cross_entropy_with_logits` is more accurate. `reduction`
    is as in `mse`. Raises ValueError for other shapes, and for what is no probability (in a trace,
    whose values are not known, the shapes alone).

    >>> binary_cross_entropy(ad.Tensor([0.5, 0.5]), [0.0, 1.0]).item() == float(np.log(2))
    True
    """
    p, t = paired(probability, target)
    check_probabilities("Probabilities", p, "For logits use `binary_cross_entropy_with_logits`.")
    _check_target(t)
    return reduced(-(ad.xlogy(t, p) + ad.xlogy(1 - t, 1 - p)), reduction, t)


def binary_cross_entropy_with_logits(logit: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The same of p = sigmoid(logit), without overflow or cancellation for any logit.

    Each term is t softplus(-logit) + (1 - t) softplus(logit). Raises ValueError as well for
    logits that come from a sigmoid, and warns where another activation keeps them from a side.

    >>> binary_cross_entropy_with_logits(ad.Tensor([0.0]), [1.0]).item() == float(np.log(2))
    True
    """
    z, t = paired(logit, target)
    op = source(z)
    if op in RANGES:
        if op == "sigmoid":
            refuse_source("binary_cross_entropy_with_logits", op, "`binary_cross_entropy`")
        warn_of_bounds("binary_cross_entropy_with_logits", op, "not every probability is reached")
    _check_target(t)
    return reduced(t * ad.softplus(-z) + (1 - t) * ad.softplus(z), reduction, t)


# Above it a logit is for the class 1: an accuracy is measured by that.
binary_cross_entropy_with_logits.threshold = 0.0  # type: ignore[attr-defined]


def _check_target(target: Any) -> None:
    check_probabilities(
        "Targets of a binary cross entropy", target, "Map -1 and 1 to these by `(target + 1) / 2`."
    )


# -- what all losses have in common --------------------------------------------------------


def reduced(terms: Any, reduction: str, target: Any) -> Any:
    """The terms of a loss as it is asked for: their mean, their sum, or as they are."""
    if reduction == "none":
        return terms
    if reduction == "mean":
        loss = ad.mean(terms)
    elif reduction == "sum":
        loss = ad.sum(terms)
    else:
        raise ValueError(
            'The `reduction` of a loss is "mean", "sum" or "none", but this is '
            f"{describe(reduction)}."
        )
    if math.isnan(data_of(loss)):
        refuse_nan(target)
    return loss


def joined(numbers: Any) -> Any:
    """A list of Values as one Tensor, and of plain numbers as an array."""
    if not isinstance(numbers, (list, tuple)):
        return numbers
    rows = [joined(n) for n in numbers]
    if any(isinstance(row, ad.Value) for row in rows):
        return ad.stack(rows)
    return np.asarray(numbers)


def paired(prediction: Any, target: Any) -> tuple[Any, Any]:
    """A prediction and its target, of one shape; what is constant is of the other's dtype."""
    prediction, target = joined(prediction), joined(target)
    shape = getattr(prediction, "shape", ())
    if shape != getattr(target, "shape", ()):
        raise ValueError(
            "A loss compares each prediction with one target, so both have one shape, but these "
            f"have {shape} and {getattr(target, 'shape', ())}.\n"
            "Reshape one of them, as in `target.reshape(-1, 1)`."
        )
    if 0 in shape:
        raise ValueError(
            f"A loss is of one prediction or more, but these have shape {shape}, and so none.\n"
            "Look where the rows have gone."
        )
    if type(target) is np.ndarray and isinstance(prediction, ad.Tensor):
        return prediction, _of_dtype(target, prediction.dtype)
    if type(prediction) is np.ndarray and isinstance(target, ad.Tensor):
        return _of_dtype(prediction, target.dtype), target
    if type(prediction) is type(target) is np.ndarray and prediction.dtype.kind in "biu":
        return prediction.astype(float), target  # of whole numbers a difference may wrap
    return prediction, target


def _of_dtype(numbers: Array, dtype: np.dtype[Any]) -> Array:
    """Plain numbers as what they are compared with is."""
    if numbers.dtype is dtype:
        return numbers
    if numbers.dtype.kind not in "fiub":
        raise TypeError(
            f"Predictions and targets are numbers, but these are {describe(numbers)}.\n"
            "Convert them first, as by `np.asarray(target, float)`."
        )
    return numbers.astype(dtype)
