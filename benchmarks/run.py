"""Nabigrad against hand-written NumPy and its peers, as ratios taken in one run.

Each peer has a process of its own; the processes work by turns, a short stretch each, so that
the noise of the machine falls on all alike. What is printed are medians and ranges over rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from compare import CHOSEN, Bars, peak_bytes, preparing, process, team

NETWORKS = [([2, 16, 16, 2], 100), ([64, 32, 10], 32), ([784, 128, 10], 64),
            ([784, 512, 512, 10], 256)]  # fmt: skip
CURVED = [(["network", 100, 100], "MLP of width 100"), (["network", 256, 512], "MLP of width 512"),
          (["logistic", 5000, 200], "logistic regression"), (["factors", 600, 50], "two factors"),
          (["rosenbrock", 100_000], "Rosenbrock of 1e5")]  # fmt: skip
# Of each how often its value and gradient may take what they take by hand.
PRODUCTS = [(["cumprod", 200_000], 5.0), (["convolve", 20_000, 2_000], 2.0),
            (["einsum", 200], 2.0), (["multi_dot", 1200], 2.0)]  # fmt: skip
# Of each what it is, and how often its program may take what JAX's does.
JACOBIANS = [(["dense", 500, 50], "Jacobian of tanh(A x), 500 by 50", 1.1),
             (["network"], "Jacobian of an MLP 50-100-100-30", 1.1),
             (["logistic"], "Hessian of a logistic regression, 50 weights", 1.1),
             (["rosenbrock", 100], "Hessian of Rosenbrock of 100", 1.1),
             (["hand"], "Jacobian of a hand, 26 inputs, 300 outputs", 2.5)]  # fmt: skip
LARGE = [(["rosenbrock", 1000], "Hessian of Rosenbrock of 1,000"),
         (["dense", 2000, 1000], "Jacobian of tanh(A x), 2,000 by 1,000")]  # fmt: skip
# Of each the parameters up to which it is tried: the Hessian of 10,000 is 800 MB, and held twice.
NEWTON = {"descent": 10**6, "exact": 3000, "differences": 1000, "products": 10**6}
SIZES = [10**3, 10**4, 10**5, 10**6, 10**7]
EAGER = {"autograd": 4, "mygrad": 2}  # times the eager engine that these peers are to take


def report_mlp(bars: Bars, rounds: int) -> None:
    """A training step of four networks, in both precisions."""
    with team(
        "careful", "by_hand", "compiled", "eager", "tutorial", "torch", "jax", "mygrad", "autograd"
    ) as engines:
        for dtype in ("float64", "float32"):
            for sizes, batch in NETWORKS:
                case = f"{'-'.join(map(str, sizes))} x {batch}, {dtype}"
                print(f"\nTraining step of MLP {case}")
                tolerance = 1e-9 if dtype == "float64" else 1e-4
                seconds = 0.1 if sizes[1] < 500 else 0.2
                found = engines.compare("mlp", [sizes, batch, dtype], rounds, seconds, tolerance)
                found.show("careful")
                bars.at_most(
                    f"MLP {case}: compiled / careful",
                    found.ratio("compiled", "careful").median,
                    1.05,
                )
                for peer in ("torch", "jax", "mygrad", "autograd"):
                    ratio = found.ratio(peer, "compiled").median
                    bars.at_least(f"MLP {case}: {peer} / compiled", ratio, 1.0)
                if dtype == "float64" and sizes[0] < 100:
                    for ours in ("eager", "tutorial"):
                        ratio = found.ratio(ours, "by_hand").median
                        bars.at_most(f"MLP {case}: {ours} / by_hand", ratio, 1.5)
                    for peer, limit in EAGER.items():
                        ratio = found.ratio(peer, "eager").median
                        bars.at_least(f"MLP {case}: {peer} / eager", ratio, limit)


def report_memory(bars: Bars, rounds: int) -> None:
    """The peak memory of a training step."""
    print("\nPeak memory of a training step: arrays kept between steps, and what a step adds")
    for dtype in ("float64", "float32"):
        for sizes, batch in NETWORKS:
            case = f"{'-'.join(map(str, sizes))} x {batch}, {dtype}"
            used = {
                engine: peak_bytes("mlp", [sizes, batch, dtype], engine)
                for engine in ("careful", "by_hand", "compiled", "eager")
            }
            texts = ", ".join(f"{engine} {size / 1e3:,.0f}" for engine, size in used.items())
            print(f"  {case:<36} kB: {texts}", flush=True)
            bars.at_most(
                f"MLP {case}: memory, compiled / careful", used["compiled"] / used["careful"], 1.1
            )


def report_moons(bars: Bars, rounds: int) -> None:
    """micrograd's own demo."""
    print("\nMoons step, scalars, MLP 2-16-16-1, 100 samples, garbage collector on")
    with team("compiled", "eager", "micrograd") as engines:
        found = engines.compare("moons", [], max(3, rounds // 2), 0.3, 1e-9)
    found.show("compiled")
    ready = preparing("moons", 3)
    step = found.seconds("micrograd")
    for what, seconds in ready.items():
        print(
            f"  {what} for the first time: {seconds * 1e3:.1f} ms, {seconds / step:.1%} of a step"
        )
        bars.at_most(f"moons: first {what}, % of a micrograd step", 100 * seconds / step, 10)
    bars.at_least("moons: micrograd / compiled", found.ratio("micrograd", "compiled").median, 100)
    bars.at_least("moons: micrograd / eager", found.ratio("micrograd", "eager").median, 8)


def report_chain(bars: Bars, rounds: int) -> None:
    """The elementwise chain; on two cores its times suffer from whatever else is running."""
    for size in SIZES:
        print(f"\nElementwise chain and its gradient, {size:,} float64")
        peers = ["torch", "jax", *(["mygrad", "autograd"] if size < 10**7 else [])]
        with team("by_hand", "compiled", *peers) as engines:
            few = max(3, rounds // 2) if size >= 10**7 else rounds
            found = engines.compare("chain", [size], few, 0.1, 1e-9)
        found.show("by_hand")
        ratio = found.ratio("compiled", "by_hand").median
        if size >= 10**5:
            bars.at_most(f"chain {size:,}: compiled / by_hand", ratio, 0.7)
            used = [peak_bytes("chain", [size], e) for e in ("compiled", "by_hand")]
            print(f"  peak memory: compiled {used[0] / 1e6:,.2f} MB, by_hand {used[1] / 1e6:,.2f}")
            bars.at_most(f"chain {size:,}: memory, compiled / by_hand", used[0] / used[1], 0.5)
        bars.at_least(
            f"chain {size:,}: torch / compiled", found.ratio("torch", "compiled").median, 1.0
        )


def report_rnn(bars: Bars, rounds: int) -> None:
    """The RNN of 200 time steps."""
    print("\nLoss and gradient of a tanh RNN, 200 time steps, hidden 32, batch 16, float64")
    with team("by_hand", "compiled", "eager", "torch", "jax", "mygrad", "autograd") as engines:
        found = engines.compare("rnn", [], rounds, 0.1, 1e-9)
    found.show("compiled")
    print(f"  compile and run for the first time: {preparing('rnn', 3)['compile'] * 1e3:.0f} ms")
    for peer in ("torch", "mygrad", "autograd"):
        bars.at_least(f"RNN: {peer} / compiled", found.ratio(peer, "compiled").median, 5.0)


def report_lstm(bars: Bars, rounds: int) -> None:
    """An LSTM layer, as nn has it, in both precisions."""
    with team("by_hand", "compiled", "eager", "torch", "jax") as engines:
        for dtype, most, tolerance in (("float64", 1.0, 1e-9), ("float32", 3.0, 1e-4)):
            print(f"\nLoss and gradient of an LSTM, 32 steps, hidden 64, batch 32, {dtype}")
            found = engines.compare("lstm", [dtype], rounds, 0.1, tolerance)
            found.show("by_hand")
            for peer, limit in (("by_hand", 1.5), ("torch", most)):
                ratio = found.ratio("compiled", peer).median
                bars.at_most(f"LSTM, {dtype}: compiled / {peer}", ratio, limit)
    spent = preparing("lstm", 3)["compile"]
    print(f"  compile and run for the first time: {spent * 1e3:.0f} ms")


def report_convolution(bars: Bars, rounds: int) -> None:
    """A training step of a small convolutional network, in both precisions."""
    with team("compiled", "eager", "torch", "jax") as engines:
        for dtype in ("float64", "float32"):
            print(f"\nTraining step of a convolutional network, 64 images of 8 by 8, {dtype}")
            tolerance = 1e-9 if dtype == "float64" else 1e-3
            found = engines.compare("convolution", [dtype], rounds, 0.2, tolerance)
            found.show("torch")
            for ours, limit in (("compiled", 1.5), ("eager", 2.0)):
                ratio = found.ratio(ours, "torch").median
                bars.at_most(f"convolutional network, {dtype}: {ours} / torch", ratio, limit)


def report_hvp(bars: Bars, rounds: int) -> None:
    """What an hvp costs, for functions of 200 to 525,000 parameters."""
    for case, what in CURVED:
        print(f"\nHessian-vector product, {what}")
        with process() as worker:
            names = ["function", "gradient", "hvp", "compiled"]
            worker.ask("make", workload="curvature", case=case, engines=names)
            runs = [worker.ask("measure", seconds=0.1) for _ in range(rounds)]
        ratios = {name: [run[name] / run["function"] for run in runs] for name in names}
        for name, found in ratios.items():
            spent = statistics.median(run[name] for run in runs) * 1e6
            middle, spread = statistics.median(found), f"{min(found):.2f} to {max(found):.2f}"
            print(f"  {name:<10} {spent:>12,.1f} us {middle:8.2f} x function  ({spread})")
        for name in ("hvp", "compiled"):
            ratio = statistics.median(ratios[name])
            bars.at_most(f"hvp, {what}: {name} / function", ratio, 6.0)


def report_products(bars: Bars, rounds: int) -> None:
    """Running products, convolutions, chains of matrices: value and gradient."""
    for case, most in PRODUCTS:
        print(f"\nValue and gradient, {case[0]} of {' by '.join(f'{n:,}' for n in case[1:])}")
        with team("by_hand", "compiled", "eager") as engines:
            found = engines.compare("products", case, rounds, 0.1, 1e-9)
        found.show("by_hand")
        for engine in ("eager", "compiled"):
            ratio = found.ratio(engine, "by_hand").median
            bars.at_most(f"{case[0]}: {engine} / by_hand", ratio, most)


def report_jacobians(bars: Bars, rounds: int) -> None:
    """Whole Jacobians and Hessians, and two that are large."""
    for case, what, most in JACOBIANS:
        print(f"\n{what}")
        with team("compiled", "eager", "jax_jit", "jax_eager", "torch", "autograd") as engines:
            found = engines.compare("jacobians", case, rounds, 0.1, 1e-9)
        found.show("jax_jit")
        for engine, limit in (("eager", 3.5), ("compiled", most)):
            ratio = found.ratio(engine, "jax_jit").median
            bars.at_most(f"{what}: {engine} / jax_jit", ratio, limit)
        for peer in ("torch", "autograd", "jax_eager") if "Hessian" in what else ():
            bars.at_least(f"{what}: {peer} / eager", found.ratio(peer, "eager").median, 3.0)
    for case, what in LARGE:
        used = peak_bytes("jacobians", case, "eager")
        with team("eager", "compiled") as engines:
            found = engines.compare("jacobians", case, 3, 0.5, 1e-9)
        print(f"\n{what}: {used / 1e6:,.0f} MB at most, the answer included")
        found.show("eager")


def report_training(bars: Bars, rounds: int) -> None:
    """Whole trainings by `train`, beside the loops of peers."""
    print("\n40 epochs of 64-64-10 on 1,437 rows, batches of 32, SGD with momentum, float64")
    with team("digits", "torch", "torch_indexed") as engines:
        found = engines.compare("training", ["digits"], max(3, rounds // 2), 0.3, 1e-9)
    found.show("digits")
    bars.at_least("training: torch / train", found.ratio("torch", "digits").median, 3.0)
    print("\n10 steps of moons by scalars, MLP 2-16-16-1, 100 samples")
    with team("scalars", "micrograd") as engines:
        found = engines.compare("training", ["moons"], 3, 0.3, 1e-9)
    found.show("scalars")
    ratio = found.ratio("micrograd", "scalars").median
    bars.at_least("training, moons by scalars: micrograd / train", ratio, 100.0)


def report_newton(bars: Bars, rounds: int) -> None:
    """A step of Newton's method beside one of gradient descent, for 10 to 10^6 parameters."""
    for size in (10, 100, 1000, 3000, 10**4, 10**5, 10**6):
        print(f"\nNewton's step of {size:,} parameters, whose Hessian is {8e-6 * size**2:,.7g} MB")
        names = [name for name, most in NEWTON.items() if size <= most]
        with process() as worker:
            worker.ask("make", workload="newton", case=[size], engines=names)
            times = [worker.ask("measure", seconds=0.1) for _ in range(max(3, rounds // 3))]
        spent = {name: statistics.median(run[name] for run in times) for name in names}
        used = {name: peak_bytes("newton", [size], name) for name in names}
        for name in names:
            slower, larger = spent[name] / spent["descent"], used[name] / used["descent"]
            print(
                f"  {name:<12} {spent[name] * 1e3:>12,.2f} ms {slower:>10,.1f} x descent"
                f" {used[name] / 1e6:>10,.2f} MB {larger:>8,.1f} x descent",
                flush=True,
            )
    bars.at_most("Newton of 10^6: memory, products / descent", larger, 10)


def report_imports(bars: Bars, rounds: int) -> None:
    """`import autodiff` against `import numpy`, in new interpreters."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {"numpy": [], "autodiff": []}
    for _ in range(2 * rounds):
        for name, spent in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True, env=environment)
            spent.append(time.perf_counter() - start)
    print("\nImport in a new interpreter")
    for name, spent in times.items():
        ratios = [a / b for a, b in zip(spent, times["numpy"], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        middle, median = statistics.median(spent), statistics.median(ratios)
        print(f"  {name:<10} {middle * 1e6:>12,.1f} us {median:8.2f} x numpy  ({spread})")
    bars.at_most("import autodiff / numpy", median, 1.5)


REPORTS: dict[str, Callable[[Bars, int], None]] = {
    "mlp": report_mlp,
    "memory": report_memory,
    "moons": report_moons,
    "chain": report_chain,
    "rnn": report_rnn,
    "lstm": report_lstm,
    "convolution": report_convolution,
    "hvp": report_hvp,
    "products": report_products,
    "jacobians": report_jacobians,
    "training": report_training,
    "newton": report_newton,
    "imports": report_imports,
}


def main() -> None:
    """Print the comparisons that are asked for, or all, and what they say of the promises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(REPORTS)}; all if none is given")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(REPORTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(REPORTS)}")
    if CHOSEN:
        print(f"Not passed on, so that each library chooses its own kernels: {', '.join(CHOSEN)}")
    bars = Bars()
    for name in options.parts or REPORTS:
        REPORTS[name](bars, options.rounds)
    print("\nWhat is promised, and what this run has found (ratios of times, or as they say)")
    bars.show()


if __name__ == "__main__":
    main()
