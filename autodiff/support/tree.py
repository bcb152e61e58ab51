"""Nested lists, tuples and dicts of numbers: taken apart into leaves, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def checked_argnums(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments that `argnums`, a number or a tuple of them, counts from 0.

    Raises ValueError where there is no such argument.
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for n in numbers:
        if not isinstance(n, int) or not -len(args) <= n < len(args):
            raise ValueError(
                f"`argnums` counts positional arguments from 0, and there are {len(args)} of them, "
                f"but it is {argnums!r}.\nPass what to differentiate by as positional arguments."
            )
    return tuple(n % len(args) for n in numbers)


def leaves(tree: Any) -> list[Any]:
    """The leaves in order: what is no list, tuple, dict or None."""
    found: list[Any] = []
    _gather(tree, found)
    return found


def _gather(tree: Any, into: list[Any]) -> None:
    if isinstance(tree, (list, tuple)):
        for branch in tree:
            _gather(branch, into)
    elif isinstance(tree, dict):
        for branch in tree.values():
            _gather(branch, into)
    elif tree is not None:
        into.append(tree)


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree of the same structure, with `function` applied to each leaf in order."""
    if isinstance(tree, tuple):
        branches = [tree_map(function, branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)
    if isinstance(tree, list):
        return [tree_map(function, branch) for branch in tree]
    if isinstance(tree, dict):
        return {key: tree_map(function, branch) for key, branch in tree.items()}
    return None if tree is None else function(tree)


def unflatten(like: Any, values: Any) -> Any:
    """The values, in order, in the structure of `like`."""
    remaining = iter(values)
    return tree_map(lambda _: next(remaining), like)


def same_structure(a: Any, b: Any) -> bool:
    """Whether two trees have their leaves in the same places."""
    if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
        return (
            isinstance(a, (list, tuple))
            and isinstance(b, (list, tuple))
            and len(a) == len(b)
            and all(map(same_structure, a, b))
        )
    if isinstance(a, dict) or isinstance(b, dict):
        return (
            isinstance(a, dict)
            and isinstance(b, dict)
            and a.keys() == b.keys()
            and all(same_structure(a[key], b[key]) for key in a)
        )
    return (a is None) == (b is None)
