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
        return Rows(start, self.among(start, stop) + other.among(start, stop))

    def among(self, start: int, stop: int) -> Any:
        """The stack of all rows from `start` to `stop`, with zeros for those that it has not."""
        around = self.start - start, stop - self.stop
        if not any(around):
            return self.stack
        like = data_of(self.stack)
        before, after = [np.zeros((count, *like.shape[1:]), like.dtype) for count in around]
        parts = [part for part in (before, self.stack, after) if part.shape[0]]
        return joining.concatenate(parts)
