"""Processes that compute for the bench, few and each with a time limit: no expression hangs it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

_COMMAND = (sys.executable, "-P", "-X", "utf8", "-m", "viz.serving.child")
_GRACE = 1.0  # seconds to end a renderer in


class BusyError(RuntimeError):
    """No process has become free in time."""


Ending = Literal["whole", "late", "broken"]


class Answer(NamedTuple):
    """The parts of an answer, and whether these are all, or time ran out, or the process ended."""

    parts: dict[str, Any]
    ending: Ending


class Worker:
    """One process, which is started when it is asked, and started anew after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def ask(self, question: Mapping[str, Any], until: float) -> Answer:
        """The parts of the answer that have come by the time `until`."""
        parts: dict[str, Any] = {}
        ending: Ending = "broken"
        try:
            self._send(json.dumps(question).encode() + b"\n")
            while line := self._lines.get(timeout=max(until - time.monotonic(), 0.001)):
                if not (part := json.loads(line)):
                    return Answer(parts, "whole")
                parts[part[0]] = part[1]
        except queue.Empty:
            ending = "late"
        except OSError:  # it has ended before it had read all
            pass
        self.end()
        return Answer(parts, ending)

    def end(self) -> None:
        """End the process, if there is one, and what it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()

    def _send(self, line: bytes) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()
        if self._process and self._process.stdin:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def start(self) -> None:
        """Start the process, so that it is ready when it is asked."""
        self.end()
        # A session of its own: what interrupts the bench in a terminal is for the bench to answer.
        self._process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "PYTHONPATH": _path()},
        )  # fmt: skip
        self._lines = queue.SimpleQueue()
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()


def _path() -> str:
    """Where the process finds the packages that this one has."""
    return os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])


def _read(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Pass on what a process writes, and an empty line at its end."""
    if process.stdout:
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
    lines.put(b"")


class Workers:
    """So many workers, that are lent to one who asks after the other."""

    def __init__(self, count: int) -> None:
        self._all = [Worker() for _ in range(count)]
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._all:
            self._free.put(worker)

    def start(self) -> None:
        """Start all processes, so that the first question finds one that is ready."""
        for worker in self._all:
            worker.start()

    def ask(self, question: Mapping[str, Any], seconds: float) -> Answer:
        """What a worker answers in so many seconds. Raises BusyError if none becomes free."""
        until = time.monotonic() + seconds
        with self._lent(seconds) as worker:
            return worker.ask(question, max(until, time.monotonic() + seconds / 2))

    @contextmanager
    def _lent(self, seconds: float) -> Iterator[Worker]:
        try:
            worker = self._free.get(timeout=seconds)
        except queue.Empty:
            raise BusyError("all processes are at work") from None
        try:
            yield worker
        finally:
            self._free.put(worker)

    def end(self) -> None:
        """End all processes."""
        for worker in self._all:
            worker.end()
