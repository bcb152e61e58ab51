"""Layers over Tensors: Linear, activations, Sequential."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

import autodiff as ad
from autodiff.extend import Seed

from .module import Module
from .neuron import checked_size


class Linear(Module):
    """x @ weight + bias, for x of shape (..., inputs), giving (..., outputs).

    The weight, of shape (inputs, outputs), is drawn uniformly with the variance
    2 / (inputs + outputs) of Glorot and Bengio (2010); the bias is 0. Raises ValueError for
    sizes that are not whole numbers from 1 up, and for a `dtype` that is no float type.

    >>> Linear(3, 2, seed=0)(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        seed: Seed = None,
        dtype: Any = np.float64,
    ) -> None:
        rows, columns = checked_size("inputs", inputs), checked_size("outputs", outputs)
        if np.dtype(dtype).kind != "f":
            raise ValueError(
                f"A Linear's `dtype` is a float type, but this is {np.dtype(dtype)}, which cannot "
                "hold the weights.\nUse float32 or float64."
            )
        bound = math.sqrt(6 / (rows + columns))
        drawn = np.random.default_rng(seed).uniform(-bound, bound, (rows, columns))
        self.weight = ad.Tensor(drawn.astype(dtype), name="weight")
        self.bias = ad.Tensor(np.zeros(columns, dtype), name="bias") if bias else None

    def forward(self, x: Any) -> Any:
        product = ad.matmul(x, self.weight)
        return product if self.bias is None else product + self.bias

    def describe(self) -> str:
        return ", ".join(map(str, self.weight.shape))


class Activation(Module):
    """An operation as a module, to stand in a Sequential.

    Its settings are those of the operation: `Softmax(axis=0)`, `LeakyReLU(0.2)`. Raises
    TypeError for any that the operation does not have.

    >>> LeakyReLU(0.5)(np.array([-2.0, 2.0]))
    array([-1.,  2.])
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


class GELU(Activation):
    """x times the probability that a standard normal variable is below x."""

    function = staticmethod(ad.gelu)


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

    >>> Softmax()(np.array([1.0, 1.0]))
    array([0.5, 0.5])
    """

    function = staticmethod(ad.softmax)


class Sequential(Module):
    """Modules one after another. Raises TypeError for what cannot be called, and for a class.

    It is indexed, sliced (to a Sequential of the same modules) and iterated over as a list is.

    >>> model = Sequential(Linear(4, 3, seed=0), Sigmoid(), Linear(3, 2, seed=1))
    >>> model
    Sequential(
      (layers.0): Linear(4, 3) of 15 parameters
      (layers.1): Sigmoid()
      (layers.2): Linear(3, 2) of 8 parameters
    ) of 23 parameters
    >>> len(model), model[-1], [type(layer).__name__ for layer in model[:2]]
    (3, Linear(3, 2) of 8 parameters, ['Linear', 'Sigmoid'])
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if isinstance(module, type):
                raise TypeError(
                    f"Sequential takes modules, but this is the class {module.__name__}.\n"
                    f"Make a module of it: write `{module.__name__}()`."
                )
            if not callable(module):
                raise TypeError(
                    f"Sequential takes modules, but this is {module!r}.\n"
                    "Pass them one by one: `Sequential(*modules)`."
                )
        self.layers = list(modules)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Sequential(*self.layers[index])
        try:
            return self.layers[index]
        except (IndexError, TypeError) as error:
            raise type(error)(
                f"A Sequential is indexed by whole numbers and slices, and this one has "
                f"{len(self)} modules, but the index is {index!r}.\n"
                "Count them from 0, or from the end by -1, -2, ..."
            ) from None

    def shown(self) -> list[tuple[str, Any]]:
        layers = [(f"layers.{i}", layer) for i, layer in enumerate(self.layers)]  # functions, too
        return layers + [pair for pair in super().shown() if not pair[0].startswith("layers.")]
