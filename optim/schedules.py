"""Schedules: how the learning rate changes over the course of a training."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from autodiff.extend import answering, data_of, describe, is_count, is_number

from .groups import Setting, amount, count
from .habits import SCHEDULES
from .optimizer import Optimizer
from .schedule import Rules, Schedule, refuse_state

__all__ = [
    "CosineAnnealingLR", "ExponentialLR", "LinearLR", "ReduceLROnPlateau", "Schedule",
    "SequentialLR", "StepLR",
]  # fmt: skip


def _part(what: str) -> Setting:
    return Setting(f"{what} is from 0 to 1", lambda x: 0 <= x <= 1)


def _pause(what: str) -> Setting:
    return Setting(f"{what} is a whole number from 0 up", lambda x: x == 0 or is_count(x), int)


def _one_of(name: str, *words: str) -> Setting:
    return Setting(f"`{name}` is one of {', '.join(map(repr, words))}", lambda x: x in words, str)


def _power(gamma: float, steps: int) -> float:
    try:
        return gamma**steps
    except OverflowError:
        return math.inf  # which is refused as a rate, in words


class StepLR(Schedule):
    """The rate `gamma` times as great after every `step_size` steps.

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> schedule, rates = StepLR(sgd, step_size=2, gamma=0.5), []
    >>> for _ in range(5):
    ...     rates.append(sgd.lr)
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    rules: ClassVar[Rules] = {"step_size": count("A step size"), "gamma": amount("Gamma")}

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer, step_size=step_size, gamma=gamma)

    def rate(self, base: float, steps: int) -> float:
        return base * _power(self.settings["gamma"], steps // self.settings["step_size"])


class ExponentialLR(Schedule):
    """The rate `gamma` times as great after every step.

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> schedule = ExponentialLR(sgd, gamma=0.5)
    >>> schedule.step(), schedule.step(), sgd.lr
    (None, None, 0.25)
    """

    rules: ClassVar[Rules] = {"gamma": amount("Gamma")}

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer, gamma=gamma)

    def rate(self, base: float, steps: int) -> float:
        return base * _power(self.settings["gamma"], steps)


class CosineAnnealingLR(Schedule):
    """The rate down half a cosine, from its base to `eta_min` after `T_max` steps.

    At step t it is eta_min + ½ (base - eta_min) (1 + cos(π t / T_max)); beyond T_max that rises
    again. I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017, equation 5.

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> schedule = CosineAnnealingLR(sgd, T_max=3)
    >>> for _ in range(3):
    ...     schedule.step()
    ...     print(round(sgd.lr, 6))
    0.75
    0.25
    0.0
    """

    rules: ClassVar[Rules] = {"T_max": count("T_max"), "eta_min": amount("A least rate")}

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        super().__init__(optimizer, T_max=T_max, eta_min=eta_min)

    def rate(self, base: float, steps: int) -> float:
        least, turn = self.settings["eta_min"], math.pi * steps / self.settings["T_max"]
        return float(least + (base - least) * (1 + math.cos(turn)) / 2)


class LinearLR(Schedule):
    """Warm-up: from `start_factor` times the base rate to `end_factor` times, evenly.

    It takes `total_iters` steps, and the rate stays there. `SequentialLR` goes on with another
    schedule then.

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> schedule, rates = LinearLR(sgd, start_factor=0.25, total_iters=3), []
    >>> for _ in range(5):
    ...     rates.append(sgd.lr)
    ...     schedule.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    rules: ClassVar[Rules] = {
        "start_factor": _part("A start factor"),
        "end_factor": _part("An end factor"),
        "total_iters": count("The number of steps of a warm-up"),
    }

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        super().__init__(
            optimizer, start_factor=start_factor, end_factor=end_factor, total_iters=total_iters
        )

    def rate(self, base: float, steps: int) -> float:
        start, end, total = (self.settings[name] for name in self.rules)
        return float(base * (start + (end - start) * min(steps, total) / total))


class ReduceLROnPlateau(Schedule):
    """The rate `factor` times as great whenever the loss has not improved for a while.

    `step(loss)` is told the loss. Where more than `patience` steps in a row are no better than the
    best one, each rate is multiplied by `factor`, but not below `min_lr`, and not where it would
    change by `eps` or less; then `cooldown` steps pass before the next are counted. Better is less
    (or more, for mode "max") than the best by a part `threshold` of it, or for the mode "abs" by
    `threshold`.

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(sgd, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> sgd.lr
    0.5
    """

    rules: ClassVar[Rules] = {
        "mode": _one_of("mode", "min", "max"),
        "factor": Setting("A factor is from 0 to below 1", lambda x: 0 <= x < 1),
        "patience": _pause("Patience"),
        "threshold": amount("A threshold"),
        "threshold_mode": _one_of("threshold_mode", "rel", "abs"),
        "cooldown": _pause("A cooldown"),
        "min_lr": amount("A least rate"),
        "eps": amount("Eps"),
    }
    remembered = ("steps", "best", "bad_steps", "cooling")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(
            optimizer, mode=mode, factor=factor, patience=patience, threshold=threshold,
            threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr, eps=eps,
        )  # fmt: skip
        self._forget()

    def _forget(self) -> None:
        self.best = math.inf if self.settings["mode"] == "min" else -math.inf
        self.bad_steps = self.cooling = 0

    def restart(self) -> None:
        super().restart()
        self._forget()

    def step(self, loss: Any = None) -> None:
        """Take note of the loss, a number or a node of one number."""
        found = _number(loss)
        self.steps += 1
        if self._is_better(found):
            self.best, self.bad_steps = found, 0
        else:
            self.bad_steps += 1
        if self.cooling:
            self.cooling, self.bad_steps = self.cooling - 1, 0
        if self.bad_steps > self.settings["patience"]:
            self.cooling, self.bad_steps = self.settings["cooldown"], 0
            self._reduce()

    def _is_better(self, loss: float) -> bool:
        threshold, sign = self.settings["threshold"], 1 if self.settings["mode"] == "max" else -1
        if self.settings["threshold_mode"] == "rel":
            return bool(sign * loss > sign * self.best * (1 + sign * threshold))
        return bool(sign * loss > sign * self.best + threshold)

    def _reduce(self) -> None:
        for group in self.optimizer.param_groups:
            lr = group["lr"]
            less = max(lr * self.settings["factor"], self.settings["min_lr"])
            if lr - less > self.settings["eps"]:
                group["lr"] = less


def _number(loss: Any) -> float:
    data = data_of(loss)
    if getattr(data, "size", None) == 1:
        data = data.item()
    if not is_number(data):
        raise TypeError(
            f"A schedule that waits for a plateau is told the loss, but this is {describe(loss)}.\n"
            "Write `schedule.step(loss)`, with one number."
        )
    return float(data)


class SequentialLR(Schedule):
    """One schedule after another: the next one begins after as many steps as its milestone says.

    Each begins from the base rates, and counts its own steps. A warm-up, and a cosine from then
    on:

    >>> from autodiff import Value
    >>> from optim import SGD
    >>> sgd = SGD([Value(1.0)], lr=1.0)
    >>> warm_up = LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> cosine = CosineAnnealingLR(sgd, T_max=2)
    >>> schedule, rates = SequentialLR(sgd, [warm_up, cosine], milestones=[2]), []
    >>> for _ in range(5):
    ...     rates.append(round(sgd.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """

    rules: ClassVar[Rules] = {
        "milestones": Setting(
            "Milestones are whole numbers from 1 up, each greater than the one before",
            lambda marks: (
                isinstance(marks, (list, tuple))
                and all(map(is_count, marks))
                and all(a < b for a, b in itertools.pairwise(marks))
            ),
            lambda marks: list(map(int, marks)),
        )
    }

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]
    ) -> None:
        schedulers, marks = list(schedulers), self.rules["milestones"].check(milestones)
        own = [s for s in schedulers if isinstance(s, Schedule) and s.optimizer is optimizer]
        if len(set(map(id, own))) != len(schedulers) or len(own) != len(marks) + 1:
            raise ValueError(
                "A sequence is of schedules of its optimiser, each once, with a milestone between "
                f"two, but these are {len(schedulers)} of which {len(set(map(id, own)))} are such, "
                f"and {len(marks)} milestones.\n"
                "Write `SequentialLR(optimizer, [warm_up, cosine], milestones=[5])`."
            )
        self.schedulers = own
        super().__init__(optimizer, milestones=marks)
        self.restart()

    def restart(self) -> None:
        self.steps = 0
        self.schedulers[0].restart()

    def step(self, loss: Any = None) -> None:
        steps, marks = self.steps + 1, self.settings["milestones"]
        current = self.schedulers[bisect.bisect_right(marks, steps)]
        if steps in marks:
            current.restart()
        else:
            current.step(loss)
        self.steps = steps

    def state_dict(self) -> dict[str, Any]:
        """As of any schedule, with the states of those that it is made of."""
        return {**super().state_dict(), "schedulers": [s.state_dict() for s in self.schedulers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._look_at(state)
        parts, before = state["schedulers"], self.state_dict()["schedulers"]
        if not isinstance(parts, (list, tuple)) or len(parts) != len(before):
            refuse_state(f"it is not of {len(before)} schedules")
        if len(state["settings"]["milestones"]) != len(before) - 1:
            refuse_state(f"its milestones are {state['settings']['milestones']!r}")
        try:
            self._load(parts)
        except ValueError:
            self._load(before)
            raise
        super().load_state_dict(state)

    def _load(self, states: Sequence[Mapping[str, Any]]) -> None:
        for schedule, state in zip(self.schedulers, states, strict=True):
            schedule.load_state_dict(state)


if not TYPE_CHECKING:  # to which every name would be one
    __getattr__ = answering(__name__, SCHEDULES)
