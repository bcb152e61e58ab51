"""The state of a module by name, and a state that it is given: checked as a whole, then taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import data_of

from .change import constant
from .parts import replace
from .state import IncompatibleKeys, compared, set_words


def named_state(module: Any) -> dict[str, Any]:
    """The parameters and buffers of a module; ValueError where two are of one name."""
    pairs = [*module.named_parameters(), *module.named_buffers()]
    named = dict(pairs)
    if len(named) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"Parameters are saved by name, but two of this {type(module).__name__} are called "
            f"{twice!r}.\nGive them different keys."
        )
    return named


def check_state(module: Any, state: Any, strict: bool, what: str) -> IncompatibleKeys:
    """The names that do not match. Raises ValueError for a state that does not fit."""
    if isinstance(state, Mapping):
        keys, problems = compared(state, named_state(module), strict)
    else:
        problems = [f"it is a {type(state).__name__}, and no dict of arrays by name"]
    if problems:
        raise ValueError(
            f"{what} does not fit this {type(module).__name__}: {'; '.join(problems)}.\n"
            "Load it into a module made as the saved one was."
        )
    return keys


def take_state(module: Any, state: Mapping[str, Any], strict: bool, what: str) -> IncompatibleKeys:
    """Give the module these numbers. Raises as `check_state` does; then nothing is changed."""
    own, keys = named_state(module), check_state(module, state, strict, what)
    put = {}
    for key in own.keys() & state.keys():
        part, array = own[key], np.asarray(data_of(state[key]))
        if isinstance(part, Value):
            part.data = array
        elif isinstance(part, np.random.Generator):
            set_words(part, array)
        else:
            put[id(part)] = constant(array, part)
    replace(module, lambda part, *_: put.get(id(part), part))
    return keys
