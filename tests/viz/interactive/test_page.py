"""The page as a file: one that stands alone, and what it refuses."""

import base64
import hashlib
import html
import json
import re

import pytest
from graphs import arrays, diamond, infinite, neuron
from names import NASTY

import viz
from autodiff import Value

pytest.importorskip("pygraphviz")


@pytest.mark.parametrize("make", [neuron, diamond, arrays])
def test_it_is_one_small_file_that_loads_nothing(make):
    text = viz.page(make()).html
    assert len(text.encode()) < 100_000
    addresses = re.findall(r"https?://[^\s\"'<>)]+", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(link|img|iframe|object|embed)\b(?![^>]*href=\"data:)", text)
    assert " src=" not in text
    assert "@import" not in text


def test_its_policy_names_each_text_that_it_has_and_nothing_else():
    text = viz.page(neuron()).html
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        bodies = re.findall(rf"<{tag}(?: id=\"program\")?>(.*?)</{tag}>", text, re.DOTALL)
        assert len(bodies) > 1
        assert rules[f"{tag}-src"].split() == [
            f"'sha256-{base64.b64encode(hashlib.sha256(b.encode()).digest()).decode()}'"
            for b in bodies
        ]
    assert " style=" not in text
    assert " onclick=" not in text


def test_its_data_are_what_json_holds():
    text = viz.page(infinite()).html
    (told,) = re.findall(r'<script type="application/json" id="graph">(.*?)</script>', text)
    graph = json.loads(told, parse_constant=pytest.fail)
    assert graph["live"]
    assert {n["value"] for n in graph["nodes"]} & {"inf", "-inf", "nan"}


BAD = [*NASTY, "</script><script>alert(1)</script>", "<!--<script>", "$x ${y}"]


@pytest.mark.parametrize("name", BAD, ids=range(len(BAD)))
def test_a_name_is_text_and_nothing_else(name):
    x = Value(2.0, name=name)
    text = viz.page(x * x + 1).html
    assert text.count("<script") == text.count("</script>")
    assert "<script>alert" not in text
    assert text.count("</html>") == 1


def test_the_same_graph_makes_the_same_page():
    assert viz.page(neuron()).html == viz.page(neuron()).html


def test_it_is_written_whole(tmp_path):
    f = neuron()
    viz.save(f, tmp_path / "f.html")
    viz.page(f).save(tmp_path / "g.HTML")
    assert (tmp_path / "f.html").read_text() == (tmp_path / "g.HTML").read_text()
    assert (tmp_path / "f.html").read_text().startswith("<!doctype html>")
    with pytest.raises(ValueError, match=r"ending in \.html, not 'f\.svg'"):
        viz.page(f).save(tmp_path / "f.svg")
    with pytest.raises(ValueError, match=r"\.html, .*not 'f\.jpg'"):
        viz.save(f, tmp_path / "f.jpg")


def test_it_shows_itself_in_a_notebook():
    page = viz.page(neuron())
    frame = page._repr_html_()
    (document,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(document) == page.html
    assert 'sandbox="allow-scripts"' in frame
    assert repr(page).startswith("<Page of ")


@pytest.mark.parametrize("thing", [abs, 2.0, [Value(1.0)], "x"])
def test_what_is_no_node_is_refused(thing):
    with pytest.raises(TypeError, match="`page` takes a Value or Tensor, but this is"):
        viz.page(thing)


def test_more_nodes_than_one_can_step_through_are_refused_at_once():
    total = x = Value(1.0, name="x")
    for _ in range(3_000):
        total = total + x
    with pytest.raises(ValueError, match="up to 1,000, but this graph has 3,001"):
        viz.page(total)


def test_a_leaf_that_was_changed_is_told():
    x = Value(2.0, name="x")
    f = x * x
    x.data = 3.0
    with pytest.raises(ValueError, match="`x` was changed"):
        viz.page(f)


def test_the_command_line_writes_it(tmp_path, capsys):
    from viz.__main__ import main

    path = tmp_path / "f.html"
    assert main(["sigmoid(w*x + b)", "w=2", "x=-1", "b=0.5", "-o", str(path)]) == 0
    assert "<title>f, forward and backward</title>" in path.read_text()
    assert "f = 1 / (1 + exp(-(w * x + b)))" in path.read_text()
