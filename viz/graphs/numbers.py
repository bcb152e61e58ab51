"""Numbers as a teacher writes them: 2, 0.368, 1.2e−7; enough digits to tell them apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

FEWEST, MOST = 3, 6  # significant digits
_SAME = 1e-9  # relative: what differs by less is the same number, with an error of rounding


def number(x: float, digits: int = FEWEST) -> str:
    """A number in a few characters. One that is rounded shows it, by its last zeros.

    >>> [number(x) for x in (2.0, 0.5, 0.50001, 1 / 3, -0.0, 1234.0, 1.2e-7, float("nan"))]
    ['2', '0.5', '0.500', '0.333', '−0', '1234', '1.2e−7', 'NaN']
    """
    x = float(x)
    if math.isnan(x):
        return "NaN"
    sign, size = "−" if math.copysign(1.0, x) < 0 else "", abs(x)
    return sign + ("inf" if math.isinf(x) else _size(size, digits))


def _size(x: float, digits: int) -> str:
    if x < 1e6 and x == int(x):
        return str(int(x))
    exponent = math.floor(math.log10(x))
    mantissa, _, power = f"{x:.{digits - 1}e}".partition("e")
    exact = math.isclose(float(f"{mantissa}e{power}"), x, rel_tol=1e-12)
    if -4 < exponent < 4:
        text = f"{x:.{max(digits - 1 - exponent, 1)}f}"
        return text.rstrip("0").rstrip(".") if exact else text
    if exact and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(power)}".replace("-", "−")


def rounded(x: float) -> str:
    """A number as it stands in a formula of Python's: 2, 0.354, 1.2e-07."""
    return f"{x:.{FEWEST}g}"


def is_special(x: float) -> bool:
    """Whether a number is one that a reader must not overlook: an infinity, NaN, −0."""
    return not math.isfinite(x) or (x == 0 and math.copysign(1.0, x) < 0)


class Numbers:
    """How the numbers of one picture are written: those that differ, differently if they can be."""

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        self._digits: dict[float, int] = {}
        self._tell_apart(sorted({float(x) for x in numbers if np.isfinite(x)}), FEWEST)

    def __call__(self, x: float) -> str:
        return number(x, self._digits.get(float(x), FEWEST))

    def _tell_apart(self, numbers: list[float], digits: int) -> None:
        """Give each of these, which are ascending, as many digits as it takes, from `digits` on."""
        for alike in _grouped(numbers, digits):
            self._digits.update(dict.fromkeys(alike, digits))
            if not math.isclose(alike[0], alike[-1], rel_tol=_SAME):
                longer = range(digits + 1, MOST + 1)
                if enough := next((d for d in longer if len(_grouped(alike, d)) > 1), 0):
                    self._tell_apart(alike, enough)


def _grouped(numbers: list[float], digits: int) -> list[list[float]]:
    """The numbers that are written alike with so many digits, together."""
    groups = defaultdict(list)
    for x in numbers:
        groups[number(x, digits)].append(x)
    return list(groups.values())


def norm(data: object) -> float:
    """The Euclidean norm of all entries, which neither overflows nor vanishes on the way."""
    entries = np.abs(np.ravel(np.asarray(data, np.float64)))
    largest = float(entries.max(initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(entries / largest))
