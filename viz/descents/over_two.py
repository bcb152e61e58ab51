"""A descent over two weights: contours of the loss, the ways down, and the loss at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..figures import Colours, plain_numbers, rgb
from ..graphs.numbers import number
from .routes import dashes, legend, route, whereabouts
from .view import LARGEST, View
from .walks import Walk

Array = np.ndarray[Any, Any]
_FINE, _COARSE = (301, 241), (101, 81)  # points across and up, where many are asked at once, or not
# The parts of the picture that lie lower than each contour: denser where the loss is low.
_PARTS = (0.004, 0.015, 0.04, 0.08, 0.14, 0.22, 0.32, 0.44, 0.58, 0.73, 0.88)
_FAINT, _FULL = 0.03, 0.4  # how much of the colour the lowest and the highest part has
_MARKED = 12  # points of a curve of losses that have a marker
_DEEPEST, _HIGHEST = 1e-9, 1e3  # of the loss at the start; see `steps_limits`
_UNEVEN = 5  # above it, one weight's range against the other's, a unit is not as long for both


def is_even(view: View) -> bool:
    """Whether a unit of one weight is as long as one of the other."""
    ranges = np.ptp(view.bounds, axis=1)
    return bool(max(ranges) <= _UNEVEN * min(ranges))


def size_over_two(view: View) -> tuple[float, float]:
    """The inches of the figure: as high as the landscape is for its width."""
    ranges = np.ptp(view.bounds, axis=1)
    shape = float(np.clip(ranges[1] / ranges[0], 0.45, 1.2)) if is_even(view) else 0.75
    return 10.0, 1.3 + 6.0 * shape


class Landscape(NamedTuple):
    """The loss over two weights: at `losses[j, i]` for `across[i]` and `up[j]`; and its levels."""

    across: Array
    up: Array
    losses: Array
    levels: Array


def landscape_of(view: View) -> Landscape:
    """The loss all over the view, with NaN where it is not finite, and the levels of contours."""
    sizes = _FINE, _COARSE
    (left, right), (bottom, top) = view.bounds.tolist()
    sides = [(np.linspace(left, right, n), np.linspace(bottom, top, m)) for n, m in sizes]
    grids = [np.stack(np.meshgrid(*side), axis=-1).reshape(-1, 2) for side in sides]
    points, losses = view.losses(*grids)
    across, up = sides[0] if points is grids[0] else sides[1]
    shape = len(up), len(across)
    losses = np.where(np.abs(losses) < LARGEST, losses, np.nan).reshape(shape)
    return Landscape(across, up, losses, levels_of(losses))


def levels_of(losses: Array) -> Array:
    """The levels of contours, as round as they can be and still differ: many where it is low.

    >>> levels_of(np.linspace(0.0, 1.0, 1001))
    array([0.004, 0.02 , 0.04 , 0.08 , 0.14 , 0.22 , 0.3  , 0.4  , 0.6  ,
           0.7  , 0.9  ])
    """
    finite = losses[np.isfinite(losses)]
    if not len(finite) or finite.min() == finite.max():
        return np.empty(0)
    exact = np.quantile(finite, _PARTS)
    gaps = np.diff(exact, prepend=finite.min())
    unit = 10.0 ** np.floor(np.log10(np.maximum(gaps, np.finfo(float).tiny)))
    found = np.unique(np.round(exact / unit) * unit)
    return np.asarray(found[(found > finite.min()) & (found < finite.max())])


def draw_over_two(drawn: Any, view: View, walks: Sequence[Walk], colours: Colours) -> None:
    """All walks in one landscape; beside it the loss of each, step by step."""
    land = landscape_of(view)
    axes, beside = drawn.subplots(1, 2, width_ratios=(1.9, 1))
    axes.set(xlim=view.bounds[0], ylim=view.bounds[1])
    axes.set(xlabel=view.labels[0], ylabel=view.labels[1])
    draw_landscape(axes, land, colours)
    axes.set_aspect("equal" if is_even(view) else "auto")
    for place, walk in enumerate(walks):
        points = view.points(walk)
        words = [walk.name, whereabouts(points, walk, view.bounds)]
        route(axes, points, walk, place, colours, ", ".join(filter(None, words)) or "steps")
    _steps(beside, walks, colours)
    legend(drawn, [axes], view.note)


def shades_of(colours: Colours, count: int) -> Array:
    """The shades of the parts between contours, from the lowest up."""
    shares = np.linspace(_FAINT, _FULL, count)
    return colours.mixed(np.tile(rgb(colours.line), (count, 1)), shares)


def draw_landscape(axes: Any, land: Landscape, colours: Colours) -> None:
    """The contours, and fuller colour where the loss is higher; hatched where it is not finite."""
    if np.isnan(land.losses).any():
        missing = np.isnan(land.losses).astype(float)
        axes.contourf(land.across, land.up, missing, levels=[0.5, 1.5], colors="none",
                      hatches=["////"])  # fmt: skip
    if not len(land.levels):
        return
    shades = shades_of(colours, len(land.levels) + 1)
    axes.contourf(land.across, land.up, land.losses, levels=land.levels, colors=shades,
                  extend="both")  # fmt: skip
    lines = axes.contour(land.across, land.up, land.losses, levels=land.levels, colors=colours.line,
                         linewidths=0.6)  # fmt: skip
    axes.clabel(lines, land.levels[::2], fontsize=7, fmt=number, colors=colours.ink)


def _steps(axes: Any, walks: Sequence[Walk], colours: Colours) -> None:
    """The loss of each walk at each step."""
    for place, walk in enumerate(walks):
        drawn = np.where(np.isfinite(walk.losses), walk.losses, np.nan)
        axes.plot(drawn, color=colours.colour(place), linestyle=dashes(place), linewidth=1.3)
        every = -(-len(drawn) // _MARKED)
        axes.plot(np.arange(len(drawn))[::every], drawn[::every], linestyle="",
                  marker=colours.marker(place), color=colours.colour(place),
                  markersize=5)  # fmt: skip
    low, high, log = steps_limits(walks)
    axes.set_yscale("log" if log else "linear")
    axes.set_ylim(low, high)
    if log:
        plain_numbers(axes.yaxis)
    axes.set(xlabel="step", ylabel="loss")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid()


def steps_limits(walks: Sequence[Walk]) -> tuple[float, float, bool]:
    """How far down and up one sees of the losses, and whether that is on a logarithmic scale.

    It is, where no loss is below 0. What is a billionth of the loss at the start is as good as 0,
    and what is a thousand times as high is out of the picture.
    """
    losses = np.concatenate([walk.losses for walk in walks])
    losses = losses[np.abs(losses) < LARGEST]
    if not len(losses):
        return 0.0, 1.0, False
    first = [walk.losses[0] for walk in walks if np.abs(walk.losses[0]) < LARGEST]
    start, low, high = (
        float(max(first, default=losses[0])),
        float(losses.min()),
        float(losses.max()),
    )
    if low >= 0 < start:
        least = max(float(losses[losses > 0].min()), _DEEPEST * start)
        return least / 2, 2 * min(high, _HIGHEST * start), True
    span = (min(high, start + _HIGHEST * (start - low)) - low) or 1.0
    return low - 0.05 * span, low + 1.05 * span, False
