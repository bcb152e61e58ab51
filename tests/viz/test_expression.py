"""Expressions as they are typed: what Python computes, or one line that says what is wrong."""

import ast
import math

from hypothesis import assume, given
from hypothesis import strategies as st

from autodiff import Value
from viz.expression import ExpressionError, evaluate, names_in

UNARY = {"exp": math.exp, "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "abs": abs,
         "sqrt": math.sqrt, "log": math.log, "arctan": math.atan}  # fmt: skip


numbers = st.one_of(
    st.integers(0, 10**20).map(str),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1_000", "0x1F", "0b11", "0o17", ".5", "5.", "1e3", "00"]),
)


NAMES = {"x": 1.5, "y": -2.0, "_0": 0.25, "été": 3.0, "λ": -0.5}


expressions = st.recursive(
    numbers | st.sampled_from(sorted(NAMES)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", " - ", "*", " / ", "**"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("( {} )".format),
        inner.map("-{}".format),
        inner.map("+{}".format),
        st.tuples(st.sampled_from(sorted(UNARY)), inner).map(lambda pair: "{}({})".format(*pair)),
    ),
    max_leaves=12,
)


def by_python(text):
    """What Python itself makes of an expression of floats; None where it raises or is complex."""

    class Floats(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.copy_location(ast.Constant(float(node.value)), node)

    tree = Floats().visit(ast.parse(text, mode="eval"))
    try:
        result = eval(compile(tree, "text", "eval"), {"__builtins__": {}, **UNARY}, dict(NAMES))
    except (ArithmeticError, ValueError, TypeError):  # the last where a part of it is complex
        return None
    return result if isinstance(result, float) else None


@given(expressions)
def test_what_is_computed_is_what_python_computes(text):
    expected = by_python(text)
    assume(expected is not None)
    found = evaluate(text, {name: Value(x) for name, x in NAMES.items()})
    found = found.data if isinstance(found, Value) else found
    assert (
        found == expected
        or math.isclose(found, expected, rel_tol=1e-9)
        or found != found != expected
    )


def check_answer(text):
    """A number, a Value or a comparison, or one line that says what is wrong."""
    values = {name: Value(x, name=name) for name, x in NAMES.items()}
    try:
        result = evaluate(text, values)
    except ExpressionError as error:
        message = str(error)
        assert message
        assert message.isprintable()
        assert len(message) < 400
    else:
        assert isinstance(result, (float, bool)) or type(result) is Value
        assert set(names_in(text)) <= set(NAMES)


@given(st.text(st.characters(codec=None, categories=None)))
def test_any_text(text):
    check_answer(text)


@given(
    st.text(
        "xyé_0123456789.eEjJ+-*/%()[]{},<>=!&|^~:;@#'\"\\ \n\r\t\f\x0b\x85\u2028absin", max_size=60
    )
)
def test_text_that_looks_like_an_expression(text):
    check_answer(text)


@given(expressions, st.data())
def test_an_expression_with_a_slip(text, data):
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 3))
    slip = data.draw(st.text(st.sampled_from("xyz()+-*/.,=<> 09é'[\n"), max_size=3))
    check_answer(text[:place] + slip + text[place + length :])


@given(st.integers(0, 3_000), st.sampled_from(["()", "sin()", "-", "[]", "x+()", "x**", "(\n)"]))
def test_nesting(depth, kind):
    opening, closing = (kind[:-1], ")") if kind.endswith(")") else (kind, "")
    check_answer(opening * depth + "x" + closing * depth)
