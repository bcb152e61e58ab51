"""Objective: a closure's loss as a function of one vector, which is all parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.extend import (
    Curvature,
    data_of,
    describe,
    gradient_of,
    is_number,
    leaves_like,
    unflatten,
)  # fmt: skip

from .closure import Closure, loss_of, pull_back

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Point(NamedTuple):
    """Where the parameters are, the loss there, and its gradient."""

    x: Vector
    loss: float
    gradient: Vector


class SpentError(Exception):
    """The loss has been asked for as often as it may be."""


class NoCurvatureError(ValueError):
    """Second derivatives of the loss are not finite where a step asks for them."""


class Objective:
    """The loss that a closure computes, as a function of the entries of all parameters.

    Vectors are of float64, whatever the parameters are, and are not written to.

    >>> from autodiff import Tensor
    >>> w = Tensor([1.0, 2.0])
    >>> objective = Objective(lambda: (w * w).sum(), [w])
    >>> objective.begin()
    Point(x=array([1., 2.]), loss=5.0, gradient=array([2., 4.]))
    >>> objective.at(np.array([3.0, 0.0])), w.data
    (9.0, array([3., 0.]))
    """

    def __init__(self, closure: Closure, params: Sequence[Value]) -> None:
        self.closure, self.params = closure, list(params)
        self.evaluations, self.most = 0, math.inf
        datas = [data_of(p) for p in self.params]
        self._exact = all(getattr(data, "dtype", np.float64) == np.float64 for data in datas)
        self._ends = [0, *itertools.accumulate(np.size(data) for data in datas)]
        self.x = self.joined(datas)
        self.loss: Any = None  # the node that the closure returned last
        self.precision = 0.0  # the part of a loss by which it can be known to have changed

    def begin(self) -> Point:
        """The loss and the gradient where the parameters are; ValueError if one is not finite."""
        loss = self._evaluated()
        data = data_of(self.loss)
        self.precision = 2.0**-52 if type(data) is float else float(np.finfo(data.dtype).eps)
        gradient = self.gradient() if math.isfinite(loss) else self.x
        if not (math.isfinite(loss) and np.isfinite(gradient).all()):
            what = f"it is {loss}" if not math.isfinite(loss) else "its gradient is not"
            raise ValueError(
                f"A search for a lower loss begins where the loss is finite, but here {what}.\n"
                "Begin from other parameters, or find where it comes from with "
                "`autodiff.detect_anomaly()`."
            )
        return Point(self.x, loss, gradient)

    def at(self, x: Vector) -> float:
        """Move the parameters to x, of which `self.x` is what they can hold; the loss there."""
        self.move(x)
        return self._evaluated()

    def move(self, x: Vector) -> None:
        """Move the parameters to x without asking for the loss there."""
        for p, part in zip(self.params, self.split(x), strict=True):
            p.data = part
        self.x = x if self._exact else self.read()

    def gradient(self) -> Vector:
        """The gradient of the loss that was asked for last."""
        with np.errstate(all="ignore"):
            pull_back(self.loss, self.params)
        found = [(p, gradient_of(p)) for p in self.params]
        return self.joined([p.grad if gradient is None else gradient for p, gradient in found])

    def point(self, x: Vector) -> Point:
        """The loss and the gradient at x; the latter is NaN where either is not finite."""
        loss = self.at(x)
        gradient = self.gradient() if math.isfinite(loss) else np.full_like(x, np.nan)
        return Point(self.x, loss, gradient)

    def curvature(self) -> tuple[Callable[[], Any], Callable[[Vector], Vector]]:
        """The Hessian of the loss that was asked for last, and its products with vectors."""
        curvature = Curvature(self.loss, self.params)

        def product(v: Vector) -> Vector:
            return self.joined(curvature.product(self.split(v)))

        return curvature.hessian, product

    def read(self) -> Vector:
        """What the parameters hold."""
        return self.joined([data_of(p) for p in self.params])

    def _count(self) -> None:
        if self.evaluations >= self.most:
            raise SpentError
        self.evaluations += 1

    def _evaluated(self) -> float:
        self._count()
        with np.errstate(all="ignore"):  # a search looks at where there may be no loss
            self.loss = loss_of(self.closure, self.params)
        return float(np.ravel(data_of(self.loss))[0])

    def split(self, x: Vector) -> list[Any]:
        """The part of x that is of each parameter, in its shape and dtype."""
        parts: list[Any] = []
        for p, (a, b) in zip(self.params, itertools.pairwise(self._ends), strict=True):
            data = data_of(p)
            if type(data) is float:
                parts.append(float(x[a]))
            else:
                parts.append(x[a:b].reshape(data.shape).astype(data.dtype, copy=False))
        return parts

    def joined(self, parts: Sequence[Any]) -> Vector:
        """The vector of which these are the parts."""
        return np.concatenate([np.ravel(part) for part in parts], dtype=np.float64)


class GivenObjective(Objective):
    """A function of plain data whose gradient is given: by `jac(x)`, or beside its value.

    The data is that of the parameters, in the structure `like`.
    """

    def __init__(self, f: Any, jac: Any, like: Any, params: Sequence[Value]) -> None:
        super().__init__(lambda: None, params)
        self._f, self._jac, self._like = f, jac, like
        self._gradient: Any = None

    def _evaluated(self) -> float:
        self._count()
        x = self._plain()
        with np.errstate(all="ignore"):
            found = self._f(x)
        self._gradient = None
        if self._jac is True:
            found, self._gradient = _pair(found)
        found = data_of(found)
        number = found.item() if getattr(found, "size", 0) == 1 else found
        if not is_number(number):
            raise TypeError(
                "The function to minimise returns one number, but this one returned "
                f"{describe(found)}."
            )
        self.loss = loss = float(number)
        return loss

    def gradient(self) -> Vector:
        if self._gradient is None:
            with np.errstate(all="ignore"):
                self._gradient = self._jac(self._plain())
        parts, stacked = leaves_like(self._gradient, self._plain(), "gradient", "x")
        if stacked is not None:
            raise ValueError(f"A gradient has the shape of its x, but this is {stacked} of such.")
        for p, part in zip(self.params, parts, strict=True):
            p.grad = data_of(part)
        return self.joined([p.grad for p in self.params])

    def curvature(self) -> Any:
        raise TypeError(
            "A Hessian is by autodiff, which is not asked where the gradient is given by `jac`.\n"
            'Use hessian="finite-difference", or leave `jac` out.'
        )

    def _plain(self) -> Any:
        return unflatten(self._like, [p.data for p in self.params])


def _pair(found: Any) -> tuple[Any, Any]:
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(
            "With jac=True the function returns a pair (value, gradient), but this one returned "
            f"{describe(found)}."
        )
    return found
