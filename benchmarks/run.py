"""Nabigrad against hand-written NumPy and its peers, as ratios taken in one run.

Each peer is measured in a process of its own, by turns with what it is compared to where the
two do not disturb each other (a peer's cyclic garbage would slow the other's collector).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import mlp
import moons
from timing import by_turns

NETWORKS = {"64-32-10, batch 32": ((64, 32, 10), 32), "2-16-16-2, batch 100": ((2, 16, 16, 2), 100)}
PROCESSES = 3  # each measurement is repeated in so many processes, in turn


def measure_mlp(network: str, peer: str, rounds: int) -> dict[str, float]:
    """Seconds of an SGD step by hand and by a peer, by turns."""
    problem = mlp.Problem(*NETWORKS[network])
    steps = {name: getattr(mlp, name)(problem) for name in ("by_hand", peer)}
    losses = [step() for step in steps.values()]
    if abs(losses[0] - losses[1]) > 1e-9:
        sys.exit(f"by hand and {peer} disagree about the loss: {losses}")
    return by_turns(steps, rounds)


def measure_moons(engine: str, rounds: int) -> dict[str, float]:
    """Seconds of micrograd's moons step by one engine, with the garbage collector on."""
    return by_turns({engine: getattr(moons, engine)()}, max(5, rounds // 100), warm=2)


def in_processes(jobs: dict[str, list[str]], rounds: int) -> dict[str, list[dict[str, float]]]:
    """What each job measures, in processes of its own that take turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for _ in range(PROCESSES):
        for name, job in jobs.items():
            command = [sys.executable, __file__, "--rounds", str(rounds), "--job", *job]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name].append(json.loads(done.stdout))
    return found


def report_mlp(rounds: int) -> None:
    """Print the ratio of every engine to NumPy by hand, for both networks."""
    peers = ("nabigrad", "mygrad", "autograd")
    for network in NETWORKS:
        found = in_processes({p: ["mlp", network, p] for p in peers}, rounds)
        print(f"SGD step, MLP {network}, float64")
        for peer, runs in found.items():
            ratios = sorted(run[peer] / run["by_hand"] for run in runs)
            spent = statistics.median(run[peer] for run in runs)
            print(_line(peer, spent, statistics.median(ratios), "by hand", ratios))


def report_moons(rounds: int) -> None:
    """Print the ratio of micrograd to this project."""
    found = in_processes({e: ["moons", e] for e in ("micrograd", "nabigrad")}, rounds)
    medians = {e: statistics.median(run[e] for run in runs) for e, runs in found.items()}
    print("moons step, scalars, MLP 2-16-16-1, 100 samples, garbage collector on")
    for engine, spent in medians.items():
        ratios = [run[engine] / medians["nabigrad"] for run in found[engine]]
        print(_line(engine, spent, spent / medians["nabigrad"], "nabigrad", ratios))


def report_imports(rounds: int) -> None:
    """Print what `import autodiff` costs against `import numpy`, in new interpreters."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {"numpy": [], "autodiff": []}
    for _ in range(max(9, rounds // 100)):
        for name, spent in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True, env=environment)
            spent.append(time.perf_counter() - start)
    print("import in a new interpreter")
    base = statistics.median(times["numpy"])
    for name, spent in times.items():
        median = statistics.median(spent)
        print(_line(name, median, median / base, "numpy", [t / base for t in spent]))


def _line(name: str, seconds: float, ratio: float, base: str, ratios: list[float]) -> str:
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"  {name:<10} {seconds * 1e6:>12,.1f} us  {ratio:6.2f} x {base}  ({spread})"


REPORTS: dict[str, Callable[[int], None]] = {
    "mlp": report_mlp,
    "moons": report_moons,
    "imports": report_imports,
}


def main() -> None:
    """Print the comparisons that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(REPORTS)}; all if none is given")
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        measure = {"mlp": measure_mlp, "moons": measure_moons}[options.job[0]]
        print(json.dumps(measure(*options.job[1:], options.rounds)))
        return
    for name in options.parts or REPORTS:
        REPORTS[name](options.rounds)


if __name__ == "__main__":
    main()
