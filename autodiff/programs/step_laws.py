"""The laws by which steps become simpler ones, and what they ask of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..primitives.laws import (
    EXACT,
    FLOATS,
    IDLE,
    PRODUCTS,
    REPEATED,
    SIGNS,
    UNITS,
    WHOLE,
    laws_of,
    simpler,
)
from .steps import Step

_LAWS = laws_of(PRODUCTS, UNITS, REPEATED, SIGNS, IDLE)


class _OfSteps:
    """Operands of one operation, of whose results `example` is one; `make` gives such a Step."""

    def __init__(self, example: Any, make: Callable[..., Any]) -> None:
        self._example, self._make = example, make

    def number(self, thing: Any) -> float | None:
        return float(thing) if isinstance(thing, (float, int)) else None

    def parts(self, thing: Any) -> tuple[str, Sequence[Any]] | None:
        if not isinstance(thing, Step) or thing.primitive is None:
            return None
        return _operation(thing.primitive.name, thing.params), thing.operands

    def make(self, operation: str, operands: Sequence[Any]) -> Any:
        return self._make(operation, *operands)

    def constant(self, number: float) -> Any:
        array = isinstance(self._example, np.ndarray)
        return np.full_like(self._example, number) if array else number

    def holds(self, condition: str, letters: Mapping[str, Any]) -> bool:
        whole_numbers = any(
            isinstance(part, Step) and part.dtype.kind != "f" for part in letters.values()
        )
        if whole_numbers and condition != WHOLE:
            return False  # they wrap, and `a + a` of booleans is "or"
        if condition == FLOATS:
            return True
        if condition == EXACT:
            return any(abs(math.frexp(letters[letter])[0]) == 0.5 for letter in "cd")
        a, whole = letters["a"], self._example
        if not isinstance(a, Step):
            return False
        if condition == WHOLE:
            return a.dtype.kind in "biu"
        like = a.shape == np.shape(whole) and a.dtype == np.asarray(whole).dtype
        return like and a.scalar == (not isinstance(whole, np.ndarray))


def _operation(name: str, params: tuple[Any, ...]) -> str:
    return "T" if name == "transpose" and params == (None,) else name


def simpler_step(
    name: str, operands: Sequence[Any], params: tuple[Any, ...], example: Any,
    make: Callable[..., Any],
) -> Any:  # fmt: skip
    """What an operation is by a law, made by `make(name, *operands)`; None where none holds."""
    return simpler(_LAWS, _operation(name, params), operands, _OfSteps(example, make))
