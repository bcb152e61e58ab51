"""Layers over sequences: RNN, LSTM and GRU, with the shapes, the names and the gates of PyTorch."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

import autodiff as ad
from autodiff.extend import Seed, check_switches, data_of, describe

from .layers import Dropout, check_float
from .module import Module
from .neuron import checked_size

State = tuple[Any, ...]  # of one direction of one layer: each of shape (batch, hidden_size)


class Recurrent(Module):
    """What RNN, LSTM and GRU have in common: layers, each over time in one direction or in both.

    A subclass says what a state `consists_of`, how many `gates` it has, and in `cell` how one
    step goes.
    """

    gates: ClassVar[int]
    consists_of: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        seed: Seed = None, dtype: Any = np.float64,
    ) -> None:  # fmt: skip
        kind = type(self).__name__
        self.input_size = checked_size("input_size", input_size)
        self.hidden_size = checked_size("hidden_size", hidden_size)
        self.num_layers = checked_size("num_layers", num_layers)
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        check_float(kind, dtype)
        check_switches(bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        rng = np.random.default_rng(seed)
        for layer in range(self.num_layers):
            for end in self._ends(layer):
                self._make_parameters(end, layer, rng, dtype)
        between = Dropout(dropout, rng)
        if between.p and self.num_layers == 1:
            raise ValueError(
                f"The `dropout` of this {kind} is between its layers, but it has one alone.\n"
                f"Give it more by `num_layers`, or put `Dropout({dropout})` after it."
            )
        self.dropout = between if between.p else None

    def _ends(self, layer: int) -> list[str]:
        """How the names of a layer's parameters end, for each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + bool(self.bidirectional)]

    def _make_parameters(self, end: str, layer: int, rng: Any, dtype: Any) -> None:
        """Those of one direction of a layer, drawn uniformly from ±1 / sqrt(hidden_size)."""
        below = self.hidden_size * len(self._ends(0)) if layer else self.input_size
        width, bound = self.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (below, width),
            "weight_hh": (self.hidden_size, width),
        }
        if self.bias:
            shapes |= {"bias_ih": (width,), "bias_hh": (width,)}
        for name, shape in shapes.items():
            drawn = rng.uniform(-bound, bound, shape).astype(dtype)
            setattr(self, name + end, ad.Tensor(drawn, name=name + end))

    # -- over time -------------------------------------------------------------------------

    def forward(self, x: Any, hx: Any = None) -> Any:
        x = x if isinstance(x, ad.Value) else np.asarray(x)
        batched = self._check_input(x)
        if not batched:
            x = ad.expand_dims(x, 1)
        elif self.batch_first:
            x = ad.swapaxes(x, 0, 1)
        before = self._initial(hx, x, batched)
        after: list[State] = []
        for layer in range(self.num_layers):
            outputs = []
            for end in self._ends(layer):
                output, state = self._over_time(x, before[len(after)], end)
                outputs.append(output)
                after.append(state)
            x = ad.concatenate(outputs, -1) if self.bidirectional else outputs[0]
            if self.dropout is not None and layer + 1 < self.num_layers:
                x = self.dropout(x)
        last = [ad.stack(parts) for parts in zip(*after, strict=True)]
        if not batched:
            x, last = x[:, 0], [part[:, 0] for part in last]
        elif self.batch_first:
            x = ad.swapaxes(x, 0, 1)
        return x, tuple(last) if len(last) > 1 else last[0]

    def _over_time(self, x: Any, state: State, end: str) -> tuple[Any, State]:
        """The outputs of one direction of a layer, of shape (time, batch, hidden_size)."""
        weight, hidden_weight, *biases = (
            getattr(self, name + end)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if self.bias else 2]
        )
        time, batch, features = x.shape
        given = ad.reshape(x, (time * batch, features)) @ weight  # of all steps at once
        given = ad.reshape(self._biased(given, *biases), (time, batch, weight.shape[1]))
        order = -1 if end.endswith("_reverse") else 1
        outputs = []
        for step in ad.unstack(given)[::order]:
            state = self.cell(step, state, hidden_weight, *biases[1:])
            outputs.append(state[0])
        return ad.stack(outputs[::order]), state

    def _biased(self, given: Any, *biases: Any) -> Any:
        """The part of the gates that the input gives, with what is the same at each step."""
        return given + (biases[0] + biases[1]) if biases else given

    def cell(self, given: Any, state: State, weight: Any, bias: Any = None) -> State:
        """The state after a step: `given` is what the input gives, of the width of `weight`."""
        raise NotImplementedError

    # -- what it is given ------------------------------------------------------------------

    def _check_input(self, x: Any) -> bool:
        """Whether there are several sequences. ValueError for what is none."""
        shape, kind = np.shape(data_of(x)), type(self).__name__
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            axes = "batch, time" if self.batch_first else "time, batch"
            raise ValueError(
                f"This {kind} takes sequences of shape ({axes}, {self.input_size}), or one of "
                f"shape (time, {self.input_size}), but this has shape {shape}.\n"
                "Make it of the features that there are at each step."
            )
        time = shape[1 if len(shape) == 3 and self.batch_first else 0]
        if not time:
            raise ValueError(
                f"This {kind} takes sequences of one step or more, but this has shape {shape}."
            )
        return len(shape) == 3

    def _initial(self, hx: Any, x: Any, batched: bool) -> list[State]:
        """The state before the first step, for each direction of each layer: zeros if not given."""
        count, names = self.num_layers * len(self._ends(0)), self.consists_of
        if hx is None:
            zeros = np.zeros((x.shape[1], self.hidden_size), self.weight_hh_l0.dtype)
            return [(zeros,) * len(names)] * count
        single = len(names) == 1
        if not single and not (isinstance(hx, (tuple, list)) and len(hx) == len(names)):
            raise TypeError(
                f"The state of this {type(self).__name__} is a pair ({', '.join(names)}), but this "
                f"is {describe(hx)}.\nPass what it has returned beside the output."
            )
        given: Any = [hx] if single else hx
        parts: list[Any] = [p if isinstance(p, ad.Value) else np.asarray(p) for p in given]
        wanted = (count, *([x.shape[1]] if batched else []), self.hidden_size)
        for name, part in zip(names, parts, strict=True):
            shape = np.shape(data_of(part))
            if shape != wanted:
                raise ValueError(
                    f"The initial `{name}` of this {type(self).__name__} has shape {wanted} for "
                    "such an input (the first axis is that of layers and directions), but this "
                    f"has {shape}.\nLeave it out for zeros."
                )
        if not batched:
            parts = [ad.expand_dims(part, 1) for part in parts]
        return [tuple(part[i] for part in parts) for i in range(count)]

    def torch_layout(self, state: dict[str, Any]) -> dict[str, Any]:
        return {name: a.T if name.startswith("weight") else a for name, a in state.items()}

    def describe(self) -> str:
        settings = {"num_layers": self.num_layers != 1, "bias": not self.bias}
        settings |= {name: getattr(self, name) for name in ("batch_first", "bidirectional")}
        named = [f"{name}={getattr(self, name)}" for name, shown in settings.items() if shown]
        named += [] if self.dropout is None else [f"dropout={self.dropout.p}"]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *named])


class RNN(Recurrent):
    """h' = tanh(x @ weight_ih + bias_ih + h @ weight_hh + bias_hh) at each step (Elman 1990).

    x has shape (time, batch, input_size), with `batch_first` (batch, time, input_size), or for one
    sequence (time, input_size). A call gives the outputs, of the same axes with hidden_size at the
    end, and the last state, of shape (num_layers, batch, hidden_size); `hx` is the state before,
    zeros if there is none. Each of `num_layers` goes over the outputs of the one before, with
    `dropout` between. If `bidirectional`, each goes backward in time as well, and gives the
    outputs of both side by side; a state is then of 2 num_layers. With `nonlinearity="relu"` it
    has that instead of tanh.

    A weight has shape (inputs, outputs), as Linear's has; all parameters are drawn uniformly from
    ±1 / sqrt(hidden_size). Raises ValueError for sizes that are not whole numbers from 1 up, for
    settings that there are not, and for a `dropout` with one layer, and TypeError for a switch that
    is neither True nor False; a call ValueError for an input or a state of another shape.

    >>> output, h = RNN(3, 4, seed=0)(np.ones((7, 5, 3)))
    >>> output.shape, h.shape
    ((7, 5, 4), (1, 5, 4))
    """

    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
        bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False, seed: Seed = None, dtype: Any = np.float64,
    ) -> None:  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'`nonlinearity` is "tanh" or "relu", but this is {nonlinearity!r}.')
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed,
            dtype,
        )  # fmt: skip

    def cell(self, given: Any, state: State, weight: Any, bias: Any = None) -> State:
        function = ad.tanh if self.nonlinearity == "tanh" else ad.relu
        return (function(given + state[0] @ weight),)

    def describe(self) -> str:
        relu = ", nonlinearity='relu'" if self.nonlinearity == "relu" else ""
        return super().describe() + relu


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), with forget gates (Gers 2000).

    With gates i, f, g, o = x @ weight_ih + bias_ih + h @ weight_hh + bias_hh, side by side,

        c' = sigmoid(f) c + sigmoid(i) tanh(g)
        h' = sigmoid(o) tanh(c')

    All else is as of RNN, but a state is a pair (h, c): a call gives `output, (h, c)`, and is given
    `hx=(h, c)`. Raises as RNN does, and TypeError for a state that is no pair.

    >>> output, (h, c) = LSTM(3, 4, num_layers=2, seed=0)(np.ones((7, 5, 3)))
    >>> output.shape, h.shape, c.shape
    ((7, 5, 4), (2, 5, 4), (2, 5, 4))
    """

    gates = 4
    consists_of = ("h", "c")

    def cell(self, given: Any, state: State, weight: Any, bias: Any = None) -> State:
        h, c = state
        i, f, g, o = ad.split(given + h @ weight, 4, -1)
        c = ad.sigmoid(f) * c + ad.sigmoid(i) * ad.tanh(g)
        return ad.sigmoid(o) * ad.tanh(c), c


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014), its reset gate after the product as in cuDNN.

    With x_r, x_z, x_n = x @ weight_ih + bias_ih and h_r, h_z, h_n = h @ weight_hh + bias_hh,
    side by side,

        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = tanh(x_n + r h_n)
        h' = (1 - z) n + z h

    All else is as of RNN. Raises as RNN does.

    >>> output, h = GRU(3, 4, bidirectional=True, seed=0)(np.ones((7, 5, 3)))
    >>> output.shape, h.shape
    ((7, 5, 8), (2, 5, 4))
    """

    gates = 3

    def _biased(self, given: Any, *biases: Any) -> Any:
        return given + biases[0] if biases else given

    def cell(self, given: Any, state: State, weight: Any, bias: Any = None) -> State:
        (h,) = state
        hidden = h @ weight if bias is None else h @ weight + bias
        x_r, x_z, x_n = ad.split(given, 3, -1)
        h_r, h_z, h_n = ad.split(hidden, 3, -1)
        r, z = ad.sigmoid(x_r + h_r), ad.sigmoid(x_z + h_z)
        n = ad.tanh(x_n + r * h_n)
        return (n + z * (h - n),)
