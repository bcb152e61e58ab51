"""Rows of data that are the same, and have other targets."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A number for each row, the same where all the arrays' rows are the same."""
    code = np.zeros(rows, np.int64)
    for array in arrays:
        flat = np.ascontiguousarray(np.asarray(array).reshape(rows, -1))
        _, own = np.unique(flat, axis=0, return_inverse=True)
        _, code = np.unique(np.stack([code, own.reshape(-1)], 1), axis=0, return_inverse=True)
        code = code.reshape(-1)
    return code
