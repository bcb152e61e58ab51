"""Memory for results: that of donated arguments, once no one else can see it any more."""

from __future__ import annotations

from sys import getrefcount
from typing import Any
from weakref import getweakrefcount

import numpy as np


class Spare:
    """Gives each call an array for a result that is like the donated argument it is called with.

    That is the argument of the call before, if no one else holds it by now: in a loop of
    `w = step(w)` two arrays take turns. Else it is a new one, so that what a caller or a view of
    theirs still holds is never written into.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: list[Any] = []

    def __call__(self, donated: Any) -> Any:
        before, holders = _let_go(self._held) if self._held else (donated, 0)
        self._held.append(donated)
        if holders == _NO_ONE_ELSE and _is_whole(before):
            return before
        return np.empty(donated.shape, donated.dtype)


def _is_whole(array: Any) -> bool:
    """Whether an array has memory of its own that is to be written into from end to end."""
    return array.base is None and array.flags.carray and not getweakrefcount(array)


def _let_go(held: list[Any]) -> tuple[Any, int]:
    """The array that is held, and how many hold it beside that, as Python counts here."""
    array = held.pop()
    return array, getrefcount(array)


_NO_ONE_ELSE = _let_go([np.empty(0)])[1]
