"""What a Hessian-vector product costs, as a multiple of its function in plain NumPy.

Eagerly, and as a compiled program; each ratio is taken in one run, by turns. The number of
parameters goes up by powers of ten, and the ratio must not go with it.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import by_turns

import autodiff as ad
from autodiff.extend import leaves, tree_map

Function = Callable[..., Any]


def network(sizes: tuple[int, ...], batch: int) -> tuple[Function, Any]:
    """The loss of a network of these layers, and its parameters."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(batch, sizes[0])), rng.integers(0, sizes[-1], batch)
    shapes = list(itertools.pairwise(sizes))
    params = [(rng.normal(size=s) / np.sqrt(s[0]), np.zeros(s[1])) for s in shapes]

    def loss(params: Any) -> Any:
        (W, b), *rest = params
        h = X @ W + b
        for W, b in rest:
            h = np.tanh(h) @ W + b
        return ad.cross_entropy(h, labels)

    return loss, params


def bells(x: Any) -> Any:
    """A function that works entry by entry."""
    return np.sum(np.tanh(x) * np.exp(-x * x))


def rosenbrock(x: Any) -> Any:
    """A function of slices, of which each entry costs little."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def report(name: str, f: Function, x: Any, rounds: int) -> None:
    """Print the ratios for one function at one point."""
    v = tree_map(np.ones_like, x)

    def product(x: Any, v: Any) -> Any:
        return ad.hvp(f, (x,), (v,))

    compiled = ad.compile(product)
    for found, right in zip(leaves(compiled(x, v)), leaves(product(x, v)), strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-9)
    steps: dict[str, Callable[[], object]] = {
        "f": lambda: f(x), "gradient": lambda: ad.grad(f)(x), "hvp": lambda: product(x, v),
        "compiled": lambda: compiled(x, v),
    }  # fmt: skip
    spent = by_turns(steps, rounds, warm=3)
    ratios = [f"{step} {spent[step] / spent['f']:6.2f}x" for step in list(steps)[1:]]
    print(f"  {name:<28} {spent['f'] * 1e6:9.0f} us  {'  '.join(ratios)}", flush=True)


def main() -> None:
    """Print the ratios of networks and of functions entry by entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    print("a Hessian-vector product, as a multiple of f in NumPy")
    for sizes, batch in [((64, 32, 10), 32), ((784, 128, 10), 64), ((256, 256, 256, 10), 128)]:
        report("-".join(map(str, sizes)) + f", batch {batch}", *network(sizes, batch), rounds)
    for count in (10, 1_000, 100_000, 1_000_000):
        x = np.random.default_rng(1).normal(size=count)
        report(f"tanh(x) exp(-x*x), {count:,}", bells, x, rounds)
        report(f"Rosenbrock, {count:,}", rosenbrock, x, rounds)


if __name__ == "__main__":
    main()
