"""SVGs in the midst of a page: no ids that collide, tooltips that live, no script."""

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from graphs import arrays, diamond, neuron

import viz
from autodiff import Value
from autodiff.extend import topological
from viz.figures import svg_of
from viz.inline import in_theme, inline, live, shown_inline

pytest.importorskip("pygraphviz")


def of_graph(node):
    return ElementTree.fromstring(inline(viz.draw(node).pipe("svg")))


def of_figure(losses):
    return ElementTree.fromstring(inline(svg_of(viz.loss_curve(losses))))


@pytest.mark.parametrize("make", [neuron, diamond, arrays])
def test_a_graph_takes_no_id(make):
    root = of_graph(make())
    assert not [e for e in root.iter() if "id" in e.attrib]
    assert not [e for e in root.iter() if ":" in e.tag or "}" in e.tag]
    assert not {e.tag for e in root.iter()} & {"script", "style", "a", "foreignObject"}


def test_what_is_referred_to_is_no_other_pictures():
    roots = [of_figure([3.0, 2.0, 1.0]), of_figure([3.0, 2.0, 0.5])]
    ids = [{e.get("id") for e in root.iter()} - {None} for root in roots]
    assert all(ids)
    assert not ids[0] & ids[1]
    for root, own in zip(roots, ids, strict=True):
        referred = set()
        for element in root.iter():
            for key, value in element.attrib.items():
                referred |= set(re.findall(r"url\(#([^)]+)\)", value))
                referred |= {value[1:]} if key == "href" else set()
        assert referred == own


def test_each_node_and_edge_has_its_tooltip():
    f = neuron()
    titles = [t.text for t in of_graph(f).iter("title")]
    assert titles[0] == "Graph of f"
    nodes = list(topological(f))
    told = [t for t in titles if "value=" in t]
    assert len(told) == len(nodes)
    for node in nodes:
        assert any(f"value={node.data}" in t for t in told)
    edges = [t for t in titles if " = contribution " in t]
    assert len(set(edges)) <= len(edges)
    assert len(edges) == 2 * sum(len(n.inputs) for n in nodes)  # of the wire, and of its pill
    assert len(titles) == 1 + len(told) + len(edges)  # no names of Graphviz's own


@pytest.mark.parametrize(
    "name", ["<&\"'>", 'a id="n0"', "\\N", "&lt;\\\\G", "</svg><script>", "나비", "url(#x)"]
)
def test_odd_names_stay_what_they_are(name):
    x = Value(2.0, name=name)
    root = of_graph(x * x)
    assert name in {t.text for t in root.iter("text")}
    assert any(t.text.startswith(f"{name}: ") for t in root.iter("title"))
    assert root.tag == "svg"
    assert "<script" not in inline(viz.draw(x * x).pipe("svg"))


def test_colours_are_attributes_which_the_theme_sees():
    for root in (of_graph(neuron()), of_figure([2.0, 1.0])):
        inks = {e.get("fill") for e in root.iter("text")}
        assert inks <= {"#1f2328", "#00694d", "#b83a00", "#0b5cad"}
        assert not any("fill: #" in e.get("style", "") for e in root.iter())


def test_a_wide_picture_shrinks_and_is_never_larger_than_drawn():
    root = of_graph(neuron())
    style = dict(part.split(":") for part in root.get("style").split(";"))
    width, least = (float(style[k].removesuffix("pt")) for k in ("width", "min-width"))
    assert style["max-width"] == "100%"
    assert least == pytest.approx(0.6 * width, abs=0.5)
    assert np.isclose(width, float(root.get("viewBox").split()[2]), atol=1)
    assert "width" not in root.attrib


def test_a_part_of_a_page_brings_its_style():
    page = in_theme("<p>text</p>")
    style, content = re.fullmatch("<style>(.*)</style><div class=.nabigrad-shown.>(.*)</div>", page,
                                  re.DOTALL).groups()  # fmt: skip
    assert content == "<p>text</p>"
    selectors = re.findall(r"([^{}]+){", style)
    assert all(".nabigrad-shown" in selector for selector in selectors)  # of nothing else's


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_where_svg_and_styles_are_left_out_an_image_is_left(theme):
    page = shown_inline(viz.draw(neuron(), theme=theme).pipe("svg"), "a <graph>")
    left = re.sub(r"(?s)<style>.*?</style>", "", page)
    left = re.sub(
        r"<(?!/?(?:div|img)\b)[^>]*>", "", left
    )  # as a cleaner does, which keeps the text
    hidden, image = re.fullmatch(
        r'(?s)<div class="nabigrad-live" hidden="hidden">(.*)</div>'
        r'<div class="nabigrad-still"><img src="data:image/svg\+xml;base64,(\S+)"'
        r' alt="a &lt;graph&gt;"></div>', left,
    ).groups()  # fmt: skip
    assert "0.368" in hidden
    svg = base64.b64decode(image).decode()
    assert "prefers-color-scheme" not in svg
    assert ElementTree.fromstring(svg).get("style") == "background:#ffffff"


def test_what_is_live_says_what_is_left_of_it():
    assert live("<iframe></iframe>", "It is a page.").endswith(">It is a page.</div>")
