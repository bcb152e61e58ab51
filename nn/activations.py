"""Activations: operations as modules, to stand in a Sequential."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import autodiff as ad

from .module import Module

_TWICE_ROOT = 2 * math.sqrt(2 / math.pi)


class Activation(Module):
    """An operation as a module, to stand in a Sequential.

    Its settings are those of the operation: `Softmax(axis=0)`, `LeakyReLU(0.2)`. Raises
    TypeError for any that the operation does not have.

    >>> LeakyReLU(0.5)(-2.0)
    -1.0
    """

    function: ClassVar[Any]
    settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *settings: Any, **named: Any) -> None:
        if settings or named:
            self.settings = _bound(self, settings, named)

    def forward(self, x: Any) -> Any:
        function = type(self).function
        return function(x, **self.settings) if self.settings else function(x)

    def describe(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())


def _bound(
    activation: Activation, settings: tuple[Any, ...], named: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings by name; TypeError for any that the activation's operation does not have."""
    signature = inspect.signature(type(activation).function)
    operand, *names = signature.parameters
    try:
        bound = signature.bind(None, *settings, **named).arguments
    except TypeError as error:
        kind = type(activation).__name__
        raise TypeError(
            f"{kind} has {'the settings ' + ', '.join(names) if names else 'no settings'}, "
            f"but: {error}.\nTo compute it of an array, call the module: `{kind}()(x)`."
        ) from None
    return {name: value for name, value in bound.items() if name != operand}


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    function = staticmethod(ad.sigmoid)


class Tanh(Activation):
    """Hyperbolic tangent."""

    function = staticmethod(ad.tanh)


class ReLU(Activation):
    """x where positive, else 0."""

    function = staticmethod(ad.relu)


class Softplus(Activation):
    """log(1 + exp(x))."""

    function = staticmethod(ad.softplus)


def _gelu(x: Any, approximate: str = "none") -> Any:
    """The exact GELU, or its approximation by tanh."""
    if approximate == "none":
        return ad.gelu(x)
    # x (1 + tanh(u)) / 2, where 1 + tanh(u) = 2 sigmoid(2 u) keeps its digits for u << 0.
    return x * ad.sigmoid(_TWICE_ROOT * (x + 0.044715 * x * x * x))


class GELU(Activation):
    """x times the probability that a standard normal variable is below x.

    Exact, or with `approximate="tanh"` by the formula of Hendrycks and Gimpel (2016), section 2.
    Raises ValueError for another approximation.

    >>> float(GELU()(1.0)), float(GELU(approximate="tanh")(1.0))
    (0.841344..., 0.841191...)
    """

    function = staticmethod(_gelu)

    def __init__(self, *settings: Any, **named: Any) -> None:
        super().__init__(*settings, **named)
        chosen = self.settings.get("approximate", "none")
        if chosen not in ("none", "tanh"):
            raise ValueError(
                f'`approximate` is "none" for the exact GELU or "tanh", but this is {chosen!r}.'
            )


class SiLU(Activation):
    """x * sigmoid(x)."""

    function = staticmethod(ad.silu)


class ELU(Activation):
    """x where positive, else `alpha` (1) times exp(x) - 1."""

    function = staticmethod(ad.elu)


class LeakyReLU(Activation):
    """x where positive, else `slope` (0.01) times x."""

    function = staticmethod(ad.leaky_relu)


class Softmax(Activation):
    """exp(x), scaled so that it sums to 1 along the last axis, or along `axis`.

    >>> Softmax()(ad.Tensor([1.0, 1.0]))
    Tensor([0.5, 0.5])
    """

    function = staticmethod(ad.softmax)
