"""Newton: steps to where a quadratic with the loss's own Hessian is least."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from autodiff import Value

from .groups import Setting, amount, count, positive
from .objective import NoCurvatureError, Objective, Point
from .quadratic import Dense, Products
from .searching import Searching

KEPT = 1e-4  # the part of the fall that the quadratic promises, at least, for a step to stand
POOR, GOOD = 0.25, 0.75  # the parts below which the radius shrinks, and above which it grows
SHRUNK, GROWN = 0.25, 2.0  # times the step that was tried
HESSIANS = ("exact", "finite-difference", "products")


class Newton(Searching):
    """Newton's method: to where the quadratic is least that has the loss's gradient and Hessian.

    Its Hessian is "exact", by differentiating the gradient; or by the "finite-difference" of two
    gradients for each parameter; or it is never made, and the step is by conjugate gradients on
    its "products" with vectors, until a residual of `tolerance` times the gradient or after
    `max_products`. The first two need n² numbers for n parameters, and n³ operations, the third a
    few vectors, and for each product a few times what the loss takes.

    A step stands only where the loss falls; if not, it is sought again within a smaller radius,
    which later steps keep to, until they do better. `damping` is added to the Hessian's diagonal,
    and where it is not definite then, or the radius asks for it, as much more as that needs. Where
    no step makes the loss fall, the parameters stay.
    J. Nocedal and S. Wright, Numerical Optimization, 2nd edition, 2006, chapter 4.

    >>> from autodiff import Tensor
    >>> w = Tensor([-1.2, 1.0])
    >>> newton = Newton([w])
    >>> for _ in range(25):
    ...     loss = newton.step(lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2)
    >>> np.round(w.data, 12)
    array([1., 1.])
    """

    hessian = Setting(
        f"`hessian` is one of {', '.join(map(repr, HESSIANS))}",
        lambda x: isinstance(x, str) and x in HESSIANS,
        str,
    )
    damping = amount("A damping")
    tolerance = positive("A tolerance for the residual")
    max_products = count("The number of products")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        hessian: str = "exact",
        damping: float = 0.0,
        tolerance: float = 1e-12,
        max_products: int = 1000,
    ) -> None:
        super().__init__(
            params, lr, hessian=hessian, damping=damping, tolerance=tolerance,
            max_products=max_products,
        )  # fmt: skip

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        return {"radius": math.inf}

    def search(self, objective: Objective, point: Point) -> Point:
        if not point.x.size:
            return point
        model, lr, radius = self._model(objective, point), self.lr, self.memory["radius"]
        noise = objective.precision * abs(point.loss)
        while True:
            step, fall, is_cut = model.best(radius)
            length, x = math.sqrt(float(step @ step)), point.x + lr * step
            if not (math.isfinite(length) and math.isfinite(fall)):
                _refuse()
            if (x == point.x).all() or not fall > 0:  # as low as can be told
                return point
            loss = objective.at(x)
            worth = (point.loss - loss) / (lr * fall) if math.isfinite(loss) else -math.inf
            is_level = fall <= noise  # the loss may not show it
            if worth >= KEPT or (is_level and loss <= point.loss):
                gradient = objective.gradient()
                if np.isfinite(gradient).all():
                    break
            radius = SHRUNK * min(length, radius)
            if is_level or not radius:
                return point
        if worth < POOR:
            radius = SHRUNK * min(length, radius)
        elif is_cut:
            radius = GROWN * length if worth > GOOD else length
        self.remember(radius=radius)
        return Point(objective.x, loss, gradient)

    def _model(self, objective: Objective, point: Point) -> Dense | Products:
        group = self.param_groups[0]
        damping, reach = group["damping"], max(1.0, math.sqrt(float(point.x @ point.x)))
        if group["hessian"] == "products":
            _, product = objective.curvature()
            limits = group["tolerance"], group["max_products"]
            return Products(product, point.gradient, damping, reach, objective.precision, *limits)
        error = objective.precision
        try:
            if group["hessian"] == "exact":
                H = objective.curvature()[0]()
            else:
                H, error = by_differences(objective, point), error ** (2 / 3)
        except MemoryError as none:
            raise MemoryError(
                "Newton's Hessian has a number for each two parameters, and the memory has no room "
                f'for {point.x.size:,} by {point.x.size:,}.\nUse `hessian="products"`, which makes '
                "none."
            ) from none
        if not np.isfinite(H).all():
            _refuse()
        return Dense((H + H.T) / 2, point.gradient, damping, reach, error)


def by_differences(objective: Objective, point: Point) -> Any:
    """The Hessian by central differences of the gradient, which it asks for 2 n times.

    Steps are the cube root of the rounding, which is where both errors are alike.
    """
    columns = np.empty((point.x.size,) * 2)
    steps = np.cbrt(objective.precision) * np.maximum(1.0, np.abs(point.x))
    for j, h in enumerate(steps):
        ends = []
        for sign in (1, -1):
            x = point.x.copy()
            x[j] += sign * h
            ends.append(objective.point(x))
        high, low = ends
        columns[j] = (high.gradient - low.gradient) / (high.x[j] - low.x[j])
    return columns


def _refuse() -> NoReturn:
    raise NoCurvatureError(
        "Newton's step is by second derivatives of the loss, but here some are not finite, or too "
        "great for their squares.\n"
        "Begin from other parameters, or use `LBFGS`, which does without."
    )
