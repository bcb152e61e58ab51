"""Gradients beside finite differences of the function that they are of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.testing import UncheckableError, finite_differences, one_sided_differences

from ..expression import ExpressionError
from .tables import aligned

_CLOSE = 1e-8  # relative, where the differences themselves know better
_VAGUE, _TINY = 1e-4, 1e-9  # the error of a difference that tells nothing, relative or absolute
_UNTOLD = "cannot be told: no finite difference holds here"
MOST_ENTRIES = 1_000  # that are compared
_MOST = 20  # entries that have a line each


class Checked(NamedTuple):
    """An entry of a gradient, what a finite difference says, and whether they agree."""

    name: str
    gradient: float
    difference: float
    verdict: str
    agrees: bool


def checked(f: Callable[..., Any], leaves: Mapping[str, Value]) -> list[Checked]:
    """Each entry of the leaves' gradients beside the finite difference of f, summed."""
    data = [leaf.data for leaf in leaves.values()]
    count = sum(map(np.size, data))
    if count > MOST_ENTRIES:
        raise ExpressionError(
            f"--check compares at most {MOST_ENTRIES} entries, but here are {count}: check a "
            "smaller case, or see autodiff.testing.check_gradients"
        )

    def total(*args: Any) -> float:
        return float(np.sum(f(*args)))

    return [
        entry
        for i, (name, leaf) in enumerate(leaves.items())
        for entry in _of_leaf(total, data, i, name, leaf.grad)
    ]


def _of_leaf(
    f: Callable[..., float], data: list[Any], i: int, name: str, gradient: Any
) -> Iterator[Checked]:
    with np.errstate(all="ignore"):
        try:
            slopes, errors = finite_differences(f, *data, argnums=i)
        except UncheckableError:
            slopes = errors = np.full(np.shape(gradient), math.nan)
        sides: Any = None
        for place in np.ndindex(np.shape(gradient)):
            at = np.asarray(gradient)[place], np.asarray(slopes)[place], np.asarray(errors)[place]
            verdict, agrees = _verdict(*map(float, at))
            if not agrees and math.isfinite(f(*data)):
                sides = sides or one_sided_differences(f, *data, argnums=i)
                left, right = (float(np.asarray(side)[place]) for side in sides)
                if left != right and _is_between(float(at[0]), left, right):
                    verdict, agrees = f"yes: a kink, from {left:.6g} to {right:.6g}", True
            entry = f"{name}[{', '.join(map(str, place))}]" if place else name
            yield Checked(entry, float(at[0]), float(at[1]), verdict, agrees)


def _verdict(gradient: float, slope: float, error: float) -> tuple[str, bool]:
    apart, size = abs(gradient - slope), max(abs(gradient), abs(slope))
    if not math.isfinite(apart) or not error <= max(_VAGUE * size, _TINY):
        return _UNTOLD, False
    agrees = apart <= max(10 * error, _CLOSE * size)
    return ("yes" if agrees else f"NO: {apart:.1e} apart"), agrees


def _is_between(gradient: float, left: float, right: float) -> bool:
    """Whether a gradient is a slope between both sides, of which there are two."""
    low, high = sorted((left, right))
    apart = math.isfinite(low) and math.isfinite(high) and not math.isclose(low, high, rel_tol=1e-6)
    return apart and low - _TINY <= gradient <= high + _TINY


def _difference(entry: Checked) -> str:
    """What the differences say, if they say something."""
    return "—" if entry.verdict == _UNTOLD else f"{entry.difference:.9g}"


def report(entries: list[Checked]) -> str:
    """The entries as a table; of many those that do not agree."""
    if not entries:
        return "Nothing was checked: no name has a value, so there is no gradient by it."
    wrong = [entry for entry in entries if not entry.agrees]
    shown = entries if len(entries) <= _MOST else wrong[:_MOST]
    rows = [("gradient of", "backward", "finite difference", "agree")]
    rows += [(e.name, f"{e.gradient:.9g}", _difference(e), e.verdict) for e in shown]
    counts = f"{len(entries) - len(wrong)} of {len(entries)} agree"
    return "\n".join([*(aligned(rows, "<>><") if shown else []), counts])
