"""Nested states as JSON and arrays by name: packed, and unpacked exactly as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

Arrays = dict[str, np.ndarray[Any, Any]]

# What JSON has not is an object of one of these keys: an array by its name, a number of NumPy's, a
# tuple, and a dict whose keys are not all plain strings as a list of pairs.
_ARRAY, _SCALAR, _TUPLE, _DICT = "$array", "$scalar", "$tuple", "$dict"
_NUMBERS = "biufc"  # the kinds of dtypes of which arrays are stored
_LONGEST = 200  # characters of an array's name


def packed(state: Any) -> tuple[Any, Arrays]:
    """A state as what JSON can write, and the arrays in it, each by the path to it.

    Dicts, lists, tuples, strings, numbers, None and arrays of numbers; one of a subclass of dict,
    list, tuple or ndarray stands for one of those. Raises TypeError for anything else, ValueError
    for a state that is in itself.

    >>> packed({"epoch": 2, "betas": (0.9, 0.999), "model": {"w": np.zeros(2)}})
    ({'epoch': 2, 'betas': {'$tuple': [0.9, 0.999]}, 'model': {'w': {'$array': 'model.w'}}},
     {'model.w': array([0., 0.])})
    """
    arrays: Arrays = {}
    try:
        return _packed(state, (), arrays), arrays
    except RecursionError:
        raise ValueError(
            "A state is nested to some depth, but this one is too deep, or holds itself.\n"
            "Save what it is made of."
        ) from None


def unpacked(tree: Any, arrays: Mapping[str, Any]) -> Any:
    """The state that was packed so. Raises ValueError where these two are not of one state."""
    left = dict(arrays)
    try:
        state = _unpacked(tree, left)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its header does not fit what is in it: {error!r}") from None
    if left:
        raise ValueError(f"its header does not say where {', '.join(left)} stands")
    return state


def storable(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of this dtype are stored: of numbers, and not of objects or records."""
    return dtype.kind in _NUMBERS


def _packed(x: Any, path: tuple[str, ...], arrays: Arrays) -> Any:
    if x is None or type(x) in (bool, int, float, str):
        return x
    if isinstance(x, (np.ndarray, np.generic)):
        return {_ARRAY if isinstance(x, np.ndarray) else _SCALAR: _put(x, path, arrays)}
    if isinstance(x, list):
        return [_packed(part, (*path, str(i)), arrays) for i, part in enumerate(x)]
    if isinstance(x, tuple):
        return {_TUPLE: _packed(list(x), path, arrays)}
    if not isinstance(x, dict):
        _refuse(path, f"there is a {type(x).__name__}", "Save what it is made of")
    if all(type(key) is str and not key.startswith("$") for key in x):
        return {key: _packed(part, (*path, key), arrays) for key, part in x.items()}
    pairs = [
        [_packed(key, (*path, "keys"), arrays), _packed(part, (*path, str(key)), arrays)]
        for key, part in x.items()
    ]
    return {_DICT: pairs}


def _put(x: Any, path: tuple[str, ...], arrays: Arrays) -> str:
    """Add an array to the others, and give its name there."""
    if isinstance(x, np.ma.MaskedArray):
        _refuse(path, "there is a masked array", "Save its data and its mask")
    if not storable(x.dtype):
        _refuse(path, f"there is an array of dtype {x.dtype}", "Convert it, as by `.tolist()`")
    name = ".".join(path)
    odd = not name.isprintable() or "\\" in name  # for which zipfile puts something else, somewhere
    if odd or not 0 < len(name) <= _LONGEST or name in arrays:
        name = f"array {len(arrays)}"
        while name in arrays:
            name += "'"
    arrays[name] = np.asarray(x)
    return name


def _refuse(path: tuple[str, ...], what: str, fix: str) -> NoReturn:
    where = f"at {'.'.join(path)} " if path else ""
    raise TypeError(
        "A state to save is made of dicts, lists, tuples, strings, numbers, None and arrays of "
        f"numbers, but {where}{what}.\n{fix}."
    )


def _unpacked(tree: Any, left: dict[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(part, left) for part in tree]
    if not isinstance(tree, dict):
        return tree
    key = next(iter(tree), "")
    if not key.startswith("$"):
        return {key: _unpacked(part, left) for key, part in tree.items()}
    (part,) = tree.values()
    if key == _ARRAY:
        return left.pop(part)
    if key == _SCALAR:
        return left.pop(part)[()]
    if key == _TUPLE:
        return tuple(_unpacked(part, left))
    if key == _DICT:
        return {_unpacked(key, left): _unpacked(value, left) for key, value in part}
    raise ValueError(f"{key} is unknown")
