"""What is put in the place of parameters and buffers: constants, parameters again, other dtypes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from autodiff import Tensor, TraceError, Value, stop_gradient
from autodiff.extend import data_of, is_users_own

from .parts import HasParts, Keys, replace
from .state import has_words


def as_buffer(module: HasParts, name: str, value: Any) -> Any:
    """What a buffer that is assigned this holds: a generator, or the numbers as an array.

    Where a node stands in its place it is another node: see `functional_call`.
    """
    if isinstance(vars(module).get(name), Value):
        return stop_gradient(value)
    if getattr(value, "traced", False):
        refuse_trace(module)
    if isinstance(value, np.random.Generator):
        if not has_words(value):
            raise TypeError(
                "A generator's state is saved where it is PCG64's, as of `default_rng`, but "
                f"`{name}` is a {type(value.bit_generator).__name__}.\n"
                "Make it by `np.random.default_rng(seed)`."
            )
        return value
    array = np.array(data_of(value))
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"A buffer is an array of numbers or a generator, but `{name}` has dtype "
            f"{array.dtype}.\nHold it as a plain attribute, if it is no part of the state."
        )
    return array


def refuse_trace(module: Any) -> None:
    """TraceError for what a program would do once, and not at each of its calls."""
    raise TraceError(
        f"In training {type(module).__name__} changes a buffer at every call, but a program is "
        "traced once.\n"
        "Compile the model in the mode of `model.eval()`, or have its buffers as arguments and "
        "results, by `model.functional_call(state, x)`."
    )


def checked_float_type(dtype: Any) -> np.dtype[Any]:
    """The dtype; ValueError if it is no float type, as None is not, which NumPy takes for one."""
    if dtype is None:
        raise ValueError(
            "Parameters are of a float type, but this is None.\nUse float32 or float64."
        )
    checked: np.dtype[Any] = np.dtype(dtype)
    if checked.kind != "f":
        raise ValueError(
            f"Parameters are of a float type, but this is {checked}.\nUse float32 or float64."
        )
    return checked


def constant(data: Any, like: Any = None) -> Any:
    """Numbers that no one writes to, of the dtype and kind of a constant or an array before."""
    if isinstance(data, float) or isinstance(like, np.float64):
        return np.float64(data)  # an object of its own, as a Python float need not be
    array = np.array(data, None if like is None else like.dtype)
    array.setflags(write=like is not None and like.flags.writeable)
    return array


def freeze(module: HasParts) -> None:
    """Put constants in the place of parameters: one that is shared stays so."""
    constants: dict[Value, Any] = {}

    def frozen(part: Any, owner: HasParts, keys: Keys) -> Any:
        if not isinstance(part, Value) or not is_users_own(part):
            return part
        owner.frozen_at = {**owner.frozen_at, keys: part.name}
        return constants.setdefault(part, constant(data_of(part)))

    replace(module, frozen)


def unfreeze(module: HasParts) -> None:
    """Put parameters in the place of those constants."""
    parameters: dict[int, Value] = {}
    before: list[HasParts] = []

    def thawed(part: Any, owner: HasParts, keys: Keys) -> Any:
        if keys not in owner.frozen_at or not isinstance(part, (np.ndarray, np.float64)):
            return part
        before.append(owner)
        kind = Tensor if isinstance(part, np.ndarray) else Value
        if id(part) not in parameters:
            parameters[id(part)] = kind(part, name=owner.frozen_at[keys])
        return parameters[id(part)]

    replace(module, thawed)
    for owner in before:
        owner.frozen_at = {}


@contextmanager
def substituted(module: HasParts, parts: Mapping[int, Any]) -> Iterator[dict[int, Any]]:
    """Others in the place of parts, by identity, and where each of those stands: its module, keys.

    At the end each place has what it had.
    """
    before: dict[tuple[int, Keys], Any] = {}
    places: dict[int, tuple[HasParts, Keys]] = {}

    def put(part: Any, owner: HasParts, keys: Keys) -> Any:
        if id(part) not in parts:
            return part
        before[id(owner), keys] = part
        places[id(part)] = owner, keys
        return parts[id(part)]

    try:
        replace(module, put)
        yield places
    finally:
        replace(module, lambda part, owner, keys: before.get((id(owner), keys), part))


def convert(module: HasParts, dtype: np.dtype[Any]) -> None:
    """Give Tensors, and buffers of floats, another dtype; TypeError where there are Values."""
    converted: dict[int, tuple[Any, Any]] = {}  # with the old, which would else be freed

    def look(part: Any, owner: HasParts, keys: Keys) -> Any:
        own = isinstance(part, Value) and is_users_own(part)
        a_buffer = keys in owner.buffers_at or keys in owner.frozen_at
        if not (own or a_buffer) or isinstance(part, np.random.Generator):
            return part
        if isinstance(part, np.float64) or (own and not isinstance(part, Tensor)):
            if dtype != np.float64:
                raise TypeError(
                    f"Values are float64, and this {type(owner).__name__} has some, so that it "
                    f"cannot be {dtype}.\nMake it of Tensors, as Linear is."
                )
        elif own:
            converted[id(part)] = part, Tensor(part.data.astype(dtype), name=part.name)
        elif part.dtype.kind == "f":
            new = part.astype(dtype)
            new.setflags(write=part.flags.writeable)
            converted[id(part)] = part, new
        return part

    replace(module, look)
    replace(module, lambda part, *_: converted.get(id(part), (part, part))[1])
