"""What is wrong with a wrong gradient: the patterns by which mistakes in rules are known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..transforms.unbroadcast import sum_to
from .problem import Vector

Array = np.ndarray[Any, np.dtype[Any]]


def alike(a: Any, b: Any, slack: Any = 0.0) -> bool:
    """Whether two arrays are the same but for what the numeric one may be off by."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    size = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
    return bool(np.all(np.abs(a - b) <= 1e-4 * (np.abs(b) + 1e-3 * size) + slack))


def pattern(
    analytic: Array, numeric: Array, slack: Array, wrong: Array, others: Sequence[Array] = (),
    lengths: Sequence[int] = (),
) -> str | None:  # fmt: skip
    """A sentence that says how `analytic` is wrong, if it is in a way that is known.

    All are of the shape of one argument; `wrong` marks the wrong entries. `others` are the
    numeric gradients by the other arguments, `lengths` those of all axes that take part.
    """
    if not np.isfinite(analytic[wrong]).all():
        return (
            "It is not finite where the derivative is: a rule multiplies 0 by inf, or divides by 0."
        )
    if not analytic[wrong].any():
        return (
            "It is zero: a rule says so, or the path back is cut "
            "(by `.data`, a comparison, a plain copy)."
        )
    if numeric.ndim > 1 and wrong.sum() > 1:
        turned = np.swapaxes(numeric, -1, -2)
        if alike(analytic, turned, slack.max(initial=0.0)):
            return "It is transposed: the last two axes are exchanged."
    sentence = _by_ratio(analytic[wrong], numeric[wrong], slack[wrong], lengths)
    if sentence is not None:
        return sentence
    for other in others:
        if alike(analytic, other, slack.max(initial=0.0)):
            return "It is the derivative by another argument: operands are swapped."
    return None


def _by_ratio(analytic: Array, numeric: Array, slack: Array, lengths: Sequence[int]) -> str | None:
    """The pattern, where the wrong entries are the right ones times some number."""
    if not numeric.any():
        return "It should be zero: the output does not change with this."
    for factor, sentence in (
        (-1.0, "It has the wrong sign."),
        (2.0, "It is off by a factor of two: it is twice the right one."),
        (0.5, "It is off by a factor of two: it is half the right one."),
        (-2.0, "It is -2 times the right one."),
        (-0.5, "It is -1/2 times the right one."),
    ):
        if alike(analytic, factor * numeric, slack):
            return sentence
    for length in sorted({n for n in lengths if n > 2}):
        if alike(length * analytic, numeric, length * slack):
            return (
                f"It is 1/{length} of the right one, and {length} is the length of an axis: a "
                "broadcast sum is missing, or is a mean."
            )
        if alike(analytic, length * numeric, length * slack):
            return (
                f"It is {length} times the right one, and {length} is the length of an axis: a "
                "sum is taken where a mean belongs, or twice."
            )
    if analytic.size < 2 or not analytic.all():
        return None
    with np.errstate(all="ignore"):
        ratios = numeric / analytic
    if alike(ratios, np.full_like(ratios, ratios.mean()), np.abs(slack / analytic)):
        return f"It is {1 / ratios.mean():.4g} times the right one, everywhere."
    whole = np.rint(ratios)
    if (whole >= 2).all() and alike(ratios, whole, np.abs(slack / analytic)):
        return (
            "The right one is a whole multiple of it: where an entry is used several times, its "
            "cotangent is overwritten, not added."
        )
    return None


def missing_sum(
    analytic: Vector, contributions: Array, shapes: Sequence[tuple[int, ...]], slack: Vector
) -> str | None:
    """Whether just one slice of the output, along an axis, was counted.

    `contributions[i, o]` is what entry i gets from entry o of the output, whose leaves have
    these shapes.
    """
    if len(shapes) != 1 or not shapes[0]:
        return None
    table = contributions.reshape(len(analytic), *shapes[0])
    for axis, length in enumerate(shapes[0]):
        for place in range(length) if length > 1 else ():
            part = np.take(table, place, axis=axis + 1).reshape(len(analytic), -1).sum(axis=1)
            if alike(analytic, part, slack):
                return (
                    f"A broadcast sum is missing: only entry {place} along axis {axis} of the "
                    "output is counted."
                )
    return None


def misshapen(analytic: Array, numeric: Array, slack: Array) -> str:
    """What a gradient of another shape than its argument's is."""
    right = numeric.shape
    rule = f"A gradient has the shape of its argument, {right}, but it has {analytic.shape}."
    off = slack.max(initial=0.0)
    try:
        broadcast = np.broadcast_shapes(analytic.shape, right) == analytic.shape
    except ValueError:
        broadcast = False
    if broadcast and alike(sum_to(analytic, right), numeric, off):
        axes = [
            i
            for i, n in enumerate(analytic.shape)
            if i < analytic.ndim - len(right) or right[i - analytic.ndim + len(right)] != n
        ]
        return f"{rule}\nA broadcast sum is missing: summed over {_axes(axes)} it is right."
    for order in itertools.permutations(range(analytic.ndim)) if analytic.ndim < 5 else ():
        turned = analytic.transpose(order)
        if turned.shape == right and alike(turned, numeric, off):
            return f"{rule}\nIt is transposed: with its axes in the order {order} it is right."
    return rule


def _axes(axes: Sequence[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"the axes {', '.join(map(str, axes))}"


def tied(values: Array, wrong: Array) -> bool:
    """Whether entries that are wrong have the same value as another entry: a tie."""
    found, counts = np.unique(values, return_counts=True)
    return bool(np.isin(values[wrong], found[counts > 1]).all()) and bool(wrong.any())
