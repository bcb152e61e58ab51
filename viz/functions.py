"""Functions as graphs: a function is called on leaves that are named as its parameters are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autodiff import Tensor, Value
from autodiff.extend import describe, leaves, tree_map


def graph_of(caller: str, what: Any, args: Sequence[Any]) -> Value:
    """A node as it is; of a function what it gives for these arguments.

    Numbers and arrays among them, in lists, tuples and dicts too, become leaves with the names of
    the parameters; whole numbers only where there are no others. Raises TypeError for what is
    neither a node nor a function that gives one.
    """
    if isinstance(what, Value):
        if args:
            raise TypeError(
                f"`{caller}` of a node takes no arguments, but here are {len(args)}.\n"
                f"Write `{caller}(f)`; arguments are those of a function."
            )
        return what
    if not callable(what):
        raise TypeError(
            f"`{caller}` takes a Value, a Tensor or a function, but this is {describe(what)}.\n"
            f"Make it of Values, or write `{caller}(function, *arguments)`."
        )
    found = what(*as_leaves(names_of_parameters(what, len(args)), args))
    if not isinstance(found, Value):
        name = getattr(what, "__name__", type(what).__name__)
        raise TypeError(
            f"`{caller}` of a function draws what it gives, but `{name}` gave {describe(found)}.\n"
            "Have it give a number or an array that is computed from its arguments."
        )
    return found


def names_of_parameters(function: Callable[..., Any], count: int) -> list[str]:
    """What the first so many arguments of a function are called."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = count - len(names)
            names += [f"{parameter.name}[{i}]" for i in range(max(rest, 0))]
        elif parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return [*names, *(f"x{i}" for i in range(len(names), count))][:count]


def as_leaves(names: Sequence[str], args: Sequence[Any]) -> list[Any]:
    """Arguments whose numbers and arrays are leaves of these names."""
    whole = not any(_is_of(leaf, float, "f") for arg in args for leaf in leaves(arg))
    return [_with_leaves(name, arg, whole) for name, arg in zip(names, args, strict=True)]


def _with_leaves(name: str, arg: Any, whole: bool) -> Any:
    several = iter(_numbered(name, len(leaves(arg))))
    return tree_map(lambda leaf: _leaf(next(several), leaf, whole), arg)


def _numbered(name: str, count: int) -> Iterator[str]:
    yield from [name] if count == 1 else (f"{name}[{i}]" for i in range(count))


def _leaf(name: str, thing: Any, whole: bool) -> Any:
    if _is_of(thing, float, "f") or (whole and _is_of(thing, int, "iu")):
        return (Tensor if np.ndim(thing) else Value)(thing, name=name)
    return thing


def _is_of(thing: Any, kind: type, letters: str) -> bool:
    """Whether it is a number or an array of this kind, and no node."""
    if isinstance(thing, (np.ndarray, np.generic)):
        return thing.dtype.kind in letters
    return isinstance(thing, kind) and not isinstance(thing, bool)
