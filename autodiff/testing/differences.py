"""Differences along a line: the derivative of a vector of outputs, its error, and its kinks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .problem import Vector

Along = Callable[[float], Vector]

# The first step, in units of the scale; smaller ones are tried where a kink, a pole or an
# oscillation lies within it.
_FIRST = (0.1, 2e-3, 4e-5, 8e-7, 1.6e-8, 3e-10)
_ROUNDS = 14


class Slope(NamedTuple):
    """The derivative of each output at 0, how far it may be off, and where there is a kink."""

    value: Vector
    error: Vector
    kinked: Vector

    @property
    def smooth(self) -> Vector:
        """Where it can be trusted, and there is no kink."""
        size = np.max(np.abs(self.value), axis=0, initial=0.0, where=np.isfinite(self.value))
        known: Vector = self.error <= 1e-3 * size + 1e-9
        return ~self.kinked & known


def central(along: Along, at_zero: Vector, scale: float, eps: float) -> Slope:
    """The derivative at 0 of `along`, a function of a step, by central differences.

    The step shrinks from a tenth of `scale` and Richardson's extrapolation is carried on for as
    long as it helps: Ridders (1982), "Accurate computation of F'(x) and F'(x)F''(x)". `eps` is
    the rounding of what is computed: it decides how small a step can still help, and so the
    steps for float32 are larger.
    """
    found = Slope(
        np.full(at_zero.shape, np.nan), np.full(at_zero.shape, np.inf), at_zero != at_zero
    )
    for first in _FIRST:
        step, value, error = _ridders(along, at_zero, first * scale, scale, eps)
        close = min(step, scale * eps ** (1 / 3))
        slope, astray = _looked_at_closely(along, at_zero, close, scale, eps, value, error)
        better = slope.error < found.error
        value, error = (np.where(better, slope[k], found[k]) for k in (0, 1))
        found = Slope(value, error, slope.kinked)
        if not astray.any():
            break
    return found


def _ridders(
    along: Along, at_zero: Vector, step: float, scale: float, eps: float
) -> tuple[float, Vector, Vector]:
    """The last step, and the extrapolated slope with the error that the extrapolations suggest."""
    step, plus, minus = _first_step(along, step)
    best, error = np.full(at_zero.shape, np.nan), np.full(at_zero.shape, np.inf)
    before: list[Vector] = []
    with np.errstate(all="ignore"):
        for _ in range(_ROUNDS):
            row = [(plus - minus) / (2 * step)]
            rounding = _rounding(row[0], plus, minus, step, scale, eps)
            best, error = _extrapolated(row, before, 4.0, rounding, best, error)
            before = row
            if (rounding > error).all():
                break
            step /= 2
            plus, minus = along(step), along(-step)
    return step, best, error


def _extrapolated(
    row: list[Vector], before: list[Vector], ratio: float, rounding: Vector, best: Vector,
    error: Vector,
) -> tuple[Vector, Vector]:  # fmt: skip
    """Fill a row of Richardson's table, and take from it what is better than `best`.

    `ratio` is what the leading term of the error shrinks by, from row to row.
    """
    factor = ratio
    for other in before:
        row.append((factor * row[-1] - other) / (factor - 1))
        factor *= ratio
    for fine, left, above in zip(row[1:], row, before, strict=False):
        off = np.maximum(np.abs(fine - left), np.abs(fine - above)) + rounding
        better = off < error
        best, error = np.where(better, fine, best), np.where(better, off, error)
    return best, error


def _first_step(along: Along, step: float) -> tuple[float, Vector, Vector]:
    """The largest step, of those tried, within which the outputs are finite."""
    smallest = step * 2.0**-40
    plus, minus = along(step), along(-step)
    while step > smallest and not (np.isfinite(plus).all() and np.isfinite(minus).all()):
        step /= 4
        plus, minus = along(step), along(-step)
    return step, plus, minus


def _rounding(
    slope: Vector, plus: Vector, minus: Vector, step: float, scale: float, eps: float
) -> Vector:
    """What rounding of the outputs, and of the point itself, can make of a difference."""
    return eps * (4 * (np.abs(plus) + np.abs(minus)) + scale * np.abs(slope)) / step


def _looked_at_closely(
    along: Along, at_zero: Vector, step: float, scale: float, eps: float, best: Vector,
    error: Vector,
) -> tuple[Slope, Vector]:  # fmt: skip
    """The slope, compared with plain differences of small steps; and where it is astray.

    A jump or a kink within the first steps can look like convergence. Then the small, plain
    differences are further from it than their own change from step to step explains. And the
    second difference over the step is the slope on the right less that on the left: where the
    function is smooth it falls with the step, at a kink it stays.
    """
    slopes, bends = [], []
    for h in (4 * step, 2 * step, step):
        plus, minus = along(h), along(-h)
        slopes.append((plus - minus) / (2 * h))
        bends.append((plus - 2 * at_zero + minus) / h)
    coarse, last = slopes[1:]
    rounding = _rounding(last, plus, minus, step, scale, eps)
    far = np.abs(best - last)
    allowed = np.minimum(
        2 * np.abs(last - coarse), 1e-3 * np.maximum(np.abs(best), np.abs(last))
    ) + 2 * (error + rounding)
    astray = ~(far <= allowed)
    error = np.where(astray, np.where(np.isfinite(far), far, np.inf), error)
    before, bend = (np.abs(2 * bends[i + 1] - bends[i]) for i in (0, 1))
    kinked = (bend > 10 * rounding + 1e-6 * np.abs(last)) & (bend > 0.5 * before)
    return Slope(best, error, kinked), astray


def one_sided(
    along: Along, at_zero: Vector, scale: float, eps: float, side: int
) -> tuple[Vector, Vector]:
    """The derivative at 0 from the right (side 1) or the left (-1), and its error.

    NaN where the function ends there, and infinite where the differences grow without bound.
    """
    value, error = np.full(at_zero.shape, np.nan), np.full(at_zero.shape, np.inf)
    steady = False
    for first in (0.01, 1e-4, 1e-6, 1e-8, 1e-10):
        found, off, astray = _one_sided(along, at_zero, first * scale, scale, eps, side)
        if steady:  # a second look, since chance can make differences of noise agree
            apart = np.abs(found - value) - off
            return value, np.where(apart > error, apart, error)
        better = (off < error) | np.isinf(found) | np.isinf(value)
        value, error = np.where(better, found, value), np.where(better, off, error)
        steady = not astray.any()
    return value, error


def _one_sided(
    along: Along, at_zero: Vector, step: float, scale: float, eps: float, side: int
) -> tuple[Vector, Vector, Vector]:
    """The derivative on one side by steps from `step` down, its error, and where it is astray."""
    smallest = step * 2.0**-40
    while step > smallest and not np.isfinite(along(side * step)).all():
        step /= 4
    best, error = np.full(at_zero.shape, np.nan), np.full(at_zero.shape, np.inf)
    before: list[Vector] = []
    plain: list[Vector] = []
    with np.errstate(all="ignore"):
        for _ in range(10):
            there = along(side * step)
            row = [side * (there - at_zero) / step]
            rounding = _rounding(row[0], there, at_zero, step, scale, eps)
            best, error = _extrapolated(row, before, 2.0, rounding, best, error)
            before = row
            plain.append(row[0])
            step /= 2
        # At a jump the quotients double as the step halves, at a vertical slope they grow.
        last, coarse = plain[-1], plain[-2]
        ratios = [b / a for a, b in itertools.pairwise(plain[-6:])]
        grows = np.all([(r > 1.1) & (r < 2.5) for r in ratios], axis=0) & (np.abs(last) > 1)
        far = np.abs(best - last)
        astray = grows | ~(far <= 2 * np.abs(last - coarse) + 2 * (error + rounding))
        error = np.where(grows, 0.0, np.where(astray, np.maximum(far, error), error))
        return np.where(grows, np.copysign(np.inf, last), best), error, astray
