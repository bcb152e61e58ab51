"""One training step of a small convolutional network, by each engine: 64 images of 8 by 8.

Two convolutions of 3 by 3, to 16 and to 32 channels, each with a ReLU and the largest of 2 by 2,
then ten logits and their cross entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
LR = 0.1


class Problem:
    """Images, labels and first weights, the same for every engine."""

    def __init__(self, dtype: str, batch: int = 64) -> None:
        rng = np.random.default_rng(0)
        self.X = rng.random((batch, 1, 8, 8)).astype(dtype)
        self.X.setflags(write=False)
        self.labels = rng.integers(0, 10, batch)
        shapes = [(16, 1, 3, 3), (32, 16, 3, 3), (128, 10)]
        fans = [9, 144, 128]
        self.layers = [
            ((rng.normal(size=s) / np.sqrt(n)).astype(dtype), np.zeros(max(s[0] % 128, 10), dtype))
            for s, n in zip(shapes, fans, strict=True)
        ]

    def copied(self) -> list[Any]:
        """The weight and the bias of each layer, of an engine's own."""
        return [(W.copy(), b.copy()) for W, b in self.layers]


def compiled(p: Problem) -> Step:
    """By this project: the whole step as one program."""
    from autodiff import (
        compile,
        convolution,
        cross_entropy,
        max_pool,
        relu,
        reshape,
        value_and_grad,
    )

    def loss_of(layers: Any, X: Any, labels: Any) -> Any:
        *inner, (W_last, b_last) = layers
        for W, b in inner:
            X = max_pool(relu(convolution(X, W, padding=1) + reshape(b, (-1, 1, 1))), (2, 2))
        return cross_entropy(reshape(X, (len(X), -1)) @ W_last + b_last, labels)

    @compile(donate="layers")
    def train(layers: Any, X: Any, labels: Any) -> Any:
        loss, slopes = value_and_grad(loss_of)(layers, X, labels)
        moved = [
            (W - LR * ct_W, b - LR * ct_b)
            for (W, b), (ct_W, ct_b) in zip(layers, slopes, strict=True)
        ]
        return loss, moved

    layers = p.copied()

    def step() -> float:
        nonlocal layers
        loss, layers = train(layers, p.X, p.labels)
        return float(loss)

    return step


def eager(p: Problem) -> Step:
    """By this project's nn and optim, with a new graph at every step."""
    import nn
    import optim

    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    ).astype(p.X.dtype)  # fmt: skip
    for layer, (W, b) in zip((model[0], model[3], model[7]), p.layers, strict=True):
        layer.weight.data, layer.bias.data = W, b
    optimizer = optim.SGD(model.parameters(), lr=LR)

    def step() -> float:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(p.X), p.labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def torch(p: Problem) -> Step:
    """By PyTorch, eager, on as many threads as it takes."""
    from torch import from_numpy, nn, no_grad, optim, tensor

    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    ).to(tensor(p.X).dtype)  # fmt: skip
    with no_grad():
        for layer, (W, b) in zip((model[0], model[3], model[7]), p.copied(), strict=True):
            layer.weight.copy_(from_numpy(W.T.copy() if W.ndim == 2 else W))
            layer.bias.copy_(from_numpy(b))
    optimizer, loss_of = optim.SGD(model.parameters(), lr=LR), nn.CrossEntropyLoss()
    X, labels = tensor(p.X), tensor(p.labels)

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_of(model(X), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def jax(p: Problem) -> Step:
    """By JAX: the whole step jitted, its parameters donated."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    rows = np.arange(len(p.X))

    def loss_of(layers: Any, X: Any, labels: Any) -> Any:
        *inner, (W_last, b_last) = layers
        for W, b in inner:
            z = jax.lax.conv_general_dilated(X, W, (1, 1), "SAME") + b[:, None, None]
            window = (1, 1, 2, 2)
            X = jax.lax.reduce_window(
                jax.nn.relu(z), -jnp.inf, jax.lax.max, window, window, "VALID"
            )
        logits = X.reshape(len(X), -1) @ W_last + b_last
        return -jnp.mean(jax.nn.log_softmax(logits)[rows, labels])

    def train(layers: Any, X: Any, labels: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(layers, X, labels)
        return loss, jax.tree.map(lambda w, ct: w - LR * ct, layers, slopes)

    run = jax.jit(train, donate_argnums=0)
    layers = jax.tree.map(jnp.asarray, p.copied())
    X, labels = jnp.asarray(p.X), jnp.asarray(p.labels)

    def step() -> float:
        nonlocal layers
        loss, layers = jax.block_until_ready(run(layers, X, labels))
        return float(loss)

    return step
