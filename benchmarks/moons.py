"""One step of micrograd's moons demo: scalars, MLP 2-16-16-1, 100 samples, hinge loss."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np


def two_moons(count: int = 100) -> tuple[list[list[float]], list[float]]:
    """Two half circles of points, one of each label -1 and 1."""
    rng = np.random.default_rng(1)
    angles = np.linspace(0, np.pi, count // 2)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.concatenate([upper, np.array([1.0, 0.5]) - upper])
    labels = np.repeat([-1.0, 1.0], count // 2)
    return (points + rng.normal(size=points.shape) * 0.1).tolist(), labels.tolist()


def step_of(mlp: Callable[..., Any], make_value: Callable[[float], Any]) -> Callable[[], float]:
    """The demo's own step: forward over all samples, hinge loss, L2, backward, descent."""
    random.seed(1337)
    model = mlp()
    points, labels = two_moons()

    def step() -> float:
        scores = [model([make_value(x) for x in point]) for point in points]
        losses = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses))
        loss = loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return float(loss.data)

    return step


def micrograd() -> Callable[[], float]:
    """By micrograd."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return step_of(lambda: MLP(2, [16, 16, 1]), Value)


def nabigrad() -> Callable[[], float]:
    """By this project."""
    from autodiff import Value, relu
    from nn import MLP

    return step_of(lambda: MLP(2, [16, 16, 1], activation=relu, last=None, seed=0), Value)
