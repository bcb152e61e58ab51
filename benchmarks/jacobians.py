"""Whole Jacobians and Hessians: of functions written once, over each engine's own names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
Function = Callable[[Any, Any], Any]  # of an engine's namespace and the inputs


def dense(rng: np.random.Generator, rows: int, columns: int) -> tuple[Function, int]:
    """tanh(A x)."""
    A = rng.normal(size=(rows, columns)) / np.sqrt(columns)
    return lambda xp, x: xp.tanh(xp.asarray(A) @ x), columns


def network(rng: np.random.Generator) -> tuple[Function, int]:
    """The outputs of an MLP 50-100-100-30 by its inputs."""
    shapes = (50, 100), (100, 100), (100, 30)
    first, second, third = (rng.normal(size=s) / np.sqrt(s[0]) for s in shapes)

    def f(xp: Any, x: Any) -> Any:
        h = xp.tanh(x @ xp.asarray(first))
        return xp.tanh(h @ xp.asarray(second)) @ xp.asarray(third)

    return f, 50


def logistic(rng: np.random.Generator) -> tuple[Function, int]:
    """The loss of a logistic regression over 200 rows, by 50 weights."""
    X, y = rng.normal(size=(200, 50)) / 7, (rng.random(200) > 0.5) * 1.0

    def f(xp: Any, w: Any) -> Any:
        z = xp.asarray(X) @ w
        return xp.sum(xp.log(1 + xp.exp(z)) - xp.asarray(y) * z) / len(y)

    return f, 50


def rosenbrock(rng: np.random.Generator, count: int) -> tuple[Function, int]:
    """Rosenbrock's function of so many numbers."""
    return lambda xp, x: xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), count


def hand(rng: np.random.Generator) -> tuple[Function, int]:
    """Where 100 points of a hand of 544 vertices are (300 numbers): by the angles of 5 times 4
    joints, by 3 angles that turn it and 3 numbers that move it. ADBench has one like it."""
    vertices, weights = rng.normal(size=(544, 3)), rng.random(size=(20, 544, 1)) / 20
    chosen = rng.permutation(544)[:100]
    axes = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        axes[i, k, j], axes[i, j, k] = 1.0, -1.0

    def turned(xp: Any, angle: Any, axis: int) -> Any:
        """Rodrigues' formula."""
        K = axes[axis]
        return (
            xp.asarray(np.eye(3))
            + xp.sin(angle) * xp.asarray(K)
            + (1 - xp.cos(angle)) * xp.asarray(K @ K)
        )

    def f(xp: Any, x: Any) -> Any:
        total: Any = 0.0
        for finger in range(5):
            turn, place = xp.asarray(np.eye(3)), xp.asarray(np.zeros(3))
            for joint in range(4):
                turn = turn @ turned(xp, x[4 * finger + joint], joint % 3)
                place = place + turn[finger % 3]
                weight = xp.asarray(weights[4 * finger + joint])
                total = total + weight * (xp.asarray(vertices) @ turn + place)
        whole = turned(xp, x[20], 0) @ turned(xp, x[21], 1) @ turned(xp, x[22], 2)
        return (total @ whole + x[23:])[chosen]

    return f, 26


HESSIANS = ("logistic", "rosenbrock")
FUNCTIONS: dict[str, Callable[..., tuple[Function, int]]] = {
    f.__name__: f for f in (dense, network, logistic, rosenbrock, hand)
}


class Problem:
    """A function by its name, the point, and which derivative is asked for."""

    def __init__(self, name: str, *sizes: int) -> None:
        rng = np.random.default_rng(0)
        self.f, count = FUNCTIONS[name](rng, *sizes)
        self.x = rng.normal(size=count) / 3
        self.second = name in HESSIANS
        self.wide = name == "hand"  # of few inputs, so that who may choose pushes forward


def _total(answer: Any) -> float:
    weights = np.cos(np.arange(float(answer.size)))
    return float(np.asarray(answer).reshape(-1) @ weights)


def eager(p: Problem) -> Step:
    """By this project, with a new graph each time."""
    import autodiff as ad

    derivative = (ad.hessian if p.second else ad.jacobian)(lambda x: p.f(np, x))
    return lambda: _total(derivative(p.x))


def compiled(p: Problem) -> Step:
    """By this project, as one program."""
    import autodiff as ad

    derivative = ad.compile((ad.hessian if p.second else ad.jacobian)(lambda x: p.f(np, x)))
    return lambda: _total(derivative(p.x))


def jax_jit(p: Problem) -> Step:
    """By JAX, compiled."""
    import jax

    derivative = jax.jit(_jax(p))
    return lambda: _total(derivative(p.x).block_until_ready())


def jax_eager(p: Problem) -> Step:
    """By JAX, operation by operation."""
    derivative = _jax(p)
    return lambda: _total(derivative(p.x).block_until_ready())


def _jax(p: Problem) -> Callable[[Any], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    first = jax.jacfwd if p.wide else jax.jacrev
    return (jax.hessian if p.second else first)(lambda x: p.f(jax.numpy, x))  # type: ignore[no-any-return]


def torch(p: Problem) -> Step:
    """By torch.func."""
    import torch

    first = torch.func.jacfwd if p.wide else torch.func.jacrev
    derivative = (torch.func.hessian if p.second else first)(lambda x: p.f(torch, x))
    x = torch.tensor(p.x)
    return lambda: _total(derivative(x).numpy())


def autograd(p: Problem) -> Step:
    """By HIPS autograd."""
    import autograd
    import autograd.numpy as anp

    derivative = (autograd.hessian if p.second else autograd.jacobian)(lambda x: p.f(anp, x))
    return lambda: _total(derivative(p.x))
