"""What a trace knows of zeros and infinities: which could be, for whatever arguments may come.

The data of a trace are examples. What is zero or infinite in them is taken to last, as a mask or
an index does; all else follows from how a node was computed. See `operations/zeros.py` for why.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from ...graph.node import data_of, operands_of
from ...graph.value import Value
from ...primitives.primitive import Primitive
from ...primitives.trial import trials
from ...support.numbers import is_finite


class Zeros(IntEnum):
    """Whether a cotangent may be 0."""

    NONE = 0  # it is a constant without zeros
    BY_CHANCE = 1  # for some arguments, as the slope of x * x is at 0
    IN_EXAMPLE = 2  # for the example's, and so perhaps for all
    BY_CHOICE = 3  # where a condition, an index or a constant leaves something out


class Infinities(IntEnum):
    """Whether a number may be infinite or NaN."""

    NONE = 0  # for no arguments, as tanh(x)
    OF_ARGUMENTS = 1  # where an argument is
    OF_NUMBERS = 2  # of finite arguments, too, as 1 / x


class Knowledge:
    """What is known of the nodes of one trace, found once for each."""

    def __init__(self) -> None:
        self._infinities: dict[Value, int] = {}
        self._chosen: dict[Value, int] = {}

    def forget(self) -> None:
        """Let go of the nodes."""
        self._infinities.clear()
        self._chosen.clear()

    def zeros(self, ct: Any) -> Zeros:
        """Whether a cotangent, a node or a constant, may be 0."""
        if not isinstance(ct, Value):
            return Zeros.NONE if _no_zero(ct) else Zeros.BY_CHOICE
        if _spread(ct, self._chosen, _chooses, lambda _: 0, 0, _left):
            return Zeros.BY_CHOICE
        return Zeros.BY_CHANCE if _no_zero(ct._data) else Zeros.IN_EXAMPLE

    def infinities(self, thing: Any) -> Infinities:
        """Whether a node or a constant may be infinite or NaN."""
        if not isinstance(thing, Value):
            return Infinities(_of_constant(thing))
        leaf = Infinities.OF_ARGUMENTS
        return Infinities(_spread(thing, self._infinities, _reaches, _of_constant, leaf))


def _spread(
    node: Value,
    known: dict[Value, int],
    itself: Callable[[Value], int | None],
    of_constant: Callable[[Any], int],
    of_leaf: int,
    left: Callable[[Value, int], int] = lambda _, level: level,
) -> int:
    """What `itself` says of a node, or the most of what holds for its operands: no recursion.

    Of the latter is `left` what this says.
    """
    stack = [node]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        answer = itself(node)
        if answer is None:
            operands = operands_of(node)
            waiting = [o for o in operands if isinstance(o, Value) and o not in known]
            if waiting:
                stack.extend(waiting)
                continue
            levels = [known[o] if isinstance(o, Value) else of_constant(o) for o in operands]
            answer = left(node, max(levels, default=of_leaf))
        known[node] = answer
    return known[node]


def _no_zero(data: Any) -> bool:
    return data != 0 if type(data) is float else bool(np.all(data))


def _kind(data: Any) -> str:
    return "f" if type(data) is float else np.asarray(data).dtype.kind


_IN_PLACE, _ANYWHERE = 1, 2  # where the zeros of a choice are: where the example has them, or not


def _chooses(node: Value) -> int | None:
    """Where the operation that made a node leaves something out; None for one that may not.

    It does by a condition, by a constant that has zeros, and by zeros of its own, as those around
    the entries of an index. An elementwise operation on nodes has them by chance.
    """
    operands = operands_of(node)
    if any([_kind(data_of(o)) == "b" for o in operands]):
        return _ANYWHERE
    if node._pullback is None or _no_zero(node._data):
        return None
    if not node._pullback.primitive.elementwise:
        nodes = [o._data for o in operands if isinstance(o, Value)]
        return _IN_PLACE if all(map(_no_zero, nodes)) else None
    constants = [o for o in operands if not isinstance(o, Value)]
    return None if all(map(_no_zero, constants)) else _IN_PLACE


def _left(node: Value, chosen: int) -> int:
    """What is left of a choice in what is computed further: zeros in their places would be seen."""
    return 0 if chosen == _IN_PLACE and _no_zero(node._data) else chosen


def _of_constant(constant: Any) -> int:
    return Infinities.NONE if is_finite(constant) else Infinities.OF_NUMBERS


def _reaches(node: Value) -> int | None:
    """Whether a node may be infinite; None where that is as with its operands."""
    if _kind(node._data) != "f":
        return Infinities.NONE
    if not is_finite(node._data):
        return Infinities.OF_NUMBERS
    if node._pullback is None:
        return None
    primitive = node._pullback.primitive
    if primitive.elementwise:
        fixed = tuple(o if type(o) is float else None for o in operands_of(node))
        return reach(primitive, fixed)
    return Infinities.OF_NUMBERS if makes_infinities(primitive) else None


@functools.cache
def reach(primitive: Primitive, fixed: tuple[float | None, ...] | None = None) -> Infinities | None:
    """Whether an elementwise operation makes infinities; None if it passes them on.

    Found by trying: it is computed at zero, at small and at large numbers, but for the operands
    that are `fixed` to one.
    """
    params = tuple(primitive.defaults.values())

    def finite_at(numbers: Sequence[float]) -> bool:
        numbers_of = fixed or (None,) * len(primitive.operands)
        axes = [np.array(numbers if f is None else [f]) for f in numbers_of]
        with np.errstate(all="ignore"):
            return is_finite(primitive.on_arrays(*np.meshgrid(*axes), *params))

    if not finite_at([-1e3, -1.0, -0.5, 0.0, 0.5, 1.0, 1e3]):
        return Infinities.OF_NUMBERS
    return Infinities.NONE if finite_at([-np.inf, np.inf, np.nan]) else None


@functools.cache
def makes_infinities(primitive: Primitive) -> bool:
    """Whether another operation makes infinities of finite operands, or refuses some.

    Found by trying it on small operands of the first shapes that it takes.
    """
    computed = 0
    for operands in trials(2 if primitive.variadic else len(primitive.operands)):
        found = [_finite_on(primitive, [scale * o for o in operands]) for scale in _SCALES]
        if False in found:
            return True
        computed += True in found
        if computed == _ENOUGH:
            break
    return False


_SCALES = (1.0, 0.0, -1.0, 1e3)
_ENOUGH = 2  # shapes that tell


def _finite_on(primitive: Primitive, operands: list[Any]) -> bool | None:
    """Whether the result is finite; None for operands that are not of the operation's kind."""
    given = [operands] if primitive.variadic else operands
    try:
        with np.errstate(all="ignore"):
            return is_finite(primitive.on_arrays(*given, *primitive.defaults.values()))
    except np.linalg.LinAlgError as error:
        return None if "dimension" in str(error) else False  # of the numbers, as if singular
    except (TypeError, ValueError, IndexError, AttributeError):
        return None
