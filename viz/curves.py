"""The curve of a loss: of each step of a training, and of its epochs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.extend import describe

from .figures import Colours, figure, plain_numbers

Array = np.ndarray[Any, Any]


def loss_curve(
    history: Any, path: str | os.PathLike[str] | None = None, *, theme: str = "light",
    title: str | None = None,
) -> Any:  # fmt: skip
    """The loss of each step, the mean of each epoch and that of other data; the metrics below it.

    Of the History that `optim.train` gives, or of a list of losses, one for each step. It is
    logarithmic where every loss is above 0. Gives a figure of matplotlib, which shows itself in a
    notebook, and writes it to `path`, an svg, png or pdf file; `theme` is "light" or "dark", as the
    page is that it is for. Raises ValueError where there is no step yet, for another theme and for
    another ending of `path`, TypeError for what is no history, ImportError where matplotlib is not
    installed.

    >>> figure = loss_curve([1.0, 0.5, 0.25])
    >>> figure.axes[0].get_yscale()
    'log'
    """
    panels = _panels(history)
    with figure(path, theme, 6.4, 1.2 + 2.6 * len(panels)) as (drawn, colours):
        all_axes = drawn.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, curves) in zip(all_axes, panels.items(), strict=True):
            _panel(axes, name, curves, colours)
        if len(panels["loss"]) > 1:
            all_axes[0].legend()
        if title is not None:
            all_axes[0].set_title(title)
        all_axes[-1].set_xlabel("epoch" if hasattr(history, "epochs") else "step")
        all_axes[-1].xaxis.get_major_locator().set_params(integer=True)
        drawn.align_ylabels()
    return drawn


Curves = dict[str, tuple[Array, Array]]


def _panels(history: Any) -> dict[str, Curves]:
    """Of each quantity its curves: where their points stand, and how high."""
    if not hasattr(history, "steps"):
        return {"loss": {"each step": _of_list(history)}}
    steps, epochs = history.steps, history.epochs
    if not steps["loss"]:
        raise ValueError(
            "A curve is drawn of what a training has noted, but this history has no step yet.\n"
            "Train first: `history = optim.train(...)`."
        )
    places, ends = _places(steps["epoch"]), np.asarray(epochs["epoch"])
    panels: dict[str, Curves] = {}
    for name in ("loss", *history.metrics):
        curves = {"each step": (places, np.asarray(steps[name]))}
        if len(ends) == len(places):  # where an epoch is one step, the two are one curve
            curves.clear()
        if len(ends):
            curves["training"] = ends, np.asarray(epochs[name])
        if f"validation_{name}" in epochs:
            curves["validation"] = ends, np.asarray(epochs[f"validation_{name}"])
        panels[name] = curves
    return panels


def _of_list(losses: Any) -> tuple[Array, Array]:
    try:
        heights = np.array([float(loss) for loss in losses])
    except (TypeError, ValueError):
        raise TypeError(
            "A loss curve is drawn of a History or of a list of losses, but this is "
            f"{describe(losses)}.\nPass what `optim.train` gave, or `[loss.item(), ...]`."
        ) from None
    if not len(heights):
        raise ValueError("A curve is drawn of one loss or more, but this list has none.")
    return np.arange(1, len(heights) + 1), heights


def _places(epochs: Sequence[int]) -> Array:
    """Where each step stands on the axis of epochs: the last of the first at 1."""
    numbers = np.asarray(epochs)
    _, firsts, counts = np.unique(numbers, return_index=True, return_counts=True)
    within = np.arange(len(numbers)) - np.repeat(firsts, counts) + 1
    return numbers - 1 + within / np.repeat(counts, counts)


def _panel(axes: Any, name: str, curves: Curves, colours: Colours) -> None:
    """One quantity; what is of other data is dashed."""
    looks: dict[str, dict[str, Any]] = {
        "each step": {"color": colours.first, "alpha": 0.45, "linewidth": 0.9},
        "training": {"color": colours.first, "linewidth": 2},
        "validation": {"color": colours.second, "linewidth": 2, "linestyle": (0, (4, 1.5))},
    }
    if list(curves) == ["each step"]:
        looks["each step"] |= {"alpha": 1, "linewidth": 1.5}
    for kind, (places, heights) in curves.items():
        alone = {"marker": "o"} if len(places) == 1 else {}
        drawn = np.where(np.isfinite(heights), heights, np.nan)  # a gap
        axes.plot(places, drawn, label=kind, **looks[kind], **alone)
    finite = [heights[np.isfinite(heights)].min(initial=np.inf) for _, heights in curves.values()]
    axes.set_ylabel(name.replace("_", " "))
    if name == "loss" and min(finite) > 0:
        axes.set_yscale("log")
        plain_numbers(axes.yaxis)
    axes.margins(x=0.02)
    axes.grid()
