"""Attributes that are computed when they are first read, without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Cached:
    """`functools.cached_property`, which before Python 3.12 holds a lock while it computes.

    Two threads may both compute it; an interrupt leaves nothing that others would wait for.
    """

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        found = instance.__dict__[self._name] = self._compute(instance)
        return found
