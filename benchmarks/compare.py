"""Engines against each other: each peer in a process of its own, by turns with the others.

So is plain NumPy by hand: `import autodiff` has memory kept from step to step
(autodiff/support/memory.py), which makes that faster, too.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAUSE = 0.06  # seconds, in which the threads of the process before stop waiting for more to do
# These share one, and so the same threads of BLAS; careful NumPy asks for no memory in a step.
TOGETHER = ("careful", "compiled", "eager")
_WORKER = Path(__file__).with_name("worker.py")
# Each library chooses its kernels for the processor: no one's are chosen in the environment.
CHOSEN = sorted(
    k for k in os.environ if k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "XLA_FLAGS")
)


class Process:
    """A worker that waits for requests."""

    def __init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in CHOSEN}
        self._run = subprocess.Popen(
            [sys.executable, str(_WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip

    def ask(self, do: str, **request: Any) -> Any:
        """The answer to a request; RuntimeError where the worker has died."""
        to, back = self._run.stdin, self._run.stdout
        if to is None or back is None:
            raise RuntimeError("The process that measures has no pipes.")
        to.write(json.dumps({"do": do, **request}) + "\n")
        to.flush()
        answer = back.readline()
        if not answer:
            raise RuntimeError(f"The process that measures {request} has ended.")
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        self._run.communicate()


@contextlib.contextmanager
def process() -> Iterator[Process]:
    """A worker for as long as the block lasts."""
    worker = Process()
    try:
        yield worker
    finally:
        worker.close()


@dataclass
class Ratio:
    """The median of a ratio over the rounds of one run, and its range."""

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.median:8.2f} x {{}}  ({self.lowest:.2f} to {self.highest:.2f})"


class Found:
    """The seconds of each engine's step, in each round."""

    def __init__(self, rounds: dict[str, list[float]]) -> None:
        self.rounds = rounds

    def seconds(self, engine: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds[engine])

    def ratio(self, engine: str, base: str) -> Ratio:
        """How many times as long one engine takes as another, round by round."""
        pairs = zip(self.rounds[engine], self.rounds[base], strict=True)
        ratios = [a / b for a, b in pairs]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))

    def show(self, base: str) -> None:
        """A line for each engine: its time, its ratio to `base`, and the ratio's range."""
        for engine in self.rounds:
            text = str(self.ratio(engine, base)).format(base)
            print(f"  {engine:<10} {self.seconds(engine) * 1e6:>12,.1f} us {text}", flush=True)


class Team:
    """The processes of some engines, kept for several cases."""

    def __init__(self, engines: Sequence[str]) -> None:
        ours = [e for e in engines if e in TOGETHER]
        groups = [ours, *([e] for e in engines if e not in TOGETHER)]
        self._members = [(Process(), group) for group in groups if group]
        self._engines = engines

    def compare(
        self, workload: str, case: Sequence[Any], rounds: int, seconds: float, tolerance: float
    ) -> Found:
        """The times of all engines in a case, after a check that they compute the same."""
        answers: dict[str, float] = {}
        for worker, group in self._members:
            answers |= worker.ask("make", workload=workload, case=case, engines=group)
        first = next(iter(answers.values()))
        for engine, answer in answers.items():
            if not math.isclose(answer, first, rel_tol=tolerance):
                sys.exit(f"{workload} {case}: {engine} computes another number: {answers}")
        times: dict[str, list[float]] = {engine: [] for engine in self._engines}
        for _ in range(rounds):
            for worker, _group in self._members:
                time.sleep(PAUSE)
                for engine, spent in worker.ask("measure", seconds=seconds).items():
                    times[engine].append(spent)
        return Found(times)

    def close(self) -> None:
        """End all the processes."""
        for worker, _ in self._members:
            worker.close()


@contextlib.contextmanager
def team(*engines: str) -> Iterator[Team]:
    """The processes of these engines for as long as the block lasts."""
    made = Team(engines)
    try:
        yield made
    finally:
        made.close()


def peak_bytes(workload: str, case: Sequence[Any], engine: str) -> int:
    """The most memory that an engine has for its arrays during a step."""
    with process() as worker:
        return sum(worker.ask("peak", workload=workload, case=case, engine=engine).values())


def preparing(workload: str, times: int) -> dict[str, float]:
    """The median seconds that a workload says it takes beforehand, each time in a new process."""
    runs = []
    for _ in range(times):
        with process() as worker:
            runs.append(worker.ask("preparing", workload=workload))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


class Bars:
    """What is promised, and whether a run has found it so."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, float, str, float]] = []

    def at_most(self, what: str, found: float, limit: float) -> None:
        """A ratio that may be `limit` or less."""
        self._lines.append((what, found, "at most", limit))

    def at_least(self, what: str, found: float, limit: float) -> None:
        """A ratio that may be `limit` or more."""
        self._lines.append((what, found, "at least", limit))

    def show(self) -> None:
        """The table of all."""
        width = max((len(what) for what, *_ in self._lines), default=0)
        for what, found, word, limit in self._lines:
            holds = found <= limit if word == "at most" else found >= limit
            verdict = "holds" if holds else "misses"
            print(f"  {what:<{width}}  {found:8.2f}   {word:<8} {limit:6.2f}   {verdict}")
