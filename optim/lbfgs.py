"""LBFGS: Newton's method with a Hessian that is learnt from the gradients along the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autodiff.extend import is_count

from .groups import Setting, amount, count
from .line_search import strong_wolfe
from .objective import Objective, Point, Vector
from .searching import Searching

CURVED = 1e-10  # the least cosine between a step and the change of the gradient that is kept
PAIR = ("step", "change")  # as the state calls them, with their number


class LBFGS(Searching):
    """Limited-memory BFGS: the last steps, and what each changed of the gradient, give the next.

    A `step(closure)` makes `max_iter` such steps, and ends earlier after `max_eval` losses (1¼
    `max_iter` if not given), where no entry of the gradient is greater than `tolerance_grad`, and
    where neither the loss nor any parameter has changed by more than `tolerance_change`. How far a
    step goes is sought from `lr` times its length, by the strong conditions of Wolfe; without a
    `line_search`, for None, it is that far, and the loss may rise.
    D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization",
    Mathematical Programming 45 (1989), 503-528, algorithm 2.1.

    >>> from autodiff import Tensor
    >>> w = Tensor([-1.2, 1.0])
    >>> lbfgs = LBFGS([w], max_iter=50)
    >>> loss = lbfgs.step(lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2)
    >>> np.round(w.data, 6)
    array([1., 1.])
    """

    max_iter = count("The number of steps of a search")
    max_eval = Setting(
        "The losses of a search are a whole number from 1 up, or None for 1¼ times its steps",
        lambda x: x is None or is_count(x),
        lambda x: None if x is None else int(x),
    )
    tolerance_grad = amount("A tolerance for the gradient")
    tolerance_change = amount("A tolerance for the change")
    history_size = count("The number of steps that are remembered")
    line_search = Setting(
        '`line_search` is "strong_wolfe" or None',
        lambda x: x in ("strong_wolfe", None),
        lambda x: x,
    )

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
        line_search: str | None = "strong_wolfe",
    ) -> None:
        super().__init__(
            params, lr, max_iter=max_iter, max_eval=max_eval, tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change, history_size=history_size, line_search=line_search,
        )  # fmt: skip

    def search(self, objective: Objective, point: Point) -> Point:
        group, pairs = self.param_groups[0], self._remembered(objective)
        most = objective.evaluations + (group["max_eval"] or 5 * group["max_iter"] // 4)
        for _ in range(group["max_iter"]):
            if np.abs(point.gradient).max(initial=0.0) <= group["tolerance_grad"]:
                break
            direction = downhill(point.gradient, pairs)
            if not point.gradient @ direction < 0:
                pairs, direction = [], -point.gradient
            first = group["lr"]
            if not pairs:  # of a gradient alone the length says nothing
                first *= min(1.0, 1 / float(np.abs(point.gradient).sum()))
            found = self._along(objective, point, direction, first)
            if found is point:
                if not pairs:
                    break
                pairs = []  # which have led nowhere
                continue
            step, change = found.x - point.x, found.gradient - point.gradient
            if step @ change > CURVED * math.sqrt((step @ step) * (change @ change)):
                pairs = [*pairs, (step, change)][-group["history_size"] :]
            least, fall = group["tolerance_change"], abs(found.loss - point.loss)
            point = found
            if np.abs(step).max() <= least or fall < least or objective.evaluations >= most:
                break
        self._remember(objective, pairs)
        return point

    def _along(self, objective: Objective, point: Point, direction: Vector, first: float) -> Point:
        """The next point, or the same where the loss falls no further."""
        if self.param_groups[0]["line_search"]:
            return strong_wolfe(objective, point, direction, first)
        found = objective.point(point.x + first * direction)
        return found if np.isfinite(found.gradient).all() else point

    def _remembered(self, objective: Objective) -> list[tuple[Vector, Vector]]:
        """Pairs of a step and what it changed of the gradient, as the state has them."""
        states = [self.state[p] for p in self.params]
        known = min(len(state) for state in states) // 2
        rows = [
            tuple(objective.joined([state[f"{what} {i}"] for state in states]) for what in PAIR)
            for i in range(known)
        ]
        return [(step, change) for step, change in rows if step @ change > 0]

    def _remember(self, objective: Objective, pairs: Sequence[tuple[Vector, Vector]]) -> None:
        """Write them into the state of each parameter, its part in its own dtype."""
        for p in self.params:
            self.state[p].clear()
        for i, pair in enumerate(pairs):
            for what, vector in zip(PAIR, pair, strict=True):
                for p, part in zip(self.params, objective.split(vector), strict=True):
                    self.state[p][f"{what} {i}"] = part


def downhill(gradient: Vector, pairs: Sequence[tuple[Vector, Vector]]) -> Vector:
    """Minus the gradient, divided by the Hessian of which the pairs of a step and a change tell.

    J. Nocedal and S. Wright, Numerical Optimization, 2nd edition, 2006, algorithm 7.4.
    """
    q, parts = -gradient, []
    for step, change in reversed(pairs):
        part = (step @ q) / (step @ change)
        q = q - part * change
        parts.append(part)
    if pairs:
        step, change = pairs[-1]
        q *= (step @ change) / (change @ change)
    for (step, change), part in zip(pairs, reversed(parts), strict=True):
        q = q + (part - (change @ q) / (step @ change)) * step
    return q
