"""The loss of a tanh RNN after its last time step, and the gradient by its weights."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


class Problem:
    """Inputs, targets and weights, the same for every engine."""

    def __init__(self, steps: int = 200, batch: int = 16, inputs: int = 8, hidden: int = 32):
        rng = np.random.default_rng(0)
        self.xs = rng.normal(size=(steps, batch, inputs))
        self.targets = rng.normal(size=(batch, 1))
        self.first = np.zeros((batch, hidden))
        self.weights = [
            rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
            rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
            np.zeros(hidden),
            rng.normal(size=(hidden, 1)) / np.sqrt(hidden),
        ]


def _loss(weights: Any, xs: Any, h: Any, targets: Any, tanh: Any) -> Any:
    """The mean squared error of the last output: as each engine is told it, but for JAX."""
    W_in, W_hidden, b, W_out = weights
    for x in xs:
        h = tanh(x @ W_in + h @ W_hidden + b)
    return ((h @ W_out - targets) ** 2).mean()


def _answer(loss: Any, slopes: Any) -> float:
    """One number that depends on the loss and on a gradient, for the comparison of engines."""
    return float(loss) + float(slopes[1][0, 0])


def by_hand(p: Problem) -> Step:
    """As a person writes it in NumPy."""

    def step() -> float:
        W_in, W_hidden, b, W_out = p.weights
        hs = [p.first]
        for x in p.xs:
            hs.append(np.tanh(x @ W_in + hs[-1] @ W_hidden + b))
        error = hs[-1] @ W_out - p.targets
        slopes = [np.zeros_like(w) for w in p.weights]
        ct_out = error * (2 / len(error))
        slopes[3] += hs[-1].T @ ct_out
        ct = ct_out @ W_out.T
        for t in range(len(p.xs) - 1, -1, -1):
            ct *= 1 - hs[t + 1] * hs[t + 1]
            slopes[0] += p.xs[t].T @ ct
            slopes[1] += hs[t].T @ ct
            slopes[2] += ct.sum(axis=0)
            ct = ct @ W_hidden.T
        return _answer(np.mean(error**2), slopes)

    return step


def compiled(p: Problem) -> Step:
    """By this project."""
    return _compiled(p)[1]


def _compiled(p: Problem) -> tuple[Any, Step]:
    from autodiff import compile, tanh, value_and_grad

    @compile
    def run(weights: Any, xs: Any, first: Any, targets: Any) -> Any:
        return value_and_grad(lambda w: _loss(w, xs, first, targets, tanh))(weights)

    return run, lambda: _answer(*run(p.weights, p.xs, p.first, p.targets))


def eager(p: Problem) -> Step:
    """By this project, with a new graph at every step."""
    from autodiff import tanh, value_and_grad

    run = value_and_grad(lambda w: _loss(w, p.xs, p.first, p.targets, tanh))
    return lambda: _answer(*run(p.weights))


def torch(p: Problem) -> Step:
    """By PyTorch, eager."""
    from torch import autograd, tanh, tensor

    weights = [tensor(w, requires_grad=True) for w in p.weights]
    xs, first, targets = tensor(p.xs), tensor(p.first), tensor(p.targets)

    def step() -> float:
        loss = _loss(weights, xs, first, targets, tanh)
        return _answer(loss.detach(), autograd.grad(loss, weights))

    return step


def jax(p: Problem) -> Step:
    """By JAX, jitted, with its own loop: unrolled, it would compile for a long time."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss_of(weights: Any, xs: Any, first: Any, targets: Any) -> Any:
        W_in, W_hidden, b, W_out = weights
        h, _ = jax.lax.scan(lambda h, x: (jnp.tanh(x @ W_in + h @ W_hidden + b), None), first, xs)
        return jnp.mean((h @ W_out - targets) ** 2)

    run = jax.jit(jax.value_and_grad(loss_of))
    given = [jax.tree.map(jnp.asarray, part) for part in (p.weights, p.xs, p.first, p.targets)]
    return lambda: _answer(*jax.tree.map(np.asarray, jax.block_until_ready(run(*given))))


def mygrad(p: Problem) -> Step:
    """By MyGrad."""
    import mygrad as mg

    weights = [mg.tensor(w) for w in p.weights]

    def step() -> float:
        loss = _loss(weights, p.xs, p.first, p.targets, mg.tanh)
        loss.backward()
        answer = _answer(loss.item(), [w.grad for w in weights])
        for w in weights:
            w.null_grad()
        return answer

    return step


def autograd(p: Problem) -> Step:
    """By HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    run = value_and_grad(lambda w: _loss(w, p.xs, p.first, p.targets, anp.tanh))
    return lambda: _answer(*run(p.weights))


def preparing() -> dict[str, float]:
    """Seconds of the first call, which traces and compiles."""
    _, step = _compiled(Problem())
    start = time.perf_counter()
    step()
    return {"compile": time.perf_counter() - start}
