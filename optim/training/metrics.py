"""What is measured of outputs and targets beside the loss: by name, functions of plain numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autodiff.extend import data_of, describe

from ..diagnosis.probe import COLUMNS
from .history import STEP

Metrics = Mapping[str, Callable[..., Any]]


def accuracy(output: Any, target: Any, threshold: float = 0.5) -> float:
    """The share of rows that are classified as they should be.

    Of outputs with several columns the greatest is the class; of one alone the class is 1 above a
    threshold: 1/2 for what is a probability or is fitted to 0 and 1; of logits it is 0, and
    `train(metrics="accuracy")` takes that where the loss says so (`loss.threshold`), as nn's
    `binary_cross_entropy_with_logits` does. Targets are labels, or have as many columns as the
    outputs. Raises ValueError for other than 0 and 1 beside outputs of one column, and for as many
    as do not fit.

    >>> accuracy(np.array([[-2.0], [0.3]]), np.array([0, 1]), threshold=0.0)
    1.0
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    output, target = np.asarray(data_of(output)), np.asarray(target)
    if output.ndim > 1 and output.shape[-1] > 1:
        if target.shape == output.shape:
            target = target.argmax(-1)
        chosen = output.argmax(-1)
        if chosen.shape != target.shape:
            raise ValueError(
                "An accuracy is of one label to each row of outputs, but these have shapes "
                f"{target.shape} and {output.shape}.\nReshape the targets, as by `.reshape(-1)`."
            )
        return float(np.mean(chosen == target))
    if output.size != target.size or not np.all((target == 0) | (target == 1)):
        raise ValueError(
            "An accuracy by one output to a row is of as many targets that are 0 or 1, but these "
            f"have {target.size} for {output.size} outputs, from {target.min()} to {target.max()}."
            "\nPass a metric of your own, as in `{'error': lambda output, target: ...}`."
        )
    return float(np.mean((output.reshape(-1) > threshold) == (target.reshape(-1) > 0.5)))


def threshold_of(loss: Any) -> float:
    """Above which output of one column the class is 1, as the loss says, or what wraps it."""
    while isinstance(loss, functools.partial):
        loss = loss.func
    return float(getattr(loss, "threshold", 0.5))


def named(metrics: Any, threshold: float = 0.5) -> Metrics:
    """The metrics by name, of one, a list or a dict; ValueError for what is none.

    "accuracy" has the threshold that is given.
    """
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        pairs = list(metrics.items())
    else:
        several = isinstance(metrics, Sequence) and not isinstance(metrics, str)
        pairs = [(getattr(m, "__name__", m), m) for m in (metrics if several else [metrics])]
    found: dict[str, Callable[..., Any]] = {}
    for name, metric in pairs:
        function = metric
        if isinstance(metric, str) and metric == "accuracy":
            function = functools.partial(accuracy, threshold=threshold)
        free = isinstance(name, str) and name not in (*STEP, *COLUMNS, *found)
        free = free and not name.startswith("validation_")
        if not callable(function) or not free:
            raise ValueError(
                "Metrics are functions of an output and a target, by names of their own, or "
                f"'accuracy', but one is {describe(metric)}, by the name of {name!r}.\n"
                "Pass a dict, as in `{'error': lambda output, target: ...}`."
            )
        found[name] = function
    return found


def measured(name: str, metric: Callable[..., Any], output: Any, target: Any) -> float:
    """What a metric gives, one number; TypeError for anything else."""
    found = data_of(metric(output, target))
    if np.size(found) != 1 or not isinstance(found, (bool, int, float, np.number, np.ndarray)):
        raise TypeError(
            f"A metric gives one number, but `{name}` gave {describe(found)}.\n"
            "Reduce it first, as in `np.mean(errors)`."
        )
    return float(np.reshape(found, ()))
