"""What a classifier gets wrong: which class it takes for which, and where it is surest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import data_of, describe, is_count

from .classes import places_of, probabilities, way_to_ask
from .figures import Colours, figure, rgb

Array = np.ndarray[Any, Any]
_COLUMNS = 6  # of images
_LONG, _WIDE = 14, 5  # characters of a name above an image, and of one below a column


class _Classified(NamedTuple):
    """Rows, by the places of their classes, and what a model says of them."""

    chances: Array  # (rows, classes)
    truth: Array
    names: list[str]

    @property
    def found(self) -> Array:
        return np.asarray(self.chances.argmax(axis=1))


def _classified(
    model: Any, X: Any, y: Any, names: Sequence[Any] | None, logits: bool | None
) -> _Classified:
    rows = np.asarray(data_of(X))
    if rows.ndim < 2 or not len(rows):
        raise ValueError(
            "A classifier is asked about rows, of shape (rows, features), but these are "
            f"{describe(X)}."
        )
    chances = probabilities(way_to_ask(model, rows).outputs(rows), logits)
    truth, called = places_of(y, chances.shape[1], len(rows), names)
    return _Classified(chances, truth, called)


def confusion(
    model: Any, X: Any, y: Any, path: str | os.PathLike[str] | None = None, *,
    theme: str = "light", title: str | None = None, names: Sequence[Any] | None = None,
    logits: bool | None = None,
) -> Any:  # fmt: skip
    """The confusion matrix: how many rows of each class are taken for each other one.

    What is right stands on the diagonal; the fuller a cell, the larger its share of the class. The
    arguments, the figure and the errors are as in `boundary`, for any number of features.

    >>> figure = confusion(lambda X: X, np.array([[0.9, 0.1], [0.8, 0.2]]), [0, 1])
    >>> figure.axes[0].get_title(loc="left")
    '1 of 2 rows right, 50.0%'
    """
    rows = _classified(model, X, y, names, logits)
    classes = len(rows.names)
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (rows.truth, rows.found), 1)
    right = int(np.trace(counts))
    size = 2.2 + 0.45 * max(classes, 4)
    with figure(path, theme, size, size) as (drawn, colours):
        axes = drawn.subplots()
        _cells(axes, counts, colours)
        turned: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        long = max(map(len, rows.names)) > _WIDE
        axes.set_xticks(range(classes), rows.names, **(turned if long else {}))
        axes.set_yticks(range(classes), rows.names)
        axes.set(xlabel="taken for", ylabel="class")
        share = f"{right:,} of {len(rows.truth):,} rows right, {right / len(rows.truth):.1%}"
        axes.set_title(share if title is None else title)
    return drawn


def _cells(axes: Any, counts: Array, colours: Colours) -> None:
    """The cells, each mixed into the paper by its share of the row: right ones, and wrong ones."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = ~np.eye(len(counts), dtype=bool)
    # Of a good classifier the few wrong ones are to be seen, too.
    strength = 0.85 * np.where(wrong, (counts > 0) * (0.2 + 0.8 * np.sqrt(share)), share)
    full = np.where(wrong[..., None], rgb(colours.second), rgb(colours.first))
    axes.imshow(colours.mixed(full, strength))
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ink = colours.paper if strength[i, j] > 0.5 else colours.ink
            weight = "bold" if i != j else "normal"
            axes.text(j, i, f"{count}", ha="center", va="center", color=ink, weight=weight)
    axes.spines[["top", "right"]].set_visible(True)
    edges = np.arange(len(counts) - 1) + 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", linewidth=0.5)
    axes.tick_params(which="both", length=0)


def mistakes(
    model: Any, X: Any, y: Any, path: str | os.PathLike[str] | None = None, *,
    images: Any = None, count: int = 12, theme: str = "light", title: str | None = None,
    names: Sequence[Any] | None = None, logits: bool | None = None,
) -> Any:  # fmt: skip
    """The rows that are taken for another class most surely, the worst of them first.

    Of images, of shape (rows, height, width), which X may be itself, each is shown with its class
    and the one it is taken for; of other rows the two probabilities. At most `count` are shown.
    The arguments, the figure and the errors are as in `boundary`, for any number of features; it
    raises ValueError as well where there is no mistake to show.

    >>> X = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> figure = mistakes(lambda X: X, X, [1, 1, 1])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['row 0', 'row 2']
    """
    if not is_count(count):
        raise ValueError(f"`count` is a whole number from 1 up, but this is {count!r}.")
    rows = _classified(model, X, y, names, logits)
    shown = _images(X if images is None else images, len(rows.truth), images is not None)
    wrong = np.flatnonzero(rows.found != rows.truth)
    if not len(wrong):
        raise ValueError(
            f"The worst mistakes are shown, but all {len(rows.truth)} rows are right.\n"
            "Look at `viz.confusion`, or at rows that are not so easy."
        )
    worst = wrong[np.argsort(-rows.chances[wrong].max(axis=1), kind="stable")][:count]
    caption = f"The surest {len(worst)} of {len(wrong)} mistakes in {len(rows.truth):,} rows"
    caption = caption if title is None else title
    if shown is None:
        return _bars(rows, worst, path, theme, caption)
    return _gallery(rows, worst, shown, path, theme, caption)


def _images(given: Any, rows: int, asked: bool) -> Array | None:
    """Images of each row; None where these rows are none."""
    images = np.asarray(data_of(given))
    fits = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (3, 4))
    if fits and len(images) == rows:
        return images
    if asked:
        raise ValueError(
            f"Images are of shape (rows, height, width), here of {rows} rows, but these have shape "
            f"{images.shape}.\nReshape them, as in `X.reshape(-1, 8, 8)`."
        )
    return None


def _gallery(
    rows: _Classified, worst: Array, images: Array, path: Any, theme: str, title: str
) -> Any:
    columns = min(len(worst), _COLUMNS)
    lines = -(-len(worst) // columns)
    with figure(path, theme, max(1.25 * columns, 4.5), 0.5 + 1.65 * lines) as (drawn, colours):
        drawn.suptitle(title, x=0.02, ha="left", fontsize=11)
        for place, i in enumerate(worst, start=1):
            axes = drawn.add_subplot(lines, columns, place, xticks=[], yticks=[])
            axes.imshow(_inked(images[i], colours), interpolation="nearest")
            axes.spines[:].set_visible(True)
            truth, found = rows.names[rows.truth[i]], rows.names[rows.found[i]]
            text = f"{_short(truth)}, taken for\n{_short(found)} ({rows.chances[i].max():.0%})"
            axes.set_title(text, loc="center", fontsize=8, color=colours.ink)
    return drawn


def _inked(image: Array, colours: Colours) -> Array:
    """Grey levels in ink, the greatest full; colours as they are."""
    if image.ndim == 3:
        return image
    low, spread = image.min(), np.ptp(image)
    return colours.mixed(rgb(colours.ink), (image - low) / (spread or 1.0))


def _bars(rows: _Classified, worst: Array, path: Any, theme: str, title: str) -> Any:
    """A line for each row, from the probability of its class to that of the one it is taken for."""
    heights = np.arange(len(worst))
    found, truth = rows.found[worst], rows.truth[worst]
    high, low = rows.chances[worst, found], rows.chances[worst, truth]
    with figure(path, theme, 6.4, 1.6 + 0.42 * len(worst)) as (drawn, colours):
        axes = drawn.subplots()
        axes.hlines(heights, low, high, color=colours.line, linewidth=1.5, zorder=1)
        for chances, colour, marker, label in (
            (low, colours.first, "o", "its class"),
            (high, colours.second, "X", "taken for"),
        ):
            axes.scatter(chances, heights, s=48, color=colour, marker=marker, label=label)
        for height, i, a, b in zip(heights, worst, low, high, strict=True):
            names = rows.names[rows.truth[i]], rows.names[rows.found[i]]
            axes.annotate(names[0], (a, height), (-8, 0), textcoords="offset points",
                          ha="right", va="center", fontsize=8)  # fmt: skip
            axes.annotate(names[1], (b, height), (8, 0), textcoords="offset points",
                          ha="left", va="center", fontsize=8)  # fmt: skip
        axes.set_yticks(heights, [f"row {i}" for i in worst])
        axes.invert_yaxis()
        axes.margins(y=0.5 / len(worst))
        axes.set(xlim=(-0.25, 1.25), xticks=np.linspace(0, 1, 5), xlabel="probability", title=title)
        axes.grid(axis="x")
        drawn.legend(loc="outside lower center", ncols=2)
    return drawn


def _short(name: str) -> str:
    return name if len(name) <= _LONG else name[: _LONG - 1] + "…"
