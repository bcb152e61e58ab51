"""What arguments a program is for: their structure, the shapes and dtypes in it, static values.

A kind says by which tests a thing is known to be of it: expressions over `it`, the first of them
over `new`, which gives it that name. They are made at each call of a compiled function, and so
compiled themselves: by methods of the kinds, a step of a small network takes 4 to 8 % longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.value import Value
from .tracing.trace import TracedGenerator


class Known(dict[str, Any]):
    """What tests compare with, by the names that it has in them."""

    def name(self, thing: Any) -> str:
        name = f"known_{len(self)}"
        self[name] = thing
        return name


@dataclass(frozen=True)
class Array:
    """An array of this shape and dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def tests(self, new: str, it: str, known: Known) -> list[str]:
        dtype = known.name(self.dtype)
        return [f"type({new}) is ndarray", f"{it}.dtype is {dtype}", f"{it}.shape == {self.shape}"]

    def like(self, leaf: Any) -> bool:
        """Whether a leaf is such an array, whoever made it."""
        return np.shape(leaf) == self.shape and getattr(leaf, "dtype", None) == self.dtype


@dataclass(frozen=True)
class Other:
    """What has nothing else to be known by: a float, a random generator, None."""

    is_a: type

    def tests(self, new: str, it: str, known: Known) -> list[str]:
        return [f"type({new}) is {known.name(self.is_a)}"]

    def like(self, leaf: Any) -> bool:
        """Whether a leaf is such a thing; a number without axes of JAX's is as good as a float."""
        return type(leaf) is self.is_a or (self.is_a is float and np.shape(leaf) == ())


@dataclass(frozen=True)
class Static:
    """A value that is the same at each call."""

    value: Any

    def tests(self, new: str, it: str, known: Known) -> list[str]:
        tests = [f"type({new}) is {known.name(type(self.value))}"]
        if isinstance(self.value, _EXACT):
            return [*tests, f"{it} == {known.name(self.value)}"]
        return [*tests, f"{known.name(exactly)}({it}) == {known.name(exactly(self.value))}"]


_EXACT = (str, bytes, int, type(None))  # of one type, these are the same where they are equal


def exactly(value: Any) -> Any:
    """What tells values apart that are equal: 0.0 and -0.0, (1,) and (True,), NaN and NaN not."""
    kind = type(value)
    if isinstance(value, frozenset):
        return kind, frozenset(map(exactly, value))
    if isinstance(value, tuple):
        return kind, tuple(map(exactly, value))
    return (kind, repr(value)) if isinstance(value, (float, complex)) else (kind, value)


@dataclass(frozen=True)
class Branch:
    """A list or tuple, or a dict with these keys in this order, and what is in it by its key."""

    is_a: type
    kinds: dict[Any, Any]

    def tests(self, new: str, it: str, known: Known) -> list[str]:
        tests = [f"type({new}) is {known.name(self.is_a)}", f"len({it}) == {len(self.kinds)}"]
        if self.is_a is not dict:
            return tests
        keys = known.name((*self.kinds,))
        if all(type(key) is str for key in self.kinds):
            return [*tests, f"(*{it},) == {keys}"]
        return [*tests, f"{known.name(exactly)}((*{it},)) == {known.name(exactly((*self.kinds,)))}"]


def kind_of(tree: Any, array: type[Array] = Array) -> Any:
    """The kind of a traced argument, its arrays of this kind."""
    if isinstance(tree, (list, tuple)):
        return Branch(type(tree), {i: kind_of(branch, array) for i, branch in enumerate(tree)})
    if isinstance(tree, dict):
        return Branch(dict, {key: kind_of(branch, array) for key, branch in tree.items()})
    if isinstance(tree, TracedGenerator):
        return Other(np.random.Generator)
    data = tree._data if isinstance(tree, Value) else tree
    return array(data.shape, data.dtype) if isinstance(data, np.ndarray) else Other(type(data))


def fitting(kinds: Sequence[Any]) -> Callable[[tuple[Any, ...]], bool]:
    """Whether arguments are of these kinds."""
    known = Known(ndarray=np.ndarray)
    tests: list[str] = []

    def add(kind: Any, place: str) -> None:
        it = f"it_{len(known)}"
        tests.extend(kind.tests(f"{it} := {place}", it, known))
        if isinstance(kind, Branch):
            for key, inner in kind.kinds.items():
                at = str(key) if type(key) is int else known.name(key)
                add(inner, f"{it}[{at}]")

    add(Branch(tuple, dict(enumerate(kinds))), "args")
    return eval(f"lambda args: {' and '.join(tests)}", {**known})  # type: ignore[no-any-return]
