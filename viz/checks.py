"""Gradients beside finite differences of the function that they are of, entry by entry."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value, local_gradients
from autodiff.testing import finite_differences, one_sided_differences

from .graphs.numbers import number

_CLOSE = 1e-8  # relative, where the differences know better themselves
_ROUNDING = 64 * np.finfo(float).eps
_VAGUE, _TINY = 1e-3, 1e-11  # error of a difference that tells nothing, relative or absolute


class Check(NamedTuple):
    """An entry of a gradient, the finite difference there, and whether the two agree.

    The `verdict` is "agrees", "kink" (the gradient lies between the slopes of both sides),
    "unclear" (there is no finite difference to compare with, or it was not asked for) or
    "differs"; the `note` says how far, or why.
    """

    name: str
    gradient: float | None  # None for what is not checked
    difference: float  # NaN where none holds
    verdict: str
    note: str

    @property
    def passes(self) -> bool:
        """Whether the gradient was compared, and is right."""
        return self.verdict in ("agrees", "kink")


def check_entries(
    f: Callable[..., Any], leaves: Mapping[str, Value], nodes: Sequence[Value] = (),
    most: float = math.inf, seconds: float = math.inf,
) -> Iterator[Check]:  # fmt: skip
    """Each entry of the leaves' gradients beside the finite difference of f, which is summed.

    f is the function of the leaves' data. `nodes` are those of the graph, operands first: where
    they are numbers, their paths tell how much of a gradient is error of rounding. Of more than
    `most` entries, or after so many `seconds`, the others are one check that is unclear.

    >>> x = Value(3.0, name="x")
    >>> (x * x).backward()
    >>> [(check.name, check.verdict) for check in check_entries(lambda x: x * x, {"x": x})]
    [('x', 'agrees')]
    """
    data = [leaf.data for leaf in leaves.values()]
    until, noise = time.monotonic() + seconds, _noise(nodes)

    def total(*args: Any) -> float:
        with np.errstate(all="ignore"):
            return float(np.sum(f(*args)))

    finite, left = math.isfinite(total(*data)), sum(map(np.size, data))
    most = min(most, left)
    for i, (name, leaf) in enumerate(leaves.items()):
        for place in np.ndindex(np.shape(leaf.data)):
            if not most or time.monotonic() > until:
                yield Check(f"{left} more", None, math.nan, "unclear", "not checked")
                return
            most, left = most - 1, left - 1
            gradient = float(np.asarray(leaf.grad)[place])
            found = _UNCLEAR
            if finite:
                found = _judged(*_by_entry(total, data, i, place), gradient, noise.get(leaf, 0.0))
            index = f"[{', '.join(map(str, place))}]" if place else ""
            yield Check(f"{name}{index}", gradient, *found)


Line = Callable[..., float]  # a function of one number


def _by_entry(f: Line, data: Sequence[Any], i: int, place: tuple[int, ...]) -> tuple[Line, Any]:
    """f as a function of one entry of one argument, and that entry."""
    before, x, after = data[:i], data[i], data[i + 1 :]
    if not place:
        return lambda t: f(*before, t, *after), x

    def line(t: Any) -> float:
        changed = np.array(x)
        changed[place] = t
        return f(*before, changed, *after)

    return line, x[place]


def _noise(nodes: Sequence[Value]) -> dict[Value, float]:
    """What rounding can make of each gradient, whose paths may cancel: by the sum of sizes."""
    if any(np.ndim(node.data) for node in nodes):
        return {}
    noise = dict.fromkeys(nodes, 0.0)
    noise |= dict.fromkeys(nodes[-1:], _ROUNDING)
    with np.errstate(all="ignore"):
        for node in reversed(nodes):
            for operand, partial in zip(node.inputs, local_gradients(node), strict=True):
                noise[operand] += noise[node] * abs(float(partial))
    return {node: size if math.isfinite(size) else 0.0 for node, size in noise.items()}


# -- one entry -----------------------------------------------------------------------------

_UNCLEAR = math.nan, "unclear", "no finite difference holds here"


class _Difference(NamedTuple):
    """A finite difference with an estimate of its error."""

    slope: float
    error: float

    def is_vague(self) -> bool:
        return not self.error <= max(_VAGUE * abs(self.slope), _TINY)

    def agrees(self, gradient: float, noise: float) -> bool:
        size = max(abs(gradient), abs(self.slope))
        near = abs(gradient - self.slope) <= max(10 * self.error, _CLOSE * size, noise)
        return near and not self.is_vague() and math.isfinite(size)


def _judged(f: Line, x: Any, gradient: float, noise: float) -> tuple[float, str, str]:
    """The slope of f at x, the verdict on the gradient, and the note."""
    found = _difference(f, x)
    # A step that is large beside a small number can miss what happens there: then in proportion.
    if not found.agrees(gradient, noise) and x:
        other = _in_proportion(f, x)
        found = other if other.agrees(gradient, noise) or found.is_vague() else found
    apart = abs(gradient - found.slope)
    if found.agrees(gradient, noise):
        return found.slope, "agrees", f"{apart:.0e} apart" if apart else "the same"
    if sides := _sides_around(gradient, f, x):
        return found.slope, "kink", f"a kink: {sides}"
    if found.is_vague() or not math.isfinite(apart):
        return _UNCLEAR
    return found.slope, "differs", f"{apart:.0e} apart"


def _difference(f: Line, x: Any) -> _Difference:
    with np.errstate(all="ignore"):
        return _Difference(*map(float, finite_differences(f, x)))


def _in_proportion(f: Line, x: Any) -> _Difference:
    """The derivative by x as that by t of f(x t) at 1, over x."""
    with np.errstate(all="ignore"):
        slope, error = _difference(lambda t: f(x * t), x / x)  # a 1 of the same dtype
        return _Difference(float(np.divide(slope, x)), float(np.divide(error, abs(x))))


def _sides_around(gradient: float, f: Line, x: Any) -> str:
    """The slopes of both sides, if there are two and the gradient lies between them."""
    with np.errstate(all="ignore"):
        left, right = map(float, one_sided_differences(f, x))
    low, high = sorted((left, right))
    slack = 1e-6 * (high - low)
    bends = math.isfinite(slack) and not math.isclose(low, high, rel_tol=1e-6)
    if not bends or not low - slack <= gradient <= high + slack:
        return ""
    return f"{number(left)} from the left, {number(right)} from the right"
