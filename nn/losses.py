"""Losses: one number that says how far predictions are from what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import data_of

_ROUNDING = 8  # units in the last place of 1, by which a sum of probabilities may be above it


def mse(prediction: Any, target: Any) -> Any:
    """The mean squared error, over Tensors, lists of Values or single ones of one shape.

    Raises ValueError for two shapes.

    >>> mse(ad.Tensor([1.0, 2.0]), [1.0, 4.0]).item()
    2.0
    """
    prediction, target = _paired(prediction, target)
    return ad.mean(ad.square(prediction - target))


def binary_cross_entropy(probability: Any, target: Any) -> Any:
    """The mean of -(t log p + (1 - t) log(1 - p)), for probabilities p and targets t in [0, 1].

    Where p comes from a sigmoid, `binary_cross_entropy_with_logits` is more accurate. Raises
    ValueError for other shapes, and for what is no probability (in a trace, whose values are
    not known, the shapes alone).

    >>> binary_cross_entropy(ad.Tensor([0.5, 0.5]), [0.0, 1.0]).item() == float(np.log(2))
    True
    """
    p, t = _paired(probability, target)
    if not getattr(p, "traced", False):
        _check_probabilities(np.asarray(data_of(p)))
    return -ad.mean(ad.xlogy(t, p) + ad.xlogy(1 - t, 1 - p))


def binary_cross_entropy_with_logits(logit: Any, target: Any) -> Any:
    """The same of p = sigmoid(logit), without overflow or cancellation for any logit.

    Each term is t softplus(-logit) + (1 - t) softplus(logit). Raises ValueError for other shapes.

    >>> binary_cross_entropy_with_logits(ad.Tensor([0.0]), [1.0]).item() == float(np.log(2))
    True
    """
    z, t = _paired(logit, target)
    return ad.mean(t * ad.softplus(-z) + (1 - t) * ad.softplus(z))


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean of -log softmax(logits) at each row's label, as `autodiff.cross_entropy`.

    `logits` has shape (..., classes), `labels` (whole numbers from 0) shape (...). Raises
    ValueError for labels of another shape, and for those that are no class.

    >>> cross_entropy(ad.Tensor([[0.0, 0.0]]), [1]).item() == float(np.log(2))
    True
    """
    return ad.cross_entropy(_joined(logits), labels)


def _check_probabilities(p: np.ndarray[Any, Any]) -> None:
    """ValueError where an entry is further outside of [0, 1] than rounding takes it."""
    if not p.size:
        return
    low, high = p.min(), p.max()
    slack = _ROUNDING * np.finfo(np.result_type(p, np.float16)).eps
    if low < -slack or high > 1 + slack:
        raise ValueError(
            f"Probabilities are from 0 to 1, but these go from {low:.6g} to {high:.6g}.\n"
            "For logits use `binary_cross_entropy_with_logits`."
        )


def _joined(numbers: Any) -> Any:
    """A list of Values as one Tensor."""
    if not isinstance(numbers, (list, tuple)):
        return numbers
    rows = [_joined(n) for n in numbers]
    if any(isinstance(row, ad.Value) for row in rows):
        return ad.stack(rows)
    return np.asarray(numbers)


def _paired(prediction: Any, target: Any) -> tuple[Any, Any]:
    prediction, target = _joined(prediction), _joined(target)
    shapes = [getattr(x, "shape", ()) for x in (prediction, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "A loss compares each prediction with one target, so both have one shape, but these "
            f"have {shapes[0]} and {shapes[1]}.\n"
            "Reshape one of them, as in `target.reshape(-1, 1)`."
        )
    return prediction, target
