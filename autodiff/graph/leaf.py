"""How a leaf is moved: its data given anew, its gradient read for a step; and whose it is."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .node import CLOCK, Node

_SHOWN = 6  # entries of an array that a message about a change still shows


def replace_data(leaf: Node, data: Any) -> None:
    """Give a leaf other data, its own from now on; graphs that have used the old are stale."""
    if type(data) is float or data.size <= _SHOWN:
        leaf._before = (leaf._data, leaf._clock)
    leaf._clock = next(CLOCK)
    leaf._data = data


# The gradient as it stands in a leaf, not to be written to; None where no pass has come.
gradient_of: Callable[[Node], Any] = operator.attrgetter("_grad")


def set_gradient(leaf: Node, gradient: Any) -> None:
    """Give a leaf its gradient, of the shape and dtype of its data: it is the leaf's own now."""
    leaf._grad = gradient


def descend(leaf: Node, step: Any) -> None:
    """Take a step, of the shape of the data, away from it, which keeps its dtype.

    The leaf gets new data; the old is never written into, so graphs and copies of it stay right.
    Raises ValueError for a step that would change its shape.
    """
    data = leaf._data
    moved = data - step
    # As `replace_data` does: a call less is a tenth of a step.
    if type(data) is float:
        leaf._before = (data, leaf._clock)
        leaf._data = moved if type(moved) is float else float(moved)
    else:
        if type(moved) is not type(data):  # NumPy makes a number of an array without axes
            moved = np.asarray(moved)
        # It is no narrower than the data and has no fewer entries, so that its bytes tell of both.
        if moved.nbytes != data.nbytes or moved.ndim != data.ndim:
            moved = _like_data(moved, data, step)
        if data.size <= _SHOWN:
            leaf._before = (data, leaf._clock)
        leaf._data = moved
    leaf._clock = next(CLOCK)


def _like_data(moved: Any, data: Any, step: Any) -> Any:
    """What a step has led to in the dtype of the data; ValueError for another shape."""
    if moved.shape != data.shape:
        raise ValueError(
            "A step has a number for each of a parameter's, but this has shape "
            f"{np.shape(step)}, and the parameter {data.shape}.\n"
            "Let `update` return what is taken away from each entry."
        )
    return moved.astype(data.dtype, copy=False)


def owners_of(leaf: Node) -> tuple[Any, ...]:
    """Who has handed a leaf out as one of its parameters: what `set_owners` was given."""
    return leaf._second or ()


def set_owners(leaf: Node, owners: tuple[Any, ...]) -> None:
    """Note whose a leaf is; it holds them, so that they had better not hold it.

    An owner has a `count` of the leaves that it handed out, and `watch()` gives a function that
    an optimiser asks at each step which ones the owner has beside those that it knows.
    """
    leaf._second = owners  # of a result, the second argument
