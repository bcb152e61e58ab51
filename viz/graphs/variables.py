"""Variables: what the arrays that took part as constants are called, where a picture is drawn."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autodiff.extend import mimebundle

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class Variables:
    """The arrays that have a name in the functions that are asking for a picture, and around them.

    An operation has its own copy of an array, so that one is known by its entries. If two arrays
    with the same entries have different names in one place, neither is its name.
    """

    def __init__(self) -> None:
        self._places = [_arrays_in(names) for names in _places()]

    def name_of(self, array: Any) -> str | None:
        """The name of an array; None where it has none, or not just one."""
        for arrays in self._places:
            alike = {name: a for name, a in arrays.items() if _is_same(a, array)}
            if alike:
                several = len({id(a) for a in alike.values()}) > 1
                return None if several else next(iter(alike))
        return None


def _places() -> Iterator[Mapping[str, Any]]:
    """The variables of each function that is being called, innermost first, and of its module.

    Where a notebook shows something of its own accord, they are those of its cells.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    if frame is not None and frame.f_code is mimebundle.__code__:  # no function asks, but a cell
        yield vars(sys.modules["__main__"])
        return
    module = frame.f_globals if frame is not None else {}
    while frame is not None:
        if frame.f_globals is module:
            yield frame.f_locals
        frame = frame.f_back
    yield module


def _arrays_in(names: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: thing
        for name, thing in list(names.items())
        if isinstance(thing, np.ndarray) and not name.startswith("_")
    }


def _is_same(one: Any, other: Any) -> bool:
    """Whether two arrays have the same entries."""
    if one is other:
        return True
    if one.shape != other.shape or one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
        return False
    return bool(np.array_equal(one, other, equal_nan=True))
