"""Rows of data that are the same, and have other targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def contradictions(arrays: Sequence[Any]) -> tuple[int, int, int, float] | None:
    """How many rows contradict another, two of them, and the share of all; None where none do.

    The last array has the targets, one of whole numbers or numbers to a row.

    >>> x = np.array([[1, 2], [3, 4], [1, 2]])
    >>> contradictions((x, np.array([0, 1, 1])))
    (2, 0, 2, 0.666...)
    """
    rows = len(arrays[-1])
    inputs = _codes(arrays[:-1], rows)
    both = _codes([inputs, arrays[-1]], rows)
    order = np.lexsort((both, inputs))
    same = inputs[order][1:] == inputs[order][:-1]
    other = same & (both[order][1:] != both[order][:-1])
    if not np.any(other):
        return None
    bad = np.isin(inputs, inputs[order][1:][other])
    place = int(np.argmax(other))
    first, second = sorted((int(order[place]), int(order[place + 1])))
    count = int(np.sum(bad))
    return count, first, second, count / rows


def _codes(arrays: Sequence[Any], rows: int) -> Any:
    """A number for each row, the same where all the arrays' rows are the same.

    By a dict of their bytes, which is many times faster than to sort rows of many columns.
    """
    places: dict[Any, int] = {}
    keys = zip(*(_bytes(np.asarray(array).reshape(rows, -1)) for array in arrays), strict=True)
    return np.array([places.setdefault(key, len(places)) for key in keys])


def _bytes(flat: Any) -> Iterator[bytes]:
    """The bytes of each row, the same of 0.0 and -0.0."""
    return (row.tobytes() for row in (flat + 0.0 if flat.dtype.kind == "f" else flat))
