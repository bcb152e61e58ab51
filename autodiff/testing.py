"""Oracles for derivatives, which share no code with the engine, and checks against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .tree import leaves, unflatten

Function = Callable[..., Any]


class Estimate(NamedTuple):
    """A derivative found numerically, and how far it may be off; both shaped like the argument."""

    value: Any
    error: Any


def finite_differences(f: Function, *args: Any, argnums: int = 0) -> Estimate:
    """The gradient of f by one argument, by central differences, with an estimate of its error.

    f gives one number; arguments are numbers, arrays or nested lists, tuples and dicts of them.
    For each entry the step shrinks from a tenth of the entry's size and Richardson's
    extrapolation is carried on for as long as it helps (Ridders 1982, "Accurate computation of
    F'(x) and F'(x)F''(x)"). The work is done in float64. Raises ValueError for an output that
    is not one number.

    >>> value, error = finite_differences(lambda x: x**3, 2.0)
    >>> abs(value - 12.0) < 1e-9, error < 1e-7
    (True, True)
    """
    return _by_entries(f, args, argnums, _ridders)


def complex_step(f: Function, *args: Any, argnums: int = 0) -> Any:
    """The gradient of f by one argument, by f(x + ih) = f(x) + ih f'(x): exact to rounding.

    f gives one number, and must be made of operations that take complex numbers and are
    analytic there (no abs, no comparisons of what is differentiated). From Squire and Trapp
    (1998), "Using complex variables to estimate derivatives of real functions".

    >>> complex_step(lambda x: np.exp(x) * x, 0.0)
    1.0
    """

    def derivative(along: Function, scale: float) -> tuple[float, float]:
        h = 1e-30 * scale
        return float(np.imag(along(1j * h)) / h), 0.0

    return _by_entries(f, args, argnums, derivative).value


def _by_entries(f: Function, args: tuple[Any, ...], argnums: int, derivative: Function) -> Estimate:
    """`derivative` of t -> f(x + t e) for each entry e of the argument, in its structure."""
    tree = args[argnums]
    points = [np.array(leaf, dtype=np.float64) for leaf in leaves(tree)]
    values, errors = [np.zeros(p.shape) for p in points], [np.zeros(p.shape) for p in points]

    def at(which: int, place: tuple[int, ...], step: complex) -> Any:
        moved = [p if i != which else p + 0 * step for i, p in enumerate(points)]
        moved[which] = np.array(moved[which])
        moved[which][place] += step
        given = list(args)
        given[argnums] = unflatten(tree, [m if m.ndim else m[()] for m in moved])
        out = np.asarray(f(*given))
        if out.size != 1:
            raise ValueError(
                f"An oracle's function gives one number, but this one gave shape {out.shape}.\n"
                "Reduce it, as in `lambda x: (weights * f(x)).sum()`."
            )
        return out.reshape(())[()]

    for which, point in enumerate(points):
        for place in np.ndindex(point.shape):
            scale = max(abs(float(point[place])), 1.0)
            along = _along(at, which, place)
            values[which][place], errors[which][place] = derivative(along, scale)
    kinds = [v.item() if v.ndim == 0 else v for v in values]
    sizes = [e.item() if e.ndim == 0 else e for e in errors]
    return Estimate(unflatten(tree, kinds), unflatten(tree, sizes))


def _along(at: Function, which: int, place: tuple[int, ...]) -> Function:
    return lambda step: at(which, place, step)


def _ridders(along: Function, scale: float) -> tuple[float, float]:
    """f'(0) of `along`, and the error that the last extrapolations suggest."""
    shrink, rounds = 2.0, 10
    step = 0.1 * scale
    before: list[float] = []
    best, error, coarse = np.nan, np.inf, np.nan
    for _ in range(rounds):
        row = [(along(step) - along(-step)) / (2 * step)]
        rounding = 4 * np.finfo(float).eps * (abs(along(step)) + abs(along(-step))) / step
        factor = shrink**2
        for other in before:
            row.append((factor * row[-1] - other) / (factor - 1))
            factor *= shrink**2
        for fine, left, above in zip(row[1:], row, before, strict=False):
            off = max(abs(fine - left), abs(fine - above)) + rounding
            if off < error:
                best, error = float(fine), float(off)
        coarse, before = (before or row)[0], row
        step /= shrink
    # A jump or a kink within the first steps can look like convergence. Then the last, plain
    # differences are further from it than their own change from step to step explains.
    last = before[0]
    astray = abs(best - last)
    allowed = min(2 * abs(last - coarse), 1e-3 * max(abs(best), abs(last))) + 2 * error
    if not astray <= allowed:
        error = float(astray) if np.isfinite(astray) else np.inf
    return best, error
