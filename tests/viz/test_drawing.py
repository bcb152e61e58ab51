"""What a picture holds: cards, edges and text, from any expression and under any name."""

import math
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from names import NASTY, expected, words
from processes import path_with
from registry_cases import calls

import autodiff as ad
import viz
from autodiff import Tensor, Value
from autodiff.extend import operation, operations
from autodiff.primitives.labels import formula_text, operation_text
from viz.picture import number
from viz.render import CARD, GRADIENT, LEAF, LOCAL, OUTPUT, _in_process, with_dark_style

pygraphviz = pytest.importorskip("pygraphviz")

names = st.one_of(
    st.text(st.characters(codec=None, categories=None), max_size=60),
    st.text(alphabet='\\"<>{}|&;#N GEThel\n\r\t/=[]-', max_size=40),
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
)


def neuron():
    w0, w1, w2 = (Value(v, name=f"w{i}") for i, v in enumerate((2.0, -3.0, -3.0)))
    x0, x1 = Value(-1.0, name="x0"), Value(-2.0, name="x1")
    f = 1 / (1 + ad.exp(-(w0 * x0 + w1 * x1 + w2)))
    f.name = "f"
    f.backward()
    return f


def parsed(picture):
    """The graph as Graphviz itself reads it."""
    return pygraphviz.AGraph(string=picture.source)


def edges_of(picture):
    return [(tail, head) for tail, head in parsed(picture).edges()]


def in_process(source):
    return with_dark_style(_in_process(source, "svg"))


def texts_in(svg):
    return [
        t.text or "" for t in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


# -- what is drawn -------------------------------------------------------------------------


def test_the_neuron():
    graph = parsed(viz.draw(neuron()))
    assert len(graph.nodes()) == 13
    assert len(graph.edges()) == 12
    label = {n: re.sub("<[^>]*>", " ", graph.get_node(n).attr["label"]).split() for n in graph}
    assert label["n0"] == ["w0", "2.00", "-0.20"]
    assert label["n12"] == ["f", "1/x", "0.73", "1.00"]
    pills = {e: re.sub("<[^>]*>", " ", e.attr["label"]).strip() for e in graph.edges()}
    assert pills == {
        ("n0", "n2"): "-1.00", ("n1", "n2"): "2.00", ("n3", "n5"): "-2.00", ("n4", "n5"): "-3.00",
        ("n2", "n6"): "1.00", ("n5", "n6"): "1.00", ("n6", "n8"): "1.00", ("n7", "n8"): "1.00",
        ("n8", "n9"): "-1.00", ("n9", "n10"): "0.37", ("n10", "n11"): "1.00",
        ("n11", "n12"): "-0.53",
    }  # fmt: skip
    fills = [graph.get_node(n).attr["fillcolor"] for n in ("n0", "n2", "n12")]
    assert fills == [LEAF, CARD, OUTPUT]


def test_the_width_of_an_edge_is_what_flows_back_through_it():
    f = neuron()
    graph = parsed(viz.draw(f))
    widths = {edge: float(graph.get_edge(*edge).attr["penwidth"]) for edge in graph.edges()}
    # dw0 and dx1 are upstream × local of their edges; the widest edge has d f / d x1.
    assert widths["n4", "n5"] == 1 + 2.2
    assert widths["n0", "n2"] == pytest.approx(1 + 2.2 * 0.19661193 / 0.58983580, abs=0.005)


def test_an_edge_through_which_nothing_flows_is_dashed():
    x, w = Value(-1.0, name="x"), Value(2.0, name="w")
    f = ad.relu(x) * w
    f.backward()
    graph = parsed(viz.draw(f))
    assert {e: graph.get_edge(*e).attr["style"] for e in graph.edges()} == {
        ("n0", "n1"): "dashed", ("n1", "n3"): "", ("n2", "n3"): "dashed",
    }  # fmt: skip


def test_a_node_used_twice_has_two_edges():
    x = Value(3.0, name="x")
    y = x * x
    y.backward()
    assert edges_of(viz.draw(y)) == [("n0", "n1"), ("n0", "n1")]
    assert in_process(viz.draw(y).source).count(b">3.00<") == 3  # the value, and two pills


def test_operands_keep_their_order():
    a, b = Value(1.0, name="a"), Value(2.0, name="b")
    assert edges_of(viz.draw(b - a)) == [("n0", "n2"), ("n1", "n2")]
    assert 'ordering="in"' in viz.draw(b - a).source or "ordering=in" in viz.draw(b - a).source
    svg = in_process(viz.draw(b - a).source)
    shown = [t for t in texts_in(svg) if t in "ab"]
    assert shown == ["b", "a"]


def test_edges_between_tensors_show_the_rule():
    W, x = Tensor(np.eye(2), name="W"), Tensor([1.0, -1.0], name="x")
    f = ad.tanh(W @ x).sum()
    f.backward()
    shown = texts_in(in_process(viz.draw(f).source))
    assert "2×2" in shown
    assert any("ct" in text for text in shown)
    assert "|x| 1.41" in [text.replace("\xa0", " ") for text in shown]


@pytest.mark.parametrize(
    ("f", "rule"),
    [
        (lambda x: x**2, "ct * (2 * a)"),
        (lambda x: x**3, "ct * (3 * a ** 2)"),
        (lambda x: x**1, "ct"),
        (lambda x: 2 * x, "ct * 2"),
        (lambda x: x + 2, "ct"),
        (lambda x: 1 - x, "-ct"),
        (lambda x: x / 4, "ct * 0.25"),
    ],
)
def test_what_a_constant_decides_is_left_out_of_a_rule(f, rule):
    f_x = f(Tensor([1.0, 2.0], name="x"))
    assert rule in texts_in(in_process(viz.draw(f_x).source))


def test_a_shared_tensor_shows_what_flows_through_each_edge():
    w = Tensor([1.0, 2.0], name="w")
    used, unused = (w * 1.0).sum(), (w * 0.0).sum()
    f = used + unused
    f.backward()
    graph = parsed(viz.draw(f))
    into = [e for e in graph.edges() if e[0] == "n0"]
    assert sorted(graph.get_edge(*e).attr["style"] or "solid" for e in into) == ["dashed", "solid"]


def test_a_constant_array_has_a_card_without_a_gradient():
    f = (Tensor([1.0, 2.0]) * np.array([3.0, 4.0])).sum()
    f.backward()
    shown = texts_in(in_process(viz.draw(f).source))
    assert "constant" in shown
    assert "no grad" in [text.replace("\xa0", " ") for text in shown]


def test_a_large_graph_has_signs_for_pills():
    x = Value(0.5, name="x")
    y = x
    for _ in range(40):
        y = ad.cos(y) + x
    y.backward()
    graph = parsed(viz.draw(y))
    assert len(graph.edges()) > 60
    assert {e.attr["label"] for e in graph.edges()} == {None}
    assert {e.attr["color"][:7] for e in graph.edges()} == {LOCAL, GRADIENT}
    assert all("*" in e.attr["edgetooltip"] for e in graph.edges())
    assert b"below" in in_process(viz.draw(y).source)


def test_a_large_graph_of_tensors_has_rules_in_its_tooltips():
    x = Tensor([0.5, 1.0], name="x")
    y = x
    for _ in range(40):
        y = ad.cos(y) + x
    y.sum().backward()
    graph = parsed(viz.draw(y))
    assert {e.attr["label"] for e in graph.edges()} == {None}
    assert any(e.attr["edgetooltip"].startswith("ct * -sin(x)") for e in graph.edges())
    assert b"below" not in in_process(viz.draw(y).source)


def test_five_thousand_nodes_in_a_row():
    x = Value(0.1, name="x")
    y = x
    for _ in range(5_000):
        y = ad.sin(y)
    y.backward()
    assert len(edges_of(viz.draw(y))) == 5_000


@pytest.mark.parametrize("special", [math.inf, -math.inf, math.nan, -0.0, 5e-324, 1.8e308])
def test_any_number_can_be_drawn(special):
    x = Value(special, name="x")
    y = x * x + 1 / x
    y.backward()
    assert number(special) in texts_in(in_process(viz.draw(y).source))


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (-0.0, "0"), (2.0, "2.00"), (-12.345, "-12.35"), (0.0123, "0.012"),
     (-0.05, "-0.050"), (0.00012345, "1.2e-4"), (1e-300, "1.0e-300"), (123456.0, "1.2e5"),
     (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers_are_short(x, text):
    assert number(x) == text


@given(st.floats(-1.7e308, 1.7e308))
def test_a_number_as_shown_is_near(x):
    shown = float(number(x))
    assert shown == pytest.approx(x, rel=0.051)
    assert (shown == 0) == (x == 0)


def drawn(name, operands, params):
    """The operation on these operands, drawn, and the names of those that are nodes."""
    primitive, call = operations()[name], operations()[name].call
    nodes = [Tensor(o, name=f"x{i}") if o.dtype.kind == "f" else o for i, o in enumerate(operands)]
    z = call(nodes, **params) if primitive.variadic else call(*nodes, **params)
    z.backward(np.ones(np.shape(z.data)))
    assert formula_text(z, lambda o: getattr(o, "name", None) or "constant")
    return viz.draw(z), {n.name for n in nodes if isinstance(n, Value)}


@pytest.mark.parametrize("name", operations())
def test_every_operation_can_be_drawn_and_printed(name):
    for k, (operands, params) in enumerate(calls(name)):
        picture, names = drawn(name, operands, params)
        assert len(parsed(picture).edges()) >= len(names) > 0
        if k == 0:
            assert names <= set(texts_in(in_process(picture.source)))


@pytest.mark.parametrize(
    ("f", "title", "settings"),
    [
        (lambda x: ad.maximum(x, 0.5), "maximum", "b=0.5"),
        (lambda x: ad.clip(x, -1.0, 1.0), "clip_between", "low=-1, high=1"),
        (lambda x: ad.leaky_relu(x, 0.2), "leaky_relu", "slope=0.2"),
        (lambda x: ad.sum(x, axis=0), "sum", "axis=0"),
        (lambda x: x[1:, ::2], "getitem", "index=(1:, ::2)"),
        (lambda x: x**2, "**2", None),
        (lambda x: ad.tanh(x), "tanh", None),
        (lambda x: ad.mean(x), "mean", None),
    ],
)
def test_a_card_tells_what_its_operation_was_given(f, title, settings):
    picture = viz.draw(f(Tensor(np.ones((2, 3)), name="x")))
    shown = [t.replace("\xa0", " ") for t in texts_in(in_process(picture.source))]
    assert title in shown
    assert [t for t in shown if "=" in t and "ct" not in t] == ([settings] if settings else [])


def test_what_is_not_a_node_is_refused():
    with pytest.raises(TypeError, match="takes a Value or Tensor, but this is float"):
        viz.draw(3.0)


def test_it_shows_itself_in_a_notebook():
    bundle = viz.draw(neuron())._repr_mimebundle_()
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]


def test_a_picture_is_the_same_in_every_run():
    program = (
        "import sys, test_picture as t; sys.stdout.buffer.write(t.viz.draw(t.neuron()).pipe('svg'))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path_with(__file__)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert b"0x" not in runs[0]


# -- names ---------------------------------------------------------------------------------


def check_name(name):
    """Graphviz reads three nodes and two edges, whatever they are called, and shows the name."""
    x = Value(2.0, name=name)
    y = x * Value(3.0, name=name)
    y.name = name
    y.backward()
    picture = viz.draw(y)
    assert parsed(picture).nodes() == ["n0", "n1", "n2"]
    assert edges_of(picture) == [("n0", "n2"), ("n1", "n2")]
    cards = [words(text) for text in texts_in(in_process(picture.source))]
    if card := expected(name):
        assert cards.count(card) >= 3, (name, cards)


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_nasty_names(name):
    check_name(name)


@given(names)
def test_any_name(name):
    check_name(name)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (abs, r"builtin_function_or_method.\nCall it first"),
        ([Value(1.0)], "list.\nDraw one of them"),
        ("x.svg", "str.\nMake it of Values"),
    ],
)
def test_what_is_no_node_is_told_what_to_do(thing, message):
    with pytest.raises(TypeError, match=f"`draw` takes a Value or Tensor, but this is {message}"):
        viz.draw(thing)
    with pytest.raises(TypeError, match=f"`save` takes a Value or Tensor, but this is {message}"):
        viz.save(thing, Value(1.0))  # the two by mistake the other way round


def test_a_product_with_a_transposed_matrix_is_titled_as_it_is_written():
    a, b = ad.Tensor(np.ones((2, 3)), name="a"), ad.Tensor(np.ones((4, 3)), name="b")
    assert operation_text(operation("matmul_transposed").call(a, b)) == "a @ b.T"
    assert operation_text(operation("transposed_matmul").call(a.T, b.T)) == "a.T @ b"
    assert operation_text(a @ b.T) == "@"
    assert formula_text(operation("matmul_transposed").call(a, b), lambda o: o.name) == "a @ b.T"
    stack = ad.Tensor(np.ones((2, 4, 3)), name="s")
    assert (
        formula_text(operation("matmul_transposed").call(a, stack), lambda o: o.name) == "a @ s.mT"
    )
