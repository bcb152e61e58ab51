"""Gradients made smaller before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from autodiff import Value
from autodiff.extend import describe, gradient_of

from .groups import positive

_NORM, _VALUE = positive("A greatest norm"), positive("A greatest value")


def clip_gradients(
    params: Iterable[Value], norm: float | None = None, value: float | None = None
) -> float:
    """Make gradients no longer than `norm`, all of them together, or each entry at most `value`.

    By norm they are all multiplied by one number, so that they keep their direction. Returns the
    norm that they had before. Call it between `backward()` and `step()`. A parameter that no pass
    has reached is left alone. Raises ValueError, before anything is changed, where a gradient is
    not finite, where no pass has reached any, and where it is not said by which of the two to clip.

    >>> from autodiff import Tensor
    >>> w = Tensor([3.0, 4.0])
    >>> (w * w / 2).sum().backward()
    >>> clip_gradients([w], norm=1.0), w.grad
    (5.0, array([0.6, 0.8]))
    >>> clip_gradients([w], value=0.7), w.grad
    (1.0, array([0.6, 0.7]))
    """
    if (norm is None) == (value is None):
        raise ValueError(
            "Gradients are clipped by their norm or by value, but this is "
            f"norm={norm!r} and value={value!r}.\nPass one of the two, as in `norm=1.0`."
        )
    limit = _NORM.check(norm) if value is None else _VALUE.check(value)
    params = [params] if isinstance(params, Value) else params
    if not isinstance(params, Iterable):
        _refuse(params)
    params = list(params)
    for p in params:
        if not isinstance(p, Value):
            _refuse(p)
    reached = [p for p in dict.fromkeys(params) if gradient_of(p) is not None]
    if not reached:
        raise ValueError(
            f"Gradients are clipped where there are some, but none of these {len(params)} "
            "parameters has one.\nCall it after `backward()`, and before `step()`."
        )
    length = _norm(reached)
    if value is not None:
        for p in reached:
            p.grad = np.clip(gradient_of(p), -limit, limit)
    elif length > limit:
        for p in reached:
            p.grad = gradient_of(p) * (limit / length)
    return length


def _refuse(thing: Any) -> NoReturn:
    raise TypeError(
        f"Gradients to clip are those of parameters, but this is {describe(thing)}.\n"
        "Pass `model.parameters()`."
    )


def _norm(params: list[Value]) -> float:
    """The norm of all gradients as one vector; of numbers too great or small to square, too."""
    largest = 0.0
    for place, p in enumerate(params):
        most = float(np.max(np.abs(gradient_of(p)), initial=0.0))
        if not math.isfinite(most):
            raise ValueError(
                f"Gradients to clip are finite, but that of parameter {place}, {p.label()}, has "
                f"{most}.\nFind where it comes from with `autodiff.detect_anomaly()`."
            )
        largest = max(largest, most)
    if not largest:
        return 0.0
    parts = [np.ravel(np.divide(gradient_of(p), largest, dtype=np.float64)) for p in params]
    length = largest * math.sqrt(sum(float(part @ part) for part in parts))
    if not math.isfinite(length):
        raise ValueError(
            f"Gradients to clip have a finite norm, but these are as great as {largest}.\n"
            "Clip them by value first."
        )
    return length
