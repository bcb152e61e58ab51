"""Searching: an optimiser that looks at the loss itself, and so is given a closure."""

from __future__ import annotations

from typing import Any

import numpy as np

from .closure import Closure
from .groups import positive
from .objective import Objective, Point
from .optimizer import Optimizer


class Searching(Optimizer):
    """An optimiser whose step asks for the loss as often as it needs to; see `search`.

    It moves all of its parameters together, so that it has one group of them. What it remembers is
    in `memory`.
    """

    lr = positive("A learning rate")
    has_groups = False
    asks_for_loss = True

    def search(self, objective: Objective, point: Point) -> Point:
        """Where to go from `point`; that itself, if there is nothing more to try. A subclass says.

        The loss there has been asked for last, and may be asked for at any other point.
        """
        raise NotImplementedError

    def step(self, closure: Closure | None = None) -> Any:
        """Search for a lower loss; returns the loss where the search began.

        The closure computes the loss and returns it. It is called several times, and each time
        the gradients are cleared, and pulled back, be it by the closure itself or not. Raises
        TypeError for what is no closure or returns no loss, ValueError where the loss or its
        gradient is not finite to begin with, or none of the parameters is in its graph. Whatever
        is raised, the parameters are left as they were.
        """
        if closure is None:
            raise TypeError(
                f"{type(self).__name__} looks at the loss itself, so that a step takes a closure, "
                "which computes it.\nWrite `optimizer.step(lambda: mse(model(X), y))`, say."
            )
        self._look_for_added()
        self.arrange()
        objective = Objective(closure, self.params)
        point = objective.begin()
        loss = objective.loss
        self.move_by(objective, point)
        return loss

    def arrange(self) -> None:
        """Check the parameters, and see to it that each has its state."""
        (group,) = self.param_groups
        if not group.data["params"].arranged:
            self._arrange(group)

    @np.errstate(all="ignore")  # a search looks at what may overflow, and looks whether it does
    def move_by(self, objective: Objective, point: Point) -> Point:
        """Search from a point, and move the parameters to what is found, or not at all."""
        try:
            found = self.search(objective, point)
        except BaseException:
            objective.move(point.x)
            raise
        if objective.x is not found.x:
            objective.move(found.x)
        return found

    @property
    def memory(self) -> dict[str, Any]:
        """What is remembered of the parameters together: it stands in the state of each."""
        return self.state[self.params[0]]

    def remember(self, **entries: Any) -> None:
        """Note it in the state of each parameter."""
        for p in self.params:
            self.state[p].update(entries)
