"""Whether a gradient is right: against finite differences, and against the derived program."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value, local_gradients
from autodiff.testing import finite_differences, one_sided_differences

from ..graphs.numbers import MOST, number
from ..interactive.program import derived, leaves_of

MOST_LEAVES, MOST_SECONDS = 60, 5.0  # that are checked, and until no other is
_CLOSE = 1e-8  # relative, where the differences know better themselves
_ROUNDING = 64 * np.finfo(float).eps
_VAGUE, _TINY = 1e-4, 1e-11  # error of a difference that tells nothing, relative or absolute

_UNCLEAR = {"oracle": "—", "verdict": "unclear", "note": "no finite difference holds here"}


def of_gradients(
    f: Callable[..., float], leaves: Mapping[str, Value], nodes: Sequence[Value] = ()
) -> Iterator[dict[str, Any]]:
    """The gradient of each leaf beside the finite difference of f, a function of their numbers.

    `nodes` are those of the graph, whose paths tell how much of a gradient is error of rounding.
    A `verdict` is "agrees", "kink" (the gradient is one of the slopes between both sides),
    "unclear" (there is no finite difference to compare with) or "differs".
    """
    numbers = [leaf.data for leaf in leaves.values()]
    until = time.monotonic() + MOST_SECONDS
    finite, noise = math.isfinite(f(*numbers)), _noise(nodes)
    for i, (name, leaf) in enumerate(leaves.items()):
        if i == MOST_LEAVES or time.monotonic() > until:
            yield {"what": f"{len(leaves) - i} more", "verdict": "unclear", "note": "not checked"}
            return
        check = {"what": f"d/d{name}", "backward": number(leaf.grad, MOST)}
        yield check | (
            _compared(leaf.grad, noise.get(leaf, 0.0), f, i, numbers) if finite else _UNCLEAR
        )


class _Difference(NamedTuple):
    """A finite difference with an estimate of its error."""

    slope: float
    error: float
    noise: float  # in the gradient that it is compared with

    def is_vague(self) -> bool:
        return not self.error <= max(_VAGUE * abs(self.slope), _TINY)

    def agrees(self, gradient: float) -> bool:
        size = max(abs(gradient), abs(self.slope))
        near = abs(gradient - self.slope) <= max(10 * self.error, _CLOSE * size, self.noise)
        return near and not self.is_vague() and math.isfinite(size)


def _noise(nodes: Sequence[Value]) -> dict[Value, float]:
    """What rounding can make of each gradient, whose paths may cancel: by the sum of sizes."""
    noise = dict.fromkeys(nodes, 0.0)
    noise |= dict.fromkeys(nodes[-1:], _ROUNDING)
    with np.errstate(all="ignore"):
        for node in reversed(nodes):
            for operand, partial in zip(node.inputs, local_gradients(node), strict=True):
                noise[operand] += noise[node] * abs(partial)
    return {node: size if math.isfinite(size) else 0.0 for node, size in noise.items()}


def _compared(
    gradient: float, noise: float, f: Callable[..., float], i: int, numbers: Sequence[float]
) -> dict[str, str]:
    found = _difference(f, i, numbers, noise)
    # A step that is large beside a small number can miss what happens there: then in proportion.
    if not found.agrees(gradient) and numbers[i]:
        other = _in_proportion(f, i, numbers, noise)
        found = other if other.agrees(gradient) or found.is_vague() else found
    return {"oracle": number(found.slope, MOST), **_verdict(gradient, found, f, i, numbers)}


def _difference(
    f: Callable[..., float], i: int, numbers: Sequence[float], noise: float
) -> _Difference:
    with np.errstate(all="ignore"):
        (slope,), (error,) = finite_differences(f, *numbers, argnums=(i,))
    return _Difference(float(slope), float(error), noise)


def _in_proportion(
    f: Callable[..., float], i: int, numbers: Sequence[float], noise: float
) -> _Difference:
    """The derivative by x as that by t of f(x t) at 1, over x."""
    before, x, after = numbers[:i], numbers[i], numbers[i + 1 :]
    slope, error, _ = _difference(lambda t: f(*before, x * t, *after), 0, [1.0], noise)
    with np.errstate(all="ignore"):
        return _Difference(float(np.divide(slope, x)), float(np.divide(error, abs(x))), noise)


def _verdict(
    gradient: float, found: _Difference, f: Callable[..., float], i: int,
    numbers: Sequence[float],
) -> dict[str, str]:  # fmt: skip
    apart = abs(gradient - found.slope)
    if found.agrees(gradient):
        return {"verdict": "agrees", "note": f"{apart:.0e} apart" if apart else "the same"}
    with np.errstate(all="ignore"):
        (left,), (right,) = one_sided_differences(f, *numbers, argnums=(i,))
    low, high = sorted((left, right))
    slack = 1e-6 * (high - low)
    bends = math.isfinite(slack) and not math.isclose(low, high, rel_tol=1e-6)
    if bends and low - slack <= gradient <= high + slack:
        sides = f"{number(left)} from the left, {number(right)} from the right"
        return {"verdict": "kink", "note": f"a kink: {sides}"}
    if found.is_vague() or not math.isfinite(apart):
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
