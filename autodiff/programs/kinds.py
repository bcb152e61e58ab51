"""What arguments a program is for: their structure, the shapes and dtypes in it, static values.

`fits` is asked at each call of a compiled function: it takes 0.1 us for an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.value import Value
from .tracing.trace import TracedGenerator

ndarray = np.ndarray


@dataclass(frozen=True, slots=True)
class Array:
    """An array of this shape and dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def fits(self, leaf: Any) -> bool:
        return type(leaf) is ndarray and leaf.dtype is self.dtype and leaf.shape == self.shape

    def like(self, leaf: Any) -> bool:
        """Whether a leaf is such an array, whoever made it."""
        return np.shape(leaf) == self.shape and getattr(leaf, "dtype", None) == self.dtype


@dataclass(frozen=True, slots=True)
class Plain:
    """What has nothing else to be known by: a float, a random generator, None."""

    is_a: Any

    def fits(self, leaf: Any) -> bool:
        return type(leaf) is self.is_a

    like = fits


@dataclass(frozen=True, slots=True)
class Static:
    """A value that is the same at each call."""

    value: Any

    def fits(self, given: Any) -> bool:
        return type(given) is type(self.value) and bool(given == self.value)


@dataclass(frozen=True, slots=True)
class Branch:
    """A list or tuple, or a dict with these keys in this order, with such things in it."""

    is_a: Any
    keys: tuple[Any, ...] | None
    kinds: tuple[Any, ...]

    def fits(self, tree: Any) -> bool:
        if type(tree) is not self.is_a or len(tree) != len(self.kinds):
            return False
        branches: Any = tree
        if self.keys is not None:
            if (*tree,) != self.keys:
                return False
            branches = tree.values()
        for kind, branch in zip(self.kinds, branches):  # noqa: SIM110 - in half the time of `all`
            if not kind.fits(branch):
                return False
        return True


def kind_of(tree: Any, array: type[Array] = Array) -> Any:
    """The kind of a traced argument, its arrays of this kind."""
    if isinstance(tree, (list, tuple)):
        return Branch(type(tree), None, tuple([kind_of(branch, array) for branch in tree]))
    if isinstance(tree, dict):
        return Branch(dict, (*tree,), tuple([kind_of(b, array) for b in tree.values()]))
    if isinstance(tree, TracedGenerator):
        return Plain(np.random.Generator)
    data = tree._data if isinstance(tree, Value) else tree
    return array(data.shape, data.dtype) if isinstance(data, ndarray) else Plain(type(data))
