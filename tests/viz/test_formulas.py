"""latex: the formulas of graphs and functions, computed from their text, and drawn."""

import numpy as np
import pytest
from graphs import arrays, diamond, neuron, nodes_of
from latex import computed, in_mathtext, lines_of

import viz
from autodiff import Tensor, TraceError, Value


def gradient(of, by):
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


@pytest.mark.parametrize("make", [neuron, diamond])
def test_a_graph_in_latex_says_its_value_and_gradient(make):
    f = make()
    f.backward()
    leaves = {node.name: node for node in nodes_of(f) if node.op is None and node.name}
    symbols = {name: name if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}" for name in leaves}
    known = computed(viz.latex(f), {symbols[name]: leaf.data for name, leaf in leaves.items()})
    assert known[f.name] == pytest.approx(f.data)
    for name, leaf in leaves.items():
        assert known[gradient(f.name, symbols[name])] == pytest.approx(leaf.grad)


def test_a_name_of_yours_has_a_line():
    w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    u = w * x
    u.name = "u"
    lines = dict(lines_of(viz.latex(u * u + u)))
    assert lines["u"] == r"= w \, x"
    assert gradient("f", "u") in lines
    assert lines[gradient("f", "w")] == rf"= {gradient('f', 'u')} \, x"


def test_a_leaf_alone():
    known = computed(viz.latex(Value(2.0, name="x")), {"x": 2.0})
    assert (known["f"], known[gradient("f", "x")]) == (2.0, 1.0)


def test_names_that_several_have():
    leaves = [Value(float(i), name="b") for i in (2, 3, 5)]
    text = viz.latex(leaves[0] * leaves[1] * leaves[2])
    known = computed(text, {"b": 2.0, "b_{(2)}": 3.0, "b_{(3)}": 5.0})
    assert (known["f"], known[gradient("f", "b_{(2)}")]) == (30.0, 10.0)


def test_odd_names_and_unnamed_leaves():
    w = [Value(float(i + 1), name=f"layers[{i}].weight") for i in range(2)]
    text = viz.latex(w[0] * w[1] + Value(3.0))
    assert r"\mathrm{layers}_{0, \mathrm{weight}}" in text
    mathtext = pytest.importorskip("matplotlib.mathtext").MathTextParser("path")
    for line in in_mathtext(text):
        mathtext.parse(line)


def test_arrays_and_functions():
    X, W = Tensor(np.ones((3, 2)), name="X"), Tensor(np.ones((2, 2)), name="W")
    lines = dict(lines_of(viz.latex(np.sum(np.tanh(X @ W)))))
    assert r"\tanh(X \, W)" in "".join(lines.values())
    text = viz.latex(lambda x, y: x**2 * y, 3.0, 2.0)
    known = computed(text, {"x": 3.0, "y": 2.0})
    assert (known["f"], known[gradient("f", "x")], known[gradient("f", "y")]) == (18, 12, 9)
    assert r"\mathrm{loss}" in viz.latex(arrays())


def test_it_is_a_text_that_a_notebook_shows(tmp_path):
    text = viz.latex(neuron())
    assert repr(text) == str(text)
    assert text._repr_latex_() == f"$$\n{text}\n$$"
    text.save(tmp_path / "f.txt")
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == text


def test_what_is_refused():
    with pytest.raises(TypeError, match="takes a Value or Tensor alone, or a function"):
        viz.latex(3.0)
    with pytest.raises(TypeError, match="takes a Value or Tensor alone"):
        viz.latex(Value(3.0), 2.0)
    with pytest.raises(TraceError, match="LaTeX"):
        viz.latex(lambda x, rng: x * rng.normal(), 2.0, np.random.default_rng(0))
    y = Value(1.0, name="x")
    for _ in range(600):
        y = y * 1.5
    with pytest.raises(ValueError, match="at most 500 nodes"):
        viz.latex(y)
