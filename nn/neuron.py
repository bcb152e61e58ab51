"""The sigmoid neuron of scalar Values, a layer of them, and a network of layers."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from autodiff import Value, sigmoid
from autodiff.extend import Seed, describe, is_count

from .module import Module

Activation = Callable[[Any], Any] | None


class Neuron(Module):
    """activation(w0 x0 + w1 x1 + ... + b), of `inputs` numbers, a sigmoid if none is given.

    Weights are drawn from a normal distribution of variance 1 / inputs; the bias is 0. Raises
    ValueError for `inputs` that is not a whole number from 1 up, TypeError for an activation
    that is no function; a call raises ValueError for what is not one sample of `inputs` numbers.

    >>> neuron = Neuron(2, seed=0)
    >>> neuron([1.0, -1.0]).op
    'sigmoid'
    """

    def __init__(self, inputs: int, activation: Activation = sigmoid, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        scale = 1 / math.sqrt(checked_size("inputs", inputs))
        self.w = [Value(rng.normal() * scale, name=f"w{i}") for i in range(inputs)]
        self.b = Value(0.0, name="b")
        self.activation = _checked(activation)

    def forward(self, x: Sequence[Any]) -> Any:
        if type(x) is not list or len(x) != len(self.w) or type(x[0]) is list:
            _check_sample(x, len(self.w))
        total = reduce(operator.add, [w * xi for w, xi in zip(self.w, x, strict=True)]) + self.b
        return total if self.activation is None else self.activation(total)

    def describe(self) -> str:
        return f"{len(self.w)}"


class Layer(Module):
    """Neurons side by side, all of the same inputs; it gives the list of their outputs.

    Raises as `Neuron` does.

    >>> [output.op for output in Layer(2, 3, seed=0)([1.0, -1.0])]
    ['sigmoid', 'sigmoid', 'sigmoid']
    """

    def __init__(
        self, inputs: int, outputs: int, activation: Activation = sigmoid, seed: Seed = None
    ) -> None:
        rng = np.random.default_rng(seed)
        count = checked_size("outputs", outputs)
        self.neurons = [Neuron(inputs, activation, rng) for _ in range(count)]

    def forward(self, x: Sequence[Any]) -> list[Any]:
        return [neuron(x) for neuron in self.neurons]

    def describe(self) -> str:
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}"


class MLP(Module):
    """Layers one after another: `MLP(2, [16, 16, 1])` has two inputs and one output.

    One output is given as a Value, more as a list. The last layer has the activation of the
    others unless `last` names another (None for none). Raises ValueError for no layers and
    sizes that are not whole numbers from 1 up, TypeError for an activation that is no function.

    >>> from autodiff import relu
    >>> model = MLP(2, [3, 1], activation=relu, last=None, seed=0)
    >>> model
    MLP(2, [3, 1]) of 13 parameters
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: Activation = sigmoid,
        last: Any = "same",
        seed: Seed = None,
    ) -> None:
        rng = np.random.default_rng(seed)
        if not isinstance(outputs, Iterable):
            raise TypeError(
                f"`outputs` is the list of layer sizes, but this is {describe(outputs)}.\n"
                "Write it as in MLP(2, [16, 1])."
            )
        sizes = [inputs, *outputs]
        if len(sizes) < 2:
            raise ValueError(
                "An MLP has at least one layer: give their sizes, as in MLP(2, [16, 1])."
            )
        kinds = [activation] * (len(sizes) - 2) + [activation if last == "same" else last]
        self.layers = [
            Layer(a, b, kind, rng) for a, b, kind in zip(sizes, sizes[1:], kinds, strict=False)
        ]

    def forward(self, x: Sequence[Any]) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def describe(self) -> str:
        return (
            f"{len(self.layers[0].neurons[0].w)}, {[len(layer.neurons) for layer in self.layers]}"
        )


def _check_sample(x: Any, count: int) -> None:
    """ValueError unless `x` is one sample of `count` numbers."""
    shape = getattr(x, "shape", None)
    if shape is not None:
        found = "" if len(shape) == 1 else f"this has shape {shape}"
    elif not isinstance(x, Sequence):
        found = f"this is {describe(x)}"
    else:
        found = "this is a list of lists" if any(isinstance(row, list) for row in x) else ""
    if found:
        raise ValueError(
            f"Neurons take one sample at a time, a list of numbers (here {count}), but {found}.\n"
            "Write `[model(row) for row in X]`, or use Linear for batches."
        )
    if len(x) != count:
        raise ValueError(f"This neuron takes {count} inputs, but was given {len(x)}.")


def checked_size(name: str, size: Any) -> int:
    """A number of inputs or outputs; ValueError if it is not a whole number above 0."""
    if not is_count(size):
        raise ValueError(f"`{name}` is a whole number from 1 up, but this is {size!r}.")
    return int(size)


def _checked(activation: Activation) -> Activation:
    if isinstance(activation, type):
        raise TypeError(
            "An activation is a function, such as `autodiff.tanh`, but this is a class.\n"
            f"Make one of it: write `{activation.__name__}()`."
        )
    if activation is not None and not callable(activation):
        raise TypeError(
            "An activation is a function, such as `autodiff.tanh`, or None for none, but this is "
            f"{activation!r}."
        )
    return activation
