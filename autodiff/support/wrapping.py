"""Functions made of other functions, which are named, bound, pickled and copied as those are."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any


class Wrapping:
    """What stands for a function: it has its name and its docstring, and is a method where that is.

    `made_of` is what it is made of again when it is unpickled.
    """

    def __init__(self, f: Callable[..., Any], made_of: tuple[Any, ...]) -> None:
        functools.update_wrapper(self, f)
        self._made_of = made_of

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        raise NotImplementedError

    def __reduce__(self) -> Any:
        """By its name where that leads to it, as that of a decorated function does; else anew."""
        found: Any = sys.modules.get(self.__module__)
        name: str = getattr(self, "__qualname__", "")
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else (type(self), self._made_of)
