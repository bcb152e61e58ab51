"""The laws by which steps become simpler ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .steps import Step, is_a

# Each takes `make` (a Step of another operation, with the same example), the example, the
# operands and the static parameters, and gives the simpler Step, or None. All are exact in
# floating point, but for the sign of -0.0 + 0: so a program gives the engine's own digits.


def _like(example: Any, operand: Any) -> Any:
    """`operand`, if it can stand in the place of the whole."""
    if not isinstance(operand, Step):
        return None
    same = operand.shape == np.shape(example) and operand.dtype == np.asarray(example).dtype
    return operand if same and operand.scalar == (not isinstance(example, np.ndarray)) else None


def _number(thing: Any) -> float | None:
    return float(thing) if isinstance(thing, (float, int)) else None


def _is_power_of_two(number: float) -> bool:
    """Whether a product with it is exact, and so is that of such products."""
    return abs(math.frexp(number)[0]) == 0.5


def _mul(make: Any, example: Any, a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        factor = _number(one)
        if factor == 0 and isinstance(other, Step) and other.dtype.kind in "biu":
            return np.zeros_like(example) if isinstance(example, np.ndarray) else 0.0
        if factor == 1 and _like(example, other):
            return other
        if factor == -1 and _like(example, other):
            return make("neg", other)
        if factor is not None and is_a(other, "mul"):
            inner = [_number(o) for o in other.operands]
            for i, known in enumerate(inner):
                if known is not None and (_is_power_of_two(factor) or _is_power_of_two(known)):
                    return make("mul", factor * known, other.operands[1 - i])
        if is_a(other, "pow") and _number(other.operands[1]) == 0 and _like(example, one):
            return one
    if is_a(a, "neg"):
        return make("neg", make("mul", a.operands[0], b))
    return make("neg", make("mul", a, b.operands[0])) if is_a(b, "neg") else None


def _div(make: Any, example: Any, a: Any, b: Any) -> Any:
    if _number(b) == 1:
        return _like(example, a)
    return make("neg", make("div", a.operands[0], b)) if is_a(a, "neg") else None


def _add(make: Any, example: Any, a: Any, b: Any) -> Any:
    if a is b and _like(example, a):
        return make("mul", 2.0, a)
    if _number(a) == 0:
        return _like(example, b)
    if _number(b) == 0:
        return _like(example, a)
    if is_a(b, "neg"):
        return make("sub", a, b.operands[0])
    return make("sub", b, a.operands[0]) if is_a(a, "neg") else None


def _sub(make: Any, example: Any, a: Any, b: Any) -> Any:
    if _number(b) == 0:
        return _like(example, a)
    if is_a(a, "neg") and a.operands[0] is b:
        return make("mul", -2.0, b)
    return make("add", a, b.operands[0]) if is_a(b, "neg") else None


def _neg(make: Any, example: Any, x: Any) -> Any:
    return x.operands[0] if is_a(x, "neg") else None


def _pow(make: Any, example: Any, a: Any, b: Any) -> Any:
    return _like(example, a) if _number(b) == 1 else None


def _same(make: Any, example: Any, x: Any, *params: Any) -> Any:
    return _like(example, x)


def _transpose(make: Any, example: Any, x: Any, axes: Any) -> Any:
    if axes is None and is_a(x, "transpose") and x.params == (None,):
        return x.operands[0]
    return None


COMMUTATIVE = {"add", "mul"}  # in floating point as well


REWRITES: dict[str, Callable[..., Any]] = {
    "identity": _same,
    "positive": _same,
    "cast": _same,
    "reshape": _same,
    "broadcast_to": _same,
    "mul": _mul,
    "div": _div,
    "add": _add,
    "sub": _sub,
    "neg": _neg,
    "pow": _pow,
    "transpose": _transpose,
}
