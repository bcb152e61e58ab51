"""One step of micrograd's moons demo: scalars, MLP 2-16-16-1, 100 samples, hinge loss."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
SIZES = (2, 16, 16, 1)
LR, DECAY = 0.1, 1e-4


class Problem:
    """Two half circles of points, one of each label -1 and 1, and the first parameters."""

    def __init__(self, count: int = 100) -> None:
        rng = np.random.default_rng(1)
        angles = np.linspace(0, np.pi, count // 2)
        upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        points = np.concatenate([upper, np.array([1.0, 0.5]) - upper])
        labels = np.repeat([-1.0, 1.0], count // 2)
        self.points: list[list[float]] = (points + rng.normal(size=points.shape) * 0.1).tolist()
        self.labels: list[float] = labels.tolist()
        draw = random.Random(1337)
        self.weights = [
            number
            for ins, outs in itertools.pairwise(SIZES)
            for _ in range(outs)
            for number in [*(draw.uniform(-1, 1) for _ in range(ins)), 0.0]
        ]  # of each neuron in turn, its bias last


def _by_graph(p: Problem, model: Any, make_value: Callable[[float], Any]) -> Step:
    """The demo's own step: forward over all samples, hinge loss, L2, backward, descent."""
    for parameter, weight in zip(model.parameters(), p.weights, strict=True):
        parameter.data = weight

    def step() -> float:
        scores = [model([make_value(x) for x in point]) for point in p.points]
        losses = [(1 + -y * score).relu() for y, score in zip(p.labels, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses))
        loss = loss + DECAY * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= LR * parameter.grad
        return float(loss.data)

    return step


def micrograd(p: Problem) -> Step:
    """By micrograd."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return _by_graph(p, MLP(SIZES[0], list(SIZES[1:])), Value)


def eager(p: Problem) -> Step:
    """By this project, with a new graph at every step."""
    from autodiff import Value, relu
    from nn import MLP

    model = MLP(SIZES[0], list(SIZES[1:]), activation=relu, last=None, seed=0)
    return _by_graph(p, model, Value)


def sample_loss(weights: list[Any], x: Any, y: Any) -> Any:
    """The hinge loss of one sample, on plain numbers."""
    from autodiff import relu

    each = iter(weights)
    for ins, outs in itertools.pairwise(SIZES):
        neurons = [[next(each) for _ in range(ins + 1)] for _ in range(outs)]
        x = [sum((w * v for w, v in zip(ws, x, strict=True)), bias) for *ws, bias in neurons]
        x = [relu(v) for v in x] if outs > 1 else x
    return relu(1 + -y * x[0])


def compiled(p: Problem) -> Step:
    """By this project: the program of one sample, which is math alone, run over all."""
    from autodiff import compile, value_and_grad

    slope_of = compile(value_and_grad(sample_loss))
    weights, count = p.weights, len(p.points)

    def step() -> float:
        nonlocal weights
        found = [slope_of(weights, x, y) for x, y in zip(p.points, p.labels, strict=True)]
        slopes = [sum(column) for column in zip(*[slope for _, slope in found], strict=True)]
        loss = sum([loss for loss, _ in found]) / count + DECAY * sum([w * w for w in weights])
        pairs = zip(weights, slopes, strict=True)
        weights = [w - LR * (slope / count + 2 * DECAY * w) for w, slope in pairs]
        return loss

    return step


def preparing() -> dict[str, float]:
    """Seconds to derive the program of a sample, and to compile it, each for the first time."""
    from autodiff import compile, derive, value_and_grad

    p = Problem()
    sample = (p.weights, p.points[0], p.labels[0])
    start = time.perf_counter()
    compile(value_and_grad(sample_loss))(*sample)
    compiled = time.perf_counter()
    derive(sample_loss, *sample, argnums=0)
    return {"compile": compiled - start, "derive": time.perf_counter() - compiled}
