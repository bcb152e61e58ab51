"""Step: one line of a program, as data; and what can be asked of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.value import Value
from ..primitives.primitive import Primitive
from .tracing.trace import Draw


@dataclass(eq=False, slots=True, repr=False)
class Step:
    """One line of a program: an argument, a captured node, a random draw, or an operation.

    `operands` are other Steps and plain constants; `example` is a result of the right shape
    and dtype.
    """

    example: Any
    primitive: Primitive | None = None
    operands: tuple[Any, ...] = ()
    params: tuple[Any, ...] = ()
    captured: Value | None = None
    draw: Draw | None = None
    backward: int = 0  # the number of the backward pass that it belongs to

    @property
    def scalar(self) -> bool:
        """Whether it is a Python number."""
        return not isinstance(self.example, np.ndarray)

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.example)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.asarray(self.example).dtype

    def steps(self) -> list[Step]:
        """The operands that are Steps."""
        return [o for o in self.operands if isinstance(o, Step)]


def live(outputs: Sequence[Any]) -> set[Step]:
    """The Steps that the outputs need."""
    found: set[Step] = set()
    stack = [out for out in outputs if isinstance(out, Step)]
    while stack:
        step = stack.pop()
        if step not in found:
            found.add(step)
            stack.extend(step.steps())
    return found


def key_of(thing: Any) -> Any:
    """What says of two operands or static values that they are the same."""
    if isinstance(thing, Step):
        return thing
    if isinstance(thing, (tuple, list)):
        return (type(thing), *map(key_of, thing))
    if isinstance(thing, slice):
        return (slice, thing.start, thing.stop, thing.step)
    if isinstance(thing, np.ndarray):
        return (thing.shape, thing.dtype, thing.tobytes())
    return (type(thing), repr(thing))


def operand_shape(operand: Any) -> tuple[int, ...]:
    return operand.shape if isinstance(operand, Step) else np.shape(operand)


def uniform(array: Any) -> bool:
    """Whether all entries of an array are the same number, and not just equal zeros."""
    if not array.size or array.dtype.kind not in "fiub":
        return False
    first = array.flat[0]
    same_sign = array.dtype.kind != "f" or (np.signbit(array) == np.signbit(first)).all()
    return bool((array == first).all() and same_sign)


def is_a(step: Any, name: str) -> bool:
    return isinstance(step, Step) and step.primitive is not None and step.primitive.name == name
