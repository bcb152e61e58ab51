"""Sums of what gathers pull back, as a person writes them: zeros, then `d_x[0] += ...`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..steps import Step


def sums_of_scatters(
    steps: Sequence[Step], uses: Counter[Step]
) -> tuple[dict[Step, list[Any]], set[Step]]:
    """For each step that adds scatters up, what they are added to, then these in order.

    The first is None where it is zeros. The second answer is the steps that have no line of
    their own then.
    """
    found: dict[Step, list[Any]] = {}
    absorbed: set[Step] = set()
    for step in reversed(steps):
        if step not in absorbed:
            parts, inside = _parts(step, uses)
            if len(parts) > 1:
                found[step] = parts
                absorbed.update(inside)
    return found, absorbed


def _parts(step: Step, uses: Counter[Step]) -> tuple[list[Any], list[Step]]:
    """What a sum starts from and the scatters that it adds, and the steps inside of it."""
    scatters: list[Step] = []
    inside: list[Step] = []
    whole: Any = step
    while whole is step or uses[whole] == 1:
        if _is_scatter(whole):
            return [None, whole, *reversed(scatters)], inside
        apart = _apart(whole, uses)
        if apart is None:
            break
        one, rest = apart
        scatters.append(one)
        inside.append(one)
        if not isinstance(rest, Step):
            return [rest, *reversed(scatters)], inside
        inside.append(rest)
        whole = rest
    return [whole, *reversed(scatters)], inside[:-1]


def _apart(step: Step, uses: Counter[Step]) -> tuple[Step, Any] | None:
    """The scatter that a sum adds last, used nowhere else, and what it adds it to."""
    if step.primitive is None or step.primitive.name != "add":
        return None
    a, b = step.operands
    for one, rest in ((b, a), (a, b)):
        if not (_is_scatter(one) and uses[one] == 1 and isinstance(rest, (Step, np.ndarray))):
            continue
        if one.shape == rest.shape == step.shape and one.dtype == rest.dtype:
            return one, rest
    return None


def _is_scatter(step: Any) -> bool:
    is_operation = isinstance(step, Step) and step.primitive is not None
    return is_operation and step.primitive.name == "scatter" and bool(step.shape)
