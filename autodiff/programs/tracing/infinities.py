"""What a trace can know of infinities and zeros."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...graph.value import Value
from ...primitives.primitive import Primitive


def settled(
    node: Value, known: dict[Any, bool], itself: Callable[[Primitive, list[Any]], bool | None]
) -> bool:
    """Whether `itself`, or that of an operand (where it is None), holds: without recursion."""
    stack = [node]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        link = node._link
        if link is None:
            known[node] = False
            continue
        operands = [o for o in link.operands(node) if isinstance(o, Value)]
        answer = itself(link.primitive, operands)
        if answer is None:
            waiting = [o for o in operands if o not in known]
            if waiting:
                stack.extend(waiting)
                continue
            answer = any([known[o] for o in operands])
        known[node] = answer
    return known[node]


def wild_itself(primitive: Primitive, operands: list[Any]) -> bool | None:
    return reach(primitive) if primitive.elementwise else None


@functools.cache
def reach(primitive: Primitive) -> bool | None:
    """Whether an operation makes infinities of finite operands; None if it passes them on.

    Found by trying: the operation is computed at zero, at small and at large numbers.
    """
    count = len(primitive.operands)
    params = tuple(primitive.defaults.values())
    finite = np.array([-1e3, -1.0, -0.5, 0.0, 0.5, 1.0, 1e3])
    with np.errstate(all="ignore"):
        grid = np.meshgrid(*[finite] * count) if count > 1 else [finite]
        if not np.isfinite(primitive.on_arrays(*grid, *params)).all():
            return True
        ends = [np.array([-np.inf, np.inf])] * count
        grid = np.meshgrid(*ends) if count > 1 else ends
        return False if np.isfinite(primitive.on_arrays(*grid, *params)).all() else None


def chooses(primitive: Primitive, operands: list[Any]) -> bool | None:
    return True if any([dtype_of(o) == np.bool_ for o in operands]) else None


def dtype_of(operand: Any) -> np.dtype[Any]:
    return np.asarray(operand._data if isinstance(operand, Value) else operand).dtype
