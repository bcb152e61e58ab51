"""Arguments as a trace takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...graph.messages import describe
from ...graph.node import data_of
from ...graph.tensor import as_array, to_float
from ...primitives.operands import is_number
from ...support.identifiers import identifier
from ...support.numbers import as_numpys
from ...support.tree import checked_argnums, leaves


def as_example(leaf: Any, name: str) -> Any:
    """A leaf of an argument as an engine's float or array; itself where it is one."""
    leaf = as_numpys(data_of(leaf))
    if isinstance(leaf, np.ndarray):
        array = as_array(leaf, copy=False, promote=False)
        usual = np.dtype(array.dtype.name)  # of which there is one object, to be known again by
        return array if array.dtype is usual else array.view(usual)
    if isinstance(leaf, np.random.Generator):
        return leaf
    if is_number(leaf):
        return to_float(leaf)
    raise TypeError(
        f"An argument of a traced function is numbers, arrays, or lists, tuples and dicts of "
        f"them, but in `{name}` is {describe(leaf)}.\n"
        "Fix it beforehand, as in `lambda x: f(x, option)`, or use `compile(f, static=...)`."
    )


def checked_by(argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The arguments to differentiate by; None is for all that hold floats, else whole numbers."""
    if argnums is not None:
        return checked_argnums(argnums, args)
    kind = _is_float if hold_floats(args) else _is_whole
    return tuple(i for i, arg in enumerate(args) if any(map(kind, leaves(arg))))


def hold_floats(args: tuple[Any, ...]) -> bool:
    """Whether there is a float, or what a program takes as one, among the arguments."""
    return any(map(_is_float, leaves(args)))


def _is_float(leaf: Any) -> bool:
    data = as_numpys(data_of(leaf))
    return is_number(data) or (isinstance(data, np.ndarray) and data.dtype.kind == "f")


def _is_whole(leaf: Any) -> bool:
    leaf = as_numpys(data_of(leaf))
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biu"


def leaf_names(name: str, tree: Any) -> Iterator[str]:
    """`w0`, `w1` for the list `w`; a dict's own keys."""
    if isinstance(tree, (list, tuple)):
        for i, branch in enumerate(tree):
            yield from leaf_names(f"{name}{'_' * name[-1].isdigit()}{i}", branch)
    elif isinstance(tree, dict):
        for key, branch in tree.items():
            own = identifier(key) if isinstance(key, str) else None
            yield from leaf_names(own or f"{name}_{len(str(key))}", branch)
    elif tree is not None:
        yield name
