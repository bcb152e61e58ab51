"""A line search: how far to go along a direction in which the loss falls."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .objective import Objective, Point, Vector

FALL, FLATTER = 1e-4, 0.9  # the parts of the first slope that the two conditions of Wolfe ask for
ROUNDING, LEVEL = 4, 10  # units of the loss by which it errs; times that, what it may not show
FARTHEST = 10.0  # times as far is the next trial, at most, where the loss still falls
AWAY = 0.1  # the part of an interval that a trial within it keeps away from its ends


class Trial(NamedTuple):
    """So far along the direction: the point there, and the slope of the loss."""

    far: float
    point: Point
    slope: float


@np.errstate(all="ignore")  # what overflows is too far
def strong_wolfe(
    objective: Objective, begin: Point, direction: Vector, first: float, most: int = 25
) -> Point:
    """A point along the direction where the strong conditions of Wolfe hold.

    There the loss has fallen by a part of what the slope at the beginning promises, and is flatter
    than it was there. After so many trials it is the lowest point so far, which may be the
    beginning. Where the loss or its gradient is not finite, the way there is too far. Where less
    is promised than rounding lets the loss show, to be flatter is enough.
    J. Nocedal and S. Wright, Numerical Optimization, 2nd edition, 2006, algorithms 3.5 and 3.6;
    the last is after W. Hager and H. Zhang, "A new conjugate gradient method with guaranteed
    descent and an efficient line search", SIAM Journal on Optimization 16 (2005), section 4.
    """
    slope = float(begin.gradient @ direction)
    noise = ROUNDING * objective.precision * abs(begin.loss)
    low, high, far = Trial(0.0, begin, slope), None, first
    for _ in range(most):
        point = objective.point(begin.x + far * direction)
        if (point.x == low.point.x).all():  # nor can a nearer one be told from the best so far
            break
        trial = Trial(far, point, float(point.gradient @ direction))
        falls = point.loss <= min(begin.loss + FALL * far * slope, low.point.loss)
        level = point.loss <= begin.loss + noise and -far * slope <= LEVEL * noise
        if (falls or level) and abs(trial.slope) <= -FLATTER * slope:
            return point
        if not (falls and math.isfinite(trial.slope)):
            high = trial
        elif trial.slope * ((math.inf if high is None else high.far) - low.far) >= 0:
            low, high = trial, low
        else:
            before, low = low, trial
            if high is None:
                far = _beyond(before, low)
                continue
        far = _within(low, high)
        if -far * slope <= noise:
            break
    return low.point


def _beyond(a: Trial, b: Trial) -> float:
    """Farther than b, where the loss falls at both."""
    return min(max(_least(a, b, math.inf), 2 * b.far), FARTHEST * b.far)


def _within(low: Trial, high: Trial) -> float:
    """Between the two, of which only the first need be finite."""
    width = high.far - low.far
    if not (math.isfinite(high.point.loss) and math.isfinite(high.slope)):
        return low.far + AWAY * width
    part = (_least(low, high, low.far + width / 2) - low.far) / width
    return low.far + width * min(max(part, AWAY), 1 - AWAY)


def _least(a: Trial, b: Trial, otherwise: float) -> float:
    """Where the cubic with the losses and slopes of both is least (equation 3.59 there)."""
    d1 = a.slope + b.slope - 3 * (a.point.loss - b.point.loss) / (a.far - b.far)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return otherwise
    d2 = math.copysign(math.sqrt(square), b.far - a.far)
    below = b.slope - a.slope + 2 * d2
    return b.far - (b.far - a.far) * (b.slope + d2 - d1) / below if below else otherwise
