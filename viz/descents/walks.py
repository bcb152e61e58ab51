"""Walk: the points that a descent has passed through, with the loss and its gradient at each."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, describe, leaves, tree_map

from ..graphs.text import shown
from .function import Function

Array = np.ndarray[Any, Any]
_ROUNDING = 8 * np.finfo(float).eps  # of two losses: by less, one is not higher than the other


class Walk(NamedTuple):
    """What a descent has passed through; `name` is "" where there is no other one."""

    name: str
    points: Array  # (points, weights)
    losses: Array
    gradients: Array  # (points, weights)

    @property
    def rose(self) -> Array:
        """Of each step, whether the loss is higher after it, or no number any more."""
        before, after = self.losses[:-1], self.losses[1:]
        with np.errstate(all="ignore"):
            slack = _ROUNDING * np.maximum(np.abs(before), np.abs(after))
            higher = after - before > np.where(np.isfinite(slack), slack, 0)
        return np.asarray(higher | (np.isfinite(before) & np.isnan(after)))

    @property
    def passed(self) -> Array:
        """Of each step, whether the slope along it changes its sign: it passed what is lowest."""
        with np.errstate(all="ignore"):
            steps = np.diff(self.points, axis=0)
            lengths = np.linalg.norm(steps, axis=1, keepdims=True)
            along = steps / np.where(lengths > 0, lengths, 1)
            before = (along * self.gradients[:-1]).sum(axis=1)
            after = (along * self.gradients[1:]).sum(axis=1)
            slack = np.sqrt(_ROUNDING) * np.abs(before)
        return np.asarray((before < 0) & (after > slack))

    @property
    def overshot(self) -> Array:
        """Of each step, whether it went too far: the loss rose, or it passed what is lowest."""
        return np.asarray(self.rose | self.passed)


def walks_on(f: Any, path: Any) -> tuple[Function, list[Walk]]:
    """The function, and the walks of a path, or of a mapping of names to paths.

    A path is an array of shape (points,) or (points, weights), a list of points, or what has one
    as its `path`. Raises TypeError for what is none, ValueError for none at all and for points
    that are not alike.
    """
    named = {"": path}
    if isinstance(path, Mapping) and not hasattr(path, "path"):
        named = {str(name): one for name, one in path.items()}
    if not named:
        raise ValueError("A descent is drawn along one path or more, but this mapping has none.")
    structures = {name: _points(one) for name, one in named.items()}
    like = next(iter(structures.values()))[0]
    shapes = _shapes(like)
    for name, points in structures.items():
        for i, point in enumerate(points):
            if _shapes(point) != shapes:
                raise ValueError(
                    "The points of a descent are alike, but the first has "
                    f"{_described(shapes)}, and point {i}{f' of {name!r}' if name else ''} has "
                    f"{_described(_shapes(point))}."
                )
    function = Function(f, like)
    return function, [_walk(name, points, function) for name, points in structures.items()]


def _walk(name: str, points: list[Any], function: Function) -> Walk:
    vectors = np.array(
        [np.concatenate([np.ravel(part) for part in leaves(point)]) for point in points], float
    )
    found = [function.with_gradient(x) for x in vectors]
    losses, gradients = zip(*found, strict=True)
    return Walk(shown(name), vectors, np.array(losses), np.array(gradients))


def _points(path: Any) -> list[Any]:
    """The points of a path, each as numbers, arrays, or structures of them."""
    if hasattr(path, "steps") and hasattr(path, "epochs"):
        raise TypeError(
            "A descent is drawn along the weights of each step, but a history notes the losses.\n"
            "Note them, as in `path.append(w.data)`; `viz.loss_curve(history)` draws the losses."
        )
    given = data_of(getattr(path, "path", path))
    try:
        points = list(given) if not isinstance(given, (str, bytes)) else _refuse(path)
    except TypeError:
        _refuse(path)
    if not points:
        raise ValueError("A descent is drawn along one point or more, but this path has none.")
    nodes = [node for node in points if isinstance(node, Value)]
    if len(set(map(id, nodes))) < len(nodes):
        raise ValueError(
            f"The points of a path are numbers, but {nodes[0].label()} is in this one several "
            "times, always with the data that it has now.\nNote its data at each step, as in "
            "`path.append(w.data)`."
        )
    return [_numbers(point, path) for point in points]


def _numbers(point: Any, path: Any) -> Any:
    """A point as floats and arrays of floats; a list of numbers is an array."""
    if isinstance(point, list):
        with contextlib.suppress(TypeError, ValueError):  # of arrays of several shapes
            point = np.array([data_of(part) for part in point], float)

    def plain(leaf: Any) -> Any:
        array = np.asarray(data_of(leaf))
        if array.dtype.kind not in "fiu":
            _refuse(path)
        return float(array) if array.ndim == 0 else array.astype(float)

    found = tree_map(plain, point)
    if not leaves(found) or not sum(map(np.size, leaves(found))):
        _refuse(path)
    return found


def _shapes(point: Any) -> list[tuple[int, ...]]:
    return [np.shape(leaf) for leaf in leaves(point)]


def _described(shapes: list[tuple[int, ...]]) -> str:
    if len(shapes) == 1:
        return "one number" if shapes[0] == () else f"shape {shapes[0]}"
    return f"{len(shapes)} parts of shapes {', '.join(map(str, shapes))}"


def _refuse(path: Any) -> NoReturn:
    raise TypeError(
        "A path is an array of points, of shape (points,) or (points, weights), a list of them, or "
        f"what `minimize` found, but this is {describe(path)}.\n"
        "Note where a descent passes, as in `path.append(w.data)`."
    )
