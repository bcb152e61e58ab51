"""How a training's history is shown: a table of its epochs, and a figure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_ROWS = 20  # of a table; of more epochs every so many are shown
_TRAINED, _HELD_OUT = "#0b5cad", "#b83a00"  # that differ in lightness, too


def table(epochs: Mapping[str, Sequence[Any]]) -> str:
    """The epochs as lines of text, the last one among them."""
    count = len(epochs["epoch"])
    if not count:
        return "No epoch has ended yet."
    shown = sorted({round(i) for i in np.linspace(0, count - 1, min(count, _ROWS))})
    names = [n for n in epochs if n not in ("lr", "time")] + ["lr", "time"]
    rows = [[_cell(name, epochs[name][i]) for name in names] for i in shown]
    head = [name.replace("_", " ") for name in names]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in (head, *rows)]
    return "\n".join(lines)


def _cell(name: str, value: Any) -> str:
    if name == "time":
        return f"{value:.3g} s"
    return f"{value}" if isinstance(value, int) else f"{value:.5g}"


def plot(history: Any, path: str | os.PathLike[str] | None) -> Any:
    """See `History.plot`."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "A history is plotted by matplotlib, which is not installed.\n"
            "Install it: pip install matplotlib"
        ) from error
    if not history.steps["loss"]:
        raise ValueError("A history is plotted when there is a step in it, but this one has none.")
    names = ["loss", *history.metrics]
    figure = Figure(figsize=(6.4, 1 + 2.6 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        _panel(axes, history, name)
    panels[-1].set_xlabel("epoch")
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _panel(axes: Any, history: Any, name: str) -> None:
    """One quantity: of each step, and of each epoch at its end."""
    epochs, steps = history.epochs, history.steps[name]
    places = _places(history.steps["epoch"])
    axes.plot(places, steps, color=_TRAINED, alpha=0.25, linewidth=0.8, label="each step")
    axes.plot(epochs["epoch"], epochs[name], color=_TRAINED, linewidth=2, label="training")
    if held_out := epochs.get(f"validation_{name}"):
        axes.plot(epochs["epoch"], held_out, "--", color=_HELD_OUT, linewidth=2, label="validation")
    axes.set_ylabel(name)
    if name == "loss" and min(steps) > 0:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def _places(epochs: Sequence[int]) -> np.ndarray[Any, Any]:
    """Where each step stands on the axis of epochs: the last of the first at 1."""
    numbers = np.asarray(epochs)
    _, firsts, counts = np.unique(numbers, return_index=True, return_counts=True)
    within = np.arange(len(numbers)) - np.repeat(firsts, counts) + 1
    return numbers - 1 + within / np.repeat(counts, counts)
