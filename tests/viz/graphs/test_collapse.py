"""Large graphs on few cards: whatever they are, never in a circle, never too many."""

import math
import shutil
import subprocess

import numpy as np
import pytest
from drawn import parsed, texts_in
from graphs import network
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import viz
from autodiff import Tensor, Value
from autodiff.extend import topological
from nn import MLP, Linear, Module, Sequential, cross_entropy
from viz.graphs.captions import caption
from viz.graphs.collapse import MOST_CARDS, MOST_EDGES, MOST_NODES, grouping
from viz.graphs.flow import parts_of
from viz.graphs.merging import in_order, pairs_between
from viz.graphs.network import Network
from viz.graphs.numbers import number


def grouped(*roots, depth=None, expand=()):
    """The parts of a picture and their captions, after a look at what holds of every grouping."""
    network = Network(roots)
    found = grouping(network, depth, expand)
    assert len(found.cards) == len(network.nodes)
    count = int(found.cards.max()) + 1
    assert set(found.cards.tolist()) == set(range(count))
    pairs = pairs_between(network.tails, network.heads, found.cards)
    assert np.all(pairs[:, 0] < pairs[:, 1])  # each after what it depends on: no circles
    in_order(count, pairs)
    parts = parts_of(network, found.cards)
    return parts, [p.node.op if p.node is not None else caption(found, p) for p in parts], found


def titles(captions):
    return [c.title if isinstance(c, tuple) else c for c in captions]


def mlp():
    return MLP(2, [16, 16, 1], activation=ad.tanh, seed=0)


def inputs():
    return [Value(-0.5, name="x0"), Value(0.1, name="x1")]


# -- by modules ------------------------------------------------------------------------------


@pytest.mark.parametrize("noted", [True, False])
def test_a_network_is_collapsed_to_its_layers_or_neurons(noted):
    model, x = mlp(), inputs()
    model.parameters()
    with viz.calls():
        loss = (model(x) - 1.0) ** 2
    loss = loss if noted else (model(x) - 1.0) ** 2
    parts, captions, found = grouped(loss)
    layers = [f"layers.{i}" for i in range(3)]
    assert titles(captions) == [None, None, *layers, "sub", "pow"]
    assert [len(part.nodes) for part in parts] == [1, 1, 128, 800, 50, 1, 1]
    assert captions[3].lines[-2:] == ["528 nodes", "272 parameters"]
    assert found.said() == (
        "982 nodes on 7 cards: calls of modules down to `depth=1`; `depth=2` shows more"
    )
    neurons = [f"layers.{i}.neurons.{j}" for i, n in enumerate((16, 16, 1)) for j in range(n)]
    _, captions, found = grouped(loss, depth=2)
    assert titles(captions) == [None, None, *neurons, "sub", "pow"]
    assert "shows more" not in found.said()
    _, captions, _ = grouped(loss, depth=0)
    assert titles(captions) == [None, None, "MLP" if noted else "model", "sub", "pow"]
    _, captions, _ = grouped(loss, depth=math.inf)
    assert len(captions) == 982


def test_what_is_to_be_expanded_is():
    with viz.calls():
        y = mlp()(inputs())
    parts, captions, found = grouped(y, expand=["layers.1"])
    assert titles(captions)[2:4] == ["layers.0", "layers.1.neurons.0"]
    assert (len(captions), titles(captions)[-1]) == (20, "layers.2")
    assert "`depth=0` and in layers.1; `depth=1` shows more" in found.said()
    parts, captions, _ = grouped(y, expand=["layers.1.neurons.3", "layers.2"])
    assert len([p for p in parts if p.node is not None and p.is_leaf]) == 2 + 17
    assert len([c for c in titles(captions) if c in ("mul", "add", "tanh")]) == 33
    assert titles(captions).count("layers.2.neurons.0") == 1
    _, captions, _ = grouped(y, depth=1, expand=["layers.0"])
    neurons = [f"layers.0.neurons.{i}" for i in range(16)]
    assert titles(captions)[2:] == [*neurons, "layers.1", "layers.2"]


def test_modules_that_there_are_not():
    with viz.calls():
        y = mlp()(inputs())
    with pytest.raises(ValueError, match=r"no 'layer.1'.\nThere are 'layers.1', 'layers.\d'"):
        grouped(y, expand=["layer.1"])
    with pytest.raises(ValueError, match=r"there is no 'zzz'\.\nThere are 'layers\.0'"):
        grouped(y, expand=["zzz"])
    plain = ad.exp(Value(1.0))
    for options in ({"depth": 1}, {"expand": ["layers.0"]}):
        with pytest.raises(ValueError, match=r"this graph knows of none\.\nDraw it by `model"):
            grouped(plain, **options)
    assert len(grouped(plain, depth=math.inf)[1]) == 2


def test_many_calls_of_one_module_share_its_cards():
    model, rng = mlp(), np.random.default_rng(0)
    with viz.calls():
        losses = [(model(list(map(Value, x))) - 1.0) ** 2 for x in rng.normal(size=(30, 2))]
        loss = sum(losses) / 30
    parts, captions, found = grouped(loss)
    assert titles(captions)[:5] == ["leaves", "layers.0", "layers.1", "layers.2", "-"]
    assert captions[1].lines == ["Layer(2, 16)", "30 calls", "2,400 nodes", "48 parameters"]
    assert len(parts) <= 12
    assert "down to `depth=1`" in found.said()


def test_a_cell_that_is_called_at_each_step():
    class Chain(Module):
        def __init__(self):
            self.cell = Linear(2, 2, seed=0)

        def forward(self, x, steps):
            for _ in range(steps):
                x = ad.tanh(self.cell(x))
            return x

    model = Chain()
    with viz.calls():
        few, many = (model(Tensor(np.ones((1, 2)), name="x"), n).sum() for n in (13, 200))
    parts, captions, _ = grouped(few, depth=1)
    assert titles(captions).count("cell") == 13
    assert len(parts) <= MOST_CARDS
    parts, captions, _ = grouped(many)
    assert len(parts) <= MOST_CARDS
    assert sum(part.node is None and len(part.nodes) > 300 for part in parts) == 1


def test_a_depth_of_too_many_cards_is_merged_further():
    model = MLP(2, [150, 150, 1], seed=0)
    with viz.calls():
        y = model(inputs())
    parts, _, _ = grouped(y, depth=2)
    assert len(parts) <= MOST_CARDS


# -- without modules -------------------------------------------------------------------------


def test_a_graph_that_is_small_is_drawn_whole():
    x = y = Value(1.0)
    while len(topological(y)) < MOST_NODES:
        y = ad.sin(y)
    parts, _, found = grouped(y)
    assert (len(parts), found.said()) == (MOST_NODES, "")
    parts, _, found = grouped(ad.sin(y))
    assert [len(part.nodes) for part in parts] == [1, MOST_NODES]
    assert found.said() == (
        "61 nodes on 2 cards: what is repeated is drawn once; `depth=math.inf` draws each node"
    )
    assert parts[0].node is x


def test_a_chain_of_one_operation():
    y = Value(0.1, name="x")
    for _ in range(3_000):
        y = ad.sin(y)
    parts, captions, _ = grouped(y)
    assert [len(part.nodes) for part in parts] == [1, 3_000]
    assert captions[1].title == "sin"
    assert captions[1].lines == ["3,000 times"]


def test_what_is_done_to_each_sample_is_drawn_once():
    w, b = Value(2.0, name="w"), Value(1.0, name="b")
    loss = Value(0.0, name="start")
    for x, y in np.random.default_rng(0).normal(size=(500, 2)):
        loss = loss + (w * Value(x) + b - Value(y)) ** 2
    parts, captions, _ = grouped(loss)
    sizes = {title: len(p.nodes) for title, p in zip(titles(captions), parts, strict=True)}
    assert [sizes[title] for title in ("*", "-", "**")] == [500, 500, 500]
    assert sum(part.node in (w, b) for part in parts if part.node is not None) == 2
    assert len(parts) < 15


def test_lines_of_the_users_tell_parts_apart():
    w, total = Value(2.0, name="w"), Value(0.0, name="start")
    with viz.calls():
        for i in range(100):
            first = ad.exp(w * Value(float(i)))
            second = ad.exp(w * Value(float(-i)))
            total = total + first * second
    _, captions, _ = grouped(total)
    lines = [line for c in captions if isinstance(c, tuple) for line in c.lines]
    assert "first = ad.exp(w * Value(float(i)))" in lines
    assert "second = ad.exp(w * Value(float(-i)))" in lines
    assert titles(captions).count("exp") == 2


def test_a_recurrence_is_one_card():
    w, h = Value(0.5, name="w"), Value(0.0, name="h0")
    for i in range(500):
        h = ad.tanh(w * h + Value(float(i)))
    parts, captions, _ = grouped(h)
    (card,) = [c for c in captions if isinstance(c, tuple) and c.title != "leaves"]
    assert sorted(card.title.split()) == ["*", "+", "tanh"]
    assert int(card.lines[0].split()[0].replace(",", "")) > 1_490
    assert {p.node.name for p in parts if p.node is not None and p.is_leaf} == {"w", "h0"}


def random_graph(count, seed, tensors):
    rng = np.random.default_rng(seed)
    kind = (lambda v: Tensor([v, v])) if tensors else Value
    nodes = [kind(float(v)) for v in rng.normal(size=5)]
    ops = [ad.add, ad.mul, ad.sub, ad.maximum, ad.sin, ad.tanh, ad.cos, lambda a: a * 0.5]
    for _ in range(count):
        op = ops[rng.integers(len(ops))]
        reach = nodes[-int(rng.integers(1, 60)) :]
        operands = [reach[rng.integers(len(reach))] for _ in range(1 + (op in ops[:4]))]
        nodes.append(op(*operands))
    return nodes


@given(st.integers(60, 400), st.integers(0, 10_000), st.booleans())
def test_whatever_the_graph_there_are_not_too_many_cards(count, seed, tensors):
    nodes = random_graph(count, seed, tensors)
    roots = nodes[-1:] if seed % 2 else [nodes[-1], nodes[count // 2]]
    network = Network(roots)
    parts, _, _ = grouped(*roots)
    assert len(parts) <= max(MOST_CARDS, MOST_NODES * (len(network.nodes) <= MOST_NODES))


def test_all_different_operations_in_a_row():
    y = Tensor(np.linspace(0.1, 0.9, 4), name="x")
    for i in range(40):
        y = ad.sum(y.reshape((1, 4)) * np.ones((i + 2, 1)), axis=0)  # of ever another shape
    parts, _, _ = grouped(y.sum())
    assert 1 < len(parts) <= MOST_CARDS


def test_many_leaves_that_are_used_alike_share_a_card():
    xs = [Value(float(i), name=f"x{i}") for i in range(200)]
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    parts, captions, _ = grouped(total)
    assert any(str(title).startswith("x") and " … x" in title for title in titles(captions))
    assert len(parts) <= MOST_CARDS


def test_a_classifier_of_a_batch():
    model = Sequential(*(Linear(8, 8, seed=i) for i in range(20)))
    model.parameters()
    loss = cross_entropy(model(np.ones((4, 8))), np.zeros(4, int))
    _, captions, _ = grouped(loss)
    assert titles(captions) == [f"layers.{i}" for i in range(20)] + ["cross_entropy"]
    assert captions[0].lines == ["2 nodes", "72 parameters"]
    assert (MOST_NODES, MOST_CARDS, MOST_EDGES) == (60, 40, 60)


# -- as they are drawn ------------------------------------------------------------------------


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
