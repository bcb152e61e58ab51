"""Whether a gradient is right: against finite differences, and against the derived program."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.testing import finite_differences, one_sided_differences

from ..graphs.numbers import MOST, number
from ..interactive.program import derived, leaves_of

MOST_LEAVES, MOST_SECONDS = 60, 5.0  # that are checked, and until no other is
_CLOSE = 1e-8  # relative, where the differences know better themselves
_VAGUE, _TINY = 1e-4, 1e-11  # error of a difference that tells nothing, relative or absolute

_UNCLEAR = {"oracle": "—", "verdict": "unclear", "note": "no finite difference holds here"}


def of_gradients(
    f: Callable[..., float], leaves: Mapping[str, Value]
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The gradient of each leaf beside the finite difference of f, a function of their numbers.

    A `verdict` is "agrees", "kink" (the gradient is one of the slopes between both sides),
    "unclear" (there is no finite difference to compare with) or "differs".
    """
    numbers = [leaf.data for leaf in leaves.values()]
    until = time.monotonic() + MOST_SECONDS
    finite = math.isfinite(f(*numbers))
    for i, (name, leaf) in enumerate(leaves.items()):
        if i == MOST_LEAVES or time.monotonic() > until:
            yield {"what": f"{len(leaves) - i} more", "verdict": "unclear", "note": "not checked"}
            return
        check = {"what": f"d/d{name}", "backward": number(leaf.grad, MOST)}
        yield check | (_compared(leaf.grad, f, i, numbers) if finite else _UNCLEAR)


def _compared(
    gradient: float, f: Callable[..., float], i: int, numbers: Sequence[float]
) -> dict[str, str]:
    with np.errstate(all="ignore"):
        (slope,), (error,) = finite_differences(f, *numbers, argnums=(i,))
    oracle = number(slope, MOST) if math.isfinite(error) else "—"
    return {"oracle": oracle, **_verdict(gradient, slope, error, f, i, numbers)}


def _verdict(
    gradient: float, slope: float, error: float, f: Callable[..., float], i: int,
    numbers: Sequence[float],
) -> dict[str, str]:  # fmt: skip
    apart, size = abs(gradient - slope), max(abs(gradient), abs(slope))
    vague = not math.isfinite(apart) or not error <= max(_VAGUE * abs(slope), _TINY)
    if not vague and apart <= max(10 * error, _CLOSE * size):
        return {"verdict": "agrees", "note": f"{apart:.0e} apart" if apart else "the same"}
    with np.errstate(all="ignore"):
        (left,), (right,) = one_sided_differences(f, *numbers, argnums=(i,))
    low, high = sorted((left, right))
    both = math.isfinite(left) and math.isfinite(right)
    if both and not math.isclose(low, high, rel_tol=1e-6) and low <= gradient <= high:
        sides = f"{number(left)} from the left, {number(right)} from the right"
        return {"verdict": "kink", "note": f"a kink: {sides}"}
    if vague:
        return _UNCLEAR
    return {"verdict": "differs", "note": f"{apart:.0e} apart"}


def of_program(nodes: Sequence[Value]) -> Iterator[dict[str, Any]]:
    """The value and the gradient of the derived program, which is run, beside the graph's."""
    leaves = leaves_of(nodes)
    with np.errstate(all="ignore"):
        value, gradients = derived(nodes)(*[leaf.data for leaf in leaves])
    own = np.array([nodes[-1].data, *(leaf.grad for leaf in leaves)])
    theirs = np.array([value, *np.atleast_1d(gradients)], float)
    same = np.allclose(own, theirs, rtol=1e-9, atol=0, equal_nan=True)
    yield {
        "what": "the derived program",
        "verdict": "agrees" if same else "differs",
        "note": "run: the same value and gradient" if same else "run: other numbers",
    }
