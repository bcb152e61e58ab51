"""A process that times what it is asked to: a request and its answer are a line of JSON each."""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

Step = Callable[[], float]

_STEPS: dict[str, Step] = {}


def make(workload: str, case: list[Any], engines: list[str]) -> dict[str, float]:
    """Get the step of each engine ready for a case; what the first step of each answers."""
    _STEPS.clear()
    gc.collect()
    for engine in engines:
        _STEPS[engine] = _step(workload, case, engine)
    return {engine: step() for engine, step in _STEPS.items()}


def measure(seconds: float) -> dict[str, float]:
    """The median seconds of each engine's step, over a stretch of steps of each."""
    return {engine: _median(step, seconds) for engine, step in _STEPS.items()}


def _median(step: Step, seconds: float) -> float:
    start = time.perf_counter()
    step()  # which also brings its data back into the cache
    once = time.perf_counter() - start
    if once > seconds:
        return once
    times = []
    for _ in range(max(3, min(2000, int(seconds / once)))):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak(workload: str, case: list[Any], engine: str) -> dict[str, int]:
    """The bytes of arrays that an engine keeps between steps, and what a step takes beside.

    The problem's own data is not counted. NumPy tells tracemalloc of every array.
    """
    import numpy as np

    module = importlib.import_module(workload)
    problem = module.Problem(*case)
    tracemalloc.start()
    step = getattr(module, engine)(problem)
    for _ in range(3):
        step()
    gc.collect()
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    snapshot = tracemalloc.take_snapshot().filter_traces([arrays])
    kept = sum(trace.size for trace in snapshot.traces)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    step()
    return {"kept": kept, "step": tracemalloc.get_traced_memory()[1] - before}


def preparing(workload: str) -> dict[str, float]:
    """What the workload says of the seconds before its first step."""
    return importlib.import_module(workload).preparing()  # type: ignore[no-any-return]


def _step(workload: str, case: list[Any], engine: str) -> Step:
    module = importlib.import_module(workload)
    return getattr(module, engine)(module.Problem(*case))  # type: ignore[no-any-return]


ACTIONS: dict[str, Callable[..., Any]] = {
    "make": make,
    "measure": measure,
    "peak": peak,
    "preparing": preparing,
}


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(ACTIONS[request.pop("do")](**request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
