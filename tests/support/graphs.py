"""Graphs that pages and pictures are made of."""

import math

import numpy as np

import autodiff as ad
import viz
from autodiff import Tensor, Value
from autodiff.extend import topological
from nn import MLP


def neuron():
    """The classic one: 13 nodes."""
    w0, w1, w2 = (Value(v, name=f"w{i}") for i, v in enumerate((2.0, -3.0, -3.0)))
    x0, x1 = Value(-1.0, name="x0"), Value(-2.0, name="x1")
    f = 1 / (1 + ad.exp(-(w0 * x0 + w1 * x1 + w2)))
    f.name = "f"
    return f


def diamond():
    """One leaf, from which six paths lead to the output; nothing flows along one of them."""
    x = Value(1.5, name="x")
    z = (x * x + 1) * (x * x - ad.sin(x)) + ad.relu(-x) * 3
    z.name = "z"
    return z


def valley():
    """A loss with one weight, whose descent overshoots at an lr above 0.25 and diverges at 0.5."""
    w, y = Value(3.0, name="w"), Value(1.0, name="y")
    loss = (2 * w - 2 * y) ** 2 / 2
    loss.name = "loss"
    return loss


def arrays():
    rng = np.random.default_rng(0)
    X, W = Tensor(rng.normal(size=(4, 3)), name="X"), Tensor(rng.normal(size=(3, 2)), name="W")
    b = Tensor(rng.normal(size=2), name="b")
    loss = ad.mean(ad.tanh(X @ W + b) ** 2)
    loss.name = "loss"
    return loss


def infinite():
    x, y = Value(0.0, name="x"), Value(math.inf, name="y")
    return ad.log(x) * 2 + ad.where(x, ad.sqrt(x), -x) + ad.exp(-y) * y


def nodes_of(f):
    return list(topological(f))


def fine(x):
    """A number in the words of a page: to four digits."""
    return f"{x:.4g}".replace("-", "−")


def network():
    """A network of 16 and 16 neurons, its calls noted; made here, and not to be changed."""
    model = MLP(2, [16, 16, 1], activation=ad.tanh, seed=0)
    with viz.calls():
        return model([Value(-0.5, name="x0"), Value(0.1, name="x1")])
