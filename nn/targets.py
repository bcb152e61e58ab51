"""What a loss can tell of its target: what is missing in it, and what no prediction can reach."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from autodiff.extend import data_of, operands_of, warn_user

Array = np.ndarray[Any, Any]

# Between what the outputs of an activation lie, whatever it is given.
RANGES = {
    "relu": (0.0, math.inf),
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, math.inf),
    "tanh": (-1.0, 1.0),
}
# What only puts entries elsewhere: the graph is looked through it.
_PLACED = {
    "concatenate", "expand_dims", "getitem", "moveaxis", "reshape", "squeeze", "stack",
    "swapaxes", "transpose",
}  # fmt: skip
_NEAR = 1e-6  # how far a target may be beyond a range, by the rounding of what scaled it
_ROUNDING = 8  # units in the last place of 1, by which a probability may be beyond 0 and 1


def source(output: Any) -> str | None:
    """The operation that all entries of an output come from, where the graph says it.

    >>> from autodiff import Tensor, sigmoid
    >>> source(sigmoid(Tensor([1.0, 2.0]))[:, None])
    'sigmoid'
    """
    op: str | None = getattr(output, "op", None)
    if op not in _PLACED:  # as most are
        return op
    sources = {source(operand) for operand in operands_of(output)}
    return sources.pop() if len(sources) == 1 else None


def ends(numbers: Any) -> tuple[float, float]:
    """The least and the greatest of some numbers; NaN where one is, and for none at all.

    NumPy finds a place several times faster than the number there.
    """
    if not isinstance(numbers, np.ndarray):
        return numbers, numbers
    if not numbers.size:
        return math.nan, math.nan
    return numbers.item(numbers.argmin()), numbers.item(numbers.argmax())


def is_traced(thing: Any) -> bool:
    """Whether it stands for numbers that a trace does not know."""
    return getattr(thing, "traced", False)


# -- errors --------------------------------------------------------------------------------


def refuse_nan(target: Any) -> None:
    """ValueError where a target has NaN, which is called when the loss is NaN."""
    data = np.asarray(data_of(target))
    if is_traced(target) or data.dtype.kind not in "fc" or not np.isnan(data).any():
        return
    places = np.argwhere(np.isnan(data))
    where = f", first at index {tuple(map(int, places[0]))}" if data.ndim else ""
    raise ValueError(
        f"A target is a number, but {len(places)} of these {data.size} are NaN{where}, and so is "
        "the loss.\nLeave those out, or choose among the terms of "
        '`reduction="none"` by `autodiff.where`.'
    )


def check_probabilities(what: str, numbers: Any, fix: str) -> None:
    """ValueError where an entry is further outside of [0, 1] than rounding takes it."""
    if is_traced(numbers):
        return
    data = data_of(numbers)
    least, greatest = ends(data)
    if least < 0 or greatest > 1:
        slack = _ROUNDING * np.finfo(np.result_type(data, np.float16)).eps
        if least < -slack or greatest > 1 + slack:
            raise ValueError(
                f"{what} are from 0 to 1, but these go from {least:.6g} to {greatest:.6g}.\n{fix}"
            )


def refuse_source(loss: str, op: str, instead: str) -> NoReturn:
    """ValueError for an output that has gone through an activation which the loss has in itself."""
    raise ValueError(
        f"`{loss}` is of logits and applies `{op}` itself, but what it is given comes from `{op}` "
        f"already.\nPass what went into that, or use {instead}."
    )


# -- warnings, which Python shows once for each line that calls a loss ----------------------


def warn_of_reach(loss: str, prediction: Any, target: Any) -> None:
    """A warning where the target has what the last activation never gives."""
    op = source(prediction)
    if op not in RANGES:
        return
    low, high = RANGES[op]
    least, greatest = ends(data_of(target))
    if (least < low - _NEAR or greatest > high + _NEAR) and not is_traced(target):
        _warn(
            f"`{op}` gives numbers {_range(op)}, but this `{loss}` has targets "
            f"{f'below {low:g}' if least < low - _NEAR else f'above {high:g}'}, which no "
            "prediction can reach.\n"
            "Scale the targets, or end the model with another activation or none."
        )


def warn_of_bounds(loss: str, op: str, missed: str) -> None:
    """A warning of logits that cannot go as far as a loss may need them to."""
    _warn(
        f"Logits go from -inf to inf, but those of this `{loss}` come from `{op}`, which gives "
        f"numbers {_range(op)}, and so {missed}.\n"
        "End the model without an activation."
    )


def warn_of_probabilities(loss: str) -> None:
    """A warning of logits that look like probabilities."""
    _warn(
        f"`{loss}` is of logits and takes the softmax itself, but each row of these is of numbers "
        "from 0 to 1 that sum to 1, as probabilities do.\n"
        "Pass what went into the softmax, or use `nll(autodiff.log(probabilities), labels)`."
    )


def warn_of_one_class(loss: str) -> None:
    """A warning of a loss that is 0 whatever the model gives."""
    _warn(
        f"`{loss}` tells classes from each other, but these logits are of one class, so that it is "
        "always 0, and its gradient as well.\n"
        "Use `binary_cross_entropy_with_logits` for a yes or no."
    )


def _range(op: str) -> str:
    low, high = RANGES[op]
    return f"from {low:g} to {high:g}" if high < math.inf else f"from {low:g} up"


def _warn(message: str) -> None:
    warn_user(message, UserWarning, "nn")
