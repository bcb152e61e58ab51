"""Trees as text: how a program takes its arguments apart and puts its result together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...graph.messages import describe
from ...support.tree import leaves

_WIDTH = 92  # characters of a line inside a function


def unpacking(expression: str, tree: Any, named: Callable[[Any], str | None]) -> list[str]:
    """Lines that name the leaves of an argument, those that `named` has a name for."""
    if isinstance(tree, (list, tuple)) and not _holds_dict(tree):
        return (
            [f"{_pattern(tree, named)[1:-1]} = {expression}"]
            if any(map(named, leaves(tree)))
            else []
        )
    if isinstance(tree, (dict, list, tuple)):
        branches = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [
            line
            for key, branch in branches
            for line in unpacking(f"{expression}[{key_text(key)}]", branch, named)
        ]
    name = None if tree is None else named(tree)
    return [] if name in (None, expression) else [f"{name} = {expression}"]


def _holds_dict(tree: Any) -> bool:
    return isinstance(tree, dict) or (
        isinstance(tree, (list, tuple)) and any(map(_holds_dict, tree))
    )


def _pattern(tree: Any, named: Callable[[Any], str | None]) -> str:
    if isinstance(tree, (list, tuple)):
        return tree_text(tuple(_pattern(branch, named) for branch in tree))
    return (None if tree is None else named(tree)) or "_"


def holds_named_tuple(tree: Any) -> bool:
    """Whether a tree has a branch that `tree_text` writes as a plain tuple."""
    if isinstance(tree, dict):
        return any(map(holds_named_tuple, tree.values()))
    if isinstance(tree, (list, tuple)):
        return hasattr(tree, "_fields") or any(map(holds_named_tuple, tree))
    return False


def tree_text(tree: Any) -> str:
    """A tree of texts as the Python that builds it."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key_text(k)}: {tree_text(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(tree_text, tree)) + "]"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(tree_text, tree)) + ("," if len(tree) == 1 else "") + ")"
    return str(tree)


def key_text(key: Any) -> str:
    """A dict's key as Python writes it. Raises TypeError for one that it cannot."""
    if type(key) is str and key.isprintable() and not set(key) & set("'\"\\"):
        return f'"{key}"'
    if key is None or type(key) in (str, int, bool, float):
        return repr(key)
    if type(key) is tuple:
        return tree_text(tuple(map(key_text, key)))
    raise TypeError(
        f"A program writes the keys of dicts: texts, numbers and tuples of them, but one is "
        f"{describe(key)}."
    )


def returned(tree: Any) -> list[str]:
    """The lines that return a tree of texts."""
    whole = f"return {tree_text(tree)}"
    if isinstance(tree, tuple) and len(tree) > 1:
        whole = f"return {tree_text(tree)[1:-1]}"
    return [whole] if len(whole) <= _WIDTH else wrapped("return ", tree)


def wrapped(start: str, tree: Any, width: int = _WIDTH) -> list[str]:
    """`start` and a tree of texts, on one line or with a branch on each."""
    line = start + tree_text(tree)
    if len(line) <= width or not isinstance(tree, (tuple, list, dict)) or not leaves(tree):
        return [line]
    opening, closing = {dict: ("{", "}"), list: ("[", "]")}.get(type(tree), ("(", ")"))
    pairs = (
        [(f"{key_text(k)}: ", v) for k, v in tree.items()]
        if isinstance(tree, dict)
        else [("", v) for v in tree]
    )
    lines = [start + opening]
    for label, branch in pairs:
        inner = wrapped(label, branch, width - 4)
        lines += [f"    {text}" for text in inner]
        lines[-1] += ","
    return [*lines, closing]
