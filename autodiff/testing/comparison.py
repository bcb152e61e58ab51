"""A derivative compared with the oracle's: how far apart the two are, and where a kink is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .differences import Along, central, one_sided
from .problem import Vector


@dataclass(frozen=True)
class Kink:
    """A place at which there is no one derivative, and what stands on either side.

    `left` and `right` are the one-sided derivatives: NaN where the function ends, infinite
    where it jumps or is vertical. `analytic` is what the gradient says.
    """

    place: str
    order: int
    analytic: float
    left: float
    right: float

    def is_one(self, off_left: float, off_right: float) -> bool:
        """Whether the sides differ by more than their own errors explain."""
        sides = [s for s in (self.left, self.right) if not math.isnan(s)]
        if len(sides) < 2:
            return bool(sides)
        if any(map(math.isinf, sides)):
            return True
        size = max(map(abs, sides))
        return abs(self.left - self.right) > 1e-4 * size + 1e-9 + 10 * (off_left + off_right)

    def allows(self, analytic: float) -> bool:
        """Whether this can be the derivative: at a jump anything can, else what lies between."""
        sides = [s for s in (self.left, self.right) if not math.isnan(s)]
        if math.isnan(analytic):
            return False
        if len(sides) == 2 and any(map(math.isinf, sides)):
            return True
        if math.isinf(sides[0]) and len(sides) == 1:
            return analytic == sides[0]
        slack = 1e-3 * max(map(abs, sides)) + 1e-6
        return min(sides) - slack <= analytic <= max(sides) + slack

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.left:.6g} from the left, {self.right:.6g} from the right, and "
            f"{self.analytic:.6g} is taken"
        )


@dataclass
class Comparison:
    """Analytic derivatives beside numeric ones, and what is known about each of them."""

    order: int
    mode: str
    numeric: Vector
    error: Vector
    kinked: Vector
    analytic: Vector
    near: Callable[[Vector], Vector]  # the analytic ones at another point
    names: Callable[[int], str]
    lines: Callable[[int], Along]  # the function of a step that each is the derivative of, at 0
    scales: Vector | None = None  # how far each is moved, at most
    contributions: Vector | None = None  # what each entry gets from each output
    chosen: Vector | None = None  # which entries these are, where they are not all
    scalar: Callable[..., Any] = lambda: 0.0  # what a higher order is the gradient of
    kinks: dict[int, Kink] = field(default_factory=dict)
    counted: Any = True  # which of them count
    rounding: float = 0.0  # what rounding leaves of a derivative that is 0

    @property
    def mask(self) -> Vector:
        """Which of them count, one by one."""
        return np.broadcast_to(np.asarray(self.counted), self.numeric.shape)

    @property
    def entrywise(self) -> bool:
        """Whether each is by one entry of the arguments, and not along a direction."""
        return self.contributions is not None or self.chosen is not None

    def typical(self) -> float:
        """The size of the largest derivative that is known."""
        return float(np.max(np.abs(self.numeric[np.isfinite(self.numeric)]), initial=0.0))

    def excess(self, rtol: float) -> Vector:
        """How far apart the two are, as a fraction of what their errors allow."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
            allowed = 4 * self.error + rtol * (size + 1e-3 * self.typical())
            allowed += self.rounding + 1e-300
            return np.where(
                np.isinf(self.error) | np.isnan(self.numeric),
                0.0,
                np.abs(self.analytic - self.numeric) / allowed,
            )

    def wrong(self, rtol: float) -> Vector:
        """Where the two are further apart than their errors allow."""
        return self.mask & (~(self.excess(rtol) <= 1) | ~np.isfinite(self.analytic))

    def trusted(self) -> Vector:
        """Where the oracle's error is small enough for it to tell right from wrong."""
        size = np.maximum(np.maximum(np.abs(self.analytic), np.abs(self.numeric)), self.typical())
        return self.error <= 1e-3 * size + 1e-9

    def kink(self, i: int, eps: float) -> Kink | None:
        """The kink at the i-th of them, if both sides differ."""
        line, at_zero, scale, j = self._line(i)
        (left, off_left), (right, off_right) = (
            [float(part[j]) for part in one_sided(line, at_zero, scale, eps, s)] for s in (-1, 1)
        )
        kink = Kink(self.names(i), self.order, float(self.analytic[i]), left, right)
        return kink if kink.is_one(off_left, off_right) else None

    def look_again(self, i: int, eps: float) -> None:
        """Widen the i-th error to what differences of other steps say of it.

        Where the function is a difference of large terms, they can agree by chance.
        """
        line, at_zero, scale, j = self._line(i)
        others = [central(line, at_zero, part * scale, eps).value[j] for part in (0.6, 0.8, 1.3)]
        self.error = self.error.copy()
        self.error[i] = np.fmax(self.error[i], np.abs(others - self.numeric[i]).max())

    def _line(self, i: int) -> tuple[Along, Vector, float, int]:
        """The line of the i-th of them, its value at 0, the scale, and the entry of the value."""
        line, scale = self.lines(i), 1.0 if self.scales is None else float(self.scales[i])
        at_zero = line(0.0)
        return line, at_zero, scale, i if len(at_zero) > 1 else 0

    def doubtful(self, wrong: Vector) -> Vector:
        """Where to look at both sides: a bend was seen, or nothing could be computed."""
        return self.mask & (self.kinked | ~self.trusted() | wrong)
