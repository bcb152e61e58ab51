"""The elementwise chain sum(tanh(x) sigmoid(x) + exp(-x**2) x) and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


class Problem:
    """The numbers, the same for every engine."""

    def __init__(self, size: int) -> None:
        self.x = np.random.default_rng(0).normal(size=size)


def by_hand(p: Problem) -> Step:
    """As a person writes it in NumPy."""

    def step() -> float:
        x = p.x
        t, s, e = np.tanh(x), 1 / (1 + np.exp(-x)), np.exp(-(x**2))
        value = np.sum(t * s + e * x)
        slope = (1 - t * t) * s + t * s * (1 - s) + e * (1 - 2 * x * x)
        return float(value + slope[0])

    return step


def compiled(p: Problem) -> Step:
    """By this project."""
    from autodiff import compile, exp, sigmoid, sum, tanh, value_and_grad

    run = compile(value_and_grad(lambda x: sum(tanh(x) * sigmoid(x) + exp(-(x**2)) * x)))

    def step() -> float:
        value, slope = run(p.x)
        return float(value + slope[0])

    return step


def torch(p: Problem) -> Step:
    """By PyTorch, eager."""
    from torch import autograd, exp, sigmoid, tanh, tensor

    x = tensor(p.x, requires_grad=True)

    def step() -> float:
        value = (tanh(x) * sigmoid(x) + exp(-(x**2)) * x).sum()
        (slope,) = autograd.grad(value, x)
        return float(value.item() + slope[0].item())

    return step


def jax(p: Problem) -> Step:
    """By JAX, jitted."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def f(x: Any) -> Any:
        return jnp.sum(jnp.tanh(x) * jax.nn.sigmoid(x) + jnp.exp(-(x**2)) * x)

    run, x = jax.jit(jax.value_and_grad(f)), jnp.asarray(p.x)

    def step() -> float:
        value, slope = jax.block_until_ready(run(x))
        return float(value) + np.asarray(slope)[0].item()  # a view: nothing is copied

    return step


def mygrad(p: Problem) -> Step:
    """By MyGrad."""
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid

    x = mg.tensor(p.x)

    def step() -> float:
        value = (mg.tanh(x) * sigmoid(x) + mg.exp(-(x**2)) * x).sum()
        value.backward()
        answer = float(value.item() + x.grad[0])
        x.null_grad()
        return answer

    return step


def autograd(p: Problem) -> Step:
    """By HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    run = value_and_grad(
        lambda x: anp.sum(anp.tanh(x) * (1 / (1 + anp.exp(-x))) + anp.exp(-(x**2)) * x)
    )

    def step() -> float:
        value, slope = run(p.x)
        return float(value + slope[0])

    return step
