"""What a step of Newton's method costs beside one of gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


class Problem:
    """The sum of log cosh(xᵢ - xᵢ₋₁), and of sᵢ (xᵢ - 1)² / 2 with sᵢ from 0.1 to 10."""

    def __init__(self, size: int) -> None:
        self.start = np.random.default_rng(0).normal(size=size)
        self.scales = np.geomspace(0.1, 10, size)

    def loss(self, w: Any) -> Any:
        """The loss, for a Tensor."""
        from autodiff import cosh, log

        return log(cosh(w[1:] - w[:-1])).sum() + (self.scales * (w - 1) ** 2).sum() / 2


def _stepping(p: Problem, make: Callable[[Any], Any]) -> Step:
    """A step from the start, over and over: the first parameter after it."""
    from autodiff import Tensor

    w = Tensor(p.start)
    optimizer = make(w)

    def step() -> float:
        w.data = p.start
        optimizer.step(lambda: p.loss(w))
        return float(w.data[0])

    return step


def descent(p: Problem) -> Step:
    """Of gradient descent."""
    from optim import GD

    return _stepping(p, lambda w: GD([w], lr=0.01))


def exact(p: Problem) -> Step:
    """With the whole Hessian, by differentiating the gradient."""
    from optim import Newton

    return _stepping(p, lambda w: Newton([w]))


def differences(p: Problem) -> Step:
    """With the whole Hessian, by differences of gradients."""
    from optim import Newton

    return _stepping(p, lambda w: Newton([w], hessian="finite-difference"))


def products(p: Problem) -> Step:
    """Without it, by conjugate gradients."""
    from optim import Newton

    return _stepping(p, lambda w: Newton([w], hessian="products"))
