"""Strips: how the entries of an array are distributed, as twelve bars."""

from __future__ import annotations

from typing import Any

import numpy as np

BARS = 12
_MOST = 2**20  # entries that are looked at: of more, every second, every third and so on


def heights(data: Any) -> list[float]:
    """How many entries there are in each of twelve equal ranges, of the most that are in one.

    The ranges go from -m to m, the largest size of an entry, so that the middle is 0; an entry of
    just 0 counts half on either side of it. What is not finite is left out. [] where nothing is
    left.

    >>> heights([-1.0, 0.9, 0.95, 0.0])
    [0.5, 0.0, 0.0, 0.0, 0.0, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0, 1.0]
    """
    entries = np.ravel(data)
    entries = entries[:: 1 + entries.size // _MOST].astype(np.float64)
    entries = entries[np.isfinite(entries)]
    if not entries.size:
        return []
    largest = float(np.abs(entries).max())
    scaled = entries / largest if largest else entries
    counts = np.histogram(scaled[scaled != 0], BARS, (-1.0, 1.0))[0].astype(float)
    counts[BARS // 2 - 1 : BARS // 2 + 1] += np.count_nonzero(scaled == 0) / 2
    return [float(height) for height in counts / counts.max()]
