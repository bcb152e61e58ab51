"""Cotangents of one node for many outputs at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import data_of
from ..operations import joining


class Rows:
    """Cotangents of one node: those of the rows from `start` on, stacked; of all others it is 0.

    `stack` has the shape `(count, *node.shape)`, and is an array or a node.
    """

    __slots__ = ("stack", "start")

    def __init__(self, start: int, stack: Any) -> None:
        self.start, self.stack = start, stack

    @property
    def stop(self) -> int:
        """The row behind the last."""
        return self.start + int(self.stack.shape[0])

    def __add__(self, other: Rows) -> Rows:
        if self.start == other.start and self.stack.shape == other.stack.shape:
            return Rows(self.start, self.stack + other.stack)
        start, stop = min(self.start, other.start), max(self.stop, other.stop)
        if type(self.stack) is np.ndarray is type(other.stack):
            whole = self.among(start, stop)
            whole = whole.copy() if whole is self.stack else whole
            whole[other.start - start : other.stop - start] += other.stack
            return Rows(start, whole)
        return Rows(start, self.among(start, stop) + other.among(start, stop))

    def without_zeros(self) -> Rows | None:
        """The rows from the first that is not 0 to the last; None if there is none."""
        stack = self.stack
        found = np.flatnonzero(stack if stack.ndim == 1 else stack.reshape(len(stack), -1).any(1))
        if not found.size:
            return None
        first, last = int(found[0]), int(found[-1])
        if last - first + 1 == len(stack):
            return self
        return Rows(self.start + first, stack[first : last + 1])

    def among(self, start: int, stop: int) -> Any:
        """The stack of all rows from `start` to `stop`, with zeros for those that it has not."""
        around = self.start - start, stop - self.stop
        if not any(around):
            return self.stack
        like = data_of(self.stack)
        before, after = [np.zeros((count, *like.shape[1:]), like.dtype) for count in around]
        parts = [part for part in (before, self.stack, after) if part.shape[0]]
        return joining.concatenate(parts)
