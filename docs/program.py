"""Write docs/program.md: an expression, its picture and its program side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
import viz
from autodiff.extend import topological
from autodiff.programs.program import Program

HERE = Path(__file__).parent
NUMBERS = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}

NEURON = """\
def neuron(w0, x0, w1, x1, w2):
    dot = w0 * x0 + w1 * x1 + w2
    f = 1 / (1 + exp(-dot))
    return f
"""
LOSS = """\
def loss(params, X, labels):
    h = tanh(X @ params["W1"] + params["b1"])
    logits = h @ params["W2"] + params["b2"]
    return cross_entropy(logits, labels)


program = derive(loss, params, X, labels, argnums=0)
"""
STEP = """\
@compile(donate="w")
def step(w, x, y):
    loss, slope = value_and_grad(lambda w: mean((x @ w - y) ** 2))(w)
    return loss, w - 0.1 * slope
"""


def defined(source: str) -> dict[str, Any]:
    """What a piece of the page defines, run with the names of this project."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (4, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
    names = {
        **{name: getattr(ad, name) for name in dir(ad)},
        "params": {name: rng.normal(size=shape) for name, shape in shapes.items()},
        "X": rng.normal(size=(8, 4)),
        "labels": rng.integers(0, 3, 8),
    }
    exec(compile(source, "docs/program.md", "exec"), names)
    return names


def body(source: str) -> str:
    """A program from its own function on, without what is defined above."""
    return re.split(r"\n\n\n(?=def (?!_))", source)[-1]


def neuron_program() -> Program:
    """The neuron, derived."""
    return ad.derive(defined(NEURON)["neuron"], *NUMBERS.values())


def picture() -> Any:
    """The graph of the neuron, its cards called as the lines of the program are."""
    leaves = [ad.Value(number, name=name) for name, number in NUMBERS.items()]
    f = defined(NEURON)["neuron"](*leaves)
    forward = neuron_program().source.split("# backward")[0]
    lines = re.findall(r"^    (\w+) = ", forward, re.MULTILINE)
    for node, name in zip((n for n in topological(f) if n.op), lines, strict=True):
        node.name = name
    f.backward()
    drawn = viz.draw(f)
    drawn.graph_attr["rankdir"] = "TB"
    return drawn


def page() -> str:
    """The text of docs/program.md."""
    program = neuron_program()
    value, gradients = program(*NUMBERS.values())
    network, step = defined(LOSS), defined(STEP)["step"]
    step(np.zeros(4), np.ones((2, 4)), np.ones(2))
    rounded = ", ".join(f"{g:.4f}" for g in gradients)
    call = f"program(2.0, -1.0, -3.0, -2.0, -3.0)\n# ({value:.4f}, ({rounded}))"
    template = (HERE / "program.template.md").read_text(encoding="utf-8")
    return template.format(
        neuron=NEURON,
        program=program.source,
        d_dot=f"{gradients[-1]:.2f}",
        call=call,
        loss=LOSS,
        network=body(network["program"].source),
        second=ad.derive(ad.grad(lambda x: ad.sin(x) * x**2), 2.0, name="slope").source,
        step=STEP,
        fast=step.source,
        jax=body(
            ad.derive(network["loss"], *(network[n] for n in ("params", "X", "labels")),
                      argnums=0, engine="jax").source
        ),
        crossover=(HERE / "crossover.md").read_text(encoding="utf-8"),
    )  # fmt: skip


def main() -> None:
    """Write the page and its picture beside this file."""
    (HERE / "program.md").write_text(page(), encoding="utf-8")
    (HERE / "program.svg").write_bytes(picture().pipe("svg"))


if __name__ == "__main__":
    main()
