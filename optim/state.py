"""The state of an optimiser as plain arrays and numbers, and what is checked before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from autodiff.extend import data_of, is_number

from .groups import ParamGroup


def state_of(optimizer: Any) -> dict[str, Any]:
    """What `Optimizer.state_dict` gives: copies, the parameters by their place."""
    places = {p: place for place, p in enumerate(optimizer.params)}
    states = [optimizer.state.get(p, {}) for p in places]
    return {
        "optimizer": type(optimizer).__name__,
        "state": [{name: _copied(x) for name, x in state.items()} for state in states],
        "param_groups": [
            {**group, "params": [places[p] for p in group["params"]]}
            for group in optimizer.param_groups
        ],
    }


def checked(optimizer: Any, saved: Any) -> tuple[list[ParamGroup], list[dict[str, Any]]]:
    """The groups and the states of each parameter that `saved` says, as the optimiser's own.

    Raises ValueError where it is not the state of such an optimiser.
    """
    if not isinstance(saved, Mapping) or not {"optimizer", "state", "param_groups"} <= set(saved):
        _refuse(f"this is {sorted(saved) if isinstance(saved, Mapping) else type(saved).__name__}")
    own, params, kind = optimizer.param_groups, list(optimizer.params), type(optimizer)
    if saved["optimizer"] != kind.__name__:
        _refuse(f"this is of {saved['optimizer']}, not {kind.__name__}")
    for name in ("state", "param_groups"):
        if not isinstance(saved[name], (list, tuple)) or not all(map(_is_dict, saved[name])):
            _refuse(f"its `{name}` is no list of dicts")
    places = {p: place for place, p in enumerate(params)}
    expected = [[places[p] for p in group["params"]] for group in own]
    found = [group.get("params") for group in saved["param_groups"]]
    if not _alike(found, expected) or len(saved["state"]) != len(params):
        sizes = [[len(x) if isinstance(x, list) else x for x in of] for of in (found, expected)]
        _refuse(f"it has groups of {sizes[0]} parameters, and the optimiser of {sizes[1]}")
    groups = []
    for group, mine in zip(saved["param_groups"], own, strict=True):
        if set(group) != set(mine):
            _refuse(f"its groups have {sorted(group)}, and the optimiser's {sorted(mine)}")
        groups.append(ParamGroup(kind, {**group, "params": mine["params"]}))
        groups[-1].initial_lr = mine.initial_lr
    of = [group for group in groups for _ in group["params"]]
    numbered = enumerate(zip(params, of, saved["state"], strict=True))
    states = [
        _checked_state(f"parameter {place}", p, optimizer.start(p, group.numbers(p)), state)
        for place, (p, group, state) in numbered
    ]
    return groups, states


def _is_dict(thing: Any) -> bool:
    return isinstance(thing, Mapping) and all(isinstance(name, str) for name in thing)


def _alike(found: Any, expected: Any) -> bool:
    """Whether these are the same lists of whole numbers."""
    if isinstance(expected, int):
        return type(found) is int and found == expected
    whole = isinstance(found, list) and len(found) == len(expected)
    return whole and all(map(_alike, found, expected))


def _checked_state(
    whose: str, p: Any, start: Mapping[str, Any], state: Mapping[str, Any]
) -> dict[str, Any]:
    """What is remembered of one parameter: as it is at its start, or all of it."""
    if missing := sorted(set(start) - set(state)) if state else []:
        _refuse(f"of {whose} it has no {', '.join(missing)}")
    return {
        name: _checked(f"{name} of {whose}", p, start.get(name), x) for name, x in state.items()
    }


def _checked(what: str, p: Any, start: Any, found: Any) -> Any:
    """One entry, like what stands there at the start, or like the parameter itself."""
    if found is None and start is None:
        return None
    if isinstance(start, int):
        if not isinstance(found, (int, np.integer)) or isinstance(found, bool) or found < 0:
            _refuse(f"{what} is {found!r}, not a whole number from 0 up")
        return int(found)
    like = data_of(p) if start is None else start
    if isinstance(like, float):
        if not is_number(found):
            _refuse(f"{what} is a {type(found).__name__}, not a number")
        return float(found)
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or found.shape != like.shape:
        kind = getattr(found, "dtype", type(found).__name__)
        _refuse(f"{what} has shape {np.shape(found)} and dtype {kind}, not {like.shape}")
    return found.astype(like.dtype)


def _copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _refuse(problem: str) -> NoReturn:
    raise ValueError(
        f"A state fits an optimiser made as the one that wrote it, but {problem}.\n"
        "Pass what `state_dict()` of such an optimiser gave; nothing has been changed."
    )
