"""Memory that is freed, held for the arrays that come next."""

from __future__ import annotations

import contextlib

import numpy as np

_LARGEST = 31 * 2**20  # bytes; glibc does not learn from a block above 32 MiB


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the arrays that come next.

    As it starts, glibc hands each large block, and the end of its heap, back to the system at
    once; what it is given then is cleared page by page at first touch. A training step frees
    and asks for the same megabytes each time, and that took half of the time of a gradient. glibc
    stops doing so for blocks up to the largest that it has seen freed (mallopt(3), on
    M_MMAP_THRESHOLD): so one is asked for here, and freed untouched. It costs a few microseconds
    and no memory. Other C libraries take no notice.
    """
    with contextlib.suppress(MemoryError):  # under a limit there is nothing to keep
        np.empty(_LARGEST, np.uint8)
