"""Which steps are views: their result lies in the memory of an operand, and none is made for it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from ..steps import Step


class Views:
    """Tells of each step in order which operand it is a view of.

    The arrays of the trace do not say: two of them may have become one step, and buffers have an
    order of their own. So each operation is tried on arrays as the program will have them.
    `in_order` says of a step whether its entries lie in C's order at every call, as in a buffer.
    """

    def __init__(self, in_order: Callable[[Step], bool]) -> None:
        self._in_order = in_order
        self._arrays: dict[Step, Any] = {}
        self._views: set[Step] = set()  # of which some have no axes, and are in memory all the same

    def base(self, step: Step) -> Step | None:
        """The operand whose memory a result is in, or may be in for some order of its entries."""
        if not isinstance(step.example, np.ndarray) or _is_new(step):
            return None
        result = self._tried(step)
        for operand in step.steps():
            if not (operand.shape or self._is_in_memory(operand, step)):
                continue
            if result is not None and np.may_share_memory(self._array(operand), result):
                self._arrays[step] = result
                self._views.add(step)
                return operand
            # In other orders it may be a view, though it is not in this one.
            if not self._in_order(operand) and _may_be_view(step, operand):
                self._views.add(step)
                return operand
        return None

    def is_read_only(self, step: Step) -> bool:
        """Whether a result is a view that no one can write into, as of what is repeated."""
        return step in self._views and not self._array(step).flags.writeable

    def _is_in_memory(self, operand: Step, step: Step) -> bool:
        """Whether a step reads the memory of an operand without axes, and no number made of it."""
        asked = step.primitive is not None and bool(step.primitive.formula.asked)
        array = isinstance(operand.example, np.ndarray)
        number = operand.primitive is not None and operand.primitive.elementwise
        in_memory = operand in self._views or (array and not number)
        return in_memory and not (asked and operand.dtype == np.float64)

    def _tried(self, step: Step) -> Any:
        """The step's result on such arrays; None where there is none of zeros."""
        primitive: Any = step.primitive
        operands = [self._array(o) if isinstance(o, Step) else o for o in step.operands]
        try:
            with np.errstate(all="ignore"):
                return primitive.on_arrays(
                    *([operands] if primitive.variadic else operands), *step.params
                )
        except (ArithmeticError, ValueError):
            return None

    def _array(self, step: Step) -> Any:
        """An array whose entries lie as those of a step's result, or a number."""
        if not isinstance(step.example, np.ndarray):
            return np.float64(step.example)  # which takes an index, too
        if step not in self._arrays:
            self._arrays[step] = np.zeros(step.shape, step.dtype)
        return self._arrays[step]


def _is_new(step: Step) -> bool:
    """Whether a result is new memory in any case: that of arithmetic, and of any operator."""
    primitive = step.primitive
    return (
        primitive is None or primitive.elementwise or isinstance(primitive.formula.tree, ast.BinOp)
    )


def _may_be_view(step: Step, operand: Step) -> bool:
    formula = step.primitive.formula.text if step.primitive else ""
    reshapes = any(word in formula for word in ("reshape", "ravel"))
    return reshapes or np.may_share_memory(operand.example, step.example)
