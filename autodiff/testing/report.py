"""What a check found: the report where it passes, the error where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph.value import shape_of
from ..support.tree import leaves
from . import diagnosis
from .differences import Along, central, one_sided
from .problem import Problem, Vector


class UncheckableError(ValueError):
    """A function has no derivative here that differences could tell: it is no fault of a rule."""


class GradientError(AssertionError):
    """A gradient that is wrong: `place`, `analytic`, `numeric`, `error`, `order`, `pattern`.

    `order` is the observed order of the Taylor remainder, `pattern` the sentence that says in
    what way it is wrong, or None.
    """

    place: str | None = None
    analytic: float = math.nan
    numeric: float = math.nan
    error: float = math.nan
    order: float = math.nan
    pattern: str | None = None


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
class Report:
    """What `check_gradients` found: how many derivatives agree, and where there are kinks.

    `checked` counts the comparisons, `worst` is the largest difference among them as a fraction
    of what was allowed, `unresolved` says where no difference could be trusted.
    """

    checked: int = 0
    worst: float = 0.0
    kinks: list[Kink] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)

    def add(self, compared: Comparison, rtol: float) -> None:
        """Count a comparison in which nothing is wrong."""
        trusted, kept = compared.trusted(), compared.mask
        known = {(kink.place, kink.order) for kink in self.kinks}
        self.kinks += [k for k in compared.kinks.values() if (k.place, k.order) not in known]
        for i in range(len(compared.numeric)):
            if i in compared.kinks or not kept[i]:
                continue
            if trusted[i]:
                self.checked += 1
                self.worst = max(self.worst, float(compared.excess(rtol)[i]))
            else:
                self.unresolved.append(f"order {compared.order}: {compared.names(i)}")

    def require_something(self, problem: Problem) -> None:
        """Raise UncheckableError where nothing at all could be compared."""
        if self.checked or self.kinks:
            return
        raise UncheckableError(
            f"{problem.name} is too rough at this point for any difference to tell its "
            f"derivative: {self.unresolved[0] if self.unresolved else 'it has no outputs'}.\n"
            "Choose another point, or scale it so that its arguments are about 1."
        )

    def __str__(self) -> str:
        text = f"{self.checked} derivatives agree"
        if self.kinks:
            text += "; kinks: " + "; ".join(map(str, self.kinks))
        if self.unresolved:
            text += f"; {len(self.unresolved)} could not be resolved"
        return text

    def __repr__(self) -> str:
        return f"<Report: {self}>"


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
    kept: Any = True  # which of them count
    rounding: float = 0.0  # what rounding leaves of a derivative that is 0

    @property
    def mask(self) -> Vector:
        """Which of them count, one by one."""
        return np.broadcast_to(np.asarray(self.kept), self.numeric.shape)

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
        unfinite = ~np.isfinite(self.analytic)
        return self.kept & (~(self.excess(rtol) <= 1) | unfinite)  # type: ignore[no-any-return]

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
        return self.kept & (self.kinked | ~self.trusted() | wrong)  # type: ignore[no-any-return]


# -- the message ---------------------------------------------------------------------------


def failure(
    problem: Problem, compared: Comparison, wrong: Vector, rtol: float, observed: float
) -> GradientError:
    """The error for the worst of what is wrong."""
    excess = np.where(wrong, compared.excess(rtol), -1.0)
    i = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
    said = _sentence(problem, compared, wrong, i)
    what = "gradient" if compared.order == 1 else f"derivative of order {compared.order}"
    remainder = "is only rounding" if math.isinf(observed) else f"falls as h^{observed:.2f}"
    lines = [
        f"The {what} of {problem.name} is wrong at {compared.names(i)} ({compared.mode}):",
        f"    analytic          {compared.analytic[i]:.10g}",
        f"    numeric           {compared.numeric[i]:.10g}, off by at most {compared.error[i]:.1g}",
        f"    Taylor remainder  {remainder}; with a right gradient as h^2 or faster",
        f"    wrong entries     {int(wrong.sum())} of {len(wrong)}",
    ]
    error = GradientError("\n".join([*lines, *([said] if said else [])]))
    error.place, error.pattern, error.order = compared.names(i), said, observed
    error.analytic, error.numeric = float(compared.analytic[i]), float(compared.numeric[i])
    error.error = float(compared.error[i])
    return error


def _sentence(problem: Problem, compared: Comparison, wrong: Vector, i: int) -> str | None:
    kink = compared.kinks.get(i)
    if kink is not None:
        return _about_kink(problem, compared, wrong, kink)
    lengths = [n for leaf in leaves((problem.point.args, problem.out)) for n in shape_of(leaf)]
    slack = 4 * compared.error
    if compared.chosen is not None or (compared.mode == "jvp" and compared.order == 1):
        return diagnosis.pattern(compared.analytic, compared.numeric, slack, wrong, (), lengths)
    if not compared.entrywise and compared.order == 1:
        return None
    point = problem.point
    for leaf in point.leaves:
        if not leaf.entries.start <= i < leaf.entries.stop:
            continue
        own, shape = leaf.entries, leaf.shape
        others = [
            compared.numeric[x.entries].reshape(shape)
            for x in point.leaves
            if x is not leaf and x.shape == shape
        ]
        said = diagnosis.pattern(
            compared.analytic[own].reshape(shape), compared.numeric[own].reshape(shape),
            slack[own].reshape(shape), wrong[own].reshape(shape), others, lengths,
        )  # fmt: skip
        if said is None and compared.contributions is not None:
            shapes = [shape_of(out) for out in leaves(problem.out)]
            said = diagnosis.missing_sum(
                compared.analytic[own], compared.contributions[own], shapes, slack[own]
            )
        return said
    return None


def _about_kink(problem: Problem, compared: Comparison, wrong: Vector, kink: Kink) -> str:
    said = (
        f"There is a kink at this point: the derivative is {kink.left:.6g} from the left and "
        f"{kink.right:.6g} from the right, and a subgradient lies between."
    )
    if compared.entrywise and compared.chosen is None:
        for leaf in problem.point.leaves:
            own = wrong[leaf.entries]
            if own.any() and diagnosis.tied(problem.point.vector[leaf.entries], own):
                return said + "\nEntries tie here: they share the derivative, or one has it all."
    return said
