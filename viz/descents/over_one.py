"""A descent over one weight: the curve of the loss, and on it each step with its tangent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..figures import Colours
from ..graphs.numbers import number
from .routes import legend, route, spaced, whereabouts, with_gaps
from .view import LARGEST, View
from .walks import Walk

Array = np.ndarray[Any, Any]
_FINE, _COARSE = 1201, 601  # points of the curve, where many are asked at once, and not
_LONG = 0.08  # half a tangent, of the panel's width
_SHAPE = 0.66  # a panel's height for a width of 1, about
_ABOVE = 1.6  # times as high as the walks: more of the curve is not seen
_APART = 0.025  # of the panel: tangents at points that are nearer to each other are left out


def curve_of(view: View) -> tuple[Array, Array]:
    """The weights across the view, and the loss at each, with a gap where it is not finite."""
    low, high = view.bounds[0]
    grid, coarse = (np.linspace(low, high, count)[:, None] for count in (_FINE, _COARSE))
    points, losses = view.losses(grid, coarse)
    return points[:, 0], np.where(np.abs(losses) < LARGEST, losses, np.nan)


def heights_of(view: View, walks: Sequence[Walk], curve: Array) -> tuple[float, float]:
    """How far down and up one sees: all of the curve that is not far above the walks."""
    low, high = view.bounds[0]
    passed = []
    for walk in walks:
        x = view.points(walk)[:, 0]
        passed.append(walk.losses[(x >= low) & (x <= high)])
    seen = _finite(np.concatenate(passed))
    every = np.concatenate([seen, _finite(curve)])
    if not len(every):
        return 0.0, 1.0
    bottom, top = float(every.min()), float(every.max())
    reach = float(seen.max(initial=bottom)) - bottom
    if reach > 0:
        top = min(top, bottom + _ABOVE * reach)
    span = (top - bottom) or max(1.0, abs(top))
    return bottom - 0.08 * span, top + 0.06 * span


def _finite(losses: Array) -> Array:
    """Those of which the range is a number, too."""
    return losses[np.abs(losses) < LARGEST]


def tangents_at(points: Array, slopes: Array, spans: tuple[float, float]) -> Array:
    """Both ends of the tangent at each point, all as long on the paper: (tangents, 2, 2).

    `spans` are the ranges of the axes. Where the slope is no number there is none.
    """
    across, up = spans
    angles = np.arctan(slopes * (across / up) * _SHAPE)  # on the paper, straight up if infinite
    reach = np.stack([across * np.cos(angles), up / _SHAPE * np.sin(angles)], axis=1) * _LONG
    fit = np.isfinite(reach).all(axis=1) & np.isfinite(points).all(axis=1)
    return np.stack([points - reach, points + reach], axis=1)[fit]


def _panels(count: int) -> tuple[int, int]:
    """Rows and columns of panels."""
    columns = count if count < 4 else 2 if count == 4 else 3
    return -(-count // columns), columns


def size_over_one(walks: Sequence[Walk]) -> tuple[float, float]:
    """The inches of the figure."""
    rows, columns = _panels(len(walks))
    return (6.4, 4.6) if len(walks) == 1 else (min(4.8 * columns, 12.5), 1.0 + 3.1 * rows)


def draw_over_one(drawn: Any, view: View, walks: Sequence[Walk], colours: Colours) -> None:
    """A panel for each walk, all of one scale."""
    rows, columns = _panels(len(walks))
    panels = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    x, y = curve_of(view)
    heights = heights_of(view, walks, y)
    for place, axes in enumerate(panels.ravel()):
        if place >= len(walks):
            axes.remove()
            continue
        axes.set(xlim=view.bounds[0], ylim=heights)
        axes.plot(x, y, color=colours.line, linewidth=1.6, label="loss", zorder=1)
        _walk(axes, view, walks[place], place, colours)
        axes.set_title(walks[place].name)
        axes.grid()
        axes.label_outer()
        if place + columns >= len(walks):
            axes.set_xlabel(view.labels[0])
            axes.tick_params(labelbottom=True)
        if place % columns == 0:
            axes.set_ylabel("loss")
    legend(drawn, panels.ravel()[: len(walks)], view.note)


def _walk(axes: Any, view: View, walk: Walk, place: int, colours: Colours) -> None:
    points = np.stack([view.points(walk)[:, 0], walk.losses], axis=1)
    bounds = (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    apart = spaced(points, bounds, _APART)
    tangents = tangents_at(
        points[apart], view.gradients(walk)[apart, 0], (right - left, top - bottom)
    )
    axes.plot(*with_gaps(tangents).T, color=colours.second, linewidth=2, label="tangent", zorder=2,
              solid_capstyle="round")  # fmt: skip
    route(axes, points, walk, place, colours)
    steps = len(points) - 1
    words = whereabouts(points, walk, bounds)
    last = f"{number(walk.losses[-1])} after {steps} {'step' if steps == 1 else 'steps'}"
    look = {"loc": "right", "fontsize": 9, "color": colours.mark if words else colours.ink}
    axes.set_title(words or last, **look)
