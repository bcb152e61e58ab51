"""minimize: the least value of a plain function of numbers, arrays, or structures of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import Tensor, Value
from autodiff.extend import data_of, describe, is_number, leaves, unflatten

from .groups import amount, count
from .lbfgs import LBFGS
from .listening import ListeningGD
from .newton import Newton
from .objective import (
    GivenObjective,
    NoCurvatureError,
    Objective,
    Point,
    SpentError,
    Vector,
)
from .optimizer import Optimizer
from .optimizers import GD, SGD, Adagrad, Adam, AdamW, RMSprop
from .searching import Searching

METHODS: dict[str, type[Optimizer]] = {
    kind.__name__: kind
    for kind in (LBFGS, Newton, ListeningGD, GD, SGD, RMSprop, Adagrad, Adam, AdamW)
}
# One step of theirs is one of the path, and goes on as long as it finds anything lower.
STEPWISE: dict[type[Optimizer], dict[str, Any]] = {
    LBFGS: {"max_iter": 1, "tolerance_grad": 0.0, "tolerance_change": 0.0},
    ListeningGD: {"max_iter": 1},
}
GOOD_ENOUGH = 1e-5  # of the loss, or of 1: a gradient where rounding alone may hide what is lower

TOLERANCE, EVALUATIONS = amount("A tolerance"), count("The greatest number of evaluations")


class Minimum(dict[str, Any]):
    """What `minimize` has found: its items are attributes, too.

    `x`, where the function is least, and `fun`, its value there, with the gradient `jac`; `nit`
    steps and `nfev` evaluations of the function; `success` and `message`, how it ended; `path`,
    every x from the start on.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"A minimum has {', '.join(self)}, but no {name}.") from None

    def __repr__(self) -> str:
        shown = {**self, "path": f"<{len(self['path'])} points>"}
        return "\n".join(f"{name:>8}: {value}" for name, value in shown.items())


def minimize(
    f: Callable[[Any], Any],
    x0: Any,
    method: str | type[Optimizer] = "LBFGS",
    jac: Callable[[Any], Any] | bool | None = None,
    callback: Callable[[Any], Any] | None = None,
    tol: float = 1e-8,
    max_evaluations: int = 10_000,
    keep_path: bool = True,
    **options: Any,
) -> Minimum:
    """Where a function is least, searched for from `x0`: an answer like that of SciPy's `minimize`.

    `x0` is a number, an array, or a tuple or dict, or a list, with such in it, and f takes what is
    like it (a list of nothing but numbers is an array, as for SciPy). The gradient is by autodiff;
    or `jac(x)` gives it; or, with `jac=True`, f returns `(value, gradient)`: then f is called with
    plain data. `method` is the name of an optimiser, or one of your own, and `options` are its
    settings. `callback(x)` is called after each step, and ends the search by returning True. Where
    the path would take too much memory, leave it out by `keep_path=False`: it is the start alone.

    It ends where no entry of the gradient is greater than `tol`, where nothing lower is found, and
    after `max_evaluations` of f. Raises TypeError for what is no function or start, ValueError for
    an unknown method, and where f or its gradient is not finite at the start.

    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> found = minimize(rosenbrock, [-1.2, 1.0])
    >>> found.success, np.round(found.x, 6)
    (True, array([1., 1.]))
    >>> minimize(lambda p: (p["a"] - 2) ** 2 + (p["b"] ** 2).sum(), {"a": 0.0, "b": np.ones(2)}).nit
    2
    """
    kind = _kind_of(method)
    TOLERANCE.check(tol), EVALUATIONS.check(max_evaluations)
    for what, given in {"f": f, "callback": callback}.items():
        if not callable(given) and not (what == "callback" and given is None):
            raise TypeError(f"`{what}` is a function of x, but this is {describe(given)}.")
    like = _start(x0)
    params = [_leaf(data) for data in leaves(like)]
    if not params:
        raise TypeError(f"A start has numbers or arrays in it, but this is {describe(x0)}.")
    optimizer = kind(params, **{**STEPWISE.get(kind, {}), **options})
    objective = _objective(f, jac, like, params)
    objective.most = max_evaluations
    search = _Search(optimizer, objective, like, callback, tol)
    return search.run(keep_path)


class _Search:
    """The steps of an optimiser down an objective, and what becomes of them."""

    def __init__(
        self, optimizer: Optimizer, objective: Objective, like: Any, callback: Any, tol: float
    ) -> None:
        self.optimizer, self.objective, self.like = optimizer, objective, like
        self.callback, self.tol = callback, tol

    def run(self, keep_path: bool) -> Minimum:
        """Step by step to the end."""
        point = best = self.objective.begin()
        steps, path = 0, [self._structured(point.x)]
        success, message = self._is_reached(point)
        while not message:
            try:
                found = self._step(point)
            except SpentError:
                message = f"The {self.objective.most} evaluations are spent."
                break
            except NoCurvatureError:
                if not steps:
                    raise
                message = "The second derivatives are not finite any more, or too great."
                break
            if found is point:
                success, message = self._is_good_enough(point)
                break
            moved, point = found.x is not point.x, found
            if not np.isfinite(point.gradient).all():
                message = "The function or its gradient is not finite any more."
                break
            best = point if point.loss <= best.loss else best
            success, message = self._is_reached(point)
            if moved:
                steps += 1
                path += [self._structured(point.x)] * keep_path
                if self._is_stopped(point) and not message:
                    message = "The callback has ended the search."
        return Minimum(
            x=self._structured(best.x), fun=best.loss, jac=self._structured(best.gradient),
            nit=steps, nfev=self.objective.evaluations, success=success, message=message, path=path,
        )  # fmt: skip

    def _is_stopped(self, point: Point) -> bool:
        try:
            return bool(self.callback) and self.callback(self._structured(point.x)) is True
        except StopIteration:
            return True

    def _step(self, point: Point) -> Point:
        if isinstance(self.optimizer, Searching):
            self.optimizer.arrange()
            return self.optimizer.move_by(self.objective, point)
        self.optimizer.step()
        return self.objective.point(self.objective.read())

    def _is_reached(self, point: Point) -> tuple[bool, str]:
        reached = _greatest(point.gradient) <= self.tol
        return reached, f"No entry of the gradient is greater than {self.tol}." * reached

    def _is_good_enough(self, point: Point) -> tuple[bool, str]:
        """How it ends where nothing lower is found."""
        greatest = _greatest(point.gradient)
        message = f"Nothing lower is found, with entries of the gradient up to {greatest:.2g}."
        # Of a loss without a least value x is as great: rounding hides what the gradient promises
        # along all of x alone.
        promised = greatest * max(1.0, _greatest(point.x))
        good = greatest <= GOOD_ENOUGH or promised <= GOOD_ENOUGH * abs(point.loss)
        return good, message

    def _structured(self, x: Vector) -> Any:
        parts = self.objective.split(x)
        return unflatten(self.like, [p if type(p) is float else np.array(p) for p in parts])


def _greatest(vector: Vector) -> float:
    return float(np.abs(vector).max(initial=0.0))


def _kind_of(method: Any) -> type[Optimizer]:
    if isinstance(method, type) and issubclass(method, Optimizer):
        return method
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(
            f"`method` is an optimiser of yours or one of {', '.join(METHODS)}, but this is "
            f'{method!r}.\nLeave it out for "LBFGS", which needs no settings.'
        )
    return METHODS[method]


# -- where it begins -------------------------------------------------------------------------


def _start(x0: Any) -> Any:
    """The structure of x0, in which lists of numbers are arrays."""
    if isinstance(x0, list) and x0 and all(isinstance(x, list) or is_number(x) for x in x0):
        try:
            return np.array(x0, float)
        except ValueError:  # rows of other lengths
            pass
    return x0


def _leaf(data: Any) -> Value:
    data = data_of(data)
    if is_number(data) and not isinstance(data, np.generic):
        return Value(data)
    return Tensor(data)


# -- the function ----------------------------------------------------------------------------


def _objective(f: Any, jac: Any, like: Any, params: list[Value]) -> Objective:
    if jac is None or jac is False:
        return Objective(lambda: _computed(f, unflatten(like, params)), params)
    if jac is not True and not callable(jac):
        raise TypeError(
            "`jac` is a function that gives the gradient at x, or True, but this is "
            f"{describe(jac)}.\nLeave it out, and the gradient is by autodiff."
        )
    return GivenObjective(f, jac, like, params)


def _computed(f: Callable[[Any], Any], x: Any) -> Any:
    value = f(x)
    if not isinstance(value, Value) or np.size(data_of(value)) != 1:
        shape = f"a Tensor of shape {value.shape}" if isinstance(value, Value) else describe(value)
        raise TypeError(
            "The function to minimise returns one number, computed from x by operations that "
            f"autodiff knows, but this one returned {shape}.\n"
            "Reduce it first, as in `t.sum()`, or give the gradient by `jac`."
        )
    return value
