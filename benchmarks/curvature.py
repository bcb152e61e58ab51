"""What the product of a Hessian and a vector costs, against the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
Loss = Callable[[Any], Any]
Params = list[np.ndarray[Any, Any]]


def network(rng: np.random.Generator, batch: int, width: int) -> tuple[Loss, Params]:
    """The mean squared error of a tanh MLP with two hidden layers."""
    from autodiff import mean, tanh

    X, targets = rng.normal(size=(batch, width)), rng.normal(size=(batch, 1))
    sizes = [(width, width), (width, width), (width, 1)]

    def loss(params: Any) -> Any:
        first, second, last = params
        return mean((tanh(tanh(X @ first) @ second) @ last - targets) ** 2)

    return loss, [rng.normal(size=s) / np.sqrt(s[0]) for s in sizes]


def logistic(rng: np.random.Generator, rows: int, features: int) -> tuple[Loss, Params]:
    """The mean loss of a logistic regression."""
    from autodiff import mean, softplus

    X, y = rng.normal(size=(rows, features)), (rng.random(rows) > 0.5) * 1.0

    def loss(params: Any) -> Any:
        z = X @ params[0]
        return mean(softplus(z) - y * z)

    return loss, [rng.normal(size=features)]


def factors(rng: np.random.Generator, size: int, rank: int) -> tuple[Loss, Params]:
    """The squared distance of a matrix from a product of two of low rank."""
    M = rng.normal(size=(size, size))

    def loss(params: Any) -> Any:
        left, right = params
        return ((left @ right - M) ** 2).sum()

    return loss, [rng.normal(size=(size, rank)), rng.normal(size=(rank, size))]


def rosenbrock(rng: np.random.Generator, size: int) -> tuple[Loss, Params]:
    """Rosenbrock's function of so many numbers."""

    def loss(params: Any) -> Any:
        x = params[0]
        return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()

    return loss, [rng.normal(size=size)]


FUNCTIONS = {f.__name__: f for f in (network, logistic, factors, rosenbrock)}


class Problem:
    """A function of its parameters by name, and a direction for them."""

    def __init__(self, name: str, *sizes: int) -> None:
        rng = np.random.default_rng(0)
        self.loss, self.params = FUNCTIONS[name](rng, *sizes)
        self.direction = [rng.normal(size=p.shape) for p in self.params]


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

    return lambda: float(hvp(p.loss, (p.params,), (p.direction,))[0].flat[0])


def compiled(p: Problem) -> Step:
    """The same product as one program."""
    from autodiff import compile, hvp

    run = compile(lambda params, direction: hvp(p.loss, (params,), (direction,)))
    return lambda: float(run(p.params, p.direction)[0].flat[0])
