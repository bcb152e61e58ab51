"""What the product of a Hessian and a vector costs, against the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


class Problem:
    """The mean squared error of a tanh MLP, and a direction in its parameters."""

    def __init__(self, batch: int, width: int) -> None:
        rng = np.random.default_rng(0)
        sizes = [(width, width), (width, width), (width, 1)]
        self.params = [rng.normal(size=s) / np.sqrt(s[0]) for s in sizes]
        self.direction = [rng.normal(size=s) for s in sizes]
        self.X, self.targets = rng.normal(size=(batch, width)), rng.normal(size=(batch, 1))

    def loss(self, params: Any) -> Any:
        from autodiff import mean, tanh

        first, second, last = params
        return mean((tanh(tanh(self.X @ first) @ second) @ last - self.targets) ** 2)


def function(p: Problem) -> Step:
    """The function alone, on arrays."""
    return lambda: float(p.loss(p.params))


def gradient(p: Problem) -> Step:
    """The function and its gradient."""
    from autodiff import value_and_grad

    run = value_and_grad(p.loss)
    return lambda: float(run(p.params)[0])


def hvp(p: Problem) -> Step:
    """The product of the Hessian and the direction."""
    from autodiff import hvp

    return lambda: float(hvp(p.loss, (p.params,), (p.direction,))[0][0, 0])


def compiled(p: Problem) -> Step:
    """The same product as one program."""
    from autodiff import compile, hvp

    run = compile(lambda params, direction: hvp(p.loss, (params,), (direction,)))
    return lambda: float(run(p.params, p.direction)[0][0, 0])
