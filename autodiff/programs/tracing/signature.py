"""The parameters of a function: their names, their order, their defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ...support.identifiers import identifier


def name_of(f: Callable[..., Any]) -> str:
    """The name of a function, `f` where it has none that can stand in source."""
    return identifier(getattr(f, "__name__", "f")) or "f"


def is_hashable(thing: Any) -> bool:
    """Whether a value can be told from others, and does not change."""
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _signature_of(f: Callable[..., Any]) -> inspect.Signature:
    """What f takes; of a ufunc the operands alone, as `out` and the like are not of a Tensor."""
    if isinstance(function := inspect.unwrap(f), np.ufunc):
        kind = inspect.Parameter.POSITIONAL_ONLY
        count = function.nin
        names = ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return inspect.signature(f)


class Parameters:
    """What a function calls its arguments, and these in one order, those by keyword last."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        try:
            self._signature = _signature_of(f)
        except (TypeError, ValueError):  # a function that is not written in Python
            anything = inspect.Parameter("x", inspect.Parameter.VAR_POSITIONAL)
            self._signature = inspect.Signature([anything])
        kinds: dict[Any, list[str]] = {}
        for name, parameter in self._signature.parameters.items():
            kinds.setdefault(parameter.kind, []).append(name)
        self._several = kinds.get(inspect.Parameter.VAR_POSITIONAL, [""])[0]
        self._by_keyword = kinds.get(inspect.Parameter.KEYWORD_ONLY, [])
        self._others = kinds.get(inspect.Parameter.VAR_KEYWORD, [])
        self._last = len(self._by_keyword) + len(self._others)
        self.by_position = self._from_order() if self._last else f
        # How many arguments are in order as they come; -1 if none need be.
        self.arity = -1 if self._several or self._last else len(self._signature.parameters)

    def _from_order(self) -> Callable[..., Any]:
        """The function, called with all of its arguments in order."""

        def call(*args: Any) -> Any:
            first = len(args) - self._last
            last = dict(zip((*self._by_keyword, *self._others), args[first:], strict=True))
            others = last.pop(self._others[0]) if self._others else {}
            return self.f(*args[:first], **last, **others)

        call.__name__ = name_of(self.f)
        return call

    def check(self, *options: tuple[str, ...]) -> None:
        """Raises ValueError where an option names no parameter."""
        for name in (name for option in options for name in option):
            if name not in self._signature.parameters:
                raise ValueError(
                    "`static` and `donate` name parameters of the function, which has "
                    f"{', '.join(self._signature.parameters)}, but not {name!r}."
                )

    def places(self, names: Collection[str]) -> list[int]:
        """Where in the order these parameters are; from the end those by keyword alone."""
        last = [*self._by_keyword, *self._others]
        return [
            last.index(name) - len(last) if name in last else place
            for place, name in enumerate(self._signature.parameters)
            if name in names and name != self._several
        ]

    def in_order(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call with its defaults. Raises TypeError as the call would."""
        try:
            bound = self._signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"`{name_of(self.f)}()`: {error}") from None
        bound.apply_defaults()
        last = [bound.arguments[name] for name in (*self._by_keyword, *self._others)]
        return (*bound.args, *last)

    def is_default(self, name: str, arg: Any) -> bool:
        """Whether an argument is what the function itself says where none is given.

        Such a one is fixed, as in Python's own code, unless it is an array or can change.
        """
        parameter = self._signature.parameters.get(name)
        return parameter is not None and arg is parameter.default and is_hashable(arg)

    def names(self, args: tuple[Any, ...], by_keyword: bool = True) -> list[str]:
        """A name for each of the arguments in order, those by keyword among them or not."""
        last = [*self._by_keyword, *self._others] if by_keyword else []
        first = len(args) - len(last)
        try:
            bound = self._signature.bind_partial(*args[:first])
        except TypeError:
            raise TypeError(
                f"`{name_of(self.f)}` takes {', '.join(self._signature.parameters)}, but was given "
                f"{first} arguments."
            ) from None
        names = [
            each
            for name, given in bound.arguments.items()
            for each in (
                [f"{name}{i}" for i in range(len(given))] if name == self._several else [name]
            )
        ]
        return [*names, *last]
