"""How finely a function computes: differences tell nothing of steps that it does not see."""

from __future__ import annotations

import numpy as np

from .differences import Along
from .oracles import along, direction
from .problem import Problem
from .report import UncheckableError

_FAR, _NEAR = 1e-3, 1e-9  # steps that float32 sees, and that only float64 does


def misled(line: Along, output: int, slope: float) -> bool:
    """Whether a difference over a large step contradicts what small ones say of the slope."""
    ends = [np.atleast_1d(line(step)) for step in (-_FAR, _FAR)]
    i = output if ends[0].size > 1 else 0
    far = (ends[1][i] - ends[0][i]) / (2 * _FAR)
    return bool(abs(far - slope) > 0.1 * abs(far))


def check_fine(problem: Problem, rng: np.random.Generator) -> None:
    """Raise UncheckableError for a function of float64 that in between computes in float32.

    It answers a small step by no change at all, where the slope over a large one would have it
    change by hundreds of roundings.
    """
    if problem.eps > np.finfo(np.float64).eps:
        return  # it says itself how coarse it is
    still = moved = 0
    for _ in range(4):
        line = along(problem, direction(problem, rng))
        here, far, near = line(0.0), line(_FAR), line(_NEAR)
        expected = np.abs(far - here) * (_NEAR / _FAR)
        seen = np.isfinite(expected) & (expected > 256 * np.spacing(np.abs(here)))
        still += int((seen & (near == here)).sum())
        moved += int((seen & (near != here)).sum())
    if still > 3 * moved:
        raise UncheckableError(
            f"A derivative is checked in the precision of its arguments, float64, but "
            f"{problem.name} computes in less: it does not change over a step of {_NEAR:g}.\n"
            "Let it compute in float64, or pass arguments of float32, for which as much is allowed."
        )
