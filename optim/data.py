"""Mini-batches of data, drawn without replacement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import Seed, is_count


class Batches:
    """Arrays cut into mini-batches, in a new random order at each iteration (an epoch).

    `batches` makes one, and says what it raises.

    >>> draw = batches(np.arange(5), batch_size=2, seed=0)
    >>> draw.rows, len(draw)
    (5, 3)
    """

    def __init__(self, arrays: tuple[Any, ...], batch_size: int, seed: Seed) -> None:
        plain = [np.asarray(a.data if isinstance(a, Value) else a) for a in arrays]
        lengths = [a.shape[0] if a.ndim else 0 for a in plain]
        if not lengths or min(lengths) != max(lengths) or not lengths[0]:
            raise ValueError(
                "The arrays to draw from have the same number of rows, and at least one, but "
                f"these have {lengths}."
            )
        if not is_count(batch_size):
            raise ValueError(f"A batch has a whole number of rows from 1 up, not {batch_size!r}.")
        self.arrays, self.rows, self.batch_size = plain, lengths[0], int(batch_size)
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = self._rng.permutation(self.rows)
        for start in range(0, self.rows, self.batch_size):
            chosen = order[start : start + self.batch_size]
            batch = tuple(a[chosen] for a in self.arrays)
            for part in batch:
                part.setflags(write=False)  # so that the engine need not copy it
            yield batch


def batches(*arrays: Any, batch_size: int, seed: Seed = None) -> Batches:
    """Mini-batches of the rows of one or more arrays: `for X, y in batches(X, y, batch_size=32)`.

    Each iteration over it is one epoch: every row once, in a new order drawn from `seed` (an
    int or a numpy Generator); the last batch has what remains. `len` is the batches of an
    epoch. The batches are read-only copies. Raises ValueError for arrays of other lengths.

    >>> [X.tolist() for (X,) in batches(np.arange(5), batch_size=2, seed=0)]
    [[2, 4], [3, 0], [1]]
    """
    return Batches(arrays, batch_size, seed)
