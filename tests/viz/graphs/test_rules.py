"""Rules on edges: in the names that the cards have, and in words where these say more."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from viz.graphs.numbers import rounded
from viz.graphs.rules import rules_of

X, W = Tensor(np.ones((4, 3)), name="X"), Tensor(np.ones((3, 2)), name="layers.0.weight")
b, unnamed = Tensor(np.ones(2), name="b"), Tensor(np.ones((4, 2)))
column, scalar = Tensor(np.ones((4, 1)), name="c"), Value(2.0, name="s")
array = np.full((4, 2), 2.0)


def named(node, name):
    node.name = name
    return node


@pytest.mark.parametrize(
    ("node", "rules"),
    [
        (X @ W, ["ct @ weight.T", "X.T @ ct"]),
        (unnamed @ Tensor(np.ones((2, 2))), ["ct @ other.T", "other.T @ ct"]),
        (X @ np.ones((3, 2)), ["ct @ constant.T"]),
        (ad.relu(X) @ Tensor(np.ones((3, 2))), ["ct @ leaf.T", "relu.T @ ct"]),
        (ad.tanh(X) * ad.tanh(X), ["ct * other", "ct * other"]),
        ((X @ W) * ad.exp(b), ["ct * exp", "sum over rows of ct * other"]),
        (unnamed + b, ["ct", "sum over rows"]),
        (unnamed * b, ["ct * b", "sum over rows of ct * leaf"]),
        (unnamed - column, ["ct", "sum over columns of -ct"]),
        (unnamed * scalar, ["ct * s", "sum over all entries of ct * leaf"]),
        (b + scalar, ["ct", "sum over all entries"]),
        (Tensor(np.ones((5, 4, 2))) + b, ["ct", "sum over axes 0, 1"]),
        (Tensor(np.ones((5, 4, 2))) + unnamed, ["ct", "sum over axis 0"]),
        (ad.tanh(unnamed), ["ct * (1 - out * out)"]),
        (named(ad.tanh(unnamed), "h"), ["ct * (1 - h * h)"]),
        (ad.relu(unnamed), ["ct * (in > 0)"]),
        (ad.relu(X), ["ct * (X > 0)"]),
        (unnamed * (1 / np.sqrt(8)), ["ct * 0.354"]),
        (unnamed * 2.0, ["ct * 2"]),
        (unnamed * array, ["ct * constant"]),
        (unnamed * unnamed, ["ct * other", "ct * in"]),
        (ad.expand_dims(b, 0), ["reshape(ct, (2,))"]),
        (X.sum(), ["ct"]),
        (X.mean(), ["ct / 12"]),
        (named(Tensor(np.ones(2)), "n" * 50) * b, ["ct * b", "ct * " + "n" * 20]),
    ],
    ids=str,
)
def test_a_rule(node, rules):
    node_other = [r.replace("ct * in", "ct * other") for r in rules]
    found = rules_of(node, {}, rounded)
    assert found in (rules, node_other)


def test_a_constant_is_called_as_its_variable():
    assert rules_of(unnamed * array, {1: "mask"}, rounded) == ["ct * mask"]
    assert rules_of(array.T @ unnamed, {0: "A"}, rounded) == ["A.T @ ct"]
