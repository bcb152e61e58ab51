"""Nested lists, tuples and dicts of numbers: taken apart into leaves, and put together again."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any


def checked_argnums(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments that `argnums`, a number or a tuple of them, counts from 0.

    Raises ValueError where there is no such argument.
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for n in numbers:
        if not hasattr(n, "__index__") or not -len(args) <= operator.index(n) < len(args):
            raise ValueError(
                f"`argnums` counts positional arguments from 0, and there are {len(args)} of them, "
                f"but it is {argnums!r}.\nPass what to differentiate by as positional arguments."
            )
    return tuple(operator.index(n) % len(args) for n in numbers)


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


def leaves_in_order_of(tree: Any, like: Any) -> list[Any]:
    """The leaves of a tree as those of `like`, of the same structure, stand: dicts by keys."""
    found: list[Any] = []
    _gather_by(tree, like, found)
    return found


def _gather_by(tree: Any, like: Any, into: list[Any]) -> None:
    if isinstance(like, (list, tuple)):
        for branch, other in zip(tree, like, strict=True):
            _gather_by(branch, other, into)
    elif isinstance(like, dict):
        for key, other in like.items():
            _gather_by(tree[key], other, into)
    elif like is not None:
        into.append(tree)


def difference(tree: Any, like: Any) -> tuple[str, str, str] | None:
    """Where two trees first differ in structure: the path to it, what is there, what in `like`.

    None where they do not. The keys of a dict come in any order, and a list may stand for a
    tuple; but not a named tuple for one of other names, since either order may be meant.
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            return "", _described(tree), _described(like)
        pairs: Any = like.items()
    elif isinstance(like, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(like) or _misnamed(tree, like):
            return "", _described(tree), _described(like)
        pairs = enumerate(like)
    elif isinstance(tree, (dict, list, tuple)) or (tree is None) != (like is None):
        return "", _described(tree), _described(like)
    else:
        return None
    for key, branch in pairs:
        found = difference(tree[key], branch)
        if found is not None:
            return f"[{key!r}]{found[0]}", *found[1:]
    return None


def _misnamed(a: Any, b: Any) -> bool:
    """Whether both are named tuples, but of other names."""
    names = [getattr(tree, "_fields", None) for tree in (a, b)]
    return None not in names and names[0] != names[1]


def _described(tree: Any) -> str:
    if isinstance(tree, dict):
        return f"a dict of {', '.join(map(repr, tree)) or 'nothing'}"
    if hasattr(tree, "_fields"):
        return f"a named tuple of {', '.join(tree._fields)}"
    if isinstance(tree, (list, tuple)):
        return f"a {type(tree).__name__} of {len(tree)}"
    return "None" if tree is None else "a number or an array"


def same_structure(a: Any, b: Any) -> bool:
    """Whether two trees have their leaves in the same places."""
    return difference(a, b) is None
