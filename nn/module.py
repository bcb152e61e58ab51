"""Module: something with parameters and buffers, which it finds by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autodiff import Value, no_grad
from autodiff.extend import (
    data_of,
    describe,
    is_users_own,
    mimebundle,
    read_archive,
    tree_map,
    write_archive,
)

from .change import (
    as_buffer,
    checked_float_type,
    convert,
    freeze,
    substituted,
    unfreeze,
)
from .habits import ATTRIBUTES
from .loading import check_state, named_state, take_state
from .owner import Watch, handed_out
from .parts import (
    HasParts,
    Visit,
    all_in,
    buffers_in,
    check_class,
    may_hold,
    parameters_in,
    part_at,
)
from .shown import parts_shown, summary, tree
from .state import IncompatibleKeys, as_array


class Module(HasParts):
    """A part of a model. A subclass makes its parameters in `__init__` and computes in `forward`.

    Every Value or Tensor that is an attribute, or in a list, tuple, deque or dict that is one, is
    a parameter; so are those of the modules inside. One that is shared is found once. An attribute
    that is a parameter cannot be overwritten by what holds none (TypeError), except None: nothing
    would train it any more. Nor is one found in a set or in an object of another class, and there
    `parameters()` says so (TypeError).

    >>> from autodiff import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.height = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.height
    >>> line = Line()
    >>> line(3.0).data, list(dict(line.named_parameters()))
    (7.0, ['slope', 'height'])
    """

    _repr_mimebundle_ = mimebundle
    training = True  # what `train` and `eval` set: a program has that of when it was compiled

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say in `forward` what it computes."
        )

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.forward(*args, **keywords)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        check_class(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        old, a_buffer = vars(self).get(name), (name,) in self.buffers_at
        a_parameter = isinstance(old, Value) and is_users_own(old) and not a_buffer
        if a_parameter and value is not None and not any(parameters_in(value)):
            raise TypeError(
                f"`{name}` is a parameter of this {type(self).__name__}, which it would lose: what "
                f"is assigned is {_described(value)}.\n"
                f"Change its numbers, as in `module.{name}.data = ...`, or assign a new Tensor."
            )
        if may_hold(value):
            Watch.changes += 1
        if a_buffer:
            value = as_buffer(self, name, value)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if isinstance(getattr(type(self), name, None), property):
            return object.__getattribute__(
                self, name
            )  # it has said of another name that it is none
        kind = type(self).__name__
        text = f"{kind!r} object has no attribute {name!r}"
        if name in ATTRIBUTES:
            text = f"A {kind} has no `{name}`: {ATTRIBUTES[name]}."
        raise AttributeError(text, name=name, obj=self)

    # -- what is in it ---------------------------------------------------------------------

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Pairs of a dotted name, such as `layers.0.weight`, and a parameter.

        A parameter without a name, or with the end of this one, is called so from now on, in
        messages and pictures (one that is called `w0` in a list `w` has `layers.0.w0` for a path);
        one that was named otherwise keeps its name.
        """
        return iter(handed_out(self))

    def parameters(self) -> list[Value]:
        """The parameters, in the order in which they were made attributes."""
        return [parameter for _, parameter in handed_out(self)]

    def register_buffer(self, name: str, value: Any) -> None:
        """Make `value` the attribute `name`: state that is no parameter, but in `state_dict()`.

        It is an array, such as a running mean, or a generator of random numbers. To change it,
        assign a new array, or a node, of which the numbers are taken; but in a trace, which happens
        once, by `functional_call` alone (else TraceError): a program has the numbers of when it was
        compiled. Raises ValueError for a name that is taken or is none, and TypeError for anything
        else.

        >>> module = Module()
        >>> module.register_buffer("steps", np.zeros(2))
        >>> module.state_dict()
        {'steps': array([0., 0.])}
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                f"A buffer is an attribute, but {name!r} is no name of one.\n"
                "Use a word, as in `register_buffer('steps', array)`."
            )
        if (name,) not in self.buffers_at and hasattr(self, name):
            raise ValueError(
                f"A buffer is a new attribute, but this {type(self).__name__} has `{name}`.\n"
                "Take another name."
            )
        if isinstance(value, Value):
            raise TypeError(
                f"A buffer is an array, which has no gradient, but `{name}` is "
                f"{_described(value)}.\nPass its `.data`."
            )
        object.__setattr__(self, name, as_buffer(self, name, value))
        if (name,) not in self.buffers_at:
            self.buffers_at = (*self.buffers_at, (name,))

    def named_buffers(self) -> Iterator[tuple[str, Any]]:
        """Pairs of a dotted name and a buffer: an array or a generator."""
        all_in(self, Visit())  # which refuses those that would be missed
        return buffers_in(self)

    def buffers(self) -> list[Any]:
        """The buffers: the state that is no parameter, see `register_buffer`."""
        return [buffer for _, buffer in self.named_buffers()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Pairs of a dotted name and a module: this one, called "", and those in it."""
        parts = all_in(self, Visit())
        return ((name, part) for name, part in parts if isinstance(part, Module))

    def modules(self) -> list[Module]:
        """This module and those in it, each once."""
        return [module for _, module in self.named_modules()]

    # -- what is done with it --------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Set `training` of this module and those in it, which says what Dropout and its kin do."""
        _check_switch("train", mode)
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Module:
        """The opposite of `train`: no dropout, and statistics as they were learnt."""
        return self.train(False)

    def predict(self, *args: Any, **keywords: Any) -> Any:
        """What the module computes in the mode of `eval`, as plain numbers, recording nothing.

        The modes are afterwards what they were.

        >>> class Double(Module):
        ...     def forward(self, x):
        ...         return 2.0 * x
        >>> Double().predict(Value(3.0))
        6.0
        """
        before = [(module, module.training) for module in self.modules()]
        try:
            self.eval()
            with no_grad():
                return tree_map(_plain, self(*args, **keywords))
        finally:
            for module, mode in before:
                module.training = mode

    def freeze(self, frozen: bool = True) -> Module:
        """Make constants of the parameters, here and inside: nothing is pulled back to them.

        They are plain arrays (of a Value, a number), which an optimiser does not move, and which
        stay in `state_dict()` by their names. `freeze(False)` makes new parameters of what is
        frozen: an optimiser that was made before does not have those, and says so. A parameter that
        stands outside as well is not shared with what is frozen any more.

        >>> from nn import Linear, Sequential
        >>> model = Sequential(Linear(2, 3), Linear(3, 1))
        >>> model[0].freeze()
        Linear(2, 3) of 0 parameters, 9 more frozen
        >>> [name for name, _ in model.named_parameters()]
        ['layers.1.weight', 'layers.1.bias']
        """
        _check_switch("freeze", frozen)
        all_in(self, Visit())
        (freeze if frozen else unfreeze)(self)
        Watch.changes += 1
        return self

    def astype(self, dtype: Any) -> Module:
        """Make the parameters and the buffers of floats of another float type, here and inside.

        The parameters are new ones, so that an optimiser is made afterwards. Raises ValueError for
        what is no float type, and TypeError where there are Values, which are float64.

        >>> from nn import Linear
        >>> Linear(2, 3).astype(np.float32).weight.dtype
        dtype('float32')
        """
        all_in(self, Visit())
        convert(self, checked_float_type(dtype))
        Watch.changes += 1
        return self

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        for _, parameter in parameters_in(self):
            parameter.zero_grad()

    def functional_call(
        self, state: Mapping[str, Any], *args: Any, **keywords: Any
    ) -> tuple[Any, dict[str, Any]]:
        """What the module computes with other parameters and buffers, by name, and their changes.

        `state` has some or all of the names of `state_dict()`; what it has not is the module's own.
        The second part has the buffers of `state` that the call has changed, which are nodes in a
        trace: so a program can have all that changes as arguments and as results. The module has
        afterwards the parameters and buffers that it had; a buffer that `state` has not is changed
        as by any call. Meanwhile the others stand in the module itself, where another thread would
        see them. Raises ValueError for a name that the module has not.

        >>> from autodiff import grad
        >>> class Double(Module):
        ...     def __init__(self):
        ...         self.factor = Value(2.0)
        ...     def forward(self, x):
        ...         return self.factor * x
        >>> grad(lambda state: Double().functional_call(state, 3.0)[0])({"factor": 5.0})
        {'factor': 3.0}
        """
        own = named_state(self)
        if unknown := [name for name in state if name not in own]:
            raise ValueError(
                f"A {type(self).__name__} is called with parameters and buffers that it has, but "
                f"it has no {', '.join(map(repr, unknown))}.\nIts names are {', '.join(own)}."
            )
        with substituted(self, {id(own[name]): part for name, part in state.items()}) as places:
            output = self(*args, **keywords)
            now = {name: part_at(*places[id(own[name])]) for name in state}
        buffers = dict(buffers_in(self))
        return output, {n: now[n] for n in buffers.keys() & now.keys() if now[n] is not state[n]}

    # -- its state -------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of the parameters and buffers, as arrays by name.

        Raises ValueError where two have one name, as with the keys 1 and "1" of a dict.
        """
        return {name: as_array(part) for name, part in named_state(self).items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Take the numbers of a `state_dict()`, of the same names, shapes and kinds of dtype.

        Not `strict`, it may have others and lack some, which are returned; but one that has none
        of the names is refused. A dtype may be narrower than the module's, and not wider. Raises
        ValueError for a state that does not fit, TypeError for what is none and for a `strict` that
        is neither True nor False; then nothing is changed.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"A state is a dict of arrays by name, but this is {describe(state)}.\n"
                "Pass `other.state_dict()`, or use `model.load(path)` for a file."
            )
        if any(type(part).__module__.partition(".")[0] == "torch" for part in state.values()):
            raise TypeError(
                "This state is PyTorch's, which names and lays out some numbers otherwise.\n"
                "Load it by `nn.from_torch(model, state)`."
            )
        return take_state(self, state, strict, "This state")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to an `.npz` file, all at once or not at all.

        Raises OSError where the path cannot be written; then nothing is written or changed.
        """
        write_archive(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read a state that `save` wrote, of the same names and shapes.

        Raises OSError where there is no such file to read, and ValueError for one that is not
        whole or does not fit; then nothing is changed. Names, shapes and dtypes are compared
        before an array is read. Nothing in a file is ever executed.
        """
        named_state(self)
        what = os.fspath(path)
        state = read_archive(path, lambda state: check_state(self, state, True, what))
        take_state(self, state, True, what)

    def torch_layout(self, state: dict[str, Any]) -> dict[str, Any]:
        """This module's state, as PyTorch's module of this kind names it and lays it out: as it is.

        The state is given by the names in this module, of the modules inside as they have said
        already. A layer for which PyTorch has another layout says it here, and moves entries alone,
        as by `.T`: `from_torch` and `to_torch` go by it in both directions.
        """
        return state

    # -- how it shows itself ---------------------------------------------------------------

    def __repr__(self) -> str:
        return tree(self)

    def describe(self) -> str:
        """What stands between the parentheses of `repr`; if nothing, what is in the module does."""
        return ""

    def shown(self) -> list[tuple[str, Any]]:
        """Pairs of a name and what is in the module, as `repr` shows it in a line each."""
        return parts_shown(self)

    def summary(self, *args: Any, **keywords: Any) -> str:
        """A table of the modules inside: the shapes that they give, and their parameters.

        The model predicts from the arguments for that. A parameter that is shared is counted once.

        >>> from nn import Linear, Sequential, Tanh
        >>> print(Sequential(Linear(2, 16), Tanh(), Linear(16, 1)).summary(np.ones((100, 2))))
        layer     kind           output shape  parameters
        layers.0  Linear(2, 16)  (100, 16)             48
        layers.1  Tanh()         (100, 16)              0
        layers.2  Linear(16, 1)  (100, 1)              17
        total     Sequential     (100, 1)              65
        """
        return summary(self, args, keywords)

    def draw(self, *args: Any, **keywords: Any) -> Any:
        """The picture of what the module makes of `args`, with the options of `viz.draw`.

        Pictures are of viz, which brings them: raises AttributeError before `import viz`.
        """
        raise AttributeError(
            f"The picture of a {type(self).__name__} is drawn by viz, which is not imported here.\n"
            "Write `import viz` first."
        )


def _check_switch(method: str, on: Any) -> None:
    """TypeError for what is neither True nor False."""
    if not isinstance(on, (bool, np.bool_)):
        raise TypeError(
            f"`{method}` is switched on or off, by True or False, but this is {describe(on)}.\n"
            f"Write `model.{method}()`, or call it of the part that is meant."
        )


def _plain(leaf: Any) -> Any:
    """The numbers of a node, as a float or an array that is one's own; all else as it is."""
    data = data_of(leaf)
    return data.copy() if isinstance(data, np.ndarray) else data


def _described(value: Any) -> str:
    """`describe`, which does not say of a node that it is a result."""
    if isinstance(value, Value) and value.op is not None:
        return f"the result of `{value.op}`"
    return describe(value)
