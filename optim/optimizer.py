"""Optimizer: parameters that are moved along their gradients, as a subclass says."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autodiff import Value
from autodiff.extend import (
    descend,
    gradient_of,
    is_users_own,
    owners_of,
    read_archive,
    write_archive,
)

from .closure import Closure, loss_of, pull_back
from .groups import ParamGroup, amount, as_group, as_groups, settings_of
from .state import checked, state_of


class Optimizer:
    """Parameters and a learning rate `lr`; a subclass says in `update` how far each one moves.

    The parameters are a list, or groups with settings of their own, as PyTorch's:
    `[{"params": model.first.parameters()}, {"params": model.last.parameters(), "lr": 0.1}]`.
    `param_groups` has the groups: `group["lr"] = 0.01`. Raises ValueError for no parameters, for
    one twice, or a rate that is not a finite number from 0 up, TypeError for what is no list of
    leaves.

    An optimiser of one's own declares its settings, what it remembers of a parameter (`start`),
    and its `update`:

    >>> import numpy as np
    >>> from autodiff import Tensor
    >>> from optim import Optimizer, Setting, zeros
    >>> class Signs(Optimizer):
    ...     '''Steps of `lr` against the sign of a mean of the gradients.'''
    ...     memory = Setting("A memory is from 0 to below 1", lambda x: 0 <= x < 1)
    ...     def __init__(self, params, lr=0.01, memory=0.5):
    ...         super().__init__(params, lr, memory=memory)
    ...     def start(self, parameter, group):
    ...         return {"mean": zeros(parameter)}
    ...     def update(self, parameter, gradient, state, group):
    ...         state["mean"] = group["memory"] * state["mean"] + gradient
    ...         return group["lr"] * np.sign(state["mean"])
    >>> w = Tensor([1.0, -3.0])
    >>> signs = Signs([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> signs.step()
    >>> w.data
    array([ 0.75, -2.75])
    """

    lr = amount("A learning rate")  # at 0 nothing moves: where a schedule may end

    has_groups = True  # or it moves all of its parameters together, and has one group of them
    asks_for_loss = False  # or a step has to be given a closure

    def __init__(self, params: Iterable[Any], lr: float = 0.01, **settings: Any) -> None:
        # What a group that does not say is given: a group is made, so that it is checked as one.
        self.defaults = ParamGroup(type(self), {"lr": lr, **settings})
        self.param_groups: list[ParamGroup] = []
        self.state: dict[Value, dict[str, Any]] = {}
        groups = as_groups(params, type(self))
        if not any(group["params"] for group in groups):
            raise ValueError("An optimiser needs parameters to move, but this list is empty.")
        self._add(groups)

    @staticmethod
    def prepare(settings: dict[str, Any]) -> dict[str, Any]:
        """Numbers that follow from the settings alone, for `update` to find beside them.

        It may raise ValueError for settings that do not go together.
        """
        return {}

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        """What is remembered of a parameter before its first step, by name; see `update`."""
        return {}

    def update(
        self, parameter: Value, gradient: Any, state: dict[str, Any], group: dict[str, Any]
    ) -> Any:
        """What is taken away from a parameter that has this gradient, which is not written to.

        A float for a Value, an array for a Tensor. `state` is the parameter's own, to be written
        to. `group` has the settings of its group as numbers of its dtype.
        """
        return group["lr"] * gradient

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name) and name in _elsewhere(type(self)):
            raise AttributeError(
                f"{type(self).__name__} has the settings {', '.join(settings_of(type(self)))}, but "
                f"no `{name}`, which would change nothing.\n"
                "Set one of those, or use an optimiser that has it."
            )
        object.__setattr__(self, name, value)

    @property
    def params(self) -> Any:
        """The parameters: a list, to which others can be added; of several groups, a tuple."""
        if len(self.param_groups) == 1:
            return self.param_groups[0]["params"]
        return tuple(p for group in self.param_groups for p in group["params"])

    @params.setter
    def params(self, params: Iterable[Value]) -> None:
        if len(self.param_groups) > 1:
            raise TypeError(
                "An optimiser of several groups has no list of its own to assign.\n"
                'Assign `optimizer.param_groups[0]["params"]`.'
            )
        self.param_groups[0]["params"] = list(params)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Move these parameters, too: `add_param_group({"params": [w], "lr": 0.1})`.

        Raises what the constructor does; then nothing is changed.
        """
        self._add([as_group(param_group, type(self))])

    def _add(self, groups: list[dict[str, Any]]) -> None:
        made = [ParamGroup(type(self), {**self.defaults, **group}) for group in groups]
        count = len(self.param_groups) + len(made)
        if count > 1 and not self.has_groups:
            raise ValueError(
                f"{type(self).__name__} moves its parameters all together, so that they are one "
                f"group, but these are {count}.\nPass one list, as in `model.parameters()`."
            )
        params = [p for group in (*self.param_groups, *made) for p in group["params"]]
        _look_at_parameters(params)
        for group in made:
            for p in group["params"]:
                group.numbers(p)  # which refuses what its dtype cannot hold
        # The modules whose parameters these are, each whole: what have they been given since?
        owners = Counter(owner for p in params for owner in owners_of(p))
        watched = [owner.watch() for owner, count in owners.items() if count == owner.count]
        self._watches: list[Any] = [added for added in watched if added is not None]
        self.param_groups += made

    def step(self, closure: Closure | None = None) -> Any:
        """Move every parameter that a backward pass has reached.

        Each gets new data; the old is never written into, so graphs and copies of it stay right.
        Raises ValueError where no pass has reached any, and where a module all of whose
        `parameters()` are among these has been given others since.

        With a closure, a function that computes and returns the loss, the gradients are those of
        that loss: they are cleared and it is pulled back, be it by the closure itself or not. The
        loss is returned.

        >>> from optim import GD
        >>> w = Value(1.0)
        >>> loss = GD([w], lr=0.25).step(lambda: w * w)
        >>> loss.data, w.data
        (1.0, 0.5)
        """
        if self._watches:
            self._look_for_added()
        loss = None
        if closure is not None:
            _look_at_parameters(self.params)
            loss = loss_of(closure, self.params)
            pull_back(loss, self.params)
        still, update = 0, self.update
        for group in self.param_groups:
            for p, state, numbers in group.data["params"].arranged or self._arrange(group):
                gradient = gradient_of(p)
                if gradient is not None:
                    descend(p, update(p, gradient, state, numbers))
                else:
                    still += 1
        if still:
            self._look_at_still(still, closure is not None)
        return loss

    def _arrange(self, group: ParamGroup) -> Any:
        """The parameters of a group, each with its state, whole, and its settings."""
        params = group["params"]
        _look_at_parameters(self.params)
        if not self.params:
            raise ValueError(
                "An optimiser needs parameters to move, but its groups have none any more.\n"
                'Put some there, as in `optimizer.param_groups[0]["params"] = [w]`.'
            )
        arranged = []
        for p in params:
            numbers, state = group.numbers(p), self.state.setdefault(p, {})
            for name, value in self.start(p, numbers).items():
                state.setdefault(name, value)
            arranged.append((p, state, numbers))
        params.arranged = arranged
        return arranged

    def _look_for_added(self, **how: bool) -> None:
        """Raise ValueError where a module has parameters that it had not got before."""
        for added in self._watches:
            if names := added(self.params, **how):
                raise ValueError(
                    "An optimiser moves the parameters that it was given, but the module has got "
                    f"others since: {', '.join(names)}.\n"
                    "Make the optimiser after the module is whole, or append them to its `params`."
                )

    def _look_at_still(self, count: int, known: bool) -> None:
        """What may be wrong where so many have no gradient, if they are not known to be right."""
        self._look_for_added(closely=True)
        if count == len(self.params) and not known:
            raise ValueError(
                "A step moves parameters along their gradients, but none of these has one.\n"
                "Call `backward()` of a loss that is computed from them before each `step()`."
            )

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on from here, in plain arrays and numbers.

        >>> from optim import SGD
        >>> SGD([Value(1.0)], lr=0.5, momentum=0.9).state_dict()["param_groups"][0]["momentum"]
        0.9
        """
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` of an optimiser of the same kind and parameters gave.

        The settings are those of the state, too. Raises ValueError for one that does not fit; then
        nothing is changed. It is about the optimiser alone: the model has a file of its own.
        """
        groups, states = checked(self, state)
        self.state = dict(zip(self.params, states, strict=True))
        self.param_groups = groups

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to an `.npz` file, all at once or not at all; see `Module.save`."""
        write_archive(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a state that `save` wrote, as `load_state_dict` does; see `Module.load`."""
        self.load_state_dict(read_archive(path))

    def zero_grad(self) -> None:
        """Set every gradient to zero, for the next backward pass to add to."""
        for p in self.params:
            p.zero_grad()


def _elsewhere(optimizer: type[Any]) -> set[str]:
    """The settings of other optimisers, here and by other names; none for a class of one's own."""
    if not optimizer.__module__.startswith("optim."):
        return set()
    names = {"beta1", "beta2", "decay", "epsilon", "learning_rate", "rho"}
    kinds = Optimizer.__subclasses__()
    for kind in kinds:
        names.update(settings_of(kind))
        kinds += kind.__subclasses__()
    return names


def _look_at_parameters(params: Sequence[Any]) -> None:
    """Raise TypeError for what is no leaf, ValueError for one that is there twice."""
    for p in params:
        if not isinstance(p, Value) or not is_users_own(p):
            raise TypeError(
                f"A parameter is a Value or Tensor that you made, but this is {_result(p)}.\n"
                "Pass `model.parameters()`."
            )
    if len(set(params)) < len(params):
        raise ValueError(
            "An optimiser moves each parameter once a step, but this list has one twice."
        )


def _result(thing: Any) -> str:
    if not isinstance(thing, Value):
        return repr(thing)
    return "a result of `no_grad`" if thing.op is None else f"the result of `{thing.op}`"
