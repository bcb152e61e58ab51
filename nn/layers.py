"""Layers over Tensors: Linear, activations, Sequential."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

import autodiff as ad

from .module import Module
from .neuron import Seed, checked_size


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
    """An operation as a module, to stand in a Sequential."""

    function: ClassVar[Any]

    def forward(self, x: Any) -> Any:
        return type(self).function(x)


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
    """x where positive, else exp(x) - 1."""

    function = staticmethod(ad.elu)


class LeakyReLU(Activation):
    """x where positive, else 0.01 x."""

    function = staticmethod(ad.leaky_relu)


class Softmax(Activation):
    """exp(x), scaled so that it sums to 1 along the last axis."""

    function = staticmethod(ad.softmax)


class Sequential(Module):
    """Modules one after another.

    >>> Sequential(Linear(4, 3, seed=0), Sigmoid(), Linear(3, 2, seed=1))
    Sequential(Linear, Sigmoid, Linear) of 23 parameters
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not callable(module):
                raise TypeError(f"Sequential takes modules, but this is {module!r}.")
        self.layers = list(modules)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def describe(self) -> str:
        return ", ".join(type(layer).__name__ for layer in self.layers)
