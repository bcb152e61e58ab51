"""Schedule: the learning rate of an optimiser as a function of steps, as a subclass says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from autodiff.extend import describe

from .groups import ParamGroup, Setting
from .optimizer import Optimizer

Rules = Mapping[str, Setting]


class Schedule:
    """The learning rate of each group of an optimiser, as a function of the steps taken.

    It is made with the optimiser, whose rates it sets at once to those of the beginning, and
    `step()` goes on by one, at the end of an epoch, say. Each group has its own base rate, which
    is the one that it had before the first schedule. Where something else has changed a rate,
    another schedule or an assignment, a step multiplies what it finds as it would have multiplied
    its own, so that several schedules of one optimiser act together.

    A schedule of one's own says in `rate` what becomes of a base rate:

    >>> from autodiff import Value
    >>> from optim import SGD, Setting
    >>> class Halving(Schedule):
    ...     '''Half the rate every so many steps.'''
    ...     rules = {"every": Setting("`every` is above 0", lambda x: x > 0, int)}
    ...     def __init__(self, optimizer, every):
    ...         super().__init__(optimizer, every=every)
    ...     def rate(self, base, steps):
    ...         return base * 0.5 ** (steps // self.settings["every"])
    >>> sgd = SGD([Value(1.0)], lr=0.8)
    >>> schedule = Halving(sgd, every=2)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> sgd.lr
    0.2
    """

    rules: ClassVar[Rules] = {}
    remembered: ClassVar[tuple[str, ...]] = ("steps",)  # attributes that are part of the state

    def __init__(self, optimizer: Optimizer, **settings: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                "A schedule is made with the optimiser whose learning rate it sets, but this is "
                f"{describe(optimizer)}.\nWrite `StepLR(optimizer, step_size=30)`, say."
            )
        self.settings = self._checked(settings)
        self.optimizer = optimizer
        self.steps = 0
        for group in optimizer.param_groups:
            self._follow(group, _base(group))

    def rate(self, base: float, steps: int) -> float:
        """The rate after so many steps, of a group whose base rate is `base`."""
        return base

    def step(self, loss: Any = None) -> None:
        """Go on by one step. The loss is for a schedule that looks at it; others pass over it."""
        before, self.steps = self.steps, self.steps + 1
        for group in self.optimizer.param_groups:
            self._follow(group, self.rate(_base(group), before))

    def _follow(self, group: ParamGroup, before: float) -> None:
        """The rate of this step, or where it is not as this schedule left it, as many times it."""
        now, found = self.rate(_base(group), self.steps), group["lr"]
        group["lr"] = now if found == before or not before else found * (now / before)

    def restart(self) -> None:
        """Go back to the beginning, whatever the rates are now."""
        self.steps = 0
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(_base(group), 0)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on from here, in plain numbers.

        >>> from autodiff import Value
        >>> from optim import SGD
        >>> from optim.schedules import StepLR
        >>> schedule = StepLR(SGD([Value(1.0)], lr=0.5), step_size=1)
        >>> schedule.step()
        >>> state = schedule.state_dict()
        >>> state["steps"], state["initial_lrs"], state["lrs"]
        (1, [0.5], [0.05])
        """
        return {
            "schedule": type(self).__name__,
            "settings": dict(self.settings),
            **{name: getattr(self, name) for name in self.remembered},
            "initial_lrs": [_base(group) for group in self.optimizer.param_groups],
            "lrs": self.get_last_lr(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` of a schedule of the same kind gave, in its settings.

        The rates of the optimiser become those of the state. Raises ValueError for one that does
        not fit; then nothing is changed.
        """
        self._look_at(state)
        self.settings = self._checked(state["settings"])
        for name in self.remembered:
            setattr(self, name, state[name])
        rates = zip(self.optimizer.param_groups, state["initial_lrs"], state["lrs"], strict=True)
        for group, initial, lr in rates:
            group.initial_lr, group["lr"] = initial, lr

    def _look_at(self, state: Any) -> None:
        """Raise ValueError where it is not the state of such a schedule."""
        own = self.state_dict()
        if not isinstance(state, Mapping) or set(state) != set(own):
            found = sorted(state) if isinstance(state, Mapping) else type(state).__name__
            refuse_state(f"this has {found}, not {sorted(own)}")
        if state["schedule"] != own["schedule"]:
            refuse_state(f"this is of {state['schedule']}, not {own['schedule']}")
        if not isinstance(state["settings"], Mapping) or set(state["settings"]) != set(self.rules):
            refuse_state(f"its settings are {state['settings']!r}, not {sorted(self.rules)}")
        self._checked(state["settings"])
        for name in self.remembered:
            kind = int if isinstance(own[name], int) else float
            found = state[name]
            wrong = isinstance(found, bool) or not isinstance(found, (kind, int))
            if wrong or (kind is int and found < 0):
                refuse_state(f"its {name} is {found!r}")
        for name in ("initial_lrs", "lrs"):
            rates, count = state[name], len(own[name])
            if not isinstance(rates, (list, tuple)) or len(rates) != count:
                refuse_state(f"its {name} are {rates!r}, and the optimiser has {count} groups")
            for rate in rates:
                Optimizer.lr.check(rate)

    def _checked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {name: rule.check(settings[name]) for name, rule in self.rules.items()}


def _base(group: ParamGroup) -> float:
    if group.initial_lr is None:
        group.initial_lr = group["lr"]
    return group.initial_lr


def refuse_state(problem: str) -> NoReturn:
    raise ValueError(
        f"A state fits a schedule made as the one that wrote it, but {problem}.\n"
        "Pass what `state_dict()` of such a schedule gave; nothing has been changed."
    )
