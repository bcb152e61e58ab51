"""States of PyTorch's modules: taken by ours, and made of ours, by PyTorch's names and layouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodiff.extend import data_of, describe

from .module import Module
from .parts import places
from .state import IncompatibleKeys, compared

Arrays = dict[str, np.ndarray[Any, Any]]


def from_torch(module: Module, state: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
    """Give a module the numbers of PyTorch's: `from_torch(model, torch_model.state_dict())`.

    The state maps names to tensors or arrays. PyTorch's names are those of our modules, as far as
    both have the same attributes; `0.weight` of a Sequential is our `layers.0.weight`. Each layer
    says in `torch_layout` how PyTorch lays its numbers out, so that a Linear's weight is
    transposed because it is one, and not for its shape. Generators of random numbers, which
    PyTorch has in no module, stay as they are. What stands in several places, as a weight that two
    layers share, PyTorch names in each: such a state has the same numbers there.

    Not `strict`, the state may have other names and lack some, which are returned, by PyTorch's
    names; but one that has none is refused. Raises TypeError for what is no mapping of arrays,
    ValueError for a state that does not fit, of which a dtype may be narrower than the module's,
    and not wider; then nothing is changed.

    >>> from nn import Linear, Sequential, Tanh
    >>> model = Sequential(Linear(2, 2), Tanh())
    >>> from_torch(model, {"0.weight": [[1.0, 2.0], [3.0, 4.0]], "0.bias": [5.0, 6.0]})
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> model[0].weight.data
    array([[1., 3.],
           [2., 4.]])
    """
    if not isinstance(state, Mapping):
        raise TypeError(
            f"A state of PyTorch's is a dict of tensors by name, but this is {describe(state)}.\n"
            "Pass `torch_model.state_dict()`."
        )
    state = {name: _as_array(name, tensor) for name, tensor in state.items()}
    first, numbers = _places(module), _numbers(module)
    own = {place: numbers[name] for place, name in first.items()}
    theirs = in_torch(module, own)
    needed = in_torch(module, {p: np.full(a.shape, first[p] == p) for p, a in own.items()})
    asked = {name: a for name, a in theirs.items() if needed[name].any() or name in state}
    keys, problems = compared(state, asked, strict)
    if problems:
        raise ValueError(
            f"This state of PyTorch's does not fit this {type(module).__name__}: "
            f"{'; '.join(problems)}.\nMake the module of the same parts and sizes."
        )
    theirs |= {name: state[name] for name in theirs.keys() & state.keys()}
    found = _inverse(module, own, theirs)
    for place, name in first.items():
        if not (_same(found[place], found[name]) or _same(found[place], numbers[name])):
            raise ValueError(
                f"`{place}` and `{name}` are one and the same in this {type(module).__name__}, but "
                "this state of PyTorch's has other numbers in each.\n"
                "Make a module in which they are two."
            )
    module.load_state_dict(module.state_dict() | {name: found[name] for name in numbers})
    return keys


def to_torch(module: Module) -> Arrays:
    """The state of a module by PyTorch's names and in its layouts: copies, as arrays.

    It is what `from_torch` takes, and `torch_model.load_state_dict` as tensors.

    >>> from nn import Linear
    >>> {name: array.shape for name, array in to_torch(Linear(3, 2)).items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    numbers = _numbers(module)
    own = {place: numbers[name] for place, name in _places(module).items()}
    return {name: np.array(array) for name, array in in_torch(module, own).items()}


def in_torch(module: Module, arrays: Mapping[str, Any]) -> Arrays:
    """Arrays by the names of a module's state, as PyTorch names them and lays them out."""
    found = dict(arrays)
    modules = [pair for pair in places(module) if isinstance(pair[1], Module)]
    for path, part in reversed(modules):  # those inside first
        start = f"{path}." if path else ""
        inside = {name: found.pop(name) for name in list(found) if name.startswith(start)}
        own = part.torch_layout({name.removeprefix(start): a for name, a in inside.items()})
        found |= {start + name: array for name, array in own.items()}
    return found


def _as_array(name: str, tensor: Any) -> np.ndarray[Any, Any]:
    """A tensor as an array, which may be a view of it; TypeError where it is none."""
    tensor = data_of(tensor)
    try:
        return np.asarray(tensor.detach() if hasattr(tensor, "detach") else tensor)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"A state has arrays by name, but `{name}` cannot be read as one: {error}.\n"
            "Pass tensors on the CPU, of a type that NumPy has, as by `tensor.float().cpu()`."
        ) from error


def _numbers(module: Module) -> Arrays:
    """The state of a module without its generators."""
    generators = {n for n, b in module.named_buffers() if isinstance(b, np.random.Generator)}
    return {n: array for n, array in module.state_dict().items() if n not in generators}


def _places(module: Module) -> dict[str, str]:
    """By the name of every place of a number of the state, the name that it has in the state."""
    pairs = [*module.named_parameters(), *module.named_buffers()]
    names = {id(p): n for n, p in pairs if not isinstance(p, np.random.Generator)}
    first = {name: name for name in names.values()}
    return first | {place: names[id(p)] for place, p in places(module) if id(p) in names}


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _inverse(module: Module, own: Arrays, theirs: Arrays) -> Arrays:
    """What `in_torch` makes `theirs` of, in the shapes and dtypes of `own`.

    Layouts only move entries, so that it is seen by their numbers where each of them goes.
    """
    ends = np.cumsum([0, *(array.size for array in own.values())])
    numbers = {
        name: np.arange(start, start + array.size).reshape(array.shape)
        for start, (name, array) in zip(ends[:-1], own.items(), strict=True)
    }
    entries = np.zeros(ends[-1], np.result_type(np.float64, *own.values()))
    for found, at in ((own, numbers), (theirs, in_torch(module, numbers))):
        for name, where in at.items():
            entries[where] = found[name]
    return {
        name: entries[where].astype(own[name].dtype, copy=False) for name, where in numbers.items()
    }
