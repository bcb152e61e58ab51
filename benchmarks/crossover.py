"""From which size on JAX pays: a compiled program by NumPy against the same one jitted by XLA.

Each engine has a process of its own on one core, and they are measured by turns. Run it where the
extra `jax` is installed; `--out docs/crossover.md` is for the guide.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

CASES = {
    "sum(tanh(x) sigmoid(x) + exp(-x²) x) and its gradient, float64; entries of x": (
        "chain", [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    ),
    "a training step of a network 64-h-h-10 on 64 rows, float32; width h": (
        "network", [16, 64, 256, 1024, 2048]
    ),
}  # fmt: skip
ENGINES = ("numpy", "jax")
ROUNDS = 15  # of which the fastest counts: what else runs on the machine only ever adds
SECONDS = 0.02  # of one measurement


def chain(size: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The elementwise chain."""
    import autodiff as ad

    def f(x: Any) -> Any:
        return np.sum(np.tanh(x) * ad.sigmoid(x) + np.exp(-(x**2)) * x)

    return ad.value_and_grad(f), (np.random.default_rng(0).normal(size=size),)


def network(width: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """One step of gradient descent."""
    import autodiff as ad

    rng = np.random.default_rng(0)
    sizes = [(64, width), (width, width), (width, 10)]
    params = [
        (rng.normal(size=s).astype("f") / np.float32(s[0] ** 0.5), np.zeros(s[1], "f"))
        for s in sizes
    ]
    X, labels = rng.normal(size=(64, 64)).astype("f"), rng.integers(0, 10, 64)

    def loss(params: Any, X: Any, labels: Any) -> Any:
        h = X
        for W, b in params[:-1]:
            h = np.tanh(h @ W + b)
        W, b = params[-1]
        return ad.cross_entropy(h @ W + b, labels)

    def step(params: Any, X: Any, labels: Any) -> Any:
        value, slopes = ad.value_and_grad(loss)(params, X, labels)
        return value, [
            tuple(p - 0.1 * g for p, g in zip(layer, slope, strict=True))
            for layer, slope in zip(params, slopes, strict=True)
        ]

    return step, (params, X, labels)


@functools.cache
def compiled(engine: str, case: str, size: int) -> Callable[[], Any]:
    """A call that waits for its result, compiled and warm."""
    from autodiff import compile
    from autodiff.extend import tree_map

    f, args = {"chain": chain, "network": network}[case](size)
    run = compile(f, engine=engine)
    if engine == "numpy":
        run(*args)
        return lambda: run(*args)
    import jax

    with jax.enable_x64(True):
        args = tree_map(jax.numpy.asarray, args)  # on the device, as they are in training
    jax.block_until_ready(run(*args))
    return lambda: jax.block_until_ready(run(*args))


def seconds(engine: str, case: str, size: int) -> float:
    """The time of one call, of as many as fit a measurement."""
    call, count, start = compiled(engine, case, size), 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        call()
        count += 1
    return spent / count


def table() -> str:
    """The measurements, as a table in Markdown for each case."""
    if hasattr(os, "sched_setaffinity"):  # libraries count their threads by it when they start
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    context = multiprocessing.get_context("spawn")
    pools = {e: ProcessPoolExecutor(1, mp_context=context) for e in ENGINES}
    parts = []
    for title, (case, sizes) in CASES.items():
        lines = [f"| {title} | NumPy, µs | JAX, µs | NumPy / JAX |", "|---:|---:|---:|---:|"]
        for size in sizes:
            times: dict[str, list[float]] = {e: [] for e in ENGINES}
            for _ in range(ROUNDS):
                for engine in ENGINES:
                    times[engine].append(pools[engine].submit(seconds, engine, case, size).result())
            numpy, jax = (min(times[e]) * 1e6 for e in ENGINES)
            lines.append(f"| {size:,} | {numpy:,.0f} | {jax:,.0f} | {numpy / jax:.2f} |")
        parts.append("\n".join(lines))
    for pool in pools.values():
        pool.shutdown()
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure, print and perhaps keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="a file to write them to as well")
    out, text = parser.parse_args().out, table()
    print(text)
    if out:
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
