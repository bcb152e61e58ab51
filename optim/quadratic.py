"""Quadratic models of a loss around a point: the step that each says is best within a radius."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .objective import Vector

EPS = float(np.finfo(np.float64).eps)
KEEP = 4.0  # times as long as the one before is a step that is kept
NOTHING = 1e-6  # the part of a promise that is not worth a step without bounds


class Step(NamedTuple):
    """A step, what the model says that the loss falls by, and whether the radius has cut it."""

    step: Vector
    fall: float
    is_cut: bool


class Dense:
    """g·s + ½ s·(H + damping) s, with all of the Hessian H: n² numbers, and about n³ operations.

    Its step is Newton's where the matrix is definite and the radius allows it, by its factors.
    Otherwise it is the least of all of the radius: that of H with as much more damping as that
    needs, by its eigenvalues.
    J. Moré and D. Sorensen, "Computing a trust region step", SIAM Journal on Scientific and
    Statistical Computing 4 (1983), 553-572.

    >>> model = Dense(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0]))
    >>> model.best(math.inf)
    Step(step=array([-1., -1.]), fall=3.0, is_cut=False)
    """

    def __init__(
        self, H: Any, gradient: Vector, damping: float = 0.0, reach: float = 1.0, error: float = EPS
    ) -> None:
        self.H, self.gradient, self._reach, self._error = H, gradient, reach, error
        if damping:
            self.H = H + damping * np.eye(len(H))
        self._newton = self._by_factors()
        self._eigen: Any = None

    def best(self, radius: float) -> Step:
        """The best step that is no longer than the radius, which may be infinite.

        Where nothing else bounds a step, it goes as far as `reach`.
        """
        if self._newton is not None and _length(self._newton) <= radius:
            return self._made(self._newton, False)
        if self._eigen is None:
            values, vectors = np.linalg.eigh(self.H)
            self._eigen = values, vectors, vectors.T @ self.gradient
        values, vectors, gradient = self._eigen
        none = len(values) * self._error * float(np.abs(values).max())
        step, is_cut = _within(values, gradient, radius, self._reach, none)
        return self._made(vectors @ step, is_cut)

    def _made(self, step: Vector, is_cut: bool) -> Step:
        fall = -float(self.gradient @ step + step @ (self.H @ step) / 2)
        return Step(step, fall, is_cut)

    def _by_factors(self) -> Any:
        """Newton's step; None where the matrix is not definite, as far as rounding shows it."""
        try:
            pivots = np.diagonal(np.linalg.cholesky(self.H))
            if pivots.min() ** 2 > len(pivots) * self._error * pivots.max() ** 2:
                return np.linalg.solve(self.H, -self.gradient)
        except np.linalg.LinAlgError:
            pass
        return None


def _within(
    values: Vector, gradient: Vector, radius: float, reach: float, none: float
) -> tuple[Vector, bool]:
    """The best step no longer than the radius, for a diagonal Hessian of ascending `values`.

    A curvature no greater than `none` may be one of errors alone.
    """
    bends_down, damping = bool(values[0] < -none), max(0.0, -float(values[0]))
    if bends_down and math.isinf(radius):
        radius = reach
    free = values + damping <= none
    step = np.where(free, 0.0, -gradient / np.where(free, 1.0, values + damping))
    rest = radius * radius - float(step @ step)
    # Along what is free the gradient promises so much, beside what the others do.
    if rest >= 0 and _length(gradient[free]) * reach <= NOTHING * -float(gradient @ step):
        if bends_down:  # a way down that the gradient does not show
            step[0] = -math.copysign(math.sqrt(rest), gradient[0])
        return step, bends_down
    return _cut(values, gradient, reach if math.isinf(radius) else radius, damping), True


def _cut(values: Vector, gradient: Vector, radius: float, least: float) -> Vector:
    """-gradient / (values + damping), with the damping above `least` that gives it the radius."""
    low, high = least, _length(gradient) / radius - float(values[0])
    damping = max(low + 1e-3 * (high - low), 0.0)
    for _ in range(100):
        below = values + damping
        step = -gradient / below
        length = _length(step)
        if abs(length - radius) <= 0.01 * radius:
            break
        low, high = (damping, high) if length > radius else (low, damping)
        # Newton's step for 1 / length = 1 / radius, which is nearly linear in the damping.
        steep = float(step @ (step / below)) or math.inf
        damping += (length / radius - 1) * length * length / steep
        if not low < damping < high:
            damping = (low + high) / 2
    return step


class Products:
    """The same model, known by the products of its Hessian with vectors: a few vectors of memory.

    Its step is by conjugate gradients, until the residual is `tolerance` times the gradient. Where
    a direction of the other curvature, or the radius, is met, it ends at the radius. For a smaller
    radius, asked for later, it goes as far along the way that it has come.
    T. Steihaug, "The conjugate gradient method and trust regions in large scale optimization",
    SIAM Journal on Numerical Analysis 20 (1983), 626-637.

    >>> model = Products(lambda v: np.array([2.0, 4.0]) * v, np.array([2.0, 4.0]))
    >>> model.best(math.inf).step
    array([-1., -1.])
    """

    def __init__(
        self, product: Callable[[Vector], Vector], gradient: Vector, damping: float = 0.0,
        reach: float = 1.0, error: float = EPS, tolerance: float = 1e-12, most: int = 1000,
    ) -> None:  # fmt: skip
        self._product, self.gradient = product, gradient
        self._damping, self._reach, self._error = damping, reach, error
        self._tolerance, self._most = tolerance, most
        # Steps along the way, each with its product: some, and the last.
        self._way: list[tuple[Vector, Vector]] = []

    def best(self, radius: float) -> Step:
        """The best step that is no longer than the radius; see `Dense.best`."""
        if not self._way:
            self._way, self._is_cut = self._by_conjugate_gradients(radius)
        step, pulled = self._way[-1]
        is_cut = self._is_cut
        if _length(step) > radius * (1 + EPS):
            (step, pulled), is_cut = self._part(radius), True
        return Step(step, -float(self.gradient @ step + step @ pulled / 2), is_cut)

    def _part(self, radius: float) -> tuple[Vector, Vector]:
        """Where the way leaves the radius, straight between two of its steps: downhill, too."""
        after = next(i for i, (step, _) in enumerate(self._way) if _length(step) > radius)
        (a, pulled_a), (b, pulled_b) = self._way[after - 1 : after + 1]
        part = _to_edge(a, b - a, radius)
        return a + part * (b - a), pulled_a + part * (pulled_b - pulled_a)

    def _by_conjugate_gradients(self, radius: float) -> tuple[list[tuple[Vector, Vector]], bool]:
        """The way, from no step at all, and whether it was cut."""
        step, residual = np.zeros_like(self.gradient), self.gradient
        way, kept = [(step, step)], 0.0
        direction, square = -residual, float(residual @ residual)
        enough, greatest, is_cut = self._tolerance * math.sqrt(square), 0.0, False
        for _ in range(self._most):
            if math.sqrt(square) <= enough:
                break
            pulled = self._product(direction) + self._damping * direction
            bend, norm = float(direction @ pulled), float(direction @ direction)
            greatest = max(greatest, abs(bend) / norm)
            if abs(bend) <= len(step) * self._error * greatest * norm and step.any():
                break  # no curvature but that of rounding
            if bend <= 0 and math.isinf(radius):
                radius = max(self._reach, 2 * _length(step))
            edge, far = _to_edge(step, direction, radius), square / bend if bend > 0 else math.inf
            is_cut, far = edge <= far, min(edge, far)
            step, residual = step + far * direction, residual + far * pulled
            length = _length(step)
            if length >= KEEP * kept:
                way.append((step, residual - self.gradient))
                kept = length
            if is_cut:
                break
            before, square = square, float(residual @ residual)
            direction = square / before * direction - residual
        if way[-1][0] is not step:
            way.append((step, residual - self.gradient))
        return way, is_cut


def _to_edge(step: Vector, direction: Vector, radius: float) -> float:
    """How far it is along the direction to where the step has the length of the radius."""
    length, unit = _length(step), _length(direction)
    if math.isinf(radius) or not length < radius:
        return radius if math.isinf(radius) else 0.0
    along = float(step @ (direction / unit))
    across = math.sqrt(radius - length) * math.sqrt(radius + length)
    return across * (across / (along + math.hypot(along, across) or math.inf)) / unit


def _length(v: Vector) -> float:
    length = math.sqrt(float(v @ v))
    if 1e-150 < length < 1e150:
        return length
    greatest = float(np.abs(v).max(initial=0.0))  # of numbers whose squares are no numbers
    return greatest * _length(v / greatest) if 0 < greatest < math.inf else greatest
