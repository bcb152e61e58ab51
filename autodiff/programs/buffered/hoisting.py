"""Numbers and broadcasts that small arrays are calculated with: made into arrays, once.

NumPy makes an array of a Python number at each call, and goes through a broadcast row by row.
For a small array either takes longer than the arithmetic: `1 - x` 540 ns and `x + row` 800 ns,
where `x - x` takes 290 (16 by 32). Programs on small arrays save up to 17 % of their time.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

import numpy as np

from .lowering import Call, Lowered, Variable

SMALL = 32_768  # entries of an array up to which the overhead shows
OFTEN = 3  # broadcasts of one array to one shape that are worth a copy of it in that shape


def hoist(lowered: Lowered) -> None:
    """Put arrays in the place of numbers, and full arrays in that of what is broadcast often."""
    small = [call for call in lowered.calls if _is_small(call)]
    uses = Counter(key for call in small for key in _broadcasts(call))
    full: dict[Any, Variable] = {}
    calls: list[Call] = []
    for call in lowered.calls:
        if _is_small(call):
            _hoist_numbers(lowered, call)
            for operand, shape in _broadcasts(call):
                key = operand, shape
                if uses[key] < OFTEN:
                    continue
                if key not in full:
                    full[key] = lowered.extra(f"full_{operand.name}", shape, operand.dtype)
                    calls.append(Call("ufunc", full[key], "positive", [operand]))
                call.operands = [full[key] if o is operand else o for o in call.operands]
        calls.append(call)
    lowered.calls = calls


def _is_small(call: Call) -> bool:
    shape = call.target.shape
    return call.kind == "ufunc" and shape is not None and np.prod(shape, dtype=int) < SMALL


def _broadcasts(call: Call) -> list[tuple[Variable, tuple[int, ...]]]:
    """The operands of floats that a call repeats to the shape of its result."""
    shape = call.target.shape or ()
    return [
        (v, shape)
        for v in dict.fromkeys(call.reads())
        if v.shape not in (None, (), shape) and v.dtype.kind == "f" and call.target.order is None
    ]


def _hoist_numbers(lowered: Lowered, call: Call) -> None:
    """Make the numbers in a call arrays without axes, of the dtype of its array."""
    dtypes = {v.dtype for v in call.reads() if v.shape is not None}
    if len(dtypes) != 1 or len(call.operands) != 2:
        return
    (dtype,) = dtypes
    ufunc: np.ufunc = getattr(np, call.function)
    if not any(types.startswith(2 * dtype.char) for types in ufunc.types):
        return  # of `ldexp` one operand is whole
    for i, operand in enumerate(call.operands):
        if isinstance(operand, Variable):
            continue
        number = ast.literal_eval(operand)
        exact = type(number) in (int, float) and abs(number) <= 2**53
        if not exact or dtype.kind != "f":
            continue
        kinds: list[Any] = [dtype, dtype, None]
        weak: list[Any] = [*kinds[:i], type(number), *kinds[i + 1 :]]
        if ufunc.resolve_dtypes(tuple(weak)) == ufunc.resolve_dtypes(tuple(kinds)):
            call.operands[i] = lowered.number(number, dtype)
