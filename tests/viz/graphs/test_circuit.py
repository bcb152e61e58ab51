"""Circuits: numbers along wires, which fork where a value is used twice."""

import re

import numpy as np
from drawn import parsed, texts_in

import autodiff as ad
import viz
from autodiff import Tensor, Value


def test_a_circuit_has_numbers_along_its_wires():
    x, y = Value(3.0, name="x"), Value(5.0, name="y")
    f = x * y
    f.name = "f"
    graph = parsed(viz.draw(f, style="circuit"))
    label = {e: re.sub("<[^>]*>", " ", e.attr["label"]).split() for e in graph.edges()}
    assert label == {
        ("n0", "n2"): ["3", "5", "×", "5"], ("n1", "n2"): ["5", "3", "×", "3"],
        ("n2", "n2o"): ["15", "1"],
    }  # fmt: skip
    assert {"x", "y", "*", "f"} <= set(texts_in(viz.draw(f, style="circuit")))


def test_a_wire_forks_where_a_value_is_used_twice():
    x = Value(3.0, name="x")
    f = x * x
    source = viz.draw(f, f * 2.0, style="circuit").source
    label = [
        ((tail, head), re.sub("<[^>]*>", " ", text).split())
        for tail, head, text in re.findall(r"^\t(\w+) -> (\w+) \[.*?label=<(<.*?>)> ", source, re.M)
    ]
    assert sorted(label) == [
        (("n0", "n0f"), ["3", "18"]), (("n0f", "n1"), ["9", "×", "3"]),
        (("n0f", "n1"), ["9", "×", "3"]), (("n1", "n1f"), ["9", "3"]),
        (("n1f", "n1o"), ["1"]), (("n1f", "n2"), ["2", "×", "2"]), (("n2", "n2o"), ["18", "1"]),
    ]  # fmt: skip


def test_a_circuit_of_a_leaf_and_of_tensors():
    assert "leaf" in texts_in(viz.draw(Value(2.0), style="circuit"))
    W, A = Tensor(np.eye(2), name="W"), np.ones((2, 2))
    shown = texts_in(viz.draw(ad.tanh(A @ W).sum(), style="circuit"))
    assert {"W", "2×2", "A", "@", "tanh", "sum", "output", "A.T @ ct"} <= set(shown)
