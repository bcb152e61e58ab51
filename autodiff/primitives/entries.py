"""Entries: what an index pulls back, not yet put into an array of the size of its operand.

A walk adds them up first. Else an array of which entries are taken over and over, as a sequence is
step by step, would get another of its own size at each step.
"""

from __future__ import annotations

from typing import Any


class Entries:
    """Cotangents at an index each, of an operand of this shape: elsewhere they are 0.

    `rest` is what else the operand gets, an array or a node, or None. A walk has each of them
    once, and a sum takes its place.
    """

    __slots__ = ("parts", "rest", "shape")

    def __init__(self, ct: Any, index: Any, shape: tuple[int, ...]) -> None:
        self.parts, self.rest, self.shape = [(ct, index)], None, shape

    def after(self, before: Any) -> Entries:
        """The sum with what the operand got before."""
        if type(before) is not Entries:
            self.rest = before
            return self
        before.parts += self.parts
        return before

    def __add__(self, other: Any) -> Entries:
        """The sum with a cotangent of the operand's shape."""
        self.rest = other if self.rest is None else self.rest + other
        return self
