"""What a doubtful program looks at in its results: where every NaN in doubt would show.

It may come of a zero cotangent and an infinity that chance has brought together. Then another
program says what is right, of the same arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable

import numpy as np

from .lowering import Call, Variable


class Doubts:
    """Of each variable the products in doubt that it is computed of, as the bits of a number.

    `of` are all of them, `shown` those whose NaN is always one of the variable's, too.
    """

    def __init__(
        self, calls: Iterable[Call], certain: set[Variable], constants: Collection[str]
    ) -> None:
        """Of these calls, but for what is certain; a constant has no infinities."""
        self.of: dict[Variable, int] = {}
        self.shown: dict[Variable, int] = {}
        count = 0
        for call in calls:
            for target in filter(None, (call.target, call.second)):
                own = 0
                factors = [v for v in call.reads() if v.name not in constants]
                if target not in certain and (len(factors) > 1 or call.kind == "free"):
                    own, count = 1 << count, count + 1
                reads = dict.fromkeys(call.reads())
                self.of[target] = functools.reduce(int.__or__, map(self._of, reads), own)
                shown = [self.shown.get(v, 0) for v in reads if _shows(call, v)]
                self.shown[target] = functools.reduce(int.__or__, shown, own)

    def _of(self, variable: Variable) -> int:
        return self.of.get(variable, 0)

    def fewest(self, variables: Iterable[Variable]) -> list[Variable]:
        """Those of the variables of which one has a NaN if any has, of what is in doubt."""
        kept = sorted(dict.fromkeys(variables), key=lambda v: np.prod(v.shape or (), dtype=int))
        left_out = 0
        for variable in kept[::-1]:
            others = [self.shown.get(v, 0) for v in kept if v is not variable]
            wanted = left_out | self._of(variable)
            if not wanted & ~functools.reduce(int.__or__, others, 0):
                kept.remove(variable)
                left_out = wanted
        return kept


def _shows(call: Call, operand: Variable) -> bool:
    """Whether a NaN of an operand is always one of the result, too."""
    if call.kind == "view":
        return call.target.shape is not None and np.prod(call.target.shape, dtype=int) == np.prod(
            operand.shape or (), dtype=int
        )
    if call.kind == "ufunc":
        places = [i for i, o in enumerate(call.operands) if o is operand]
        return any(_passes_on(call.function, i, len(call.operands)) for i in places)
    return call.kind == "dot"


@functools.cache
def _passes_on(function: str, place: int, count: int) -> bool:
    """Whether a ufunc gives NaN for a NaN in one place, whatever stands in the others: tried."""
    others = [np.array([-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0, np.inf, np.nan])] * (count - 1)
    operands = np.meshgrid(*others[:place], np.array([np.nan]), *others[place:])
    try:
        with np.errstate(all="ignore"):
            return bool(np.isnan(getattr(np, function)(*operands)).all())
    except TypeError:  # it is one of whole numbers
        return False


def look(variables: Iterable[Variable]) -> list[str]:
    """The lines that end a program where one of these has a NaN, as its sum of squares then is."""
    tests = [
        f"math.isnan({v.name if v.shape is None else f'np.vdot({v.name}, {v.name})'})"
        for v in variables
    ]
    return [f"if {' or '.join(tests)}:", "    return None"] if tests else []
