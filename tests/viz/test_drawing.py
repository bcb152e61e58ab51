"""What a picture holds: cards, edges and text, from any expression and under any name."""

import math
import os
import re
import shutil
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
from autodiff.extend import operation, operations, topological
from autodiff.primitives.labels import formula_text, operation_text
from nn import MLP, Linear, Sequential
from viz.graphs.numbers import number
from viz.palette import CARD, GRADIENT, LEAF, LOCAL, MARK, OUTPUT, VALUE

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


def drawn_svg(picture):
    """As an svg, in this process, which takes a tenth of the time that a child does."""
    return pygraphviz.AGraph(string=picture.source).draw(format="svg", prog="dot")


def texts_in(picture):
    root = ElementTree.fromstring(drawn_svg(picture))
    return [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text")]


# -- what is drawn -------------------------------------------------------------------------


def test_the_neuron():
    graph = parsed(viz.draw(neuron()))
    assert len(graph.nodes()) == 13
    assert len(graph.edges()) == 12
    label = {n: re.sub("<[^>]*>", " ", graph.get_node(n).attr["label"]).split() for n in graph}
    assert label["n0"] == ["w0", "2", "−0.197"]
    assert label["n12"] == ["f", "1/x", "0.731", "1"]
    pills = {e: re.sub("<[^>]*>", " ", e.attr["label"]).strip() for e in graph.edges()}
    assert pills == {
        ("n0", "n2"): "−1", ("n1", "n2"): "2", ("n3", "n5"): "−2", ("n4", "n5"): "−3",
        ("n2", "n6"): "1", ("n5", "n6"): "1", ("n6", "n8"): "1", ("n7", "n8"): "1",
        ("n8", "n9"): "−1", ("n9", "n10"): "0.368", ("n10", "n11"): "1", ("n11", "n12"): "−0.534",
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
    assert drawn_svg(viz.draw(y)).count(b">3<") == 3  # the value, and two pills


def test_operands_keep_their_order():
    a, b = Value(1.0, name="a"), Value(2.0, name="b")
    assert edges_of(viz.draw(b - a)) == [("n0", "n2"), ("n1", "n2")]
    assert 'ordering="in"' in viz.draw(b - a).source or "ordering=in" in viz.draw(b - a).source
    shown = [t for t in texts_in(viz.draw(b - a)) if t in "ab"]
    assert shown == ["b", "a"]


def test_edges_between_tensors_show_the_rule():
    W, x = Tensor(np.eye(2), name="W"), Tensor([1.0, -1.0], name="x")
    f = ad.tanh(W @ x).sum()
    f.backward()
    shown = texts_in(viz.draw(f))
    assert "2×2" in shown
    assert any("ct" in text for text in shown)
    assert {"W", "x", "@", "tanh", "sum", "expand_dims(ct, -1) * x", "ct @ W"} <= set(shown)


@pytest.mark.parametrize(
    ("f", "rule"),
    [
        (lambda x: x**2, "ct * (2 * x)"),
        (lambda x: x**3, "ct * (3 * x ** 2)"),
        (lambda x: x**1, "ct"),
        (lambda x: 2 * x, "ct * 2"),
        (lambda x: x + 2, "ct"),
        (lambda x: 1 - x, "-ct"),
        (lambda x: x / 4, "ct * 0.25"),
    ],
)
def test_what_a_constant_decides_is_left_out_of_a_rule(f, rule):
    f_x = f(Tensor([1.0, 2.0], name="x"))
    assert rule in texts_in(viz.draw(f_x))


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
    shown = texts_in(viz.draw(f))
    assert "constant" in shown
    assert "no grad" in [text.replace("\xa0", " ") for text in shown]


def test_a_large_graph_has_signs_for_pills():
    x = Value(0.5, name="x")
    y = x
    for _ in range(40):
        y = ad.cos(y) + x
    y.backward()
    graph = parsed(viz.draw(y, depth=math.inf))
    assert len(graph.edges()) > 60
    assert {e.attr["label"] for e in graph.edges()} == {None}
    assert {e.attr["color"][:7] for e in graph.edges()} == {LOCAL, GRADIENT}
    assert all("× local" in e.attr["edgetooltip"] for e in graph.edges())
    assert b"below" in drawn_svg(viz.draw(y, depth=math.inf))


def test_a_large_graph_of_tensors_has_rules_in_its_tooltips():
    x = Tensor([0.5, 1.0], name="x")
    y = x
    for _ in range(40):
        y = ad.cos(y) + x
    y.sum().backward()
    graph = parsed(viz.draw(y, depth=math.inf))
    assert {e.attr["label"] for e in graph.edges()} == {None}
    assert any(e.attr["edgetooltip"].startswith("ct * -sin(x)") for e in graph.edges())
    assert b"below" not in drawn_svg(viz.draw(y, depth=math.inf))


def test_five_thousand_nodes_in_a_row():
    x = Value(0.1, name="x")
    y = x
    for _ in range(5_000):
        y = ad.sin(y)
    y.backward()
    assert len(edges_of(viz.draw(y, depth=math.inf))) == 5_000


@pytest.mark.parametrize("special", [math.inf, -math.inf, math.nan, -0.0, 5e-324, 1.8e308])
def test_any_number_can_be_drawn(special):
    x = Value(special, name="x")
    y = x * x + 1 / x
    y.backward()
    assert number(special) in texts_in(viz.draw(y))


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
            assert names <= set(texts_in(picture))


@pytest.mark.parametrize(
    ("f", "title", "settings"),
    [
        (lambda x: ad.maximum(x, 0.5), "maximum", "b=0.5"),
        (lambda x: ad.clip(x, -1.0, 1.0), "clip_between", "low=−1, high=1"),
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
    shown = [t.replace("\xa0", " ") for t in texts_in(picture)]
    assert title in shown
    assert [t for t in shown if "=" in t and "ct" not in t] == ([settings] if settings else [])


def test_what_is_not_a_node_is_refused():
    with pytest.raises(
        TypeError, match="takes a Value or Tensor, or a list of them, but this is float"
    ):
        viz.draw(3.0)


def test_it_shows_itself_in_a_notebook():
    bundle = viz.draw(neuron())._repr_mimebundle_()
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]


def test_a_picture_is_the_same_in_every_run():
    program = (
        "import sys, test_drawing as t; sys.stdout.buffer.write(t.viz.draw(t.neuron()).pipe('svg'))"
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


# -- the pass that is drawn ------------------------------------------------------------------


def cards_of(picture):
    """The words on each card, by the first of them."""
    graph = parsed(picture)
    texts = [re.sub("<[^>]*>", " ", graph.get_node(n).attr["label"]).split() for n in graph]
    return {words_[0]: words_[1:] for words_ in texts}


def test_a_picture_is_of_its_own_pass_and_touches_no_grad():
    x, y = Value(3.0, name="x"), Value(5.0, name="y")
    f = x * y
    f.name = "f"
    assert cards_of(viz.draw(f)) == {"x": ["3", "5"], "y": ["5", "3"], "f": ["*", "15", "1"]}
    assert (x.grad, y.grad, f.grad) == (0.0, 0.0, 0.0)
    assert "backward pass" not in viz.draw(f).source


def test_a_footnote_says_where_a_leaf_holds_another_gradient():
    x, y, z = (Value(v, name=n) for v, n in ((3.0, "x"), (5.0, "y"), (1.0, "z")))
    f = x * y * z
    f.backward()
    x.grad = 10.0
    y.zero_grad()
    source = viz.draw(f).source
    assert "* of this one backward pass; x.grad is 10<" in source
    assert source.count("*</FONT>") == 1
    f.backward()  # leaves add up over passes, inner nodes do not
    source = viz.draw(f).source
    assert "x.grad is 15, z.grad is 30<" in source  # y has had one pass
    assert cards_of(viz.draw(f))["x"] == ["3", "5*"]
    assert "grad is" not in viz.draw(f, detail="values").source


def test_many_footnotes_are_counted():
    leaves = [Value(float(i), name=f"x{i}") for i in range(6)]
    f = sum(leaves[1:], leaves[0])
    for leaf in leaves:
        leaf.grad = 7.0
    assert "x2.grad is 7, and 3 more differ" in viz.draw(f).source


def test_a_cotangent_is_pulled_back():
    x = Value(3.0, name="x")
    f = x * 2.0
    f.name = "f"
    assert cards_of(viz.draw(f, cotangent=10.0))["x"] == ["3", "20"]
    assert "d (cotangent · f) / d node" in viz.draw(f, cotangent=10.0).source
    t = Tensor([1.0, 2.0], name="t")
    assert "d sum(output) / d node" in viz.draw(t * 2.0).source
    assert cards_of(viz.draw(t * 1.0, cotangent=[3.0, 4.0]))["t"] == ["2", "1", "2", "3", "4"]
    with pytest.raises(ValueError, match=r"shape of the output, \(2,\), but this one has \(3,\)"):
        viz.draw(t * 2.0, cotangent=np.ones(3))


def test_several_outputs_are_in_one_picture():
    x = Value(3.0, name="x")
    f, g = x * x, x * 10.0
    f.name, g.name = "f", "g"
    for picture in (viz.draw(f, g), viz.draw([f, g])):
        assert cards_of(picture) == {
            "x": ["3", "16"],
            "f": ["*", "9", "1"],
            "g": ["*10", "30", "1"],
        }
        assert "d (f + g) / d node" in picture.source
        graph = parsed(picture)
        assert [graph.get_node(n).attr["fillcolor"] for n in graph] == [LEAF, OUTPUT, OUTPUT]
    weighted = viz.draw(f, g, cotangent=[1.0, -1.0])
    assert cards_of(weighted)["x"] == ["3", "−4"]
    for wrong in (1.0, [1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="the cotangents are a list of as many"):
            viz.draw(f, g, cotangent=wrong)
    inner = viz.draw(g, g + f)  # an output may be on the way to another
    assert cards_of(inner)["g"] == ["*10", "30", "2"]
    with pytest.raises(TypeError, match="but here is none"):
        viz.draw([])


def test_a_changed_leaf_is_refused():
    x = Value(3.0, name="x")
    f = x * x
    x.data = 4.0
    with pytest.raises(ValueError, match="`x` was changed"):
        viz.draw(f)
    assert cards_of(viz.draw(f, detail="values"))["x"] == ["4"]


# -- what is asked for -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "cards", "pills"),
    [
        (("values", "gradients", "locals"), {"x": ["3", "6"], "f": ["*", "9", "1"]}, 2),
        ("values", {"x": ["3"], "f": ["*", "9"]}, 0),
        (["gradients"], {"x": ["6"], "f": ["*", "1"]}, 0),
        (("locals", "values"), {"x": ["3"], "f": ["*", "9"]}, 2),
        ((), {"x": [], "f": ["*"]}, 0),
    ],
)
@pytest.mark.parametrize("style", ["cards", "circuit"])
def test_only_the_detail_that_is_asked_for_is_shown(detail, cards, pills, style):
    x = Value(3.0, name="x")
    f = x * x
    f.name = "f"
    picture = viz.draw(f, detail=detail, style=style)
    assert picture.source.count(f'COLOR="{LOCAL}">') == pills + bool(pills)  # and in the legend
    if style == "cards":
        assert cards_of(picture) == cards
    shown = texts_in(picture)
    assert ("value" in shown) == ("values" in detail)
    assert any(text.startswith("gradient:") for text in shown) == ("gradients" in detail)


@pytest.mark.parametrize("three", [3, 3.0, np.float32(3.0), np.int64(3), np.array(3.0)])
def test_a_number_has_no_card_of_its_own(three):
    assert list(cards_of(viz.draw(Tensor([1.0, 2.0], name="t") * three))) == ["t", "*3"]


def test_shapes_are_a_detail():
    t = Tensor(np.ones((2, 3)), name="t")
    assert "2×3" in texts_in(viz.draw(t * 2.0))
    assert "2×3" not in texts_in(viz.draw(t * 2.0, detail="values"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "card"}, "`style` is 'cards' or 'circuit', but this is 'card'"),
        ({"direction": "left"}, "`direction` is 'LR', 'TB', 'RL' or 'BT', but this is 'left'"),
        ({"theme": "black"}, "`theme` is 'auto', 'light' or 'dark', but this is 'black'"),
        (
            {"detail": "grads"},
            "`detail` has some of 'values', .* but this is 'grads'.\nLeave it out",
        ),
        ({"style": ["cards"]}, "`style` is 'cards' or 'circuit', but this is \\['cards'\\]"),
        ({"theme": np.zeros(2)}, "`theme` is 'auto', 'light' or 'dark', but this is array"),
        ({"detail": ["values", None]}, "`detail` is a string, or a list of some, but this is"),
        ({"detail": None}, "`detail` is a string, or a list of some, but this is None"),
        (
            {"expand": 3},
            "`expand` is a string, or a list of some, but this is int 3.\nLeave it out",
        ),
        ({"expand": [3]}, "`expand` is a string, or a list of some, but this is list"),
        ({"expand": None}, "`expand` is a string, or a list of some, but this is None"),
    ],
)
def test_other_words_are_refused(options, message, tmp_path):
    with pytest.raises((ValueError, TypeError), match=message):
        viz.draw(Value(1.0), **options)
    with pytest.raises((ValueError, TypeError), match=message):
        viz.save(Value(1.0), tmp_path / "p.svg", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_direction():
    f = neuron()
    places = {}
    for direction in ("LR", "TB", "RL", "BT"):
        graph = pygraphviz.AGraph(string=viz.draw(f, direction=direction).source)
        graph.layout(prog="dot")
        ends = [[float(c) for c in graph.get_node(n).attr["pos"].split(",")] for n in ("n0", "n12")]
        places[direction] = np.sign(np.subtract(*ends[::-1])).tolist()
    assert places["LR"][0] == 1 == -places["RL"][0]
    assert places["BT"][1] == 1 == -places["TB"][1]


def test_numbers_that_must_not_be_overlooked_are_marked():
    x, y = Value(-0.0, name="x"), Value(2.0, name="y")
    svg = drawn_svg(viz.draw(x * y, 1 / x, detail=("values", "gradients")))
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    marked = {t.text for t in texts if t.get("fill") == MARK}
    assert marked == {"−0", "−inf"}


def test_a_constant_stands_in_its_place_rounded():
    x = Value(3.0, name="x")
    f = ad.maximum(x * 0.35355339059327373, 0.123456) / 3.0 + 1e-9
    shown = texts_in(viz.draw(f))
    assert {"*0.354", "/3", "+1e−9", "b=0.123"} <= set(shown)
    assert len(parsed(viz.draw(f)).nodes()) == 5


def test_parameters_are_called_by_their_path():
    model = Sequential(Linear(2, 1, seed=0), Linear(1, 1, seed=1))
    model.parameters()
    shown = texts_in(viz.draw(model(np.ones((1, 2)))))
    assert {"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"} <= set(shown)


def test_a_long_path_keeps_its_end():
    x = Value(1.0, name="encoder.layers.0.attention.query.weight")
    assert "…layers.0.attention.query.weight" in texts_in(viz.draw(x * 2.0))


# -- arrays ----------------------------------------------------------------------------------


def test_a_small_array_is_shown_in_full():
    W = Tensor([[1.0, -2.5], [0.125, np.nan]], name="W")
    cards = cards_of(viz.draw(W * np.array([[1.0, 2.0], [3.0, 4.0]])))
    assert cards["W"] == ["2×2", "1", "−2.5", "0.125", "NaN", "1", "2", "3", "4"]
    svg = drawn_svg(viz.draw(W * 1.0, detail="values"))
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    assert [t.text for t in texts if t.get("fill") == MARK] == ["NaN", "NaN"]


@pytest.mark.parametrize(
    ("shape", "in_full"),
    [((1,), True), ((6,), True), ((7,), False), ((3, 3), True), ((2, 5), False), ((1, 6), True),
     ((2, 2, 2), False), ((1, 1, 2), False), ((4, 2), True), ((0,), False)],
)  # fmt: skip
def test_a_larger_one_by_its_norm_and_a_strip(shape, in_full):
    x = Tensor(np.full(shape, 2.0), name="x")
    source = viz.draw(x * 1.0).source
    assert ("|x| " in source) == (not in_full)
    bars = source.count('WIDTH="3"')
    assert bool(bars) == (not in_full and 0 not in shape)
    assert ("bars: how entries are spread" in source) == bool(bars)


def test_a_strip_shows_how_entries_are_distributed():
    x = Tensor(np.linspace(0.5, 3.0, 300), name="x")  # none below 0
    svg = drawn_svg(viz.draw(ad.sum(x), detail="values"))
    shapes = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polygon")
    bars = [s.get("points") for s in shapes if s.get("fill") == VALUE]
    assert len(bars) == 5  # of the six ranges above 0, all but the first
    heights = [np.ptp([float(p.split(",")[1]) for p in points.split()]) for points in bars]
    assert np.ptp(heights) <= 1


def test_a_type_is_said_that_is_not_the_usual_one():
    x = Tensor(np.ones((2, 3), np.float32), name="x")
    assert cards_of(viz.draw(x * 2))["x"][:2] == ["2×3", "float32"]
    assert cards_of(viz.draw(ad.sum(x)))["sum"][:1] == ["float32"]
    assert "float64" not in viz.draw(Tensor([1.0]) * 2.0).source
    assert "float32" not in viz.draw(x * 2, detail="values").source


# -- large graphs ----------------------------------------------------------------------------


def network():
    """A network of 16 and 16 neurons, its calls noted; made here, and not to be changed."""
    model = MLP(2, [16, 16, 1], activation=ad.tanh, seed=0)
    with viz.calls():
        return model([Value(-0.5, name="x0"), Value(0.1, name="x1")])


def test_a_large_graph_is_drawn_by_layers_with_their_jacobians():
    y = network()
    picture = viz.draw(y)
    shown = [t.replace("\xa0", " ") for t in texts_in(picture)]
    assert {"x0", "x1", "layers.0", "layers.1", "layers.2", "Layer(16, 16)", "528 nodes"} <= set(
        shown
    )
    pills = [t for t in shown if "|J|" in t and "size" not in t]
    assert [t.split(" ")[0] for t in pills] == ["16×1", "16×1", "16×16", "1×16"]
    assert "980 nodes on 5 cards: calls of modules down to `depth=1`" in picture.source
    assert "Jacobian d out / d in: size, norm |J|" in picture.source
    y.backward()
    (x0,) = [node for node in topological(y) if node.name == "x0"]
    assert number(x0.grad) in shown
    assert any(t.startswith("272 parameters, |g| ") for t in shown)
    assert "upstream [" in picture.source


def test_leaves_that_are_collapsed_have_their_footnotes_too():
    model = MLP(2, [16, 16, 1], seed=0)
    y = model([Value(-0.5, name="x0"), Value(0.1, name="x1")])
    assert "backward pass" not in viz.draw(y).source
    for _ in range(2):
        y.backward()
    source = model.draw([Value(-0.5, name="x0"), Value(0.1, name="x1")]).source
    assert "* of this one backward pass; layers.0 parameters.grad is |g|" in source
    model.zero_grad()


def test_dense_pictures_have_colours_for_pills_and_keep_the_order_of_neurons():
    picture = viz.draw(network(), depth=2)
    graph = parsed(picture)
    shown = [e for e in graph.edges() if e.attr["style"] != "invis"]
    assert len(shown) == 2 * 16 + 16 * 16 + 16
    assert {e.attr["label"] for e in shown} == {None}
    assert picture.source.count("rank=same") == 2
    graph.layout(prog="dot")
    heights = [float(graph.get_node(f"n{i}").attr["pos"].split(",")[1]) for i in range(2, 18)]
    assert heights == sorted(heights, reverse=True)


def test_what_is_expanded_stands_in_a_box_and_is_called_by_what_is_in_it():
    picture = viz.draw(network(), expand="layers.1.neurons.3")
    graph = parsed(picture)
    boxes = graph.subgraphs()
    assert sorted(box.graph_attr["label"] for box in boxes) == ["layers.1"]
    (inner,) = boxes[0].subgraphs()
    assert inner.graph_attr["label"] == "layers.1.neurons.3"
    assert len(inner.nodes()) == 17 + 33
    assert len(boxes[0].nodes()) == 17 + 33 + 15
    shown = texts_in(picture)
    assert {"w0", "w15", "b", "neurons.2", "layers.0", "layers.2", "tanh"} <= set(shown)


@pytest.mark.parametrize("style", ["cards", "circuit"])
@pytest.mark.parametrize(
    "options",
    [{}, {"depth": 0}, {"depth": 2}, {"expand": "layers.1"}, {"detail": "values"}, {"detail": ()},
     {"direction": "TB", "theme": "dark"}],
    ids=str,
)  # fmt: skip
def test_graphviz_has_no_complaint(style, options):
    if not shutil.which("dot"):
        pytest.skip("there is no dot program")
    source = viz.draw(network(), style=style, **options).source
    done = subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize("depth", [-1, 1.5, "1", True, math.nan, -math.inf, np.arange(2)])
def test_a_depth_is_a_whole_number(depth):
    with pytest.raises((ValueError, TypeError), match="`depth` is a whole number from 0 up"):
        viz.draw(network(), depth=depth)


def test_a_large_picture_in_words():
    alt = viz.draw(network()).alt
    assert ": 5 cards, 4 edges. Gradients: x0 " in alt
    total = sum((Value(1.0, name=f"x{i}") for i in range(100)), Value(0.0))
    assert re.search(r"Gradients: .*x\d+ … x\d+ an array of shape \(\d+,\)", viz.draw(total).alt)


# -- circuits --------------------------------------------------------------------------------


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


# -- for those who do not see it -------------------------------------------------------------


def test_a_picture_in_words():
    x = Value(3.0, name="x")
    f = x * x
    f.name = "f"
    picture = viz.draw(f)
    assert picture.alt == "Graph of f = 9: 2 nodes, 2 edges. Gradients: x 6."
    assert picture.title == "Graph of f"
    assert viz.draw(f, detail="values").alt == "Graph of f = 9: 2 nodes, 2 edges."
    t = Tensor(np.full(4, 3.0))
    words_ = viz.draw(t * 1.0).alt
    assert "an unnamed output = an array of shape (4,) and norm 6: 2 nodes, 1 edge." in words_
    total = sum((Value(1.0, name=f"x{i}") for i in range(20)), Value(0.0))
    assert viz.draw(total).alt.endswith(", x10 1, and 9 more.")


# -- names ---------------------------------------------------------------------------------


def check_name(name, style="cards"):
    """Graphviz reads three nodes and two edges, whatever they are called, and shows the name."""
    x = Value(2.0, name=name)
    y = x * Value(3.0, name=name)
    y.name = name
    y.backward()
    picture = viz.draw(y, style=style)
    end = [] if style == "cards" else ["n2o"]
    assert parsed(picture).nodes() == ["n0", "n1", "n2", *end]
    assert edges_of(picture) == [("n0", "n2"), ("n1", "n2"), *(("n2", e) for e in end)]
    cards = [words(text) for text in texts_in(picture)]
    if card := expected(name):
        assert cards.count(card) >= 3, (name, cards)


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("style", ["cards", "circuit"])
def test_nasty_names(name, style):
    check_name(name, style)


@given(names)
def test_any_name(name):
    check_name(name)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (abs, r"builtin_function_or_method.\nCall it first"),
        ([Value(1.0), 2.0], "float.\nMake it of Values"),
        ("x.svg", "str.\nMake it of Values"),
    ],
)
def test_what_is_no_node_is_told_what_to_do(thing, message):
    with pytest.raises(
        TypeError, match=f"`draw` takes a Value or Tensor, or a list of them, but this is {message}"
    ):
        viz.draw(thing)
    with pytest.raises(
        TypeError, match=f"`save` takes a Value or Tensor, or a list of them, but this is {message}"
    ):
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
