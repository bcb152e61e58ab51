"""Chains of elementwise calls over large arrays, run in blocks that stay in the cache.

Each array is then read from memory and written to it once, however many operations there are,
and the blocks are shared among the cores: NumPy lets other threads run while it computes.
"""

from __future__ import annotations

import ast
import collections
import functools
import itertools
import os
import threading
from _thread import start_new_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import numpy as np

from .lowering import Call, Variable

SMALLEST = 32_768  # entries of an array that is worth cutting up
SHORTEST, LONGEST = 12_288, 65_536  # entries of a block
SHARED = 90_000  # entries that are worth another core: to wake it takes up to half of 0.2 ms
WORTH = 8  # calls of arithmetic, on each entry, that are worth it
# What takes the time of reading and writing; any other function takes about five times that.
_ARITHMETIC = {
    "absolute", "add", "divide", "equal", "greater", "greater_equal", "less", "less_equal",
    "maximum", "minimum", "multiply", "negative", "not_equal", "positive", "square", "subtract",
}  # fmt: skip

_SPARE = threading.local()


def grouped(calls: Sequence[Call], outputs: Sequence[Any]) -> list[Call]:
    """The calls, with each run of elementwise ones over large arrays of a shape made one."""
    found: list[Call] = []
    run: list[Call] = []
    for call in calls:
        if run and not _continues(call, run):
            found += _closed(run, calls, outputs)
            run = []
        if run or _large(call):
            run.append(call)
        else:
            found.append(call)
    return found + _closed(run, calls, outputs)


def _large(call: Call) -> bool:
    shape = call.target.shape
    return call.kind == "ufunc" and shape is not None and _entries(shape) >= SMALLEST


def _entries(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _continues(call: Call, run: list[Call]) -> bool:
    shape = run[0].target.shape
    if _is_sum(call):
        return any(call.reads()[0] is other.target for other in run)
    sums = {other.target for other in run if _is_sum(other)}
    return (
        _large(call)
        and call.target.shape == shape
        and call.target.order == run[0].target.order
        and all(v.shape in (None, shape) and v not in sums for v in call.reads())
    )


def _is_sum(call: Call) -> bool:
    """Whether a call is the sum of all entries of one variable."""
    if call.kind != "free" or len(call.reads()) != 1 or not isinstance(call.function, ast.Call):
        return False
    name = call.reads()[0].name
    return ast.unparse(call.function) == f"np.add.reduce({name}, axis=None)"


def _closed(run: list[Call], calls: Sequence[Call], outputs: Sequence[Any]) -> list[Call]:
    ufuncs = [call for call in run if call.kind == "ufunc"]
    first = ufuncs[0] if ufuncs else None
    fits = first and all(v.shape in (None, first.target.shape) for v in first.reads())
    work = sum(1 if call.function in _ARITHMETIC else 5 for call in ufuncs)
    if work < WORTH or not fits:
        return run
    inside = {call.target for call in run}
    later = calls[calls.index(run[-1]) + 1 :]
    read_later = {v for call in later for v in call.reads()}
    read_later |= {out for out in outputs if isinstance(out, Variable)}
    read_later |= {v.root for v in read_later}
    reads = dict.fromkeys(v for call in run for v in call.reads() if v not in inside)
    results = [c.target for c in ufuncs if c.target in read_later]
    sums = [c.target for c in run if _is_sum(c)]
    group = Call("blocks", ufuncs[-1].target, None, list(reads))
    group.inside, group.results, group.sums = run, results, sums
    group.spared = [v for v in reads if v.root in read_later]
    return [group]


# -- at run time ---------------------------------------------------------------------------
#
# An interrupt may come at any moment, and then no thread must wait for another for ever: so there
# is no lock here that Python's code takes and gives back, but queues, whose locks C holds.

Share = tuple[collections.deque[int], Callable[[], None], "SimpleQueue[BaseException | None]"]


@functools.cache
def _helpers() -> SimpleQueue[Share]:
    """The queue from which other threads take their share, as many as there are cores to them."""
    shares: SimpleQueue[Share] = SimpleQueue()
    with suppress(RuntimeError):  # where no thread can be had, we work alone
        for _ in range(_cores() - 1):
            start_new_thread(_help, (shares,))
    return shares


def _help(shares: SimpleQueue[Share]) -> None:
    while True:
        _take(*shares.get())


def _take(open_shares: collections.deque[int], run: Callable[[], None], done: Any) -> None:
    """Do a share of a work, unless none is open any more, and say when it is done."""
    try:
        open_shares.pop()
    except IndexError:
        return
    try:
        run()
    except BaseException as error:  # it is raised where the work was given out
        done.put(error)
    else:
        done.put(None)


if hasattr(os, "register_at_fork"):  # a child process has none of its parent's threads
    os.register_at_fork(after_in_child=_helpers.cache_clear)


@functools.cache
def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_blocks(
    work: Callable[..., Any], size: int, dtypes: Sequence[str], arrays: Sequence[Any]
) -> list[float]:
    """The sums that `work` gives, added up over blocks of the flat `arrays`.

    `work` takes the blocks, then a buffer of each of `dtypes`, and returns a tuple of sums.
    """
    length = min(LONGEST, max(SHORTEST, -(-size // 8192) * 1024))
    todo = collections.deque(range(0, size, length))  # from which each thread takes the next
    sums: dict[int, tuple[float, ...]] = {}
    run = functools.partial(_until_done, work, todo, size, length, tuple(dtypes), arrays, sums)
    _run_together(run, min(_cores(), size // SHARED) - 1)
    return [np.add.reduce(column) for column in zip(*map(sums.__getitem__, sorted(sums)))]


def _run_together(run: Callable[[], None], helpers: int) -> None:
    """Run it here, and at once in so many other threads as are free."""
    open_shares = collections.deque(range(helpers))
    done: SimpleQueue[BaseException | None] = SimpleQueue()
    for _ in range(helpers):
        _helpers().put((open_shares, run, done))
    run()
    while open_shares:  # what no one has begun is done
        with suppress(IndexError):
            open_shares.pop()
            helpers -= 1
    for _ in range(helpers):
        error = done.get()
        if error is not None:
            raise error


def _until_done(
    work: Callable[..., Any], todo: collections.deque[int], size: int, length: int,
    dtypes: tuple[str, ...], arrays: Sequence[Any], sums: dict[int, Any],
) -> None:  # fmt: skip
    buffers = _buffers(length, dtypes)
    with np.errstate(all="ignore"):
        while True:
            try:
                start = todo.popleft()
            except IndexError:
                return
            stop = min(start + length, size)
            short = [b[: stop - start] for b in buffers] if stop - start < length else buffers
            sums[start] = work(*[a[start:stop] for a in arrays], *short)


def _buffers(length: int, dtypes: tuple[str, ...]) -> list[Any]:
    """Buffers in the memory of one thread, which is kept from call to call."""
    sizes = [length * np.dtype(dtype).itemsize for dtype in dtypes]
    ends = list(itertools.accumulate(sizes, initial=0))
    if getattr(_SPARE, "memory", None) is None or _SPARE.memory.size < ends[-1]:
        _SPARE.memory = np.empty(ends[-1], np.uint8)
    return [
        _SPARE.memory[start:stop].view(dtype) for start, stop, dtype in zip(ends, ends[1:], dtypes)
    ]
