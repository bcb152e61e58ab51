"""What the bench says of an expression: against numbers that were worked out by hand."""

import json
import math
import xml.etree.ElementTree as ET
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import viz.serving.answer
from viz.expression import functions
from viz.render import RenderError
from viz.serving.answer import MOST_ROWS, answer, answer_page

pytest.importorskip("pygraphviz")
NEURON = "sigmoid(w0*x0 + w1*x1 + w2)"
VALUES = {"w0": "2", "x0": "-1", "w1": "-3", "x1": "-2", "w2": "-3"}


def parts_of(expression, **values):
    return dict(answer(expression, values))


def as_number(text):
    return float(text.replace("−", "-"))


def test_the_neuron():
    parts = parts_of(NEURON, **VALUES)
    f = 1 / (1 + math.exp(-1))
    slope = f * (1 - f)
    assert parts["values"] == VALUES
    assert parts["result"]["name"] == "f"
    assert as_number(parts["result"]["value"]) == pytest.approx(f, rel=1e-5)
    expected = {"w0": -slope, "x0": 2 * slope, "w1": -2 * slope, "x1": -3 * slope, "w2": slope}
    found = {leaf["name"]: as_number(leaf["gradient"]) for leaf in parts["leaves"]}
    assert found == pytest.approx(expected, rel=1e-5)
    ET.fromstring(parts["picture"].encode())
    assert ">0.731<" in parts["picture"]


def test_the_table_has_each_node_with_its_local_gradients():
    table = parts_of("x*y + x", x="2", y="3")["table"]
    assert table["more"] == 0
    rows = {row["name"]: row for row in table["rows"]}
    assert list(rows) == ["x", "y", "n1", "f"]
    assert rows["n1"] == {
        "name": "n1", "formula": "x * y", "value": "6", "gradient": "1",
        "local": [{"by": "x", "is": "3"}, {"by": "y", "is": "2"}],
    }  # fmt: skip
    assert [rows[name]["gradient"] for name in "xy"] == ["4", "2"]
    assert rows["x"]["formula"] == ""


def test_the_program_that_is_shown_computes_value_and_gradient():
    parts = parts_of("loss = (w*x + b - y)**2", w="0.5", x="2", b="-1", y="3")
    names = {}
    exec(parts["program"], names)
    value, gradients = names["loss"](0.5, 2.0, -1.0, 3.0)
    assert (value, gradients) == (9.0, (-12.0, -3.0, -6.0, 6.0))
    assert parts["result"] == {"name": "loss", "value": "9"}


def test_a_value_is_a_number_or_an_expression_of_numbers():
    assert parts_of("x", x="pi/2")["result"]["value"] == "1.57080"
    assert parts_of("x", x=" -1e-3 ")["result"]["value"] == "−0.001"
    assert parts_of("x*2", x="inf")["result"]["value"] == "inf"
    assert parts_of("x", x="a = 2*3")["result"]["value"] == "6"


def test_a_name_without_a_value_gets_one_and_constants_are_constants():
    assert parts_of("x*y*pi", x="2")["values"] == {"x": "2", "y": "1"}
    assert parts_of("e*x", e="2", x="3")["result"]["value"] == "6"
    assert parts_of("x*y", x="2", y="3", z="4")["values"] == {"x": "2", "y": "3"}


def test_what_does_not_reach_the_result_has_the_gradient_zero():
    parts = parts_of("where(x < y, z, 2*z)", x="1", y="2", z="3")
    assert [leaf["gradient"] for leaf in parts["leaves"]] == ["0", "0", "1"]
    assert {check["verdict"] for check in parts["checks"]} == {"agrees"}


@pytest.mark.parametrize(
    ("expression", "values", "name", "place", "words"),
    [
        ("x + 2x", {}, None, (4, 6), "write 2*x"),
        ("  f = x^2", {}, None, (7, 8), "write x**2"),
        ("x", {"x": "3 +"}, "x", (3, 3), "ends too soon"),
        ("x", {"x": "a"}, "x", (0, 1), "give a="),
        ("x", {"x": "1 < 2"}, "x", (0, 5), "this is no number"),
        ("x", {"x": ""}, "x", (None, None), "empty"),
        ("x < y", {}, None, (0, 5), "a comparison, not a number"),
        ("", {}, None, (None, None), "empty"),
        ("x", {"1": "2"}, None, (None, None), "not a name"),
        ("where(x)", {}, None, (0, 8), ""),
    ],
)
def test_an_error_has_its_field_and_place(expression, values, name, place, words):
    parts = dict(answer(expression, values))
    error = parts["error"]
    assert (error["name"], (error["offset"], error["end"])) == (name, place)
    assert words in error["reason"]
    assert not {"result", "table", "picture"} & set(parts)


def test_names_are_known_where_a_value_is_wrong():
    assert parts_of("x*y", x="2 +", y="3")["values"] == {"x": "2 +", "y": "3"}


@pytest.fixture
def undrawn(monkeypatch):
    def fails(*_):
        raise RenderError("nothing draws")

    monkeypatch.setattr(viz.serving.answer, "draw", fails)


def test_without_a_renderer_all_else_is_answered(undrawn):
    parts = parts_of("x*x", x="3")
    assert parts["failed"] == {"picture": "nothing draws"}
    assert parts["table"]["rows"][-1]["value"] == "9"


def test_of_a_large_graph_the_last_rows_are_shown():
    table = parts_of(" + ".join(["x*y"] * 300))["table"]
    assert len(table["rows"]) == MOST_ROWS
    assert table["more"] == 2 + 599 - MOST_ROWS
    assert table["rows"][-1]["value"] == "300"


def test_a_page_or_why_there_is_none():
    assert "</html>" in dict(answer_page("sin(x)", {"x": "1"}))["page"]
    assert "write 2*x" in dict(answer_page("2x", {}))["error"]["reason"]
    assert "up to 500 nodes" in dict(answer_page("+".join(["x*y"] * 300), {}))["error"]["reason"]


texts = st.text("xyλ_0123456789.e+-*/()<>=^, \n\"'#absinlogwher", max_size=40)
numbers = st.floats().map(repr) | st.sampled_from(["pi/2", "-0.0", "1e400", "1 +", "x"]) | texts


@given(texts | st.text(max_size=20), st.dictionaries(st.sampled_from("xyeλ"), numbers))
def test_any_text_is_answered_in_json(text, values):
    with patch.object(viz.serving.answer, "draw", side_effect=RenderError("nothing draws")):
        parts = dict(answer(text, values))
    json.dumps(parts, allow_nan=False)
    assert ("error" in parts) != ("result" in parts)
    assert "error" in parts or {"checks", "table", "program", "failed"} <= set(parts)


smooth = st.recursive(
    st.sampled_from(["x", "y", "1e3", "0.5", "-2"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(st.sampled_from(["exp", "log", "sqrt", "tanh", "sin"]), inner).map(
            "{0[0]}({0[1]})".format
        ),
    ),
    max_leaves=6,
)


usual = st.floats(0.001, 100.0).flatmap(lambda x: st.sampled_from([x, -x]))


@given(smooth, usual, usual)
def test_no_right_gradient_is_called_wrong(text, x, y):
    with patch.object(viz.serving.answer, "draw", side_effect=RenderError("nothing draws")):
        parts = parts_of(text, x=repr(x), y=repr(y))
    # Through an infinity the rule of a zero cotangent holds, and no derivative.
    assume(all(math.isfinite(as_number(row["value"])) for row in parts["table"]["rows"]))
    assert "differs" not in {check["verdict"] for check in parts["checks"]}


@pytest.mark.parametrize("name", functions())
def test_every_function_is_answered(name, undrawn):
    for count in (1, 2, 3):
        parts = parts_of(f"{name}({', '.join('abc'[:count])})", a="0.5", b="0.6", c="0.7")
        if "result" in parts:
            assert "failed" in parts
            assert {check["verdict"] for check in parts["checks"]} <= {"agrees", "unclear"}
            return
    pytest.fail(f"`{name}` takes no one, two or three numbers")
