"""Chains of elementwise calls over large arrays, run in pieces that stay in the cache.

Each array is then read from memory and written to it once, however many operations there are,
and the pieces are shared among the cores: NumPy lets other threads run while it computes.
"""

from __future__ import annotations

import ast
import functools
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .lowering import Call, Variable

SMALLEST = 32_768  # entries of an array that is worth cutting up
LENGTH = 32_768  # entries of a piece
SHARED = 49_152  # entries that are worth another core

_SPARE = threading.local()


def grouped(calls: Sequence[Call], outputs: Sequence[Any]) -> list[Call]:
    """The calls, with each run of elementwise ones over large arrays of a shape made one."""
    kept: list[Call] = []
    run: list[Call] = []
    for call in calls:
        if run and not _continues(call, run):
            kept += _closed(run, calls, outputs)
            run = []
        if run or _large(call):
            run.append(call)
        else:
            kept.append(call)
    return kept + _closed(run, calls, outputs)


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
    if len(ufuncs) < 2 or not fits:
        return run
    inside = {call.target for call in run}
    outside = {v for call in calls if call not in run for v in call.reads()}
    outside |= {v for out in outputs if isinstance(out, Variable) for v in (out, out.root)}
    reads = dict.fromkeys(v for call in run for v in call.reads() if v not in inside)
    results = [c.target for c in ufuncs if c.target in outside]
    sums = [c.target for c in run if _is_sum(c)]
    group = Call("pieces", ufuncs[-1].target, None, list(reads))
    group.inside, group.results, group.sums = run, results, sums
    return [group]


# -- at run time ---------------------------------------------------------------------------


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_cores() - 1, thread_name_prefix="nabigrad")


@functools.cache
def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_pieces(
    work: Callable[..., Any], size: int, dtypes: Sequence[str], arrays: Sequence[Any]
) -> list[float]:
    """The sums that `work` gives, added up over pieces of the flat `arrays`.

    `work` takes the pieces, then a buffer of each of `dtypes`, and returns a tuple of sums.
    """
    share = max(1, min(_cores(), size // SHARED))
    bounds = [size * i // share // 1024 * 1024 for i in range(share)] + [size]
    tasks = [
        _pool().submit(_stretch, work, start, stop, dtypes, arrays)
        for start, stop in itertools.pairwise(bounds[1:])
    ]
    parts = _stretch(work, bounds[0], bounds[1], dtypes, arrays)
    for task in tasks:
        parts += task.result()
    return [np.add.reduce(column) for column in zip(*parts, strict=True)]


def _stretch(
    work: Callable[..., Any], start: int, stop: int, dtypes: Sequence[str], arrays: Sequence[Any]
) -> list[Any]:
    buffers = _buffers(tuple(dtypes))
    sums = []
    with np.errstate(all="ignore"):
        for i in range(start, stop, LENGTH):
            j = min(i + LENGTH, stop)
            if j - i < LENGTH:
                buffers = [b[: j - i] for b in buffers]
            sums.append(work(*[a[i:j] for a in arrays], *buffers))
    return sums


def _buffers(dtypes: tuple[str, ...]) -> list[Any]:
    """Buffers of one thread, kept from call to call."""
    kept: dict[str, list[Any]] = _SPARE.__dict__
    key = f"{LENGTH}{dtypes}"
    if key not in kept:
        kept[key] = [np.empty(LENGTH, dtype) for dtype in dtypes]
    return kept[key]
