"""What a picture holds: cards, edges and text, from any expression and of any pass."""

import math
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import cards_of, drawn_svg, edges_of, parsed, texts_in
from graphs import neuron
from processes import path_with
from registry_cases import calls

import autodiff as ad
import viz
from autodiff import Tensor, Value
from autodiff.extend import operations
from autodiff.primitives.labels import formula_text
from nn import Linear, Sequential
from viz.graphs.numbers import number
from viz.palette import CARD, GRADIENT, LEAF, LOCAL, MARK, OUTPUT

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


def test_a_picture_is_of_its_own_pass_and_touches_no_grad():
    x, y = Value(3.0, name="x"), Value(5.0, name="y")
    f = x * y
    f.name = "f"
    assert cards_of(viz.draw(f)) == {"x": ["3", "5"], "y": ["5", "3"], "f": ["*", "15", "1"]}
    assert (x.grad, y.grad, f.grad) == (0.0, 0.0, 0.0)
    assert "backward pass" not in viz.draw(f).source


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
        graph = parsed(viz.draw(f, direction=direction))
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


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (abs, r"builtin_function_or_method.\nCall it first"),
        (3.0, "float.\nMake it of Values"),
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
