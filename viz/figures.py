"""How figures look, the project's colours in light and dark, and how matplotlib writes them."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import replacing

from .palette import DARK, GRADIENT, INK, LINE, LOCAL, MARK, PAPER
from .picture import check_writable, kind_of

Array = np.ndarray[Any, Any]
_DPI = 150
# Of six classes, which differ in lightness and not in hue alone: for normal eyes, and for those
# that lack one kind of cone as simulated by Machado, Oliveira and Fernandes (2009), any two are at
# least 15 units of CIELAB apart.
_CLASSES = ("#0b5cad", "#e69f00", "#7a1f5c", "#35a08a", "#c8443a", "#8fbce6")
_CLASSES_DARK = ("#5aa5ff", "#ffcf5c", "#c257a6", "#35c9a5", "#f0653f", "#d5e6f7")
_MARKERS = "os^DvPX*<>"
# Nothing of when it is written, so that the same figure is the same file.
_TIMELESS: dict[str, dict[str, Any]] = {
    "svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {},
}  # fmt: skip


class Colours(NamedTuple):
    """The colours of a figure: what it is drawn on and with, two curves, warnings, and classes."""

    paper: str
    ink: str
    line: str
    first: str
    second: str
    mark: str
    classes: tuple[str, ...]

    def colour(self, place: int) -> str:
        """The colour of a class, by its place."""
        return self.classes[place % len(self.classes)]

    def marker(self, place: int) -> str:
        """The marker of a class: with its colour, that of no other one of 30."""
        return _MARKERS[place % len(_MARKERS)]

    def mixed(self, colours: Array, share: Array) -> Array:
        """Colours mixed into the paper: all of it where `share` is 1, none where it is 0."""
        part = share[..., None]
        return np.asarray((1 - part) * rgb(self.paper) + part * colours)


def rgb(colour: str) -> Array:
    """The red, green and blue of a colour such as "#0b5cad", from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


_COLOURS = {
    "light": Colours(PAPER["light"], INK, LINE, LOCAL, GRADIENT, MARK, _CLASSES),
    "dark": Colours(
        PAPER["dark"], DARK[INK], DARK[LINE], DARK[LOCAL], DARK[GRADIENT], DARK[MARK], _CLASSES_DARK
    ),
}


def colours_of(theme: str) -> Colours:
    """The colours of a theme. Raises ValueError for what is none, "auto" included."""
    if theme not in _COLOURS:
        raise ValueError(
            "A figure has the colours that it was drawn in: it cannot follow the page, as a graph "
            f"does.\nIts `theme` is 'light' or 'dark', but this is {theme!r}."
        )
    return _COLOURS[theme]


@contextmanager
def figure(
    path: str | os.PathLike[str] | None, theme: str, width: float, height: float
) -> Iterator[tuple[Any, Colours]]:
    """A figure of so many inches to draw into, and its colours; written to `path` afterwards.

    Raises ImportError where matplotlib is not installed, ValueError for a theme that is none of a
    figure or a path of another ending than a picture's, and OSError for a path that cannot be
    written, before anything is drawn.
    """
    kind = None
    if path is not None:
        kind = kind_of(Path(path))
        check_writable(Path(path))
    made, colours = _figure_type(), colours_of(theme)
    import matplotlib.style

    with matplotlib.style.context(["default", _settings(colours)]):
        drawn = made(figsize=(width, height), layout="constrained")
        yield drawn, colours
        if path is not None and kind is not None:
            picture = _rendered(drawn, kind)
            with replacing(path) as file:
                file.write(picture)


def round_powers(low: float, high: float) -> Any:
    """A locator of ticks on a logarithmic axis: powers of 10; 1, 2 and 5 in a small range."""
    from matplotlib.ticker import LogLocator

    return LogLocator(subs=(1.0,) if high / low > 1e3 else (1.0, 2.0, 5.0))


def plain_numbers(axis: Any) -> None:
    """Ticks of a logarithmic axis as 0.01 and 0.02, at 1, 2 and 5 where the range is small."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_locator(round_powers(*axis.get_view_interval()))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_formatter(NullFormatter())


@functools.cache
def _figure_type() -> Any:
    """The figures of matplotlib, which belong to no window, and show themselves in a notebook."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Figures are drawn by matplotlib, which is not installed.\n"
            "Install it: pip install matplotlib"
        ) from error

    class Shown(Figure):
        def _repr_png_(self) -> bytes:
            return _rendered(self, "png")

    return Shown


def svg_of(drawn: Any) -> bytes:
    """A figure as an SVG for a page whose ground is seen behind it: its text is text."""
    import matplotlib

    for axes in drawn.axes:
        axes.patch.set_visible(False)
    drawn.patch.set_visible(False)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nabigrad"}):
        return _rendered(drawn, "svg")


def _rendered(drawn: Any, kind: str) -> bytes:
    file = io.BytesIO()
    drawn.savefig(file, format=kind, dpi=_DPI, metadata=_TIMELESS[kind])
    return file.getvalue()


def _settings(colours: Colours) -> dict[str, Any]:
    """What is not as matplotlib has it; what the reader has set is for figures of their own."""
    lines = ("xtick.color", "ytick.color", "axes.edgecolor", "grid.color")
    inks = ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor")
    papers = ("figure.facecolor", "axes.facecolor")
    return {
        **dict.fromkeys(lines, colours.line),
        **dict.fromkeys(inks, colours.ink),
        **dict.fromkeys(papers, colours.paper),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "svg.hashsalt": "nabigrad",
    }
