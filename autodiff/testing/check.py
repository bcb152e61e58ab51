"""check_gradients: the derivatives of a function, of every order and mode, against the oracles."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..graph.messages import checked_function
from ..transforms.forward import jvp
from . import diagnosis
from .comparison import Comparison
from .differences import Along, Slope, central
from .fineness import check_fine, misled
from .oracles import Argnums, along, direction, observed_order, output_weights, slopes_by_entry
from .problem import Leaf, Problem, Vector, dot, flattened
from .report import GradientError, Report, UncheckableError, failure

MODES = ("vjp", "jvp")


def check_gradients(
    f: Callable[..., Any], *args: Any, argnums: Argnums = None, order: int = 2,
    modes: tuple[str, ...] = MODES, rtol: float | None = None,
    gradient: Callable[..., Any] | None = None, vjp: Callable[..., Any] | None = None,
    keywords: Mapping[str, Any] | None = None, has_aux: bool = False,
    entries: int = 64, directions: int = 4, seed: int = 0,
) -> Report:  # fmt: skip
    """Check the derivatives of f at `args` against finite differences, and report.

    f is any function that `grad` and `vjp` take: arguments and outputs are numbers, arrays, or
    nested lists, tuples and dicts of them; an output that is not one number is weighted at
    random. `argnums` is as in `grad`, or None for every argument that holds floats, `keywords`
    are passed on. In each of the `modes`, all derivatives up to `order` are checked: the first
    entry by entry where there are at most `entries`, else along random `directions`; the
    higher ones as derivatives of the one before, along random directions.

    With `gradient`, f may be any function at all, and `gradient(*args)`, in the structure of
    the arguments, is what is checked (the first order alone). With `vjp`, that is a backward pass
    written by hand: `vjp(ct, *args)` is given a cotangent, in the structure of f's output.

    Two numbers agree when they differ by no more than the oracle's own estimate of its error
    allows, and by `rtol` (the square root of the dtype's rounding, if not given); where they do
    not, also by what rounding makes of either, which is then measured at points close by and
    with other steps. On a kink, a jump or the edge of where f is defined there is no one
    derivative: there a gradient is right if it lies between the one-sided derivatives, and the
    kink stands in the report.

    Raises GradientError, an AssertionError, which says which argument and entry is wrong, by how
    much, and in what way, where the way is known. Raises UncheckableError, a ValueError, where f
    is not finite, or too rough for any difference (as what is computed in float32 and given as
    float64), or of empty arguments, and ValueError where
    it differs from call to call or gives no numbers: a check that compared nothing is none.

    >>> check_gradients(lambda x: np.sum(np.tanh(x) ** 2), np.array([0.5, -1.0]))
    <Report: 7 derivatives agree>
    >>> check_gradients(lambda x: x**3, 2.0, gradient=lambda x: 6.0 * x**2)
    Traceback (most recent call last):
    autodiff.testing.report.GradientError: The gradient of `<lambda>` is wrong at argument 0 ...
    """
    checked_function(f, "check_gradients")
    by_hand = gradient is not None or vjp is not None
    _check_options(order, modes, directions, by_hand)
    if gradient is not None and vjp is not None:
        raise TypeError("What is checked is `gradient` or `vjp`, not both.\nCheck one at a time.")
    with np.errstate(all="ignore"):
        problem = Problem(f, args, argnums, keywords, has_aux, gradient, vjp)
        _check_not_empty(problem)
        _check_steady(problem)
        check = _Check(problem, rtol, np.random.default_rng(seed))
        pull, push = "vjp" in modes, "jvp" in modes and not by_hand
        if problem.point.vector.size <= entries:
            check.by_entry(pull, push)
        else:
            check.by_direction(pull, push, directions)
        if not by_hand and not check.report.kinks:
            check.higher(order, modes)
        if not check.report.checked:
            check_fine(problem, check.rng)
        check.report.require_something(problem)
    return check.report


def _check_options(order: int, modes: tuple[str, ...], directions: int, by_hand: bool) -> None:
    for mode in modes:
        if mode not in MODES:
            raise ValueError(f"The modes are {' and '.join(map(repr, MODES))}, but not {mode!r}.")
    if not modes or (by_hand and "vjp" not in modes):
        what = "A gradient of your own is" if modes else "Derivatives are"
        raise ValueError(
            f"{what} checked in a mode, but here modes={modes!r}.\n"
            f"Write `modes=({MODES[0]!r},)`, or leave it out."
        )
    for name, count in (("order", order), ("directions", directions)):
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"`{name}` counts from 1, but it is {count!r}.")


def _check_not_empty(problem: Problem) -> None:
    """Raise for no numbers where there should be some: nothing would be compared."""
    if not problem.point.vector.size:  # as a point may be that is drawn at random
        raise UncheckableError(
            f"{problem.name} is to be differentiated by no numbers, so there is no derivative to "
            "check.\nPass arguments that are not empty, or choose others with `argnums`."
        )
    if not problem.value.size:
        raise ValueError(
            f"{problem.name} returned no numbers, so there is no derivative to check.\n"
            "Return what is to be differentiated."
        )


def _check_steady(problem: Problem) -> None:
    if not np.isfinite(problem.value).all():
        raise UncheckableError(
            f"A derivative is checked where the function is finite, but {problem.name} gives "
            f"{problem.value if problem.value.size > 1 else problem.value[0]} here.\n"
            "Choose another point."
        )
    again = problem.outputs(problem.point.vector)
    if not np.array_equal(again, problem.value):
        raise ValueError(
            f"{problem.name} gives another value each time it is called, so that no difference "
            "tells its derivative.\nMake its random numbers outside of it, or by a fixed seed."
        )


class _Check:
    """A check at work: the problem, its random weights, and the report so far."""

    def __init__(self, problem: Problem, rtol: float | None, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.rtol = math.sqrt(problem.eps) if rtol is None else rtol
        self.weights = output_weights(problem, rng)
        self.report = Report()
        # The largest of what was differentiated so far: its roundings are in each derivative.
        self.size = float(np.abs(self.weights) @ np.abs(problem.value))

    # -- the first order -------------------------------------------------------------------

    def by_entry(self, pull: bool, push: bool) -> None:
        """Every entry of the gradient, and one tangent, against differences by every entry."""
        problem = self.problem
        slopes = _stacked(slopes_by_entry(problem))
        if pull:
            parts = problem.pull(self.weights)
            for leaf, part in zip(problem.point.leaves, parts, strict=True):
                if np.shape(part) != leaf.shape:
                    raise self._misshapen(leaf, np.asarray(part), slopes)
            self._judge(self._by_entries(flattened(parts), slopes, None))
        if push:
            v = direction(problem, self.rng)
            smooth = np.all(slopes.smooth, axis=0)  # on a kink, no derivative is linear in v
            self._judge(
                Comparison(
                    1, "jvp", v @ slopes.value, np.abs(v) @ slopes.error, np.logical_not(smooth),
                    problem.push(v), partial(problem.push, v), names=_output_name,
                    lines=_always(along(problem, v)), counted=smooth,
                )
            )  # fmt: skip

    def _by_entries(self, analytic: Vector, slopes: Slope, chosen: Vector | None) -> Comparison:
        """The gradient's entries (those `chosen`) beside the weighted slopes of the outputs."""
        point, weights = self.problem.point, self.weights
        entries = np.arange(len(analytic)) if chosen is None else chosen

        def near(at: Vector) -> Vector:
            return self._gradient(at)[entries]

        return Comparison(
            1, "vjp", slopes.value @ weights, slopes.error @ np.abs(weights),
            np.any(slopes.kinked, axis=1), analytic, near,
            names=lambda i: str(point.place(int(entries[i]))),
            lines=lambda i: self._weighted(_unit(len(point.vector), int(entries[i]))),
            scales=point.scales[entries], contributions=slopes.value * weights, chosen=chosen,
        )  # fmt: skip

    def _misshapen(self, leaf: Leaf, part: Any, slopes: Slope | None) -> GradientError:
        text = f"A gradient has the shape of its argument, {leaf.shape}, but it has {part.shape}."
        if slopes is not None:
            numeric = (slopes.value @ self.weights)[leaf.entries].reshape(leaf.shape)
            slack = 4 * (slopes.error @ np.abs(self.weights))[leaf.entries]
            text = diagnosis.misshapen(part, numeric, slack)
        where = f"argument {leaf.argument}{leaf.path}"
        error = GradientError(f"The gradient of {self.problem.name} is wrong at {where}.\n{text}")
        error.place, error.pattern = where, text
        return error

    def by_direction(self, pull: bool, push: bool, directions: int) -> None:
        """The gradient and the tangents along a few random directions, for many entries."""
        problem = self.problem
        parts = problem.pull(self.weights) if pull else []
        for leaf, part in zip(problem.point.leaves, parts):
            if np.shape(part) != leaf.shape:
                raise self._misshapen(leaf, np.asarray(part), None)
        for _ in range(directions):
            v = direction(problem, self.rng)
            found = self._central(v)
            if pull:
                self._one_direction(flattened(parts), found, v)
            if push:
                self._judge(
                    Comparison(
                        1, "jvp", *found, problem.push(v), partial(problem.push, v),
                        names=_output_name, lines=_always(along(problem, v)), counted=found.smooth,
                    )
                )  # fmt: skip

    def _one_direction(self, slope: Vector, found: Slope, v: Vector) -> None:
        compared = self._along(slope, found, v)
        if compared.wrong(self.rtol).any():
            entry = self._located(slope, v)
            leaf = next(x for x in self.problem.point.leaves if entry < x.entries.stop)
            self._judge(self._sampled(slope, leaf, entry))
        self._judge(compared)

    def _along(self, slope: Vector, found: Slope, v: Vector) -> Comparison:
        return Comparison(
            1, "vjp", np.atleast_1d(found.value @ self.weights),
            np.atleast_1d(found.error @ np.abs(self.weights)),
            np.atleast_1d(found.kinked.any()), np.atleast_1d(slope @ v),
            lambda at: np.atleast_1d(self._gradient(at) @ v),
            names=lambda _: "a random direction", lines=_always(self._weighted(v)),
        )  # fmt: skip

    def _gradient(self, at: Vector) -> Vector:
        return flattened(self.problem.pull(self.weights, at))

    def _central(self, v: Vector, scale: float = 1.0) -> Slope:
        return central(along(self.problem, v), self.problem.value, scale, self.problem.eps)

    def _weighted(self, v: Vector) -> Along:
        """The weighted output as a function of a step along v."""
        line = along(self.problem, v)
        return lambda step: np.atleast_1d(self.weights @ line(step))

    def _located(self, slope: Vector, v: Vector) -> int:
        """An entry that is wrong, by halving the direction for as long as the half is wrong."""
        low, high = 0, len(v)
        while high - low > 1:
            middle, worst = (low + high) // 2, []
            for a, b in ((low, middle), (middle, high)):
                part = np.zeros_like(v)
                part[a:b] = v[a:b]
                compared = self._along(slope, self._central(part), part)
                worst.append(compared.excess(self.rtol)[0])
            low, high = (low, middle) if worst[0] >= worst[1] else (middle, high)
        return low

    def _sampled(self, slope: Vector, leaf: Leaf, entry: int) -> Comparison:
        """A few entries of the leaf that holds a wrong one, to see in which way it is wrong."""
        some = self.rng.choice(np.arange(leaf.entries.start, leaf.entries.stop), 12)
        chosen = np.unique(np.append(some, entry))
        size, scales = len(slope), self.problem.point.scales
        slopes = [self._central(_unit(size, int(i)), float(scales[i])) for i in chosen]
        return self._by_entries(slope[chosen], _stacked(slopes), chosen)

    # -- higher orders ---------------------------------------------------------------------

    def higher(self, order: int, modes: tuple[str, ...]) -> None:
        """Each order as the derivative, along a random direction, of the gradient before it."""
        problem, point = self.problem, self.problem.point
        scalar = problem.scalar(self.weights)
        for k in range(2, order + 1):
            v, slope = direction(problem, self.rng), problem.slope(scalar)
            line = _gradient_line(problem, slope, v)
            scalar = _along_direction(slope, v)
            at_zero = line(0.0)
            if not np.isfinite(at_zero).all():
                self.report.unresolved.append(f"order {k}: the gradient is not finite here")
                return
            self.size = max(self.size, float(np.abs(at_zero).max()))
            found = central(line, at_zero, 1.0, problem.eps)
            for mode in modes:
                analytic = _pulled(problem, scalar) if mode == "vjp" else _pushed(problem, slope, v)
                self._judge(
                    Comparison(
                        k, mode, *found, analytic(point.vector), analytic,
                        names=_higher_name(problem, k), lines=_always(line), scalar=scalar,
                    )
                )  # fmt: skip
            if self.report.kinks:
                return

    # -- the verdict -----------------------------------------------------------------------

    def _judge(self, compared: Comparison) -> None:
        """Add a comparison to the report, or raise for what is wrong in it."""
        wrong = compared.wrong(self.rtol)
        for i in map(int, np.flatnonzero(compared.doubtful(wrong))):
            kink = compared.kink(i, self.problem.eps)
            if kink is not None:
                compared.kinks[i] = kink
                wrong[i] = wrong[i] and not kink.allows(compared.analytic[i])
        if wrong.any():
            self._allow_for_rounding(compared, wrong)
        if wrong.any():
            for i in map(int, np.flatnonzero(wrong)):
                if misled(compared.lines(i), i, compared.numeric[i]):
                    check_fine(self.problem, self.rng)
                    break
            raise failure(self.problem, compared, wrong, self.rtol, self._taylor(compared))
        self.report.add(compared, self.rtol)

    def _allow_for_rounding(self, compared: Comparison, wrong: Vector) -> None:
        """Take out of `wrong` what is off by no more than rounding makes of either side."""
        compared.rounding = self._rounding(compared)
        for i in map(int, np.flatnonzero(wrong)):
            if i in compared.kinks:
                return
            if compared.wrong(self.rtol)[i]:
                compared.look_again(i, self.problem.eps)
            wrong[i] = compared.wrong(self.rtol)[i]
            if wrong[i]:  # one is enough to raise
                return

    def _rounding(self, compared: Comparison) -> float:
        """What rounding leaves of the analytic derivatives, where large terms cancel.

        It is how far they scatter among points a few roundings away, in each of which every
        entry has moved, and no two alike: a rule that is wrong at just this point, or at ties,
        would pass for a scatter.
        """
        x, eps = self.problem.point.vector, self.problem.point.eps
        farthest = min(max(len(x), 8), 64)  # few steps for few entries: they move the rule, too
        near = []
        for sign in (1, -1) * 4:
            steps = np.resize(self.rng.permutation(farthest), len(x)) + 1
            near.append(compared.near(x + sign * eps * steps * x))
        return 10 * float(np.ptp(near, axis=0).max()) + 1e3 * self.problem.eps * self.size

    def _taylor(self, compared: Comparison) -> float:
        """The observed order of the remainder, with the gradient that is wrong."""
        if compared.order == 1:
            problem, weights = self.problem, self.weights
            slope = flattened(problem.pull(weights))
        else:
            point = self.problem.point
            targets = point.targets(point.vector)
            problem = Problem(compared.scalar, targets, tuple(range(len(targets))))
            weights, slope = np.ones(1), flattened(problem.pull(np.ones(1)))
        return observed_order(problem, slope, weights, direction(problem, self.rng))


def _unit(size: int, entry: int) -> Vector:
    unit = np.zeros(size)
    unit[entry] = 1.0
    return unit


def _stacked(slopes: list[Slope]) -> Slope:
    """The slopes of the outputs by several entries: each part has an entry to a row."""
    return Slope(*(np.array([s[k] for s in slopes]) for k in range(3)))


def _always(line: Along) -> Callable[[int], Along]:
    return lambda _: line


def _output_name(i: int) -> str:
    return f"output entry {i}, along a random direction"


def _higher_name(problem: Problem, order: int) -> Callable[[int], str]:
    through = "the gradient" if order == 2 else f"derivative {order - 1}"
    return lambda i: f"{problem.point.place(i)} (of {through}, along a random direction)"


def _gradient_line(problem: Problem, slope: Callable[..., Any], v: Vector) -> Along:
    """The gradient as a function of a step along v; NaN where it cannot be computed."""
    point = problem.point

    def line(step: float) -> Vector:
        try:
            with np.errstate(all="ignore"):
                return flattened(slope(*point.targets(point.vector + step * v)))
        except (ArithmeticError, ValueError):
            return np.full(point.vector.shape, np.nan)

    return line


def _pulled(problem: Problem, scalar: Callable[..., Any]) -> Callable[[Vector], Vector]:
    """The gradient of a scalar function of the targets, as a function of the point."""
    slope = problem.slope(scalar)
    return lambda at: flattened(slope(*problem.point.targets(at)))


def _pushed(problem: Problem, slope: Callable[..., Any], v: Vector) -> Callable[[Vector], Vector]:
    """The derivative along v of a function of the targets, as a function of the point."""
    point = problem.point
    return lambda at: flattened(jvp(slope, point.targets(at), point.targets(v))[1])


def _along_direction(slope: Callable[..., Any], v: Vector) -> Callable[..., Any]:
    return lambda *targets: dot(slope(*targets), v)
