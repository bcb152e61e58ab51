"""descent: a loss over one weight or two, and the ways down that optimisers have taken."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..figures import figure
from .over_one import draw_over_one, size_over_one
from .over_two import draw_over_two, size_over_two
from .view import view_of
from .walks import walks_on


@np.errstate(all="ignore")  # losses may be infinite, and no numbers
def descent(
    f: Any, path: Any, file: str | os.PathLike[str] | None = None, *, theme: str = "light",
    title: str | None = None, weights: Any = None, bounds: Any = None,
) -> Any:  # fmt: skip
    """A loss over one weight or two, and on it where a descent has passed.

    `f` is the loss, a plain function as `autodiff.grad` takes it: of a number, of an array, or of
    as many numbers as there are weights. `path` is where a descent has passed: an array of shape
    (points,) or (points, weights), a list of points, or what `optim.minimize` found. A mapping of
    names to such draws several descents: over one weight side by side, over two in one landscape,
    each with a marker and dashes of its own.

    Over one weight it is the curve of f, and at each point the tangent, by `autodiff.grad`; over
    two the contours of f, and beside them the loss at each step. A step after which the loss is
    higher is drawn thick, and one that went past the lowest point of its way, where the slope
    along it has changed its sign, ends in a ring: both overshoot. Where f is not finite there is a
    gap, or hatching; a descent that goes out of all bounds leaves the picture, and that is said.

    Of more weights `weights` are the places of the one or two to look at, or a dict of their names
    and places; the others stay where the loss is lowest. `bounds`, a pair (low, high) for each
    weight, is how far one sees. Gives a figure of matplotlib, and writes it to `file`, an svg, png
    or pdf file; `theme` is "light" or "dark", as the page is that it is for. Raises TypeError for
    what is no function or path, ValueError for points, weights, bounds, a theme or an ending of
    `file` that do not fit, ImportError where matplotlib is not installed.

    >>> drawn = descent(lambda w: w * w, [2.0, -1.5, 1.0])
    >>> drawn.axes[0].get_title(loc="right")
    '1 after 2 steps'
    """
    function, walks = walks_on(f, path)
    view = view_of(function, walks, weights, bounds)
    over_one = len(view.places) == 1
    size = size_over_one(walks) if over_one else size_over_two(view)
    with figure(file, theme, *size) as (drawn, colours):
        (draw_over_one if over_one else draw_over_two)(drawn, view, walks, colours)
        if title is not None:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=12)
    return drawn
