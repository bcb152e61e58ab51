"""explain: sentences whose numbers are the engine's, the same as on the page."""

import importlib.util
import io
import math
import re
import sys
import types

import numpy as np
import pytest
from graphs import arrays, diamond, infinite, neuron, nodes_of
from names import NASTY

import viz
from autodiff import Tensor, Value, exp
from viz.explaining import in_tables
from viz.interactive.sentences import fine, plain

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def number(text):
    return float(text.replace("−", "-").replace("∞", "inf"))


def test_a_neuron_in_words():
    lines = str(viz.explain(neuron())).splitlines()
    assert lines[0] == "Forward"
    assert lines[1] == "  1. n1 = w0 * x0 = −2, of w0 = 2 and x0 = −1."
    assert "n1.grad = 0.1966 × 1 = 0.1966" in "\n".join(lines)
    assert lines[-1].startswith("       A little more of")
    numbers = [int(m[1]) for line in lines if (m := re.match(r" *(\d+)\. ", line))]
    assert numbers == [*range(1, len(numbers) + 1)]


@pytest.mark.parametrize("make", [neuron, diamond])
def test_the_sums_are_the_gradients(make):
    f = make()
    text = str(viz.explain(f))
    assert all(node.grad == 0 for node in nodes_of(f) if node.op is None)  # a pass of its own
    f.backward()
    leaves = [node for node in nodes_of(f) if node.op is None]
    for leaf in leaves:
        name = re.escape(leaf.name)
        sums = rf"^ {{7}}{name}\.grad \+?= .* × .* = (\S+?)(?: \(was .*, now (.*)\))?$"
        told = re.findall(sums, text, re.MULTILINE)
        assert told
        part, total = told[-1]
        assert number(total or part) == pytest.approx(leaf.grad, rel=1e-3)
        assert f"{leaf.name}.grad = {fine(leaf.grad)}" in text.replace("\n     ", " ")


def test_each_contribution_is_upstream_times_local():
    text = str(viz.explain(diamond()))
    products = re.findall(r"= (\S+) × (\S+) = (\S+)", text)
    assert products
    for a, b, c in products:
        assert number(a) * number(b) == pytest.approx(number(c), rel=2e-3)


def test_arrays_are_told_by_rules_and_norms():
    rng = np.random.default_rng(0)
    X, W = Tensor(rng.normal(size=(3, 2)), name="X"), Tensor(rng.normal(size=(2, 2)), name="W")
    f = np.sum(np.tanh(X @ W))
    text = str(viz.explain(f))
    f.backward()
    assert f"W.grad = X.T @ n1.grad, of norm {fine(np.linalg.norm(W.grad))}" in text


def test_an_array_starts_from_ones():
    X = Tensor(np.arange(6.0).reshape(2, 3), name="X")
    text = str(viz.explain(X * 2.0))
    assert f"f.grad of ones, of norm {fine(math.sqrt(6))}" in text.replace("\n     ", " ")
    assert f"X.grad = 2 * f.grad, of norm {fine(2 * math.sqrt(6))}" in text or (
        f"X.grad = f.grad * 2, of norm {fine(2 * math.sqrt(6))}" in text
    )


def test_a_function_is_told_by_its_parameters():
    text = str(viz.explain(lambda w, x: exp(w * x), 2.0, 3.0))
    assert "n1 = w * x = 6, of w = 2 and x = 3." in text
    assert str(viz.explain(lambda x: x * x, 3)) == str(viz.explain(lambda x: x * x, 3.0))
    pair = str(viz.explain(lambda p: p["a"] * p["b"][0], {"a": 2.0, "b": [3.0]}))
    assert "p[0] * p[1]" in pair


def test_infinities_and_odd_names_are_told():
    text = str(viz.explain(infinite()))
    assert "∞" in text or "nan" in text
    f = sum((Value(float(i), name=name) for i, name in enumerate(NASTY)), Value(1.0)) ** 2
    lines = str(viz.explain(f)).splitlines()
    assert all(line.isprintable() for line in lines)


def test_it_is_a_text(tmp_path):
    told = viz.explain(Value(2.0, name="x") * 3.0)
    assert isinstance(told, str)
    told.save(tmp_path / "steps.txt")
    assert (tmp_path / "steps.txt").read_text(encoding="utf-8") == str(told)
    assert repr(told) == str(told)  # as where there is no terminal


def test_a_leaf_alone():
    assert "x.grad = 1" in str(viz.explain(Value(2.0, name="x")))


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"takes a Value, a Tensor or a function, but this is"):
        viz.explain(3.0)
    with pytest.raises(TypeError, match="takes no arguments"):
        viz.explain(Value(1.0), 2.0)
    with pytest.raises(TypeError, match="gave"):
        viz.explain(lambda x: "text", 2.0)
    x = Value(1.0, name="x")
    y = x
    for _ in range(600):
        y = y * 1.5
    with pytest.raises(ValueError, match=r"at most 500 nodes.*601"):
        viz.explain(y)


def test_tables_at_a_terminal(monkeypatch):
    pytest.importorskip("rich")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", Terminal())
    told = viz.explain(neuron())
    tables = repr(told)
    assert "\x1b[" in tables
    bare = re.sub(r"\x1b\[[\d;]*m", "", tables)
    assert bare.count("in words") == 2
    assert "│" in bare
    for step in (*told.steps[0], *told.steps[1]):
        for word in plain(step.sentence).split():
            assert word in bare
    assert "\x1b" not in str(told)


def test_without_rich_the_text_is_plain(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = viz.explain(neuron())
    assert repr(told) == str(told)


def test_no_terminal_no_tables(monkeypatch):
    class Console:
        is_terminal = False

        def __init__(self, **_):
            pass

    module = types.ModuleType("rich.console")
    module.Console = Console
    monkeypatch.setitem(sys.modules, "rich", types.ModuleType("rich"))
    monkeypatch.setitem(sys.modules, "rich.console", module)
    told = viz.explain(neuron())
    assert in_tables(told) == str(told)


def product():
    X, W = Tensor(np.arange(6.0).reshape(3, 2), name="X"), Tensor(np.eye(2), name="W")
    return X @ W


@pytest.mark.parametrize("make", [neuron, diamond, arrays, infinite, product])
def test_the_page_says_the_same(opened, make):
    window = opened(make)
    told = viz.explain(make())
    for step in (*told.steps[0], *told.steps[1]):
        window.run("go(arguments[0])", step.number)
        own = [plain(step.sentence), *map(plain, step.more)]
        assert window.texts("#words p") == own
