"""Checks of settings: counts, numbers, switches, seeds."""

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


def check_switches(**switches: Any) -> None:
    """TypeError for a setting that is neither True nor False, by its name.

    >>> check_switches(shuffle=True, drop_last="no")
    Traceback (most recent call last):
    TypeError: `drop_last` is True or False, but this is 'no'.
    """
    for name, on in switches.items():
        if not isinstance(on, (bool, np.bool_)):
            raise TypeError(f"`{name}` is True or False, but this is {on!r}.")
