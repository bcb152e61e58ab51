"""animate: a descent as a page that plays it, step by step."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .. import interactive
from ..figures import Colours, colours_of, figure, round_powers
from ..graphs.numbers import number
from ..interactive.document import Document, check_ending, data, filled, text_of
from ..interactive.graph import in_json
from .over_one import curve_of, heights_of
from .over_two import landscape_of, shades_of, steps_limits
from .routes import dasharray
from .view import View, view_of
from .walks import Walk, walks_on

Array = np.ndarray[Any, Any]
_FRAMES = 1000  # at most: of a longer descent not every step is one
_SIZE = 640, 430  # of the landscape, in the units of the page
_STYLES = (
    (interactive.__name__, "common.css"), (interactive.__name__, "base.css"),
    (__package__, "player.css"),
)  # fmt: skip
_SCRIPTS = (
    (interactive.__name__, "numbers.js"), (interactive.__name__, "shapes.js"),
    (__package__, "player.js"),
)  # fmt: skip


class Player(Document):
    """A descent as a page that plays it: it shows itself in a notebook, `save` writes it.

    `html` is its text.
    """

    def __init__(self, view: View, walks: Sequence[Walk], title: str) -> None:
        facts = _facts(view, walks)
        colours = _colours(len(walks), len(facts.get("above", ())))
        body = filled(
            __package__,
            "player.html",
            heading=html.escape(title),
            note=html.escape(view.note),
            walk=text_of(interactive.__name__, "walk.html"),
            descent=data(facts),
        )
        style = "\n\n".join([*(text_of(*file) for file in _STYLES), colours])
        super().__init__(title, style, body, [("", text_of(*file)) for file in _SCRIPTS])


@np.errstate(all="ignore")  # losses may be infinite, and no numbers
def animate(
    f: Any, path: Any, file: str | os.PathLike[str] | None = None, *, title: str | None = None,
    weights: Any = None, bounds: Any = None,
) -> Player:  # fmt: skip
    """A descent as a page that plays: one .html file, to open, send and keep.

    `f`, `path`, `weights` and `bounds` are as in `descent`. It plays, or goes step by step, by
    buttons, keys or a slider; of each descent it shows where it has passed, the tangent or the
    gradient where it is, and the loss, and says in words which steps overshoot. It is light or dark
    as its reader's system is, and nothing glides where motion is not wanted. A descent of more than
    1,000 steps is played in as many. Gives the page, which shows itself in a notebook, and writes
    it to `file`. Raises what `descent` does.

    >>> player = animate(lambda w: w * w, [2.0, -1.5, 1.0], title="A step too far")
    >>> player.save("descent.html")  # doctest: +SKIP
    """
    if file is not None:
        check_ending(Path(file))
    function, walks = walks_on(f, path)
    view = view_of(function, walks, weights, bounds)
    player = Player(view, walks, title or "A descent, step by step")
    if file is not None:
        player.save(file)
    return player


def _facts(view: View, walks: Sequence[Walk]) -> dict[str, Any]:
    """All that the page is told, as data that JSON holds."""
    longest = max(len(walk.points) for walk in walks) - 1
    stride = -(-longest // _FRAMES) or 1
    frames = sorted({*range(0, longest + 1, stride), longest})
    with figure(None, "light", 1, 1) as (drawn, colours):  # for its ticks and its contours
        axes = drawn.subplots()
        if len(view.places) == 1:
            x, y = curve_of(view)
            bounds = np.array([view.bounds[0], heights_of(view, walks, y)])
            ground: dict[str, Any] = {"curve": [_numbers(x), _numbers(y)]}
        else:
            bounds, ground = view.bounds, _contours(axes, view)
        low, high, log = steps_limits(walks)
        return {
            "size": _SIZE,
            "labels": [*view.labels, "loss"][:2],
            "one": len(view.places) == 1,
            "bounds": bounds.tolist(),
            "ticks": [_ticks(*pair) for pair in bounds],
            **ground,
            "losses": {"bounds": [low, high], "log": log, "ticks": _ticks(low, high, log)},
            "steps": {"ticks": _ticks(0, max(longest, 1), whole=True)},
            "frames": frames,
            "walks": [
                _walk(view, walk, frames) | _look(place, colours)
                for place, walk in enumerate(walks)
            ],
        }


def _walk(view: View, walk: Walk, frames: Sequence[int]) -> dict[str, Any]:
    """A walk at the frames that it has come to, and at its last point."""
    last = len(walk.points) - 1
    kept = sorted({*(step for step in frames if step <= last), last})
    between = [slice(a, b) for a, b in pairwise(kept)]
    return {
        "name": walk.name or "the descent",
        "steps": kept,
        "points": [_numbers(point) for point in view.points(walk)[kept]],
        "losses": _numbers(walk.losses[kept]),
        "gradients": [_numbers(g) for g in view.gradients(walk)[kept]],
        "rose": [bool(walk.rose[part].any()) for part in between],
        "passed": [bool(walk.passed[part].any()) for part in between],
    }


def _numbers(array: Array) -> list[Any]:
    return [in_json(float(x)) for x in array]


def _look(place: int, colours: Colours) -> dict[str, Any]:
    """The marker and the dashes of a walk, which are those of the figure."""
    from matplotlib.markers import MarkerStyle

    marker = MarkerStyle(colours.marker(place))
    rings: Any = marker.get_path().transformed(marker.get_transform()).to_polygons()
    upside_down = [ring * (1, -1) for ring in rings]  # as an SVG has it
    return {"marker": _outline(upside_down, 3), "dashes": dasharray(place)}


def _outline(rings: Any, digits: int) -> str:
    """Closed lines as the path of an SVG."""
    return "".join(
        "M" + "L".join(f"{x:.{digits}f},{y:.{digits}f}" for x, y in ring) + "Z" for ring in rings
    )


def _ticks(low: float, high: float, log: bool = False, whole: bool = False) -> list[Any]:
    """Round numbers between two, each with its text."""
    from matplotlib.ticker import MaxNLocator

    locator = round_powers(low, high) if log else MaxNLocator(6, integer=whole)
    values = [float(x) for x in locator.tick_values(low, high) if low <= x <= high]
    return [[x, number(x, 6)] for x in values]


def _contours(axes: Any, view: View) -> dict[str, Any]:
    """What lies above each level, and what is not finite, as paths in the units of the page."""
    land = landscape_of(view)
    across, up = (
        (side - low) / (high - low) * size
        for side, (low, high), size in zip((land.across, land.up), view.bounds, _SIZE, strict=True)
    )
    up = _SIZE[1] - up
    levels = [*land.levels.tolist()]
    highest = np.nanmax(land.losses, initial=0.0) if levels else 0.0
    above = [
        {"level": level, "d": _region(axes, across, up, land.losses, level, highest)}
        for level in levels
    ]
    missing = np.isnan(land.losses).astype(float)
    gaps = _region(axes, across, up, missing, 0.5, 2.0) if missing.any() else ""
    return {"above": above, "missing": gaps}


def _region(axes: Any, across: Array, up: Array, heights: Array, low: float, high: float) -> str:
    """Where heights lie between two levels, as the outline of an SVG."""
    between = axes.contourf(across, up, heights, levels=[low, np.nextafter(high, np.inf)])
    (path,) = between.get_paths()
    return _outline(path.cleaned(simplify=True).to_polygons(closed_only=False), 1)


def _colours(count: int, levels: int) -> str:
    """The style of what has the colours of the figures: the walks, and what lies above a level."""

    from matplotlib.colors import to_hex

    def rules(theme: str) -> str:
        colours = colours_of(theme)
        own = "".join(f"--walk-{k}:{colours.colour(k)};" for k in range(count))
        shades = enumerate(to_hex(shade) for shade in shades_of(colours, levels + 1))
        above = "".join(f".above-{k}{{fill:{shade}}}" for k, shade in shades)
        return f":root{{{own}--mark:{colours.mark};--line:{colours.line}}}{above}"

    each = "".join(f".walk-{k}{{--walk:var(--walk-{k})}}" for k in range(count))
    return f"{rules('light')}\n@media (prefers-color-scheme: dark){{{rules('dark')}}}\n{each}"
