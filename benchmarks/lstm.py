"""A step of an LSTM, forward and backward: the loss over all time steps, and its gradient."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


class Problem:
    """Inputs, targets and weights, the same for every engine; of PyTorch's layout for gates."""

    def __init__(
        self, dtype: str = "float64", steps: int = 32, batch: int = 32, inputs: int = 64,
        hidden: int = 64,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng(0)
        self.sizes = inputs, hidden
        self.dtype = np.dtype(dtype)
        self.xs = rng.normal(size=(steps, batch, inputs)).astype(dtype)
        self.targets = rng.normal(size=(steps, batch, hidden)).astype(dtype)
        shapes = {
            "weight_ih_l0": (inputs, 4 * hidden),
            "weight_hh_l0": (hidden, 4 * hidden),
            "bias_ih_l0": (4 * hidden,),
            "bias_hh_l0": (4 * hidden,),
        }
        bound = hidden**-0.5
        self.weights = {
            name: rng.uniform(-bound, bound, shape).astype(dtype) for name, shape in shapes.items()
        }


def _answer(loss: Any, slopes: Any) -> float:
    """One number that depends on the loss and on the gradients, for the comparison of engines."""
    return float(loss) + sum(float(slope.flat[0]) for slope in slopes)


def by_hand(p: Problem) -> Step:
    """As a person writes it in NumPy: one product for all inputs, and one for each gradient."""
    steps, batch, inputs = p.xs.shape
    hidden = p.sizes[1]

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def step() -> float:
        W, U, b, d = p.weights.values()
        xs = p.xs.reshape(-1, inputs)
        given = (xs @ W + (b + d)).reshape(steps, batch, -1)
        hs = np.zeros((steps + 1, batch, hidden), p.dtype)
        c = np.zeros((batch, hidden), p.dtype)
        kept = []
        for t in range(steps):
            gates = given[t] + hs[t] @ U
            i, f = sigmoid(gates[:, :hidden]), sigmoid(gates[:, hidden : 2 * hidden])
            g, o = np.tanh(gates[:, 2 * hidden : 3 * hidden]), sigmoid(gates[:, 3 * hidden :])
            before, c = c, f * c + i * g
            squashed = np.tanh(c)
            hs[t + 1] = o * squashed
            kept.append((i, f, g, o, before, squashed))
        error = hs[1:] - p.targets
        ct_hs = error * (2 / error.size)
        ct_gates = np.empty_like(given)
        ct_h, ct_c = np.zeros_like(c), np.zeros_like(c)
        for t in range(steps - 1, -1, -1):
            i, f, g, o, before, squashed = kept[t]
            ct_h = ct_h + ct_hs[t]
            ct_c = ct_c + ct_h * o * (1 - squashed * squashed)
            ct = ct_gates[t]
            ct[:, :hidden] = ct_c * g * i * (1 - i)
            ct[:, hidden : 2 * hidden] = ct_c * before * f * (1 - f)
            ct[:, 2 * hidden : 3 * hidden] = ct_c * i * (1 - g * g)
            ct[:, 3 * hidden :] = ct_h * squashed * o * (1 - o)
            ct_c = ct_c * f
            ct_h = ct @ U.T
        flat = ct_gates.reshape(steps * batch, -1)
        ct_b = flat.sum(axis=0)
        slopes = [xs.T @ flat, hs[:-1].reshape(-1, hidden).T @ flat, ct_b, ct_b]
        return _answer(np.mean(error * error), slopes)

    return step


def _loss(p: Problem) -> Any:
    from autodiff import mean
    from nn import LSTM

    model = LSTM(*p.sizes, dtype=p.dtype)

    def loss(weights: Any, xs: Any, targets: Any) -> Any:
        vars(model).update(weights)
        output, _ = model(xs)
        return mean((output - targets) ** 2)

    return loss


def compiled(p: Problem) -> Step:
    """By this project's LSTM, compiled."""
    from autodiff import compile, value_and_grad

    run = compile(value_and_grad(_loss(p)))

    def step() -> float:
        loss, slopes = run(p.weights, p.xs, p.targets)
        return _answer(loss, slopes.values())

    return step


def eager(p: Problem) -> Step:
    """By this project's LSTM, with a new graph at every step."""
    from autodiff import value_and_grad

    run = value_and_grad(_loss(p))

    def step() -> float:
        loss, slopes = run(p.weights, p.xs, p.targets)
        return _answer(loss, slopes.values())

    return step


def torch(p: Problem) -> Step:
    """By PyTorch's LSTM."""
    from torch import from_numpy, nn

    model = nn.LSTM(*p.sizes).to(from_numpy(p.xs).dtype)
    for name, weight in model.named_parameters():
        weight.data = from_numpy(np.array(p.weights[name].T))
    xs, targets = from_numpy(p.xs), from_numpy(p.targets)

    def step() -> float:
        model.zero_grad()
        output, _ = model(xs)
        loss = ((output - targets) ** 2).mean()
        loss.backward()
        slopes = [weight.grad.numpy() for weight in model.parameters()]
        return _answer(loss.detach(), slopes)

    return step


def jax(p: Problem) -> Step:
    """By JAX, jitted, with its own loop."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss_of(weights: Any, xs: Any, targets: Any) -> Any:
        W, U, b, d = (weights[name] for name in p.weights)

        def cell(state: Any, given: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(given + h @ U, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((xs.shape[1], p.sizes[1]), xs.dtype)
        _, output = jax.lax.scan(cell, (zeros, zeros), xs @ W + (b + d))
        return jnp.mean((output - targets) ** 2)

    run = jax.jit(jax.value_and_grad(loss_of))
    given = [jax.tree.map(jnp.asarray, part) for part in (p.weights, p.xs, p.targets)]

    def step() -> float:
        loss, slopes = jax.block_until_ready(run(*given))
        return _answer(loss, [np.asarray(slopes[name]) for name in p.weights])

    return step


def preparing() -> dict[str, float]:
    """Seconds of the first call, which traces and compiles."""
    step = compiled(Problem())
    start = time.perf_counter()
    step()
    return {"compile": time.perf_counter() - start}
