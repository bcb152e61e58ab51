"""Repeated parts: items that play the same role in a graph, told by the items around them.

Each item begins with a colour that says what it is by itself; in each round it is told apart by the
colours of what it is made of, place by place, and of what uses it (the colour refinement of
Weisfeiler and Leman, 1968). After few rounds what is done to each of a thousand samples, or at each
of a thousand steps, has the same colours.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .merging import Ints, numbered

# Odd numbers without a pattern, the first of them 2**64 over the golden ratio.
_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
_SHIFT = np.uint64(29)


def refined(colours: Ints, tails: Ints, heads: Ints, places: Ints) -> Ints:
    """The colours after one more round, where the edges of items go into these places."""
    with np.errstate(over="ignore"):
        own = mixed(colours.astype(np.uint64))
        at = mixed(places.astype(np.uint64))
        around = own.copy()
        np.add.at(around, heads, mixed(own[tails] * _ODD[1] + at))
        np.add.at(around, tails, mixed(own[heads] * _ODD[2] + at))
        return numbered(mixed(around).view(np.int64))


def mixed(numbers: Any) -> Any:
    """Unsigned numbers of 64 bits, turned into others that look random, the same into the same."""
    with np.errstate(over="ignore"):
        numbers = (numbers + np.uint64(1)) * _ODD[0]
        numbers ^= numbers >> _SHIFT
        return (numbers * _ODD[1]) ^ (numbers >> _SHIFT)
