"""Oracles for derivatives: four ways to know one that do not trust the rule it came from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..transforms.forward import jvp as _jvp
from ..transforms.grad import vjp as _vjp
from .differences import Slope, central, one_sided
from .problem import Problem, Vector, flattened, unflatten_like

Argnums = int | tuple[int, ...] | None


class Estimate(NamedTuple):
    """A derivative found numerically, and how far it may be off; both shaped like the argument."""

    value: Any
    error: Any


class OneSided(NamedTuple):
    """The derivatives from the left and from the right; both shaped like the argument."""

    left: Any
    right: Any


def finite_differences(f: Callable[..., Any], *args: Any, argnums: Argnums = 0) -> Estimate:
    """The gradient of f, by central differences, with an estimate of its error.

    f gives one number, by any means: it need not be written with this project. Arguments are
    numbers, arrays or nested lists, tuples and dicts of them; `argnums` is as in `grad`, or None
    for every argument that holds floats. Arrays keep their dtype, and where f rounds to float32
    the steps are larger. For each entry the step starts at a tenth of the entry's size and
    shrinks, and Richardson's extrapolation is carried on for as long as it helps (Ridders 1982,
    "Accurate computation of F'(x) and F'(x)F''(x)"). On a kink the value is the mean of both
    sides: see `one_sided_differences`. Raises ValueError for an output that is not one number.

    >>> value, error = finite_differences(lambda x: x**3, 2.0)
    >>> abs(value - 12.0) < 1e-9, error < 1e-7
    (True, True)
    """
    problem = _scalar_problem(f, args, argnums)
    slopes = slopes_by_entry(problem)
    return Estimate(
        problem.point.structured(np.array([s.value[0] for s in slopes])),
        problem.point.structured(np.array([s.error[0] for s in slopes])),
    )


def one_sided_differences(f: Callable[..., Any], *args: Any, argnums: Argnums = 0) -> OneSided:
    """The derivatives of f from the left and from the right: on a kink they differ.

    NaN where f ends on that side, infinite where it jumps or is vertical. Arguments are as in
    `finite_differences`.

    >>> one_sided_differences(lambda x: np.maximum(x, 0.0), 0.0)
    OneSided(left=0.0, right=1.0)
    """
    problem = _scalar_problem(f, args, argnums)
    units = np.eye(len(problem.point.vector))
    sides = [
        np.array([
            one_sided(along(problem, unit), problem.value, float(scale), problem.eps, side)[0][0]
            for unit, scale in zip(units, problem.point.scales, strict=True)
        ])
        for side in (-1, 1)
    ]  # fmt: skip
    return OneSided(*map(problem.point.structured, sides))


def complex_step(f: Callable[..., Any], *args: Any, argnums: Argnums = 0) -> Any:
    """The gradient of f, by f(x + ih) = f(x) + ih f'(x): exact to rounding.

    f gives one number, and must be made of operations that take complex numbers and are
    analytic there. From Squire and Trapp (1998), "Using complex variables to estimate
    derivatives of real functions". Raises ValueError where a difference along the real line
    contradicts it, which tells that some operation (abs, a comparison, `float`) is not analytic.

    >>> complex_step(lambda x: np.exp(x) * x, 0.0)
    1.0
    """
    problem = _scalar_problem(f, args, argnums)
    point = problem.point
    found = np.zeros(point.vector.shape)
    for i, scale in enumerate(point.scales):
        unit, h = np.zeros(point.vector.shape), 1e-30 * scale
        unit[i] = 1.0
        there = flattened(problem.targeted(*point.targets(point.vector + 1j * h * unit)))
        found[i] = float(np.imag(there[0]) / h)
        step = float(scale) * problem.eps ** (1 / 3)
        ends = [problem.outputs(point.vector + side * step * unit)[0] for side in (1, -1)]
        near = (ends[0] - ends[1]) / (2 * step)
        allowed = 1e-2 * max(abs(found[i]), abs(near)) + 1e3 * problem.eps * abs(ends[0]) / step
        if np.isfinite(near) and not abs(found[i] - near) <= allowed:
            raise ValueError(
                "The complex step is for functions that are analytic in complex numbers, but at "
                f"{point.place(i)} it gives {found[i]:.6g}, and a difference {near:.6g}.\n"
                "Some operation in it (abs, a comparison, `float`) is not: "
                "use `finite_differences`."
            )
    return point.structured(found)


def taylor_order(
    f: Callable[..., Any], *args: Any, argnums: Argnums = None,
    gradient: Callable[..., Any] | None = None, seed: int = 0,
) -> float:  # fmt: skip
    """The observed order of the Taylor remainder |f(x + h v) - f(x) - h <g, v>| in h.

    It is 2 (or more, where the second derivative along v is 0) if the gradient g is right, and 1
    if it is wrong or f has a kink here; so no tolerance has to be chosen. It is inf where the
    remainder is nothing but rounding, as for a linear f. v is random; `gradient(*args)` is taken
    for g where it is given, else `grad`'s. Outputs that are not one number are weighted at random.

    >>> round(taylor_order(lambda x: np.sum(x**3), np.array([1.0, 2.0])), 1)
    2.0
    >>> round(taylor_order(lambda x: x**3, 2.0, gradient=lambda x: x**2), 1)
    1.0
    """
    problem = Problem(f, args, argnums, gradient=gradient)
    rng = np.random.default_rng(seed)
    weights = output_weights(problem, rng)
    slope = flattened(problem.pull(weights))
    if slope.shape != problem.point.vector.shape:
        raise ValueError(
            f"A gradient has one number for each of the {problem.point.vector.size} that it is by, "
            f"but this one has {slope.size}."
        )
    return observed_order(problem, slope, weights, direction(problem, rng))


def observed_order(problem: Problem, slope: Vector, weights: Vector, v: Vector) -> float:
    """`taylor_order` of <weights, outputs> with this gradient, along v."""
    line, value, first = along(problem, v), float(weights @ problem.value), float(slope @ v)
    size = float(np.abs(weights) @ np.abs(problem.value))
    points: list[tuple[float, float]] = []
    for k in range(3, 30):
        h = 2.0**-k
        there = line(h)
        remainder = abs(float(weights @ there) - value - h * first)
        moved = float(np.abs(weights) @ np.abs(there))
        rounding = problem.eps * (
            4 * (size + moved) + abs(h * first) + float(np.abs(slope * v).sum())
        )
        if not math.isfinite(remainder):
            continue
        if remainder < 10 * rounding:
            break
        points.append((math.log2(h), math.log2(remainder)))
    if len(points) < 3:
        return math.inf
    steps, sizes = np.array(points[-5:]).T
    return float(np.polyfit(steps, sizes, 1)[0])


def adjoint_gap(
    f: Callable[..., Any], *args: Any, argnums: Argnums = None, seed: int = 0,
    jvp: Callable[..., Any] = _jvp, vjp: Callable[..., Any] = _vjp,
) -> float:  # fmt: skip
    """How far <J v, w> is from <v, J' w>, relative to the larger, for random v and w.

    J is the derivative of f at `args`: it is applied forward by `jvp` and transposed by `vjp`,
    which may be any functions with the signatures of `autodiff.jvp` and `autodiff.vjp`. The gap
    is a few roundings (1e-15 in float64) where both are of the same J, right or wrong.

    >>> adjoint_gap(lambda a, x: np.tanh(a @ x), np.ones((2, 3)), np.ones(3)) < 1e-14
    True
    """
    problem = Problem(f, args, argnums)
    rng = np.random.default_rng(seed)
    v, w = direction(problem, rng), output_weights(problem, rng, scalar=False)
    targets, tangents = (problem.point.targets(x) for x in (problem.point.vector, v))
    pushed = flattened(jvp(problem.targeted, targets, tangents)[1])
    out, pull = vjp(problem.targeted, *targets)[:2]
    pulled = flattened(pull(unflatten_like(out, w)))
    forward, back = float(pushed @ w), float(v @ pulled)
    size = max(float(np.abs(pushed) @ np.abs(w)), float(np.abs(v) @ np.abs(pulled)))
    return abs(forward - back) / size if size else abs(forward - back)


# -- what they are made of -----------------------------------------------------------------


def _scalar_problem(f: Callable[..., Any], args: tuple[Any, ...], argnums: Argnums) -> Problem:
    problem = Problem(f, args, argnums)
    if problem.value.size != 1:
        shape = np.shape(problem.out) if not isinstance(problem.out, (list, tuple, dict)) else ()
        raise ValueError(
            f"An oracle's function gives one number, but this one gave {problem.value.size}"
            f"{f' in shape {shape}' if shape else ''}.\n"
            "Reduce it, as in `lambda x: (weights * f(x)).sum()`."
        )
    return problem


def along(problem: Problem, v: Vector) -> Callable[[float], Vector]:
    """The outputs as a function of a step along v."""
    return lambda step: problem.outputs(problem.point.vector + step * v)


def slopes_by_entry(problem: Problem) -> list[Slope]:
    """The derivative of the outputs by each entry of the point."""
    units = np.eye(len(problem.point.vector))
    return [
        central(along(problem, unit), problem.value, float(scale), problem.eps)
        for unit, scale in zip(units, problem.point.scales, strict=True)
    ]


def direction(problem: Problem, rng: np.random.Generator) -> Vector:
    """A random direction that moves each entry by about its size."""
    return _signed(problem.point.vector.shape, rng) * problem.point.scales


def output_weights(problem: Problem, rng: np.random.Generator, scalar: bool = True) -> Vector:
    """Random weights for the outputs; 1 where there is just one output."""
    if scalar and problem.value.size == 1:
        return np.ones(1)
    return _signed(problem.value.shape, rng)


def _signed(shape: tuple[int, ...], rng: np.random.Generator) -> Vector:
    """Random numbers of either sign and of about the size 1."""
    signs: Vector = rng.choice([-1.0, 1.0], shape)
    return signs * rng.uniform(0.5, 1.5, shape)
