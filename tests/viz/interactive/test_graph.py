"""What a page is told of a graph: its numbers are the engine's, its lines are in its names."""

import json
import math

import numpy as np
import pytest
from graphs import arrays, diamond, infinite, neuron, nodes_of
from hypothesis import given, settings
from names import NASTY

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.testing import expressions
from viz.interactive.graph import facts, is_scalar

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def read(told):
    return float(told)


def test_the_neuron():
    told = facts(nodes_of(neuron()))
    assert told["scalar"]
    assert told["nodes"][2] == {"name": "n1", "title": "*", "formula": "w0 * x0", "value": -2.0}
    assert told["nodes"][-1]["formula"] == "1 / n7"
    first = {k: told["edges"][0][k] for k in ("from", "to", "operand", "text", "local", "choice")}
    assert first == {"from": 0, "to": 2, "operand": 0, "text": "n1.grad * x0", "local": -1.0,
                     "choice": False}  # fmt: skip
    assert [e["text"] for e in told["edges"]][-3:] == [
        "n6.grad * n6",
        "n7.grad",
        "f.grad * (-f / n7)",
    ]


@settings(max_examples=max(settings.default.max_examples // 3, 1))
@given(expressions())
def test_numbers_are_the_engines(f):
    args = [Tensor(a) if isinstance(a, np.ndarray) else Value(a) for a in f.args]
    root = f(*args)
    nodes = nodes_of(root)
    told = json.loads(json.dumps(facts(nodes)))
    root.backward()
    norms = [float(np.linalg.norm(np.asarray(n.grad))) for n in nodes]
    last = {edge["from"]: edge["after"] for edge in backwards(told, len(nodes))}
    for i, after in last.items():
        assert abs(read(after)) == pytest.approx(norms[i], rel=1e-9, abs=1e-12)
    for node, one in zip(nodes, told["nodes"], strict=True):
        assert abs(read(one["value"])) == pytest.approx(float(np.linalg.norm(node.data)))


def backwards(told, count):
    """The edges in the order in which they are walked."""
    into = [[e for e in told["edges"] if e["to"] == i] for i in range(count)]
    return [edge for i in reversed(range(count)) for edge in into[i]]


def test_nothing_of_the_users_graph_is_changed():
    f = neuron()
    f.backward()
    before = [n.grad for n in nodes_of(f)]
    facts(nodes_of(f))
    assert [n.grad for n in nodes_of(f)] == before


def test_infinities_are_told_by_name():
    told = facts(nodes_of(infinite()))
    assert "NaN" not in json.dumps(told)
    assert "Infinity" not in json.dumps(told)
    values = {n["name"]: n["value"] for n in told["nodes"]}
    assert values["y"] == "inf"
    assert "-inf" in values.values()


def test_of_arrays_there_are_norms_and_shapes():
    f = arrays()
    told = facts(nodes_of(f))
    assert not told["scalar"]
    W = next(n for n in told["nodes"] if n["name"] == "W")
    assert W["shape"] == "3×2"
    assert {"X.T @ n1.grad", "n1.grad @ W.T", "sum(n2.grad, 0)"} <= {
        e["text"] for e in told["edges"]
    }
    assert "local" not in told["edges"][0]


def test_a_choice_is_told():
    x = Value(2.0, name="x")
    f = ad.relu(x) * x + ad.where(x > 0, x, 0.0) + ad.sign(x)
    told = facts(nodes_of(f))
    choices = {e["text"]: e["choice"] for e in told["edges"]}
    assert choices["n1.grad * (x > 0)"]
    assert not choices["n2.grad * n1"]
    assert sum(choices.values()) == 3  # of relu, where and sign


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_any_name_stands_in_a_line(name):
    x = Value(2.0, name=name)
    told = facts(nodes_of(ad.tanh(x * x) + x / 3))
    shown = json.loads(json.dumps(told))["nodes"][0]["name"]
    assert shown.isprintable()
    assert len(shown.encode()) <= 4 * len(shown) <= 128
    if name.isprintable() and len(name) <= 32:
        assert shown == (name or "n1")


def test_numbers_are_told_from_arrays():
    assert is_scalar(nodes_of(diamond()))
    assert not is_scalar(nodes_of(arrays()))
    assert not is_scalar(nodes_of(Tensor(2.0) * 2))
    assert not is_scalar(nodes_of(ad.sum(Value(2.0) * np.ones(3))))


def test_a_leaf_alone():
    assert facts([Value(math.nan, name="x")]) == {
        "scalar": True, "edges": [],
        "nodes": [{"name": "x", "title": "x", "formula": "", "value": "nan"}],
    }  # fmt: skip


def test_long_numbers_are_cut_in_formulas():
    x = Value(2.0, name="x")
    f = x * -0.07204367972722743 + x**1234567.0 - x / 0.3333333333
    lines = [n["formula"] for n in facts(nodes_of(f))["nodes"]]
    assert "x * -0.07204…" in lines
    assert "x / 0.3333…" in lines
    assert "x ** 1234567" in lines
