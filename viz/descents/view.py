"""View: which weights a picture of a descent is over, and which part of the plane it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import is_count

from .function import Function
from .walks import Walk

Array = np.ndarray[Any, Any]
LARGEST = 1e200  # of losses and weights that are drawn: more is as good as infinite
_HIGH = 20.0  # times as high as the start: of a walk that diverges what is higher is not seen
_DIVERGED = 1e4  # times as high as its first points goes a walk that diverges, which rises
_MOSTLY = 0.75  # of its steps
_FIRST = 5  # points of a walk that are in the view, where none of them leaves it
_LEAP = 50.0  # times the view so far, or the start: so far goes a step that leaves the view
_MARGIN = 0.12  # of the range, around the points


class View(NamedTuple):
    """One weight or two of a function: the places, what they are called, and how far one sees."""

    function: Function
    places: tuple[int, ...]
    labels: tuple[str, ...]
    bounds: Array  # (weights, 2)
    held: Array  # all weights, where those that are not looked at stay

    @property
    def note(self) -> str:
        """What is to be said of the other weights, if there are any."""
        others = len(self.held) - len(self.places)
        what = "the other weight is" if others == 1 else f"the other {others} weights are"
        return f"{what} where the loss is lowest" if others else ""

    def points(self, walk: Walk) -> Array:
        """Where a walk passes, of shape (points, weights of the view)."""
        return walk.points[:, self.places]

    def gradients(self, walk: Walk) -> Array:
        """The gradients of a walk by the weights of the view."""
        return walk.gradients[:, self.places]

    def losses(self, grid: Array, coarse: Array) -> tuple[Array, Array]:
        """A grid of points, of shape (points, weights of the view), and the losses there.

        It is the coarse one where the function has to be asked point by point.
        """
        found = self.function.at_once(self._whole(grid))
        if found is not None:
            return grid, found
        return coarse, self.function.each(self._whole(coarse))

    def _whole(self, points: Array) -> Array:
        whole = np.tile(self.held, (len(points), 1))
        whole[:, self.places] = points
        return whole


def view_of(
    function: Function, walks: Sequence[Walk], weights: Any = None, bounds: Any = None
) -> View:
    """The view of these walks, over the weights that are chosen, or over all, one or two.

    Raises ValueError for more without a choice, for a choice of what is not there, and for bounds
    that are not one pair for each weight.
    """
    count = walks[0].points.shape[1]
    places, labels = _chosen(weights, function.labels)
    if len(places) > 2 or not places:
        what = "this path" if weights is None else "this choice"
        raise ValueError(
            f"A descent is drawn over one weight or two, but {what} has {len(places)}.\n"
            f"Choose by their places from 0 to {count - 1}, as in "
            "`weights=(0, 1)`; the others stay where the loss is lowest."
        )
    lowest = _lowest(walks)
    seen = _given(bounds, len(places))
    if seen is None:
        seen = _around(walks, places, lowest)
    return View(function, places, labels, seen, lowest)


def _chosen(weights: Any, labels: Sequence[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The places of the weights, and what each is called."""
    count = len(labels)
    if weights is None:
        return tuple(range(count)), tuple(labels)
    named = weights if isinstance(weights, Mapping) else None
    chosen = tuple(named.values()) if named is not None else tuple(np.ravel(weights).tolist())
    for place in chosen:
        if not (is_count(place) or place == 0) or place >= count or isinstance(place, bool):
            raise ValueError(
                f"`weights` are places from 0 to {count - 1}, but one of these is {place!r}.\n"
                'Write `weights=(0, 1)`, or with names of yours `weights={"slope": 0}`.'
            )
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"`weights` are different ones, but these are {chosen}.")
    return chosen, tuple(str(n) for n in named or [labels[place] for place in chosen])


def _lowest(walks: Sequence[Walk]) -> Array:
    """Of all points that are finite, the one of the lowest loss; else the first."""
    points = np.concatenate([walk.points for walk in walks])
    losses = np.concatenate([walk.losses for walk in walks])
    fit = np.isfinite(losses) & _drawable(points)
    return np.asarray(points[np.where(fit, losses, np.inf).argmin()] if fit.any() else points[0])


def _drawable(points: Array) -> Array:
    """Which points have a place in a picture: the others are infinite, as good as that, or NaN."""
    return np.asarray((np.abs(points) <= LARGEST).all(axis=1))


def _given(bounds: Any, count: int) -> Array | None:
    if bounds is None:
        return None
    try:
        pairs = np.array(bounds, float).reshape(count, 2)
    except (TypeError, ValueError):
        pairs = np.empty((0, 2))
    if not len(pairs) or not _drawable(pairs).all() or not (pairs[:, 0] < pairs[:, 1]).all():
        pair = "(low, high)"
        raise ValueError(
            f"`bounds` are {pair if count == 1 else f'({pair}, {pair})'}, finite and the lower "
            f"first, but these are {bounds!r}."
        )
    return pairs


def _around(walks: Sequence[Walk], places: tuple[int, ...], lowest: Array) -> Array:
    """The bounds around what a reader wants to see, which is what `_seen` tells of each walk."""
    losses = np.concatenate([walk.losses for walk in walks])
    least = losses[np.isfinite(losses)].min(initial=np.inf)
    points = np.concatenate([walk.points[:, places][_seen(walk, places, least)] for walk in walks])
    if not len(points):
        points = np.where(np.abs(lowest) <= LARGEST, lowest, 0.0)[None, places]
    low, high = points.min(axis=0), points.max(axis=0)
    spread = high - low
    still = spread <= 1e-9 * np.maximum(np.abs(low), np.abs(high))
    # What does not move is seen as far around as another weight moves, or else in its own size.
    around = np.maximum(1.0, 0.5 * np.abs(low)) if still.all() else spread.max()
    half = np.where(still, around, spread) * (0.5 + _MARGIN)
    middle = low + spread / 2
    return np.stack([middle - half, middle + half], axis=1)


def _seen(walk: Walk, places: tuple[int, ...], least: float) -> Array:
    """Which points are to be seen: all, or of a walk that rises and rises those near the start.

    Near are the first ones, and those not far above. What a step leaps away to is not seen.
    """
    points, losses = walk.points[:, places], walk.losses
    fit = _drawable(points)
    above = losses - least
    seen = np.zeros(len(points), bool)
    if not fit.any():
        return seen
    first = int(fit.argmax())
    early = above[first : first + _FIRST]
    highest = above[fit & np.isfinite(above)].max(initial=0.0)
    finite = np.isfinite(losses[:-1]) & np.isfinite(losses[1:])
    rises = finite.any() and walk.rose[finite].mean() > _MOSTLY
    diverges = rises and highest > _DIVERGED * early[np.isfinite(early)].max(initial=0.0)
    top = _HIGH * above[first] if diverges else highest
    low = high = points[first]
    seen[first], size = True, float(np.abs(low).max(initial=1.0))
    for i in range(first + 1, len(points)):
        out = np.maximum(low - points[i], points[i] - high).max()
        if (above[i] <= top or i < first + _FIRST) and out <= _LEAP * size:
            low, high = np.minimum(low, points[i]), np.maximum(high, points[i])
            seen[i], size = True, max(size, float((high - low).max()))
    return seen
