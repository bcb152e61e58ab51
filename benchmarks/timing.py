"""Timing by turns: every candidate is run once a round, so that noise falls on all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def by_turns(
    steps: dict[str, Callable[[], object]], rounds: int, warm: int = 20
) -> dict[str, float]:
    """The median seconds of each step, over many rounds in which each has its turn."""
    for step in steps.values():
        for _ in range(min(warm, rounds)):
            step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(spent) for name, spent in times.items()}
