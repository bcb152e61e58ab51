"""One training step of a tanh MLP with softmax cross entropy, by hand and by each engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
import optim

Step = Callable[[], Any]
LR = 0.1


class Problem:
    """Data and first weights, the same for every engine."""

    def __init__(self, sizes: tuple[int, ...], batch: int, dtype: Any = np.float64) -> None:
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(batch, sizes[0])).astype(dtype)
        self.X.setflags(write=False)
        self.labels = rng.integers(0, sizes[-1], batch)
        pairs = list(itertools.pairwise(sizes))
        self.weights = [(rng.normal(size=p) / np.sqrt(p[0])).astype(dtype) for p in pairs]
        self.biases = [np.zeros(p[1], dtype) for p in pairs]


def by_hand(p: Problem) -> Step:
    """As a person writes it in NumPy."""
    W, b = [w.copy() for w in p.weights], [c.copy() for c in p.biases]
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


def nabigrad(p: Problem) -> Step:
    """By this project's nn and optim."""
    layers: list[nn.Module] = []
    for W, b in zip(p.weights, p.biases, strict=True):
        linear = nn.Linear(*W.shape, seed=0, dtype=W.dtype)
        linear.weight.data, linear.bias.data = W, b
        layers += [linear, nn.Tanh()]
    model = nn.Sequential(*layers[:-1])
    optimizer = optim.SGD(model.parameters(), lr=LR)

    def step() -> float:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(p.X), p.labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def mygrad(p: Problem) -> Step:
    """By MyGrad."""
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    W, b = [mg.tensor(w) for w in p.weights], [mg.tensor(c) for c in p.biases]

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
        return loss.item()

    return step


def autograd(p: Problem) -> Step:
    """By HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    params = [[w.copy(), c.copy()] for w, c in zip(p.weights, p.biases, strict=True)]
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
