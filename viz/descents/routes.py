"""Routes: how the points and the steps of a walk are drawn, and where it leaves the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..figures import Colours
from .walks import Walk

Array = np.ndarray[Any, Any]
Bounds = Any  # pairs (low, high), an array or a tuple of them
_SEEN = 0.55  # of the axes, from their middle: a marker there may still be seen in part
_BEYOND = 50.0  # times the range of the axes: what is farther is drawn at this distance
_MARKERS_APART = 0.015  # of the axes, below which one marker hides another
_RINGS_FROM = 0.03  # of the axes: a shorter step is not seen to go too far
_ARROWS_FROM, _ARROWS = 0.12, 40  # of the axes, and steps
# Of lines, in their widths: drawn, left out, drawn, and so on; all drawn at first.
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.5, 1), (5, 1.2, 1.2, 1.2))
ROSE, PASSED = "the loss rose", "past the lowest point of its way"


def route(
    axes: Any, points: Array, walk: Walk, place: int, colours: Colours, words: str = ""
) -> None:
    """The points of a walk in the axes, the steps between them, and those that went too far.

    `words` are what its entry in the legend says of it.
    """
    bounds = axes.get_xlim(), axes.get_ylim()
    spans = np.ptp(bounds, axis=1)
    colour, marker = colours.colour(place), colours.marker(place)
    line = {"color": colour, "linestyle": dashes(place), "linewidth": 1.3}
    edge = {"markeredgecolor": colours.paper, "markeredgewidth": 0.7}
    axes.plot(*within(points, bounds).T, **line, zorder=3)
    _rises(axes, points, walk, bounds, colours)
    seen = spaced(points, bounds, _MARKERS_APART)
    look = {"linestyle": "", "marker": marker, "color": colour, **edge}
    axes.plot(*points[seen].T, markersize=6, zorder=5, **look)
    if seen:
        axes.plot(*points[seen[-1:]].T, markersize=10, zorder=5.5, **look)
    lengths = _lengths(points, spans)
    _arrows(axes, points, np.where(walk.rose, colours.mark, colour), lengths)
    landed = np.flatnonzero(walk.passed & ~walk.rose & (lengths > _RINGS_FROM)) + 1
    if len(landed):
        axes.plot(*points[landed].T, linestyle="", marker="o", color="none", markersize=10.5,
                  markeredgecolor=colours.mark, markeredgewidth=1.2, zorder=4,
                  label=PASSED)  # fmt: skip
    label = f" {words}" if words.startswith("_") else words  # which matplotlib would leave out
    axes.plot([], [], label=label, **{**line, "marker": marker, **edge})


def dashes(place: int) -> Any:
    """The line style of a walk, by its place, for matplotlib."""
    parts = _DASHES[place % len(_DASHES)]
    return (0, parts) if parts else "-"


def dasharray(place: int) -> str:
    """The same for an SVG."""
    return " ".join(f"{2 * part:g}" for part in _DASHES[place % len(_DASHES)])


def _rises(axes: Any, points: Array, walk: Walk, bounds: Bounds, colours: Colours) -> None:
    """The steps after which the loss is higher, one line with gaps."""
    if not walk.rose.any():
        return
    both = np.stack([points[:-1][walk.rose], points[1:][walk.rose]], axis=1)
    line = within(with_gaps(both), bounds)
    axes.plot(*line.T, color=colours.mark, linewidth=2.4, zorder=3.5, label=ROSE)


def _arrows(axes: Any, points: Array, colours: Array, lengths: Array) -> None:
    """On the way of each long step, where it goes: of a few dozens at most."""
    for i in np.flatnonzero((lengths > _ARROWS_FROM) & (lengths < _SEEN * 2))[:_ARROWS]:
        start, step = points[i], points[i + 1] - points[i]
        look = {"arrowstyle": "-|>", "color": colours[i], "linewidth": 0, "mutation_scale": 16}
        axes.annotate("", start + 0.58 * step, start + 0.5 * step, arrowprops=look, zorder=3.6)


def _lengths(points: Array, spans: Array) -> Array:
    """Of each step, how long it is, in parts of the axes."""
    return np.asarray(np.hypot(*(np.diff(points, axis=0) / spans).T))


def spaced(points: Array, bounds: Bounds, least: float) -> list[int]:
    """The places of points in the axes that are not nearer to one before than this part of them.

    The last one is always there.
    """
    low, high = np.array(bounds).T
    scaled = (points - low) / (high - low)
    taken: list[int] = []
    cells: dict[tuple[int, int], list[int]] = {}
    fit = np.flatnonzero((np.abs(scaled - 0.5) < _SEEN).all(axis=1))
    for i in (*fit[-1:], *fit[:-1]):
        a, b = (int(x) for x in scaled[i] // least)
        near = (
            j for c in (a - 1, a, a + 1) for d in (b - 1, b, b + 1) for j in cells.get((c, d), ())
        )
        if all(np.hypot(*(scaled[i] - scaled[j])) >= least for j in near):
            taken.append(int(i))
            cells.setdefault((a, b), []).append(int(i))
    return sorted(taken)


def with_gaps(pieces: Array) -> Array:
    """Pieces of a line, of shape (pieces, points, 2), as one line with a gap after each."""
    gap = np.full((len(pieces), 1, 2), np.nan)
    return np.concatenate([pieces, gap], axis=1).reshape(-1, 2)


def within(points: Array, bounds: Bounds) -> Array:
    """The line through points, of which what is far out of the bounds is cut off along its way.

    NaN stands where the line is broken.
    """
    low, high = np.array(bounds).T
    span = high - low
    out = np.maximum((low - points) / span, (points - high) / span).max(axis=1)
    is_far = ~(out <= _BEYOND)
    if not is_far.any():
        return points
    line: list[Array] = []
    gap = np.full(points.shape[1], np.nan)
    for i, point in enumerate(points):
        if not is_far[i]:
            line.append(point)
            continue
        place = np.isfinite(point).all()
        if place and i and not is_far[i - 1]:
            line.append(_on_the_way(points[i - 1], point, span))
        line.append(gap)
        if place and i + 1 < len(points) and not is_far[i + 1]:
            line.append(_on_the_way(points[i + 1], point, span))
    return np.array(line)


def _on_the_way(start: Array, end: Array, span: Array) -> Array:
    """Where the way from a point that is seen to one that is far leaves all that is near."""
    size = float(np.abs((end - start) / span).max())
    return np.asarray(start + (end - start) / size * _BEYOND)


def whereabouts(points: Array, walk: Walk, bounds: Bounds) -> str:
    """What is to be said of a walk that ends out of the picture, or at no number; else ""."""
    low, high = np.array(bounds).T
    fit = np.isfinite(walk.points).all(axis=1) & np.isfinite(walk.losses)
    inside = ((points >= low) & (points <= high)).all(axis=1)
    for holds, words in ((fit, "not finite"), (inside, "out of the picture")):
        if not holds[-1]:
            since = np.flatnonzero(holds).max(initial=-1) + 1
            return f"{words} from step {since} on"
    return ""


def legend(drawn: Any, panels: Iterable[Any], note: str) -> None:
    """One legend of all panels, below them."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    found |= {label: found.pop(label) for label in (ROSE, PASSED) if label in found}  # at the end
    drawn.legend(found.values(), found, loc="outside lower center", ncols=min(len(found), 4),
                 title=note or None, title_fontsize=9)  # fmt: skip
