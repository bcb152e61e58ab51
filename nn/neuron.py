"""The sigmoid neuron of scalar Values, a layer of them, and a network of layers.

Of one sample, a list of numbers, they make a graph of scalars. Of an array or a Tensor of rows they
put their weights into matrices, which gives the same numbers but for a few roundings, and each
weight its gradient, some hundred times faster.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Value, sigmoid
from autodiff.extend import Seed, data_of, describe, is_count

from .losses import joined
from .module import Module
from .targets import is_traced

Activation = Callable[[Any], Any] | None


class Neuron(Module):
    """activation(w0 x0 + w1 x1 + ... + b), of `inputs` numbers, a sigmoid if none is given.

    Of rows, of shape (n, inputs), it gives shape (n,). Weights are drawn from a normal distribution
    of variance 1 / inputs; the bias is 0. Raises ValueError for `inputs` that is not a whole number
    from 1 up, TypeError for an activation that is no function of one number; a call raises
    ValueError for what is neither a sample of `inputs` numbers nor rows of them.

    >>> neuron = Neuron(2, seed=0)
    >>> neuron([1.0, -1.0]).op
    'sigmoid'
    >>> neuron(np.ones((5, 2))).shape
    (5,)
    """

    def __init__(self, inputs: int, activation: Activation = sigmoid, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        scale = 1 / math.sqrt(checked_size("inputs", inputs))
        self.w = [Value(rng.normal() * scale, name=f"w{i}") for i in range(inputs)]
        self.b = Value(0.0, name="b")
        self.activation = _checked(activation)

    def forward(self, x: Sequence[Any]) -> Any:
        if type(x) is not list or len(x) != len(self.w) or type(x[0]) is list:
            rows = _rows(x, len(self.w))
            if rows is not None:
                return _activated(self.activation, ad.matmul(rows, ad.stack(self.w)) + self.b)
        total = reduce(operator.add, [w * xi for w, xi in zip(self.w, x, strict=True)]) + self.b
        return total if self.activation is None else self.activation(total)

    def describe(self) -> str:
        return f"{len(self.w)}"


class Layer(Module):
    """Neurons side by side, all of the same inputs; it gives the list of their outputs.

    Of rows, of shape (n, inputs), it gives shape (n, outputs). Raises as `Neuron` does.

    >>> [output.op for output in Layer(2, 3, seed=0)([1.0, -1.0])]
    ['sigmoid', 'sigmoid', 'sigmoid']
    """

    def __init__(
        self, inputs: int, outputs: int, activation: Activation = sigmoid, seed: Seed = None
    ) -> None:
        rng = np.random.default_rng(seed)
        count = checked_size("outputs", outputs)
        self.neurons = [Neuron(inputs, activation, rng) for _ in range(count)]

    def forward(self, x: Any) -> Any:
        if type(x) is list and x and type(x[0]) is not list:
            return [neuron(x) for neuron in self.neurons]
        rows = _rows(x, len(self.neurons[0].w))
        return [neuron(x) for neuron in self.neurons] if rows is None else self._of_rows(rows)

    def _of_rows(self, x: Any) -> Any:
        neurons, activation = self.neurons, self.neurons[0].activation
        if not all(_is_usual(n) and n.activation is activation for n in neurons):
            return ad.stack([neuron(x) for neuron in neurons], axis=-1)
        weight = ad.reshape(ad.stack([w for n in neurons for w in n.w]), (len(neurons), -1))
        bias = ad.stack([n.b for n in neurons])
        return _activated(activation, ad.matmul(x, ad.transpose(weight)) + bias)

    def describe(self) -> str:
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}"


class MLP(Module):
    """Layers one after another: `MLP(2, [16, 16, 1])` has two inputs and one output.

    One output is given as a Value, more as a list; of rows, of shape (n, inputs), it gives shape
    (n, outputs), though the outputs be one. The last layer has the activation of the others unless
    `last` names another (None for none). Raises ValueError for no layers and sizes that are not
    whole numbers from 1 up, TypeError for an activation that is no function of one number.

    >>> from autodiff import relu
    >>> model = MLP(2, [3, 1], activation=relu, last=None, seed=0)
    >>> model
    MLP(2, [3, 1]) of 13 parameters
    >>> model(np.ones((5, 2))).shape
    (5, 1)
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
        return x[0] if type(x) is list and len(x) == 1 else x

    def describe(self) -> str:
        return (
            f"{len(self.layers[0].neurons[0].w)}, {[len(layer.neurons) for layer in self.layers]}"
        )


def _rows(x: Any, count: int) -> Any:
    """Rows of `count` numbers as an array or a Tensor; None for one sample.

    Raises ValueError for what is neither.
    """
    if isinstance(x, (list, tuple)) and any(isinstance(row, (list, tuple)) for row in x):
        x = joined(x)
    shape = getattr(x, "shape", None)
    if shape is None and isinstance(x, Sequence):
        shape = (len(x),)
    if not shape:
        raise ValueError(
            f"Neurons take one sample, a list of numbers (here {count}), or an array of such rows, "
            f"but this {'is ' + describe(x) if shape is None else 'has shape ()'}.\n"
            "Write `model([x])` for one number."
        )
    if shape[-1] != count:
        rows = "" if len(shape) == 1 else f" in rows: it has shape {tuple(shape)}"
        raise ValueError(f"This neuron takes {count} inputs, but was given {shape[-1]}{rows}.")
    return None if len(shape) == 1 else x if isinstance(x, Value) else np.asarray(x)


def _is_usual(neuron: Any) -> bool:
    """Whether a neuron computes what one does, and is not of a kind of its own."""
    return type(neuron) is Neuron and "forward" not in vars(neuron)


def _activated(activation: Activation, total: Any) -> Any:
    """An activation of many numbers; ValueError where it does not work number by number."""
    if activation is None:
        return total
    out = activation(total)
    if not getattr(_operation_of(activation), "elementwise", False):
        data, result = data_of(total), data_of(out)
        alike = np.shape(data) == np.shape(result)
        if alike and np.size(data) and not isinstance(activation, Module) and not is_traced(out):
            alone = np.ravel(data_of(activation(Value(data.item(0)))))
            alike = bool(np.isclose(alone[0], result.item(0), equal_nan=True))
        if not alike:
            raise ValueError(
                "An activation works number by number, so that a sample gives the same alone and "
                f"among others, but this one, {describe(activation)}, does not.\n"
                "Apply what is over several numbers to what the model gives."
            )
    return out


def _operation_of(activation: Any) -> Any:
    """The operation that an activation is, if it is one of the registry, or a module of one."""
    return getattr(getattr(activation, "function", activation), "primitive", None)


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
    operation = _operation_of(activation)
    if operation is not None and not operation.elementwise:
        raise TypeError(
            "An activation is of one number, the sum of a neuron, but "
            f"`{operation.name}` is over several.\n"
            f"Apply it to what the model gives, as in `autodiff.{operation.name}(model(x))`."
        )
    if activation is not None and not callable(activation):
        raise TypeError(
            "An activation is a function, such as `autodiff.tanh`, or None for none, but this is "
            f"{activation!r}."
        )
    return activation
