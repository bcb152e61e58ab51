"""ListeningGD: gradient descent that finds its rate by listening to the loss."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff import Value

from .groups import Setting, count, positive
from .objective import Objective, Point
from .searching import Searching

SEARCH = 10.0  # times or a part: the steps to the scale of the rate, until it is known
PROMISE = 0.1  # the part of the fall that the gradient promises, at least, for a step to stand


class ListeningGD(Searching):
    """Descent that listens, as one who opens a safe by ear.

    While the loss falls it goes on, and the rate grows: `growth` times after each step. Where the
    loss rises, or is no number, or falls by less than a tenth of what the gradient promises, it
    takes the step back and turns the rate down: `cut` times. A first `lr` may be wrong by any
    number of powers of ten: until the loss has both fallen and risen, it is multiplied or divided
    by 10. `lr` is the rate as it stands. A `step(closure)` asks for the loss `max_iter` times,
    beside once to begin with, and never ends with a higher one.

    With a tenth of the promise for a condition it is the descent of L. Armijo, "Minimization of
    functions having Lipschitz continuous first partial derivatives", Pacific Journal of
    Mathematics 16 (1966), 1-3, but with a rate that is kept from step to step.

    >>> v, w = Value(3.0), Value(5.0)
    >>> listening = ListeningGD([v, w], lr=1e-6)
    >>> for _ in range(8):
    ...     loss = listening.step(lambda: (v - 1.0) ** 2 + 5.0 * w**2)
    >>> loss.data < 1e-9, 0.01 < listening.lr < 1.0
    (True, True)
    """

    growth = Setting("A growth is a finite number above 1", lambda x: 1 < x < math.inf)
    cut = Setting("A cut is a number between 0 and 1", lambda x: 0 < x < 1)
    max_iter = count("The number of losses that a step asks for")
    lr = positive("A first learning rate")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        growth: float = 1.1,
        cut: float = 0.5,
        max_iter: int = 10,
    ) -> None:
        super().__init__(params, lr, growth=growth, cut=cut, max_iter=max_iter)

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        return {"fell": 0, "rose": 0}  # whether the loss has, ever

    def search(self, objective: Objective, point: Point) -> Point:
        group, memory = self.param_groups[0], self.memory
        rate, fell, rose = group["lr"], memory["fell"], memory["rose"]
        begin = point
        for _ in range(group["max_iter"]):
            step = rate * point.gradient
            target, promise = point.x - step, float(step @ point.gradient)
            if promise <= objective.precision * abs(point.loss) or (target == point.x).all():
                if rose or not point.gradient.any():  # at the bottom, as far as the loss shows it
                    break
                rate = min(rate * SEARCH, sys.float_info.max)
                continue
            found = _lower(objective, target, point.loss - PROMISE * promise, point)
            if found is not None:
                point, fell = found, 1
                rate = min(rate * (group["growth"] if rose else SEARCH), sys.float_info.max)
            else:
                rose = 1
                rate *= group["cut"] if fell else 1 / SEARCH
        else:
            if point is begin:  # there is more to try
                point = Point(*begin)
        group["lr"] = rate
        self.remember(fell=fell, rose=rose)
        return point


def _lower(objective: Objective, x: Any, most: float, than: Point) -> Point | None:
    """The point x, if the loss there is finite, at most so much, and lower than at the other."""
    loss = objective.at(x)
    if not (math.isfinite(loss) and loss <= most and loss < than.loss):
        return None
    gradient = objective.gradient()
    return Point(objective.x, loss, gradient) if np.isfinite(gradient).all() else None
