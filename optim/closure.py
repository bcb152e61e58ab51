"""Closures: functions that compute the loss anew, for an optimiser that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import Value
from autodiff.extend import data_of, describe, gradient_of, topological

Closure = Callable[[], Any]


def loss_of(closure: Closure, params: Sequence[Value]) -> Value:
    """The loss that a closure computes, after the gradients of the parameters are cleared.

    The closure may pull it back itself, and may clear the gradients, too. Raises TypeError for
    what is no closure, or returns no node of one number.
    """
    if not callable(closure):
        raise TypeError(
            "A closure is a function without arguments that computes and returns the loss, but "
            f"this is {describe(closure)}.\nWrite `optimizer.step(lambda: mse(model(X), y))`, say."
        )
    for p in params:
        p.zero_grad()
    loss = closure()
    if not isinstance(loss, Value) or getattr(data_of(loss), "size", 1) != 1:
        shape = f"a Tensor of shape {loss.shape}" if isinstance(loss, Value) else describe(loss)
        raise TypeError(
            "A closure returns the loss as it was computed, a Value or Tensor of one number, but "
            f"this one returned {shape}.\nEnd it with `return loss`: of its number alone no "
            "gradient can be taken."
        )
    return loss


def pull_back(loss: Value, params: Sequence[Value]) -> None:
    """See to it that the parameters have the gradients of the loss, if its closure has not.

    Raises ValueError where it was computed from none of them.
    """
    if _none_reached(params):
        loss.backward()
        # Where its gradient is 0 a loss reaches none of them, either.
        if _none_reached(params) and set(topological(loss)).isdisjoint(params):
            raise ValueError(
                "A step moves parameters along the gradients of the loss, but the loss that the "
                "closure returned was computed from none of them.\n"
                "Compute it from the parameters that the optimiser was made with, and not from "
                "copies or their `.data`."
            )


def _none_reached(params: Sequence[Value]) -> bool:
    return all(gradient_of(p) is None for p in params)
