"""Mermaid: a text in its grammar, whatever names are in it, with the numbers of the picture."""

import html
import math
import re

import numpy as np
import pytest
from graphs import arrays, infinite, neuron, nodes_of
from names import NASTY

import nn
import viz
from autodiff import Tensor, Value
from viz.graphs.diagrams import escaped
from viz.graphs.numbers import number
from viz.graphs.text import shown

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# What a line may be; a label has no quote, no bracket of Mermaid's and no backslash of its own.
LABEL = r'"((?:<b>|</b>|<br/>|#\d+;|[^"<>{}|\[\]`\\*&$%#;\n])*)"'
CARD = re.compile(rf"(\w+)(?:\(|\[|\[\[){LABEL}(?:\)|\]|\]\]):::(\w+)")
EDGE = re.compile(rf"(\w+) (-->|-\.->)(?:\|{LABEL}\|)? (\w+)")
OTHER = re.compile(r"acc(Title|Descr): [^\n{}\"<>]+|classDef \w+ [\w:#,-]+|%% [^\n]*")


def parsed(text):
    """Its cards, as lines of their labels, and its edges."""
    first, *lines = text.split("\n")
    assert re.fullmatch("flowchart (LR|TB|RL|BT)", first)
    cards, edges = {}, []
    for line in map(str.strip, lines):
        if card := CARD.fullmatch(line):
            assert card[1] not in cards
            cards[card[1]] = [unescaped(part) for part in card[2].split("<br/>")]
        elif edge := EDGE.fullmatch(line):
            edges.append((edge[1], edge[4], unescaped(edge[3] or ""), edge[2]))
        else:
            assert OTHER.fullmatch(line), line
    assert {end for edge in edges for end in edge[:2]} <= cards.keys()
    return cards, edges


def unescaped(text):
    text = re.sub(r"</?b>", "", text)
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text)).replace("\u200b", "")


def test_a_neuron_has_the_numbers_of_its_picture():
    f = neuron()
    cards, edges = parsed(viz.mermaid(f))
    f.backward()
    assert len(cards) == 13
    for i, node in enumerate(nodes_of(f)):
        value, gradient = cards[f"n{i}"][-2:]
        assert (value, gradient) == (number(node.data), f"grad {number(node.grad)}")
    assert ("n0", "n2", number(-1.0), "-->") in edges
    assert len(edges) == 12


def test_two_edges_between_the_same_cards_are_two():
    x = Value(3.0, name="x")
    _, edges = parsed(viz.mermaid(x * x))
    assert [edge[:3] for edge in edges] == [("n0", "n1", "3"), ("n0", "n1", "3")]


def test_arrays_constants_and_rules():
    X = Tensor(np.ones((2, 2)), name="X")
    cards, edges = parsed(viz.mermaid(np.sum(X * np.array([2.0, 3.0]))))
    assert cards["n0"] == ["X", "2×2", "1 1", "1 1", "grad 2 3", "2 3"]
    assert "no grad" in [line for lines in cards.values() for line in lines]
    assert "-.->" in {edge[3] for edge in edges}
    parsed(viz.mermaid(arrays()))


def test_nothing_flows_along_a_dotted_edge():
    _, edges = parsed(viz.mermaid(infinite()))
    assert "-.->" in {edge[3] for edge in edges}


@pytest.mark.parametrize("name", [*NASTY, "1. item", "- x", "end", "$$x$$", "a; b", "@{x}", "2) y"])
def test_names(name):
    cards, _ = parsed(viz.mermaid(Value(2.0, name=name) * 3.0))
    assert cards["n0"][0] == (shown(name).strip() if name.strip() else cards["n0"][0])
    if re.match(r"\d+[.)] |[-*+#]", name):  # Markdown's own
        assert escaped(name)[len(name.split()[0]) - 1] in "#0123456789;"
        assert not re.match(r"\d+[.)] |[-*+] ", escaped(name))


def test_large_graphs_collapse_as_in_the_picture():
    with viz.calls():
        loss = (nn.MLP(2, [16, 16, 1], seed=0)([Value(1.0), Value(2.0)]) - 1.0) ** 2
    text = viz.mermaid(loss)
    cards, _ = parsed(text)
    assert len(cards) == 7
    assert "layers.1" in [lines[0] for lines in cards.values()]
    assert "nodes on 7 cards" in text
    assert len(parsed(viz.mermaid(loss, depth=0))[0]) < 7


def test_a_chain_of_thousands_is_readable():
    x = Value(1.0, name="x")
    y = x
    for _ in range(5_000):
        y = y * 1.0001 + 0.1
    cards, _ = parsed(viz.mermaid(y))
    assert len(cards) <= 40


def test_functions_options_and_the_text(tmp_path):
    text = viz.mermaid(lambda w, x: w * x, 2.0, 3.0, direction="TB")
    assert text.startswith("flowchart TB\n")
    assert [lines[0] for lines in parsed(text)[0].values()] == ["w", "x", "*"]
    assert repr(text) == str(text)
    assert text._repr_markdown_() == f"```mermaid\n{text}\n```"
    text.save(tmp_path / "f.mmd")
    assert (tmp_path / "f.mmd").read_text(encoding="utf-8") == text
    bare = parsed(viz.mermaid(neuron(), detail="values"))
    assert all("grad" not in line for lines in bare[0].values() for line in lines)
    assert {edge[2] for edge in bare[1]} == {""}
    doubled, _ = parsed(viz.mermaid(neuron(), cotangent=2.0))
    assert doubled["n12"][-1] == "grad 2"


def test_what_is_refused():
    with pytest.raises(ValueError, match="`direction` is"):
        viz.mermaid(neuron(), direction="up")
    with pytest.raises(TypeError, match="`mermaid` takes a Value, a Tensor or a function"):
        viz.mermaid(math.pi)


def test_underscores_are_plain_within_a_word_alone():
    """At a word's edge Markdown takes them for emphasis."""
    assert escaped("w_0 a__b") == "w_0 a#95;#95;b"
    assert escaped("_b_ __c__ _") == "#95;b#95; #95;#95;c#95;#95; #95;"
