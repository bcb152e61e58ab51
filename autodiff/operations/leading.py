"""Axes in front: a rule may be given a stack of cotangents, one for each row of a Jacobian.

Then ct has more axes than the output z has, in front. A rule holds for both if it counts axes
from the end, or by these.
"""

from __future__ import annotations

from typing import Any

from ..graph.node import shape_of


def in_front(ct: Any, z: Any) -> tuple[int, ...]:
    """The lengths of the axes that a cotangent has in front of those of the output."""
    shape = shape_of(ct)
    return shape[: max(0, len(shape) - len(shape_of(z)))]


def behind(axis: Any, ct: Any, z: Any) -> Any:
    """An axis of the output, several or (None) all, as axes of the cotangent."""
    count = len(in_front(ct, z))
    if not count:
        return axis
    if axis is None:
        return tuple(range(-len(shape_of(z)), 0))
    if isinstance(axis, (tuple, list)):
        return tuple([behind(a, ct, z) for a in axis])
    return axis + count if axis >= 0 else axis


def index_behind(index: Any, count: int) -> Any:
    """An index of what stands behind so many axes, of which all are taken."""
    if not count:
        return index
    return (*(slice(None),) * count, *(index if isinstance(index, tuple) else (index,)))
