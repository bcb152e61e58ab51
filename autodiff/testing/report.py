"""What a check found: the report where it passes, the error where it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..graph.node import shape_of
from ..support.tree import leaves
from . import diagnosis
from .comparison import Comparison, Kink
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
        trusted, counted = compared.trusted(), compared.mask
        known = {(kink.place, kink.order) for kink in self.kinks}
        self.kinks += [k for k in compared.kinks.values() if (k.place, k.order) not in known]
        for i in range(len(compared.numeric)):
            if i in compared.kinks or not counted[i]:
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


# -- the message ---------------------------------------------------------------------------


def failure(
    problem: Problem, compared: Comparison, wrong: Vector, rtol: float, observed: float
) -> GradientError:
    """The error for the worst of what is wrong."""
    excess = np.where(wrong, compared.excess(rtol), -1.0)
    i = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
    pattern = _pattern(problem, compared, wrong, i)
    what = "gradient" if compared.order == 1 else f"derivative of order {compared.order}"
    remainder = "is only rounding" if math.isinf(observed) else f"falls as h^{observed:.2f}"
    lines = [
        f"The {what} of {problem.name} is wrong at {compared.names(i)} ({compared.mode}):",
        f"    analytic          {compared.analytic[i]:.10g}",
        f"    numeric           {compared.numeric[i]:.10g}, off by at most {compared.error[i]:.1g}",
        f"    Taylor remainder  {remainder}; with a right gradient as h^2 or faster",
        f"    wrong entries     {int(wrong.sum())} of {len(wrong)}",
    ]
    error = GradientError("\n".join([*lines, *([pattern] if pattern else [])]))
    error.place, error.pattern, error.order = compared.names(i), pattern, observed
    error.analytic, error.numeric = float(compared.analytic[i]), float(compared.numeric[i])
    error.error = float(compared.error[i])
    return error


def _pattern(problem: Problem, compared: Comparison, wrong: Vector, i: int) -> str | None:
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
        pattern = diagnosis.pattern(
            compared.analytic[own].reshape(shape), compared.numeric[own].reshape(shape),
            slack[own].reshape(shape), wrong[own].reshape(shape), others, lengths,
        )  # fmt: skip
        if pattern is None and compared.contributions is not None:
            shapes = [shape_of(out) for out in leaves(problem.out)]
            pattern = diagnosis.missing_sum(
                compared.analytic[own], compared.contributions[own], shapes, slack[own]
            )
        return pattern
    return None


def _about_kink(problem: Problem, compared: Comparison, wrong: Vector, kink: Kink) -> str:
    text = (
        f"There is a kink at this point: the derivative is {kink.left:.6g} from the left and "
        f"{kink.right:.6g} from the right, and a subgradient lies between."
    )
    if compared.entrywise and compared.chosen is None:
        for leaf in problem.point.leaves:
            own = wrong[leaf.entries]
            if own.any() and diagnosis.tied(problem.point.vector[leaf.entries], own):
                return text + "\nEntries tie here: they share the derivative, or one has it all."
    return text
