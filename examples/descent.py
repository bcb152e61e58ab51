"""Four ways down a loss: GD, SGD, Newton and ListeningGD, over one weight and over two."""

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import viz
from autodiff import Tensor, mean, sin
from nn import Linear, ReLU, Sequential, Sigmoid, binary_cross_entropy_with_logits
from optim import GD, SGD, ListeningGD, Newton, Optimizer

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 3, 200)
Y = sin(1.7 * X) + RNG.normal(0, 0.1, 200)


def pitch(w: Any, rows: Any = slice(None)) -> Any:
    """How far sin(w x) is from the data: a loss of one weight, with several hollows."""
    return mean((sin(w * X[rows]) - Y[rows]) ** 2)


def valley(w: Any, rows: Any = slice(None)) -> Any:
    """How far a line is from the data, of which the slope and the height depend on each other."""
    return mean((w[0] * X[rows] + w[1] - Y[rows]) ** 2)


def walk(loss: Callable[..., Any], start: Any, steps: int, made: Callable[[Any], Optimizer],
         batch: int | None = None) -> list[Any]:  # fmt: skip
    """Where an optimiser passes, by all of the data or by batches that are drawn."""
    w, rng = Tensor(start), np.random.default_rng(1)
    optimizer, path = made([w]), [w.data]
    for _ in range(steps):
        rows = slice(None) if batch is None else rng.integers(len(X), size=batch)
        optimizer.step(lambda rows=rows: loss(w, rows))
        path.append(w.data)
    return path


def ways(loss: Callable[..., Any], start: Any, steps: int, lr: float) -> dict[str, list[Any]]:
    """The paths of the four, from the same start."""
    return {
        f"GD, lr {lr:g}": walk(loss, start, steps, lambda w: GD(w, lr=lr)),
        f"SGD, lr {lr / 3:.2g}": walk(loss, start, steps, lambda w: SGD(w, lr=lr / 3), batch=4),
        "Newton": walk(loss, start, 8, Newton),
        "ListeningGD": walk(loss, start, steps, lambda w: ListeningGD(w, lr=1e-3, max_iter=1)),
    }


def deep(activation: type) -> Sequential:
    """Eight layers of an activation."""
    sizes = [2, *[16] * 8]
    parts = [part for pair in pairwise(sizes) for part in (Linear(*pair, seed=0), activation())]
    return Sequential(*parts, Linear(16, 1, seed=1))


def main() -> None:
    """Walk, and save the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder for the files")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    out, theme = options.out, options.theme

    one, two = ways(pitch, 2.6, 20, 0.68), ways(valley, [-1.0, -2.0], 40, 0.22)
    title = "One weight, several hollows"
    viz.descent(pitch, one, out / "descent-one.png", theme=theme, title=title)
    title = "A line with two weights"
    viz.descent(valley, two, out / "descent-two.png", theme=theme, title=title)
    viz.animate(valley, two, out / "descent.html", title="Four ways down a valley")

    points = RNG.normal(size=(200, 2))
    crossed = (points.prod(axis=1, keepdims=True) > 0) * 1.0
    viz.gradient_flow(
        {"sigmoid": deep(Sigmoid), "ReLU": deep(ReLU)}, points, crossed, out / "gradient-flow.png",
        loss=binary_cross_entropy_with_logits, theme=theme,
    )  # fmt: skip
    names = ("descent-one.png", "descent-two.png", "descent.html", "gradient-flow.png")
    print("Written:", *(out / name for name in names), sep="\n")


if __name__ == "__main__":
    main()
