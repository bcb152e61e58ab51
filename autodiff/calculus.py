"""Differences, and what is built from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .declare import composite
from .indexing import getitem
from .primitive import shape_of


@composite(np.diff)
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """The difference of each entry from the one before it, n times."""
    for _ in range(n):
        before = (slice(None),) * (axis % len(shape_of(x)))
        x = getitem(x, (*before, slice(1, None))) - getitem(x, (*before, slice(None, -1)))
    return x
