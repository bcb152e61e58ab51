"""Losses among classes: cross entropy of logits, and the negative logarithm of a likelihood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import data_of, describe, is_number, operation

from .losses import joined, reduced
from .targets import (
    RANGES,
    Array,
    check_probabilities,
    ends,
    is_traced,
    refuse_source,
    source,
    warn_of_bounds,
    warn_of_one_class,
    warn_of_probabilities,
)

_SUM = 1e-3  # how far the sum of a row of probabilities may be from 1
_entries_at = operation("label_entries").call


def cross_entropy(
    logits: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The mean of -log softmax(logits) at each row's label.

    `logits` has shape (..., classes). `labels` has shape (...), whole numbers from 0, or that of
    the logits: a probability for each class, such as one-hot rows. As in PyTorch: each class may
    have a `weight` of its own, by which the mean of labels is weighed, too (of probabilities it is
    over all rows); rows whose label is `ignore_index` are left out; `label_smoothing` mixes so much
    of equal probabilities into the target (Szegedy et al. 2016); the `reduction` of the rows is
    "mean", "sum" or "none".

    Raises ValueError for labels of another shape or that are no class, rows of probabilities that
    do not sum to 1, logits that come from a softmax, and where all labels are left out. Warns of
    logits that are probabilities by their values, and of an activation that keeps them small.

    >>> cross_entropy(ad.Tensor([[0.0, 0.0]]), [1]).item() == float(np.log(2))
    True
    >>> cross_entropy(ad.Tensor([[0.0, 0.0]]), [[0.25, 0.75]]).item() == float(np.log(2))
    True
    """
    logits = logits if isinstance(logits, ad.Tensor) else joined(logits)
    labels = labels if isinstance(labels, np.ndarray) else _as_labels(labels)
    probable = getattr(labels, "ndim", 0) == getattr(logits, "ndim", 0) > 0
    as_they_are = weight is None and ignore_index is None and not label_smoothing
    if as_they_are and reduction == "mean" and not probable:
        loss = ad.cross_entropy(logits, labels)  # which refuses those that are none
        _look_at_logits(logits)
        return loss
    logp, smoothing = ad.log_softmax(logits), _checked_smoothing(label_smoothing)
    weight = _checked_weight(weight, logp)
    _look_at_logits(logits)
    if not probable:
        return _of_labels(logp, labels, weight, ignore_index, reduction, smoothing)
    if ignore_index is not None:
        raise ValueError(
            "`ignore_index` is a label, but these are rows of probabilities.\n"
            'Take the terms of `reduction="none"`, and choose among them by `autodiff.where`.'
        )
    return _of_probabilities(logp, labels, weight, reduction, smoothing)


def nll(
    log_probabilities: Any,
    labels: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of -log_probabilities at each row's label: a negative logarithm of a likelihood.

    Of what `autodiff.log_softmax` gives, it is `cross_entropy`, where all else is told. Raises
    ValueError as well for what is above 0, and so no logarithm of a probability.

    >>> nll(ad.log(ad.Tensor([[0.5, 0.5]])), [1]).item() == float(np.log(2))
    True
    """
    logp, labels = joined(log_probabilities), _as_labels(labels)
    if not is_traced(logp):
        greatest = ends(data_of(logp))[1]
        if greatest > _SUM:
            raise ValueError(
                "A logarithm of a probability is at most 0, but these go up to "
                f"{greatest:.6g}.\nFor logits use `cross_entropy`; of probabilities take "
                "`autodiff.log` first."
            )
    return _of_labels(logp, labels, _checked_weight(weight, logp), ignore_index, reduction, 0.0)


def _of_labels(
    logp: Any, labels: Any, weight: Any, ignore_index: int | None, reduction: str, smoothing: float
) -> Any:
    """The loss of whole numbers: each row counts as much as its label, and 0 if that is ignored."""
    if ignore_index is not None and not isinstance(ignore_index, (int, np.integer)):
        raise ValueError(
            f"`ignore_index` is a label, a whole number, but this is {ignore_index!r}."
        )
    dtype, shape = data_of(logp).dtype, data_of(logp).shape
    whole = np.broadcast_to(np.ones((), dtype), shape)
    alike = weight is None and ignore_index is None
    terms = -_entries_at(logp, labels, ignore_index)
    if not alike:
        by_class = whole if weight is None else ad.broadcast_to(weight, shape)
        counts = _entries_at(by_class, labels, ignore_index)
        terms = terms * counts
    if smoothing:
        others = -ad.sum(logp if weight is None else logp * weight, -1)
        if ignore_index is not None:
            others = ad.where(_entries_at(whole, labels, ignore_index) != 0, others, 0.0)
        terms = (1 - smoothing) * terms + smoothing / shape[-1] * others
    if alike or reduction != "mean":
        return reduced(terms, reduction, labels)
    share = ad.mean(counts)  # not a sum: of 16 bits, those above 65504 are infinite
    if not is_traced(share) and data_of(share) == 0:
        raise ValueError(
            "A mean is of one label or more, but all of these are ignored, or of classes whose "
            "weight is 0.\nLeave such a batch out."
        )
    return reduced(terms, reduction, labels) / share


def _of_probabilities(logp: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    """The loss of rows of probabilities, such as one-hot ones."""
    target = _checked_rows(target, logp)
    if smoothing:
        target = (1 - smoothing) * target + smoothing / target.shape[-1]
    if weight is not None:
        target = target * weight
    nothing = (target == 0) & (logp == -math.inf)  # of a class that is impossible, and said to be
    return reduced(-ad.sum(target * ad.where(nothing, 0.0, logp), -1), reduction, target)


def _as_labels(labels: Any) -> Any:
    """Labels as an array; the one of a single row is a whole number, and no float, as well."""
    whole = isinstance(labels, (int, np.integer)) and not isinstance(labels, bool)
    return np.asarray(labels) if whole else joined(labels)


# -- what is looked at ---------------------------------------------------------------------


def _look_at_logits(logits: Any) -> None:
    """An error or a warning where logits are probabilities, by the graph or by their values."""
    data, op = np.asarray(data_of(logits)), source(logits)
    if not data.size:
        raise ValueError(
            f"A loss is of one row of logits or more, but these have shape {data.shape}, and so "
            "none.\nLook where the rows have gone."
        )
    if op in RANGES:
        if op == "softmax":
            refuse_source("cross_entropy", op, "`nll(autodiff.log(probabilities), labels)`")
        if RANGES[op][1] < math.inf:
            warn_of_bounds("cross_entropy", op, "no class can get a probability near 1")
        return
    if data.shape[-1:] == (1,):
        warn_of_one_class("cross_entropy")
    elif data.ndim and not is_traced(logits) and 0 <= data.item(0) <= 1 and 0 <= data.item(1) <= 1:
        _look_at_rows(data)


def _look_at_rows(data: Array) -> None:
    """A warning where all rows are of numbers from 0 up that sum to 1; the first is asked first."""
    rows = data.reshape(-1, data.shape[-1])
    for part in (rows[0], rows):
        if not ((part >= 0).all() and (abs(part.sum(-1) - 1) <= _SUM).all()):
            return
    warn_of_probabilities("cross_entropy")


def _checked_rows(target: Any, logp: Any) -> Any:
    """Rows of probabilities, in the dtype of the logits where they are constant."""
    shape = data_of(logp).shape
    if target.shape != shape:
        raise ValueError(
            f"A target is a label for each row of the logits, of shape {shape[:-1]}, or a "
            f"probability for each class, {shape}, but these have shape {target.shape}.\n"
            "Take a column of labels as `labels[:, 0]`."
        )
    if not is_traced(target):
        check_probabilities(
            "Probabilities of classes", target, "Of scores, take `autodiff.softmax` first."
        )
        sums = np.asarray(data_of(target)).sum(-1)
        least, greatest = ends(np.asarray(sums))
        if least < 1 - _SUM or greatest > 1 + _SUM:
            raise ValueError(
                "The probabilities of all classes sum to 1 in each row, and one-hot rows have a "
                f"single 1, but these sum to between {least:.6g} and {greatest:.6g}.\n"
                "Divide each row by its sum; labels are whole numbers, one to each row."
            )
    return target if isinstance(target, ad.Value) else target.astype(data_of(logp).dtype)


def _checked_weight(weight: Any, logp: Any) -> Any:
    """The weights of the classes, in the dtype of the logits."""
    if weight is None:
        return None
    weight, like = joined(weight), data_of(logp)
    shape = getattr(weight, "shape", ())
    if shape != like.shape[-1:]:
        raise ValueError(
            f"`weight` has a number for each class, and so shape {like.shape[-1:]}, but this has "
            f"shape {shape}."
        )
    if isinstance(weight, ad.Value):
        return weight
    if weight.dtype.kind not in "fiub":
        raise ValueError(f"`weight` has a number for each class, but this is {describe(weight)}.")
    least, greatest = ends(weight)
    if not 0 <= least <= greatest < math.inf:
        raise ValueError(
            "The `weight` of each class is a finite number from 0 up, but these go from "
            f"{least:g} to {greatest:g}."
        )
    return weight.astype(like.dtype)


def _checked_smoothing(smoothing: Any) -> float:
    if not is_number(smoothing) or not 0 <= smoothing <= 1:
        raise ValueError(
            f"`label_smoothing` is a share of the target, from 0 to 1, but this is {smoothing!r}."
        )
    return float(smoothing)
