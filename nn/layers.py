"""Layers over Tensors: Linear, Embedding, Dropout, Flatten, Residual, Sequential."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import Seed, check_switches, data_of, describe, is_number

from .change import refuse_trace
from .initialisers import Initialiser, drawn, glorot_uniform, normal
from .module import Module
from .neuron import checked_size
from .state import own_generator

_UNIT = normal()


class Linear(Module):
    """x @ weight + bias, for x of shape (..., inputs), giving (..., outputs).

    The weight, of shape (inputs, outputs) where PyTorch's is turned (see `nn.from_torch`), is drawn
    by `init`, one of `nn.initialisers`: as it stands uniformly, with the variance
    2 / (inputs + outputs) of Glorot and Bengio (2010). The bias is 0. Raises ValueError for sizes
    that are not whole numbers from 1 up, and for a `dtype` that is no float type, TypeError for a
    `bias` that is neither True nor False; a call ValueError for an x of other features.

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
        init: Initialiser = glorot_uniform,
    ) -> None:
        rows, columns = checked_size("inputs", inputs), checked_size("outputs", outputs)
        check_float("Linear", dtype)
        check_switches(bias=bias)
        rng = np.random.default_rng(seed)
        self.weight = drawn(init, (rows, columns), rows, columns, rng, dtype)
        self.bias = ad.Tensor(np.zeros(columns, dtype), name="bias") if bias else None

    def forward(self, x: Any) -> Any:
        try:
            product = ad.matmul(x, self.weight)
        except ValueError:
            shape, inputs = np.shape(data_of(x)), self.weight.shape[0]
            if shape[-1:] == (inputs,):
                raise
            raise ValueError(
                f"This Linear takes arrays of shape (..., {inputs}), but this has shape {shape}.\n"
                "Make it of the features that the layer before gives."
            ) from None
        return product if self.bias is None else product + self.bias

    def torch_layout(self, state: dict[str, Any]) -> dict[str, Any]:
        return {name: a.T if name == "weight" else a for name, a in state.items()}

    def describe(self) -> str:
        return ", ".join(map(str, self.weight.shape))


def check_float(kind: str, dtype: Any) -> None:
    """ValueError for a dtype of parameters that is no float type."""
    if np.dtype(dtype).kind != "f":
        raise ValueError(
            f"{kind}'s `dtype` is a float type, but this is {np.dtype(dtype)}, which cannot "
            "hold the weights.\nUse float32 or float64."
        )


class Embedding(Module):
    """A row of the weight for each whole number, of shape (num_embeddings, embedding_dim).

    Of indices of any shape it gives (..., embedding_dim). The weight is drawn by `init` (whose
    fan_in is embedding_dim): as it stands from a normal distribution of variance 1. Raises as
    Linear does; a call raises ValueError for indices that are no whole numbers from 0 to below
    num_embeddings (in a trace, whose values are not known, for their dtype alone).

    >>> Embedding(10, 3, seed=0)([[1, 2], [2, 9]]).shape
    (2, 2, 3)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, seed: Seed = None, dtype: Any = np.float64,
        init: Initialiser = _UNIT,
    ) -> None:  # fmt: skip
        rows = checked_size("num_embeddings", num_embeddings)
        columns = checked_size("embedding_dim", embedding_dim)
        check_float("Embedding", dtype)
        rng = np.random.default_rng(seed)
        self.weight = drawn(init, (rows, columns), columns, rows, rng, dtype)

    def forward(self, indices: Any) -> Any:
        traced = getattr(indices, "traced", False)
        plain = indices if traced else np.asarray(data_of(indices))
        count = len(self.weight)
        if plain.dtype.kind not in "iu":
            raise ValueError(
                f"An Embedding is looked up by whole numbers, but these have dtype {plain.dtype}.\n"
                "Pass an array of integers; a Tensor has floats."
            )
        if not traced and plain.size and not 0 <= plain.min() <= plain.max() < count:
            raise ValueError(
                f"This Embedding has the rows 0 to {count - 1}, but the indices go from "
                f"{plain.min()} to {plain.max()}.\nMake it as large as there are different ones."
            )
        if not traced:
            return ad.take(self.weight, plain, 0)
        rows = ad.take_along_axis(self.weight, ad.reshape(plain, (-1, 1)), 0)  # may be computed
        return ad.reshape(rows, (*plain.shape, self.weight.shape[1]))

    def describe(self) -> str:
        return ", ".join(map(str, self.weight.shape))


class Dropout(Module):
    """In training each entry is 0 with probability p, and the others are divided by 1 - p.

    In the mode of `eval` it gives what it is given. Its generator, which `seed` begins, is a
    buffer. Raises ValueError for p that is not from 0 to 1; in training, a call raises TraceError
    in a trace, whose program would have the same zeros at every call.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout(np.ones(4)), dropout.eval()(np.ones(4))
    (array([0., 2., 0., 2.]), array([1., 1., 1., 1.]))
    """

    generator: np.random.Generator

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        if not is_number(p) or not 0 <= p <= 1:
            raise ValueError(f"Dropout's `p` is a probability from 0 to 1, but this is {p!r}.")
        self.p = float(p)
        self.register_buffer("generator", own_generator(seed))

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        if getattr(x, "traced", False) and isinstance(self.generator, np.random.Generator):
            refuse_trace(self)
        keep = self.generator.random(np.shape(data_of(x))) >= self.p
        return ad.where(keep, x / (1 - self.p) if self.p < 1 else x, 0.0)

    def describe(self) -> str:
        return f"p={self.p}"


class Flatten(Module):
    """The axes from `start_axis` to `end_axis` as one: by default all but the first.

    A call raises ValueError where there are no such axes.

    >>> Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        for name, axis in (("start_axis", start_axis), ("end_axis", end_axis)):
            if not isinstance(axis, (int, np.integer)) or isinstance(axis, bool):
                raise TypeError(
                    f"`{name}` is a whole number, that of an axis, but this is {describe(axis)}."
                )
        self.axes = int(start_axis), int(end_axis)

    def forward(self, x: Any) -> Any:
        shape = np.shape(data_of(x))
        start, end = (axis + len(shape) * (axis < 0) for axis in self.axes)
        if not 0 <= start <= end < len(shape):
            raise ValueError(
                f"Flatten joins the axes from {self.axes[0]} to {self.axes[1]}, but this has shape "
                f"{shape}.\nThe first axis is that of the samples: pass several, as in `x[None]`."
            )
        length = math.prod(shape[start : end + 1])
        return ad.reshape(x, (*shape[:start], length, *shape[end + 1 :]))

    def describe(self) -> str:
        return "" if self.axes == (1, -1) else f"start_axis={self.axes[0]}, end_axis={self.axes[1]}"


class Residual(Module):
    """x + module(x), as of He et al. (2016). Raises TypeError for what cannot be called.

    A call raises ValueError where the two have other shapes, which would broadcast.

    >>> Residual(Linear(3, 3, seed=0))(np.ones((5, 3))).shape
    (5, 3)
    """

    def __init__(self, module: Any) -> None:
        if isinstance(module, type) or not callable(module):
            raise TypeError(
                f"A Residual has one module around which it goes, but this is {describe(module)}.\n"
                "Make several one by `Sequential(*modules)`."
            )
        self.module = module

    def forward(self, x: Any) -> Any:
        y = self.module(x)
        shapes = np.shape(data_of(x)), np.shape(data_of(y))
        if shapes[0] != shapes[1]:
            raise ValueError(
                "A Residual adds what its module gives to what it was given, of one shape, but "
                f"these have {shapes[1]} and {shapes[0]}.\nLet the module give as many as it takes."
            )
        return x + y

    def shown(self) -> list[tuple[str, Any]]:
        return [("module", self.module)]  # a function as well


class Sequential(Module):
    """Modules one after another. Raises TypeError for what cannot be called, and for a class.

    It is indexed, sliced (to a Sequential of the same modules) and iterated over as a list is; a
    module is put in the place of another by `model[-1] = module`, and taken out by `del`.

    >>> from nn import Sigmoid
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

    def __setitem__(self, index: Any, module: Any) -> None:
        layers, one = list(self.layers), not isinstance(index, slice)
        self[index]  # which refuses what is no index
        layers[index] = module if one else list(module)
        self.layers = Sequential(*layers).layers

    def __delitem__(self, index: Any) -> None:
        layers = list(self.layers)
        self[index]
        del layers[index]
        self.layers = layers

    def torch_layout(self, state: dict[str, Any]) -> dict[str, Any]:
        return {name.removeprefix("layers."): array for name, array in state.items()}

    def shown(self) -> list[tuple[str, Any]]:
        layers = [(f"layers.{i}", layer) for i, layer in enumerate(self.layers)]  # functions, too
        return layers + [pair for pair in super().shown() if not pair[0].startswith("layers.")]
