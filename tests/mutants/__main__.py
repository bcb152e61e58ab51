"""Plant faults in the packages, one at a time, and print those that no test finds.

    python -m mutants                    every mutant (in the directory `tests`)
    python -m mutants --seconds 120      a sample, drawn anew for each --seed
    python -m mutants backprop tanh      those whose file or function has one of these words

A mutant that no test can find, since it computes the same, is named in equivalent.toml with the
reason. It is an error if a mutant survives that is not named there, and if one is named that is
found by a test, or that does not exist. A sample leaves those that are named alone.
"""

from __future__ import annotations

import argparse
import functools
import math
import multiprocessing
import os
import random
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .mutations import Mutant
from .running import TIMEOUT, Hunter, Test, Tree, watch_tests
from .scope import ROOT, every_mutant

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
Key = tuple[str, str, str, str]


def equivalents() -> dict[Key, str]:
    """The reason of each mutant that computes the same."""
    return {
        (e["file"], e["function"], e["before"], after): e["reason"]
        for e in tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
        for after in e["after"]
    }


# -- trying them, one process for each core ------------------------------------------------


def watched(workers: int) -> list[Test]:
    """Every test as it went, the quickest first. SystemExit where one fails as things are."""
    tree = Tree(ROOT)
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            shares = [(tree, i, workers) for i in range(workers)]
            tests = [t for part in pool.starmap(watch_tests, shares, chunksize=1) for t in part]
    finally:
        tree.remove()
    failed = [test.node for test in tests if not test.passed]
    if failed or not tests:
        raise SystemExit("\n".join(["With nothing planted, these tests fail:", *failed]))
    return sorted(tests, key=lambda test: test.seconds)


_mine: dict[str, Any] = {}  # what a worker was started with


def _start(trees: Any, tests: list[Test], **given: Any) -> None:
    _mine.update(given, hunter=Hunter(trees.get(), tests))


def _try(place: int) -> str | None:
    if time.monotonic() > _mine["until"]:
        return NOT_TRIED
    return _mine["hunter"].killer(_mine["mutants"][place])


NOT_TRIED = "the time was up"


def tried(
    mutants: list[Mutant], tests: list[Test], workers: int, until: float
) -> Iterator[tuple[Mutant, str | None]]:
    """Each mutant with what found it, until the time is up."""
    context = multiprocessing.get_context("fork")
    trees, queue = [Tree(ROOT) for _ in range(workers)], context.SimpleQueue()
    for tree in trees:
        queue.put(tree)
    start = functools.partial(_start, mutants=mutants, tests=tests, until=until)
    try:
        with context.Pool(workers, start, (queue,)) as pool:
            found = pool.imap(_try, range(len(mutants)))
            for mutant, found_by in zip(mutants, found, strict=True):
                if found_by != NOT_TRIED:
                    yield mutant, found_by
    finally:
        for tree in trees:
            tree.remove()


# -- the report ----------------------------------------------------------------------------


def table(results: list[tuple[Mutant, str | None]], known: dict[Key, str]) -> str:
    """How many mutants of each kind were planted, and what became of them."""
    rows = {}
    for kind in sorted({mutant.kind for mutant, _ in results}):
        ended = Counter(_end(m, found, known) for m, found in results if m.kind == kind)
        rows[kind] = [ended[end] for end in ENDS]
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [f"{'':52}{'planted':>9}" + "".join(f"{end:>12}" for end in ENDS)]
    for kind, counts in rows.items():
        lines.append(f"{kind:52}{sum(counts):9}" + "".join(f"{n:12}" for n in counts))
    return "\n".join(lines)


ENDS = ("found", "by timeout", "equivalent", "SURVIVED")


def _end(mutant: Mutant, found: str | None, known: dict[Key, str]) -> str:
    if found is None:
        return "equivalent" if mutant.key in known else "SURVIVED"
    return "by timeout" if found == TIMEOUT else "found"


def fault(mutant: Mutant, found: str | None, known: dict[Key, str]) -> str | None:
    """What must not be: a survivor, or one found that is named as equivalent."""
    if found is None and mutant.key not in known:
        return f"SURVIVED {mutant}"
    if found is not None and mutant.key in known:
        return f"NOT EQUIVALENT, found by {found}: {mutant}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only mutants whose file or function has one")
    parser.add_argument("--seconds", type=float, default=math.inf, help="how long to try them for")
    parser.add_argument("--seed", help="try the mutants in a random order that this decides")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--verbose", action="store_true", help="say what found each mutant")
    options = parser.parse_args()
    every, known = every_mutant(), equivalents()
    mutants = [
        m for m in every
        if not options.words or any(w in f"{m.path} {m.function}" for w in options.words)
    ]  # fmt: skip
    if options.seconds < math.inf:  # to show that a mutant survives takes the longest
        mutants = [m for m in mutants if m.key not in known]
    if options.seed is not None:
        random.Random(options.seed).shuffle(mutants)
    tests = watched(options.workers)
    print(f"{len(mutants)} mutants, {len(tests)} tests", flush=True)
    gone = [
        f"equivalent.toml names what is not: {k}" for k in known.keys() - {m.key for m in every}
    ]
    print(*gone, sep="\n")
    results, faults = [], len(gone)
    until = time.monotonic() + options.seconds
    for mutant, found in tried(mutants, tests, options.workers, until):
        results.append((mutant, found))
        wrong = fault(mutant, found, known)
        if wrong is not None or options.verbose:
            print(wrong or f"{found} {mutant}", flush=True)
        faults += wrong is not None
        if not len(results) % 250:
            print(f"... {len(results)} tried", flush=True)
    print("\n" + table(results, known))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
