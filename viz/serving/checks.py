"""What the bench tells of checks: of each gradient, and of the derived program."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import Value

from ..checks import Check, check_entries
from ..graphs.numbers import MOST, number
from ..interactive.program import derived, leaves_of

MOST_LEAVES, MOST_SECONDS = 60, 5.0  # that are checked, and until no other is


def of_gradients(
    f: Callable[..., float], leaves: Mapping[str, Value], nodes: Sequence[Value] = ()
) -> Iterator[dict[str, Any]]:
    """The gradient of each leaf beside the finite difference of f, as JSON holds it."""
    return map(_told, check_entries(f, leaves, nodes, MOST_LEAVES, MOST_SECONDS))


def _told(check: Check) -> dict[str, Any]:
    said = {"verdict": check.verdict, "note": check.note}
    if check.gradient is None:
        return {"what": check.name, **said}
    oracle = "—" if math.isnan(check.difference) else number(check.difference, MOST)
    backward = number(check.gradient, MOST)
    return {"what": f"d/d{check.name}", "backward": backward, "oracle": oracle, **said}


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
