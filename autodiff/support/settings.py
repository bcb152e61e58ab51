"""Checks of settings: counts, numbers, seeds."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

Seed = int | np.random.Generator | None


def is_count(x: Any) -> bool:
    """Whether it is a whole number from 1 up."""
    whole = isinstance(x, (int, np.integer)) and not isinstance(x, bool)
    return whole and bool(x >= 1)


def is_number(x: Any) -> bool:
    """Whether it is one plain real number, which a boolean is not."""
    return isinstance(x, numbers.Real) and not isinstance(x, bool)
