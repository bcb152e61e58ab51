"""Whole trainings: epochs of a network on digits-like data, and micrograd's moons by scalars.

A step here is a training from its beginning, tracing and its first eager step included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import moons
import numpy as np

Step = Callable[[], float]
EPOCHS, STEPS = 40, 10  # of the digits, of the moons


class Problem:
    """1,437 rows of 64 features in 10 classes, as the training part of the digits has."""

    def __init__(self, what: str) -> None:
        if what == "moons":
            self.moons = moons.Problem()
            return
        rng = np.random.default_rng(0)
        self.x = rng.random((1437, 64))
        self.y = (self.x @ rng.normal(size=(64, 10))).argmax(1)
        shapes = (64, 64), (64, 10)
        self.weights = [rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes]
        order = np.random.default_rng(1)
        self.orders = [order.permutation(1437) for _ in range(EPOCHS)]


def digits(p: Problem) -> Step:
    """By `train`: 64-64-10, sigmoid, SGD with momentum, batches of 32."""
    from nn import Linear, Sequential, Sigmoid, cross_entropy
    from optim import SGD, train

    def step() -> float:
        model = Sequential(Linear(64, 64), Sigmoid(), Linear(64, 10))
        for layer, weight in zip((model[0], model[2]), p.weights, strict=True):
            layer.weight.data = weight
        sgd = SGD(model.parameters(), lr=0.1, momentum=0.9)
        history = train(model, cross_entropy, (p.x, p.y), sgd, epochs=EPOCHS, seed=1)
        return float(history.epochs["loss"][-1])

    return step


def torch(p: Problem) -> Step:
    """The same by PyTorch, in the loop that its tutorials have: batches by a DataLoader."""
    from torch.utils.data import DataLoader, TensorDataset

    def drawn(x: Any, y: Any, order: Any) -> Any:
        return DataLoader(TensorDataset(x, y), batch_size=32, sampler=order.tolist())

    return _by_torch(p, drawn)


def torch_indexed(p: Problem) -> Step:
    """The same with batches by an index, which takes PyTorch the least time."""
    import torch

    def drawn(x: Any, y: Any, order: Any) -> Any:
        return ((x[rows], y[rows]) for rows in torch.from_numpy(order).split(32))

    return _by_torch(p, drawn)


def _by_torch(p: Problem, drawn: Callable[..., Any]) -> Step:
    import torch
    from torch import nn

    x, y = torch.from_numpy(p.x), torch.from_numpy(p.y)

    def step() -> float:
        model = nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 10)).double()
        with torch.no_grad():
            for layer, weight in zip((model[0], model[2]), p.weights, strict=True):
                layer.weight.copy_(torch.from_numpy(weight.T))
                layer.bias.zero_()
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loss_of = nn.CrossEntropyLoss()
        for order in p.orders:
            total = 0.0
            for rows, labels in drawn(x, y, order):
                sgd.zero_grad()
                loss = loss_of(model(rows), labels)
                loss.backward()
                sgd.step()
                total += loss.item() * len(rows)
        return total / len(x)

    return step


def scalars(p: Problem) -> Step:
    """By `train`: micrograd's demo for STEPS steps, with neurons of Values."""
    import autodiff as ad
    from nn import MLP
    from optim import GD, train

    rows = np.array(p.moons.points), np.array(p.moons.labels)[:, None]
    model = MLP(moons.SIZES[0], list(moons.SIZES[1:]), activation=ad.relu, last=None)

    def hinge(score: Any, y: Any) -> Any:
        return ad.mean(ad.relu(1 - y * score))

    def step() -> float:
        for parameter, weight in zip(model.parameters(), p.moons.weights, strict=True):
            parameter.data = weight
        gd = GD(model.parameters(), lr=moons.LR)
        history = train(model, hinge, rows, gd, epochs=STEPS, batch_size=100)
        return float(history.steps["loss"][-1])

    return step


def micrograd(p: Problem) -> Step:
    """The same by micrograd, without the decay, for as many steps."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    model = MLP(moons.SIZES[0], list(moons.SIZES[1:]))

    def loss_of() -> Any:
        scores = [model([Value(x) for x in point]) for point in p.moons.points]
        losses = [(1 + -y * score).relu() for y, score in zip(p.moons.labels, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses))

    def step() -> float:
        for parameter, weight in zip(model.parameters(), p.moons.weights, strict=True):
            parameter.data = weight
        for _ in range(STEPS):
            loss = loss_of()
            model.zero_grad()
            loss.backward()
            for parameter in model.parameters():
                parameter.data -= moons.LR * parameter.grad
        return float(loss.data)

    return step
