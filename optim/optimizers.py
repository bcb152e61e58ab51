"""Optimisers of the first order: what to do to the parameters, given their gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, is_number

from .groups import Setting, amount, fraction, number_of, positive, switch
from .optimizer import Optimizer


def zeros(parameter: Value) -> Any:
    """Zeros of a parameter's shape and dtype, for `start`: 0.0 for a Value, else an array.

    >>> from autodiff import Tensor
    >>> zeros(Value(2.0)), zeros(Tensor([1.0, 2.0]))
    (0.0, array([0., 0.]))
    """
    data = data_of(parameter)
    return 0.0 if type(data) is float else np.zeros(data.shape, data.dtype)


def _root(x: Any) -> Any:
    return math.sqrt(x) if type(x) is float else np.sqrt(x)


def _decayed(parameter: Value, gradient: Any, group: dict[str, Any]) -> Any:
    """The gradient, with that of ½ weight_decay |parameter|² where there is such a penalty."""
    decay = group["weight_decay"]
    return gradient + decay * data_of(parameter) if decay else gradient


class GD(Optimizer):
    """Gradient descent: a step of `lr` against the gradient of the loss over all the data.

    >>> w = Value(1.0)
    >>> gd = GD([w], lr=0.25)
    >>> (w * w).backward()
    >>> gd.step()
    >>> w.data
    0.5
    """


# A state is written to in place where it is an array, and anew where it is a float: `+=` is both.
class SGD(Optimizer):
    """Stochastic gradient descent: the same over a mini-batch at a time (see `batches`).

    With momentum m, a step also repeats m times the one before: v = m v + (1 - dampening) gradient
    (the first v is the gradient), and the parameter moves by -lr v; with `nesterov` by
    -lr (gradient + m v). `weight_decay` adds so many times the parameter to its gradient. Raises
    ValueError for momentum that is not from 0 to below 1, and for `nesterov` without it.
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], lr=0.25, momentum=0.5)
    >>> for _ in range(2):
    ...     sgd.zero_grad()
    ...     (w * w).backward()
    ...     sgd.step()
    >>> w.data  # 1 - 0.25 * 2, then 0.5 - 0.25 * (0.5 * 2 + 1)
    0.0
    """

    momentum = fraction("Momentum")
    dampening = amount("Dampening")
    weight_decay = amount("A weight decay")
    nesterov = switch("nesterov")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    @staticmethod
    def prepare(settings: dict[str, Any]) -> dict[str, Any]:
        """The share of a gradient that is not damped. Refuses `nesterov` without momentum."""
        if settings["nesterov"] and (settings["dampening"] or not settings["momentum"]):
            raise ValueError(
                "Nesterov's step looks along a momentum without dampening, but these are momentum "
                f"{settings['momentum']} and dampening {settings['dampening']}.\n"
                "Set momentum=0.9, say, and leave dampening out."
            )
        extras = bool(settings["weight_decay"] or settings["dampening"] or settings["nesterov"])
        plain_lr = None if settings["momentum"] or settings["weight_decay"] else settings["lr"]
        return {"plain_lr": plain_lr, "extras": extras, "undamped": 1.0 - settings["dampening"]}

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        return {"momentum_buffer": None} if group["momentum"] else {}

    def update(
        self, parameter: Value, gradient: Any, state: dict[str, Any], group: dict[str, Any]
    ) -> Any:
        rate = group["plain_lr"]  # one question for all: each takes a tenth of a scalar's step
        if rate is not None:
            return rate * gradient
        extras, momentum = group["extras"], group["momentum"]
        if extras:
            gradient = _decayed(parameter, gradient, group)
        if not momentum:
            return group["lr"] * gradient
        velocity = state["momentum_buffer"]
        if velocity is None:
            velocity = zeros(parameter)
            velocity += gradient
        else:
            velocity *= momentum
            velocity += group["undamped"] * gradient if extras else gradient
        state["momentum_buffer"] = velocity
        if extras and group["nesterov"]:
            velocity = gradient + momentum * velocity
        return group["lr"] * velocity


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradients.

    The mean of each entry is v = alpha v + (1 - alpha) gradient², from 0, and the step
    lr gradient / (sqrt(v) + eps); `centered` takes the square of the gradients' running mean away
    from v first, and with momentum m the step is lr b, where b = m b + gradient / (sqrt(v) + eps).
    T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning, 2012.

    >>> w = Value(1.0)
    >>> rmsprop = RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).backward()
    >>> rmsprop.step()
    >>> round(w.data, 6)  # 1 - 0.1 * 2 / sqrt(0.25 * 2²)
    0.8
    """

    alpha = fraction("Alpha")
    eps = positive("Eps")
    weight_decay = amount("A weight decay")
    momentum = fraction("Momentum")
    centered = switch("centered")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    @staticmethod
    def prepare(settings: dict[str, Any]) -> dict[str, Any]:
        """The weight of the new square in the mean."""
        return {"rest": 1.0 - settings["alpha"]}

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        state = {"square_avg": zeros(parameter)}
        if group["centered"]:
            state["grad_avg"] = zeros(parameter)
        if group["momentum"]:
            state["momentum_buffer"] = zeros(parameter)
        return state

    def update(
        self, parameter: Value, gradient: Any, state: dict[str, Any], group: dict[str, Any]
    ) -> Any:
        gradient = _decayed(parameter, gradient, group)
        alpha, rest, variance = group["alpha"], group["rest"], state["square_avg"]
        variance *= alpha
        variance += rest * (gradient * gradient)
        state["square_avg"] = variance
        if group["centered"]:
            mean = state["grad_avg"]
            mean *= alpha
            mean += rest * gradient
            state["grad_avg"] = mean
            variance = abs(variance - mean * mean)  # rounding may take it below 0
        step = gradient / (_root(variance) + group["eps"])
        if group["momentum"]:
            velocity = state["momentum_buffer"]
            velocity *= group["momentum"]
            velocity += step
            state["momentum_buffer"] = step = velocity
        return group["lr"] * step


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    The sum of each entry is s = s + gradient², from `initial_accumulator_value`, and step t is
    lr / (1 + (t - 1) lr_decay) gradient / (sqrt(s) + eps).
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", Journal of Machine Learning Research 12 (2011), 2121-2159.

    >>> w = Value(1.0)
    >>> adagrad = Adagrad([w], lr=0.25)
    >>> (w * w).backward()
    >>> adagrad.step()
    >>> round(w.data, 6)  # the first step is as long as lr
    0.75
    """

    lr_decay = amount("A decay of the learning rate")
    weight_decay = amount("A weight decay")
    initial_accumulator_value = amount("An initial sum of squares")
    eps = positive("Eps")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        total = zeros(parameter)
        total += group["initial_accumulator_value"]
        return {"step": 0, "sum": total}

    def update(
        self, parameter: Value, gradient: Any, state: dict[str, Any], group: dict[str, Any]
    ) -> Any:
        gradient = _decayed(parameter, gradient, group)
        total, before, lr = state["sum"], state["step"], group["lr"]
        total += gradient * gradient
        state["sum"], state["step"] = total, before + 1
        if group["lr_decay"]:
            lr = lr / (1 + before * group["lr_decay"])
        step = gradient / (_root(total) + group["eps"])
        step *= lr
        return step


class Adam(Optimizer):
    """Steps along a running mean of the gradients, divided by the root of that of their squares.

    m = β₁ m + (1 - β₁) gradient and v = β₂ v + (1 - β₂) gradient², both from 0; step t is
    lr m̂ / (sqrt(v̂) + eps), where m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ). `weight_decay` adds so
    many times the parameter to its gradient; `amsgrad` takes for v the greatest so far.
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1;
    S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    >>> w = Value(1.0)
    >>> adam = Adam([w], lr=0.25)
    >>> (w * w).backward()
    >>> adam.step()
    >>> round(w.data, 6)  # the first step is as long as lr
    0.75
    """

    betas = Setting(
        "The betas are two numbers from 0 to below 1",
        lambda pair: (
            isinstance(pair, (tuple, list))
            and len(pair) == 2
            and all(is_number(beta) and 0 <= beta < 1 for beta in pair)
        ),
        lambda pair: tuple(map(float, pair)),
    )
    eps = positive("Eps")
    weight_decay = amount("A weight decay")
    amsgrad = switch("amsgrad")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            params, lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad
        )

    @staticmethod
    def prepare(settings: dict[str, Any]) -> dict[str, Any]:
        """The betas as numbers, the decay, and room for what is the same all over step t."""
        beta1, beta2 = settings["betas"]
        decay = {"added_decay": settings["weight_decay"], "own_decay": 0.0}
        return {"beta1": beta1, "beta2": beta2, **decay, "t": 0}

    def start(self, parameter: Value, group: dict[str, Any]) -> dict[str, Any]:
        names = ["grad_sum", "square_sum"] + ["max_square_sum"] * group["amsgrad"]
        return {"step": 0, **{name: zeros(parameter) for name in names}}

    def update(
        self, parameter: Value, gradient: Any, state: dict[str, Any], group: dict[str, Any]
    ) -> Any:
        state["step"] = t = state["step"] + 1
        if group["t"] != t:  # once for the parameters that have taken as many steps
            dtype = float if type(gradient) is float else gradient.dtype
            group.update(_of_step(t, group, dtype))
        if group["added_decay"]:
            gradient = _decayed(parameter, gradient, group)
        # Sums of β^age gradient; the sums of the weights, by which they are means, are in the rate.
        total, squares = state["grad_sum"], state["square_sum"]
        total *= group["beta1"]
        total += gradient
        squares *= group["beta2"]
        squares += gradient * gradient
        state["grad_sum"], state["square_sum"] = total, squares
        if group["amsgrad"]:
            greatest = state["max_square_sum"]
            if type(greatest) is float:
                greatest = max(greatest, squares)
            else:
                np.maximum(greatest, squares, out=greatest)
            state["max_square_sum"] = squares = greatest
        root = _root(squares)
        root += group["weighed_eps"]
        step = total / root
        step *= group["weighed_lr"]
        return step + group["own_decay"] * data_of(parameter) if group["own_decay"] else step


def _of_step(t: int, group: dict[str, Any], dtype: Any) -> dict[str, Any]:
    """What of step t is the same for all entries: the means are sums divided by their weights'."""
    weight1, weight2 = ((1.0 - beta**t) / (1.0 - beta) for beta in group["betas"])
    root = math.sqrt(weight2)
    lr, eps = float(group["lr"]) * root / weight1, float(group["eps"]) * root
    return {"t": t, "weighed_lr": number_of(dtype, lr), "weighed_eps": number_of(dtype, eps)}


class AdamW(Adam):
    """Adam, and the parameter itself made smaller by lr weight_decay times at each step.

    The decay is no part of the gradient, and so not divided as that is.
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    >>> w = Value(1.0)
    >>> adamw = AdamW([w], lr=0.25, weight_decay=1.0)
    >>> (w * w).backward()
    >>> adamw.step()
    >>> round(w.data, 6)  # 1 - 0.25 - 0.25 * 1
    0.5
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    @staticmethod
    def prepare(settings: dict[str, Any]) -> dict[str, Any]:
        """As Adam's, but the decay is the parameter's own."""
        decay = settings["lr"] * settings["weight_decay"]
        return {**Adam.prepare(settings), "added_decay": 0.0, "own_decay": decay}
