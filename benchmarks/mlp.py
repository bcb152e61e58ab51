"""One training step of a tanh MLP with softmax cross entropy, by hand and by each engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
LR = 0.1


class Problem:
    """Data and first weights, the same for every engine."""

    def __init__(self, sizes: list[int], batch: int, dtype: str) -> None:
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(batch, sizes[0])).astype(dtype)
        self.X.setflags(write=False)
        self.labels = rng.integers(0, sizes[-1], batch)
        self.layers = [
            ((rng.normal(size=pair) / np.sqrt(pair[0])).astype(dtype), np.zeros(pair[1], dtype))
            for pair in itertools.pairwise(sizes)
        ]

    def copied(self) -> tuple[list[Any], list[Any]]:
        """Weights and biases of an engine's own."""
        return [W.copy() for W, _ in self.layers], [b.copy() for _, b in self.layers]


def by_hand(p: Problem) -> Step:
    """As a person writes it in NumPy at first."""
    W, b = p.copied()
    rows, last = np.arange(len(p.X)), len(W) - 1

    def step() -> float:
        hidden = [p.X]
        for i in range(last):
            hidden.append(np.tanh(hidden[-1] @ W[i] + b[i]))
        logits = hidden[-1] @ W[last] + b[last]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        loss = -np.log(probabilities[rows, p.labels]).mean()
        ct = probabilities
        ct[rows, p.labels] -= 1
        ct /= len(rows)
        for i in range(last, -1, -1):
            ct_W, ct_b = hidden[i].T @ ct, ct.sum(axis=0)
            if i:
                ct = (ct @ W[i].T) * (1 - hidden[i] * hidden[i])
            W[i] -= LR * ct_W
            b[i] -= LR * ct_b
        return float(loss)

    return step


def careful(p: Problem) -> Step:
    """As a careful person writes it: every result in a buffer made beforehand, nothing copied."""
    W, b = p.copied()
    count, last, dtype = len(p.X), len(W) - 1, p.X.dtype
    rows = np.arange(count)
    outs = [np.empty((count, w.shape[1]), dtype) for w in W]
    cts = [np.empty((count, w.shape[0]), dtype) for w in W[1:]]
    column = np.empty((count, 1), dtype)
    ct_W, ct_b = [np.empty_like(w) for w in W], [np.empty_like(c) for c in b]

    def step() -> float:
        x = p.X
        for i in range(last):
            out = outs[i]
            np.dot(x, W[i], out=out)
            np.add(out, b[i], out=out)
            x = np.tanh(out, out=out)
        ct = outs[last]  # first the logits, then in their place their cotangent
        np.dot(x, W[last], out=ct)
        np.add(ct, b[last], out=ct)
        np.subtract(ct, np.maximum.reduce(ct, axis=1, keepdims=True, out=column), out=ct)
        chosen = np.add.reduce(ct[rows, p.labels])
        np.exp(ct, out=ct)
        np.add.reduce(ct, axis=1, keepdims=True, out=column)
        loss = (np.add.reduce(np.log(column), axis=None) - chosen) / count
        np.multiply(column, count, out=column)
        np.divide(ct, column, out=ct)
        ct[rows, p.labels] -= 1 / count
        for i in range(last, -1, -1):
            x = outs[i - 1] if i else p.X
            np.dot(x.T, ct, out=ct_W[i])
            np.add.reduce(ct, axis=0, out=ct_b[i])
            if i:
                np.dot(ct, W[i].T, out=cts[i - 1])
                np.multiply(x, x, out=x)
                np.subtract(1, x, out=x)
                ct = np.multiply(cts[i - 1], x, out=x)
            np.multiply(ct_W[i], LR, out=ct_W[i])
            np.subtract(W[i], ct_W[i], out=W[i])
            np.multiply(ct_b[i], LR, out=ct_b[i])
            np.subtract(b[i], ct_b[i], out=b[i])
        return float(loss)

    return step


def compiled(p: Problem) -> Step:
    """By this project: the whole step as one program."""
    from autodiff import compile, cross_entropy, tanh, value_and_grad

    def loss_of(layers: Any, X: Any, labels: Any) -> Any:
        *inner, (W_last, b_last) = layers
        for W, b in inner:
            X = tanh(X @ W + b)
        return cross_entropy(X @ W_last + b_last, labels)

    @compile(donate="layers")
    def train(layers: Any, X: Any, labels: Any) -> Any:
        loss, slopes = value_and_grad(loss_of)(layers, X, labels)
        moved = [
            (W - LR * ct_W, b - LR * ct_b)
            for (W, b), (ct_W, ct_b) in zip(layers, slopes, strict=True)
        ]
        return loss, moved

    layers = list(zip(*p.copied(), strict=True))

    def step() -> float:
        nonlocal layers
        loss, layers = train(layers, p.X, p.labels)
        return float(loss)

    return step


def eager(p: Problem) -> Step:
    """By this project's nn and optim, with a new graph at every step."""
    import nn
    import optim

    modules: list[nn.Module] = []
    for W, b in p.layers:
        linear = nn.Linear(*W.shape, seed=0, dtype=W.dtype)
        linear.weight.data, linear.bias.data = W, b
        modules += [linear, nn.Tanh()]
    model = nn.Sequential(*modules[:-1])
    optimizer = optim.SGD(model.parameters(), lr=LR)

    def step() -> float:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(p.X), p.labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def tutorial(p: Problem) -> Step:
    """By this project as tutorials write it: data that may be written into, a loop that updates."""
    from autodiff import Tensor, cross_entropy, tanh

    W, b = ([Tensor(w) for w in half] for half in p.copied())
    X, last = p.X.copy(), len(W) - 1

    def step() -> float:
        x: Any = X
        for i, (w, c) in enumerate(zip(W, b, strict=True)):
            x = x @ w + c
            if i < last:
                x = tanh(x)
        loss = cross_entropy(x, p.labels)
        loss.backward()
        for t in (*W, *b):
            t.data = t.data - LR * t.grad
            t.zero_grad()
        return float(loss.item())

    return step


def torch(p: Problem) -> Step:
    """By PyTorch, eager, on as many threads as it takes."""
    from torch import from_numpy, nn, no_grad, optim, tensor

    modules: list[nn.Module] = []
    for W, b in p.layers:
        linear = nn.Linear(*W.shape).to(from_numpy(W).dtype)
        with no_grad():
            linear.weight.copy_(from_numpy(W.T.copy()))
            linear.bias.copy_(from_numpy(b))
        modules += [linear, nn.Tanh()]
    model = nn.Sequential(*modules[:-1])
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
            X = jnp.tanh(X @ W + b)
        return -jnp.mean(jax.nn.log_softmax(X @ W_last + b_last)[rows, labels])

    def train(layers: Any, X: Any, labels: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(layers, X, labels)
        return loss, jax.tree.map(lambda w, ct: w - LR * ct, layers, slopes)

    run = jax.jit(train, donate_argnums=0)
    layers = jax.tree.map(jnp.asarray, list(zip(*p.copied(), strict=True)))
    X, labels = jnp.asarray(p.X), jnp.asarray(p.labels)

    def step() -> float:
        nonlocal layers
        loss, layers = jax.block_until_ready(run(layers, X, labels))
        return float(loss)

    return step


def mygrad(p: Problem) -> Step:
    """By MyGrad."""
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    W, b = ([mg.tensor(w) for w in half] for half in p.copied())

    def step() -> float:
        x: Any = p.X
        for i, (w, c) in enumerate(zip(W, b, strict=True)):
            x = mg.matmul(x, w) + c
            if i < len(W) - 1:
                x = mg.tanh(x)
        loss = softmax_crossentropy(x, p.labels)
        loss.backward()
        for t in (*W, *b):
            t.data -= LR * t.grad
            t.null_grad()
        return float(loss.item())

    return step


def autograd(p: Problem) -> Step:
    """By HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    params = list(zip(*p.copied(), strict=True))
    rows = np.arange(len(p.X))

    def loss_of(params: Any) -> Any:
        x = p.X
        for i, (w, c) in enumerate(params):
            x = anp.dot(x, w) + c
            if i < len(params) - 1:
                x = anp.tanh(x)
        return anp.mean(logsumexp(x, axis=1) - x[rows, p.labels])

    both = value_and_grad(loss_of)

    def step() -> float:
        loss, gradients = both(params)
        for (w, c), (gw, gc) in zip(params, gradients, strict=True):
            w -= LR * gw
            c -= LR * gc
        return float(loss)

    return step
