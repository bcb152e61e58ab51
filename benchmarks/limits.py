"""Time per node of a graph of 1,000,000 nodes against one of 1,000, forward, backward and freed.

Each is a ratio taken in one run, by turns, with Python's garbage collector on, on and called less
often (gc.set_threshold), and off. The collector visits every object that lives, again and again
while a graph grows: what that comes to for a bare chain of Python objects with as many slots
stands beside it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff.graph.node import Node

LARGE, SMALL = 1_000_000, 1_000
RARELY = 20_000  # new objects after which the collector runs; Python 3.11 has 700
PHASES = ("forward", "backward", "freed", "all")


class Bare:
    """An object with the slots of a Value, and nothing that computes."""

    __slots__ = Node.__slots__


def chain(kind: Any, length: int) -> Any:
    """A node made of a node made of a node."""
    node = kind(1.0)
    for _ in range(length):
        node = node * 0.999999
    return node


def fan(kind: Any, length: int) -> Any:
    """One leaf with so many nodes made of it."""
    leaf = kind(1.0)
    return ad.stack([leaf * 0.5 for _ in range(length)]).sum()


def bare(kind: Any, length: int) -> Any:
    """An object that refers to an object that refers to an object."""
    node = kind()
    for i in range(length):
        other = object.__new__(kind)
        other._first, other._data = node, 0.5 * i
        node = other
    return node


def phases(make: Callable[[Any, int], Any], kind: Any, length: int) -> list[float]:
    """Nanoseconds per node of each phase, and of all together; of the process, not the clock."""
    total = [0.0, 0.0, 0.0]
    repeats = max(1, LARGE // length // 4)
    for _ in range(repeats):
        start = time.process_time()
        root = make(kind, length)
        made = time.process_time()
        if kind is not Bare:
            root.backward()
        pulled = time.process_time()
        del root
        freed = time.process_time()
        for i, spent in enumerate((made - start, pulled - made, freed - pulled)):
            total[i] += spent
    spent = [t / repeats / length * 1e9 for t in total]
    return [*spent, sum(spent)]


def compare(make: Callable[[Any, int], Any], kind: Any, rounds: int) -> str:
    """The ratio of the large graph to the small one, phase by phase."""
    runs: dict[int, list[list[float]]] = {SMALL: [], LARGE: []}
    for _ in range(rounds):
        for length, found in runs.items():
            found.append(phases(make, kind, length))
    small, large = (
        [statistics.median(phase) for phase in zip(*runs[length], strict=True)]
        for length in (SMALL, LARGE)
    )
    return "  ".join(
        f"{name} {b:5.0f} ns {b / a:5.2f}x"
        for name, a, b in zip(PHASES, small, large, strict=True)
        if a > 1
    )


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{LARGE:,} nodes: time per node, and its ratio to that of {SMALL:,} nodes")
    usual = gc.get_threshold()
    for often in (usual[0], RARELY, 0):  # after none, that is never
        gc.set_threshold(often, *usual[1:])
        print(f"garbage collector {f'after {often:,} new objects' if often else 'off'}")
        for name, make, kind in [
            ("chain of Values", chain, ad.Value),
            ("chain of Tensors", chain, ad.Tensor),
            ("fan-out of a Value", fan, ad.Value),
            ("fan-out of a Tensor", fan, ad.Tensor),
            ("chain of bare objects", bare, Bare),
        ]:
            print(f"  {name:<22} {compare(make, kind, options.rounds)}", flush=True)


if __name__ == "__main__":
    main()
