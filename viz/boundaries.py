"""The boundary between the classes that a model tells apart by two features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.extend import data_of, describe

from .classes import places_of, probabilities, way_to_ask
from .figures import Colours, figure, rgb

Array = np.ndarray[Any, Any]
_FINE, _COARSE = 300, 60  # points along the longer side: where all are asked at once, and not
_FAINT, _FULL = 0.08, 0.38  # how much of a class's colour is where it is likely as any, and certain
_NOTE = "the fuller the colour, the surer the model"
_UNEVEN = 5  # above it, one feature's range against the other's, a unit is not as long for both


def boundary(
    model: Any, X: Any, y: Any, path: str | os.PathLike[str] | None = None, *,
    theme: str = "light", title: str | None = None, names: Sequence[Any] | None = None,
    features: Sequence[str] = ("first feature", "second feature"), logits: bool | None = None,
) -> Any:  # fmt: skip
    """Where a model says which class, and how surely: fuller where it is surer; and the points.

    `model` is a Module, of arrays or of scalars, or a function, with one output, a probability or
    a logit of the second class, or one for each class; `X` has shape (rows, 2), and `y` its
    labels, whole numbers from 0 or any as many as there are classes. `names` are those of the
    classes. Whether outputs are `logits` is seen from them, unless it is said. A unit is as long
    up as across, where the ranges are alike. Gives and writes a figure as `loss_curve` does.
    Raises ValueError for other than two features, and for labels and outputs that do not fit.

    >>> points = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> figure = boundary(lambda X: X[:, 0] - X[:, 1], points, [0, 1])
    >>> [text.get_text() for text in figure.legends[0].texts]
    ['0', '1']
    """
    points = _checked(X)
    way = way_to_ask(model, points)
    across, up = _sides(points, _FINE if way.at_once else _COARSE)
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    found = probabilities(way.outputs(grid.reshape(-1, 2)), logits)
    places, called = places_of(y, found.shape[1], len(points), names)
    chances = found.reshape(*grid.shape[:2], -1)
    ranges = np.ptp(up), np.ptp(across)
    alike = max(ranges) <= _UNEVEN * min(ranges)
    height = 1.5 + 5.2 * float(np.clip(ranges[0] / ranges[1], 0.4, 1.3) if alike else 0.8)
    with figure(path, theme, 6.0, height) as (drawn, colours):
        axes = drawn.subplots()
        _shade(axes, across, up, chances, colours)
        _lines(axes, across, up, chances, colours)
        handles = _points(axes, points, places, colours)
        axes.set(xlabel=features[0], ylabel=features[1], title=title)
        axes.set_aspect("equal" if alike else "auto")
        place = {"loc": "outside lower center", "ncols": min(len(called), 6), "markerscale": 1.5}
        drawn.legend(handles, called, title=_NOTE, title_fontsize=9, **place)
    return drawn


def _checked(X: Any) -> Array:
    points = np.asarray(data_of(X), dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            "A boundary is drawn over two features, so the points have shape (rows, 2), but these "
            f"are {describe(X)}.\nPass two columns, as `X[:, :2]`, and a model of two inputs."
        )
    if not np.isfinite(points).all():
        raise ValueError("A boundary is drawn around finite points, but some of these are not.")
    return points


def _sides(points: Array, count: int) -> tuple[Array, Array]:
    """The grid's coordinates across and up, a tenth of the range wider than the points."""
    low, high = points.min(axis=0), points.max(axis=0)
    spread = np.where(high > low, high - low, 1.0)
    low, high = low - 0.1 * spread, high + 0.1 * spread
    return np.linspace(low[0], high[0], count), np.linspace(low[1], high[1], count)


def _shade(axes: Any, across: Array, up: Array, chances: Array, colours: Colours) -> None:
    """The colour of the likeliest class, mixed into the paper as it is surer."""
    classes = chances.shape[-1]
    sure = np.clip((chances.max(axis=-1) * classes - 1) / (classes - 1), 0, 1)
    of_classes = np.array([rgb(colours.colour(k)) for k in range(classes)])
    mixed = colours.mixed(of_classes[chances.argmax(axis=-1)], _FAINT + (_FULL - _FAINT) * sure)
    extent = (across[0], across[-1], up[0], up[-1])
    axes.imshow(mixed, extent=extent, origin="lower", interpolation="bilinear", aspect="auto")


def _lines(axes: Any, across: Array, up: Array, chances: Array, colours: Colours) -> None:
    """Where two classes are the likeliest alike."""
    classes = chances.shape[-1]
    for k in range(1, classes):
        margin = chances[..., k] - np.delete(chances, k, axis=-1).max(axis=-1)
        if margin.min() < 0 < margin.max():
            axes.contour(across, up, margin, levels=[0], colors=colours.ink, linewidths=1.3)


def _points(axes: Any, points: Array, places: Array, colours: Colours) -> list[Any]:
    """The points, each class with a colour and a marker of its own."""
    size = float(np.clip(6000 / len(points), 8, 42))
    handles = []
    for k in range(places.max() + 1):
        x, y = points[places == k].T
        look = {"color": colours.colour(k), "edgecolors": colours.paper, "linewidths": 0.7}
        handles.append(axes.scatter(x, y, s=size, marker=colours.marker(k), **look))
    return handles
