"""Optimisers: what to do to the parameters, given their gradients."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from types import MethodType
from typing import Any, NoReturn

import numpy as np

from autodiff import Tensor, Value
from autodiff.extend import descend, describe, gradient_of, is_number, is_users_own, owners_of


class Optimizer:
    """Parameters and a learning rate `lr`; a subclass says in `update` how far each one moves.

    Raises ValueError for no parameters, for one twice, or a rate that is not a finite number
    above 0, TypeError for what is no list of leaves.
    """

    def __init__(self, params: Iterable[Value], lr: float = 0.01) -> None:
        if isinstance(params, Value):
            raise TypeError("An optimiser takes a list of parameters: write `[w]` for one.")
        if not isinstance(params, Iterable):
            raise TypeError(
                f"An optimiser takes a list of parameters, but this is {_kind(params)}.\n"
                "Pass `model.parameters()`."
            )
        self.params = list(params)
        if not self.params:
            raise ValueError("An optimiser needs parameters to move, but this list is empty.")
        for p in self.params:
            if not isinstance(p, Value) or not is_users_own(p):
                raise TypeError(
                    f"A parameter is a Value or Tensor that you made, but this is {_result(p)}.\n"
                    "Pass `model.parameters()`."
                )
        if len(set(self.params)) < len(self.params):
            raise ValueError(
                "An optimiser moves each parameter once a step, but this list has one twice."
            )
        # The modules whose parameters these are, each whole: what have they been given since?
        owners = Counter(owner for p in self.params for owner in owners_of(p))
        watched = [owner.watch() for owner, count in owners.items() if count == owner.count]
        self._watches: list[Any] = [added for added in watched if added is not None]
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate: how far a step goes along the gradient."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        if not is_number(lr) or not 0 < lr < math.inf:
            raise ValueError(f"A learning rate is a finite number above 0, but this is {lr!r}.")
        self._lr = float(lr)
        # Of each parameter's dtype: NumPy takes longer to multiply by a number than by an array.
        self._rates = [
            np.array(lr, p.dtype) if isinstance(p, Tensor) else self._lr for p in self.params
        ]

    def update(self, index: int, gradient: Any) -> Any:
        """What is taken away from parameter `index`, which has this gradient."""
        return self._rates[index] * gradient

    def step(self) -> None:
        """Move every parameter that a backward pass has reached.

        Each gets new data; the old is never written into, so graphs and copies of it stay right.
        Raises ValueError where no pass has reached any, and where a module all of whose
        `parameters()` are among these has been given others since.
        """
        if len(self._rates) != len(self.params):  # one was added to the list
            self.lr = self._lr
        for added in self._watches:
            if names := added(self.params):
                _refuse_added(names)
        still = 0
        for index, p in enumerate(self.params):
            gradient = gradient_of(p)
            if gradient is not None:
                descend(p, self.update(index, gradient))
            else:
                still += 1
        if still:
            self._look_at_still(still)

    def _look_at_still(self, count: int) -> None:
        """What may be wrong where so many parameters have no gradient."""
        for added in self._watches:
            if names := added(self.params, closely=True):
                _refuse_added(names)
        if count == len(self.params):
            raise ValueError(
                "A step moves parameters along their gradients, but none of these has one.\n"
                "Call `backward()` of a loss that is computed from them before each `step()`."
            )

    def zero_grad(self) -> None:
        """Set every gradient to zero, for the next backward pass to add to."""
        for p in self.params:
            p.zero_grad()


class GD(Optimizer):
    """Gradient descent: a step of `lr` against the gradient of the loss over all the data.

    >>> w = Value(1.0)
    >>> gd = GD([w], lr=0.25)
    >>> (w * w).backward()
    >>> gd.step()
    >>> w.data
    0.5
    """


class SGD(Optimizer):
    """Stochastic gradient descent: the same over a mini-batch at a time (see `batches`).

    With momentum m, a step also repeats m times the one before: v = m v + gradient, and the
    parameter moves by -lr v. Raises ValueError for momentum that is not from 0 to below 1.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], lr=0.25, momentum=0.5)
    >>> for _ in range(2):
    ...     sgd.zero_grad()
    ...     (w * w).backward()
    ...     sgd.step()
    >>> w.data  # 1 - 0.25 * 2, then 0.5 - 0.25 * (0.5 * 2 + 1)
    0.0
    """

    def __init__(self, params: Iterable[Value], lr: float = 0.01, momentum: float = 0.0) -> None:
        super().__init__(params, lr)
        if not is_number(momentum) or not 0 <= momentum < 1:
            raise ValueError(f"Momentum is from 0 to below 1, but this is {momentum!r}.")
        self.momentum = float(momentum)
        self._velocity: dict[int, Any] = {}

    def update(self, index: int, gradient: Any) -> Any:
        if not self.momentum:
            return self._rates[index] * gradient
        before = self._velocity.get(index)
        now = gradient if before is None else self.momentum * before + gradient
        self._velocity[index] = now
        return self._rates[index] * now


def _refuse_added(names: list[str]) -> NoReturn:
    raise ValueError(
        f"An optimiser moves the parameters that it was given, but the module has got others "
        f"since: {', '.join(names)}.\n"
        "Make the optimiser after the module is whole, or append them to its `params`."
    )


def _result(thing: Any) -> str:
    if not isinstance(thing, Value):
        return repr(thing)
    return "a result of `no_grad`" if thing.op is None else f"the result of `{thing.op}`"


def _kind(thing: Any) -> str:
    if isinstance(thing, MethodType):
        return "a method that is not called"
    return f"a {type(thing).__name__}" if hasattr(thing, "parameters") else describe(thing)
