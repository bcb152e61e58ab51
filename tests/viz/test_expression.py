"""Expressions as they are typed: what Python computes, or one line that says what is wrong."""

import ast
import keyword
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autodiff import Value
from viz.expression import ExpressionError, checked_name, evaluate, names_in

UNARY = {"exp": math.exp, "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "abs": abs,
         "sqrt": math.sqrt, "log": math.log, "arctan": math.atan}  # fmt: skip


numbers = st.one_of(
    st.integers(0, 10**20).map(str),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1_000", "0x1F", "0b11", "0o17", ".5", "5.", "1e3", "00"]),
)


NAMES = {"x": 1.5, "y": -2.0, "_0": 0.25, "été": 3.0, "λ": -0.5}
CONSTANTS = {"pi": 3.141592653589793, "e": 2.718281828459045}


expressions = st.recursive(
    numbers | st.sampled_from(sorted({**NAMES, **CONSTANTS})),
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

    known = {"__builtins__": {}, **UNARY, **CONSTANTS, **NAMES}
    try:
        tree = Floats().visit(ast.parse(text.strip(), mode="eval"))
        result = eval(compile(tree, "text", "eval"), known)
    except (ArithmeticError, ValueError):
        return None
    except (TypeError, RecursionError):  # where a part of it is complex, or deep
        return None
    return result if isinstance(result, (float, bool)) else None


def is_an_expression(text):
    """Whether Python's own grammar has this text, and no more of it than is meant to be allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(map(is_allowed, ast.walk(tree)))


def is_allowed(node):
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float) and value < 1e300
        case ast.Name(id=name):
            return name in {*NAMES, *CONSTANTS, *UNARY}
        case ast.Call(func=ast.Name(id=name), args=[arg], keywords=[]):
            return name in UNARY and not isinstance(arg, ast.Starred)
        case ast.Compare():
            return len(node.ops) == 1
    kinds = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.UAdd, ast.Add, ast.Sub, ast.Mult,
             ast.Div, ast.Pow, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Load)  # fmt: skip
    return isinstance(node, kinds)


def number_of(result):
    return result.data if isinstance(result, Value) else result


def is_the_same(found, expected):
    return (
        found == expected
        or math.isclose(found, expected, rel_tol=1e-9)
        or found != found != expected
    )


@given(expressions)
def test_what_is_computed_is_what_python_computes(text):
    expected = by_python(text)
    assume(expected is not None)
    found = evaluate(text, {name: Value(x) for name, x in NAMES.items()})
    assert is_the_same(number_of(found), expected)


def check_answer(text):
    """A number, a Value or a comparison, as Python has it; or a line, and the place, of a fault."""
    values = {name: Value(x, name=name) for name, x in NAMES.items()}
    fault = None
    try:
        result = evaluate(text, values)
    except ExpressionError as error:
        fault = error
    if fault:
        check_fault(fault, text)
        return
    assert isinstance(result, (float, bool)) or type(result) is Value
    assert set(names_in(text)) <= set(NAMES) | set(CONSTANTS)
    if is_an_expression(text) and (expected := by_python(text)) is not None:
        assert is_the_same(number_of(result), expected)


def check_fault(error, text):
    message = str(error)
    assert message.startswith(error.reason)
    assert message.isprintable()
    assert 0 < len(message) < 400
    assert error.text == text
    if text.strip():
        assert 0 <= error.offset <= error.end <= len(text)
    # What is in Python's grammar is no fault but for a function or a comparison in a number's
    # place, and for what is too deep.
    excuses = (*UNARY, "<", ">", "bool", "nested")
    assert any(word in message for word in excuses) or not is_an_expression(text)


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


# -- constants, and a name for the result ------------------------------------------------------


def test_constants_have_their_values_unless_others_are_given():
    assert evaluate("pi + e", {}) == CONSTANTS["pi"] + CONSTANTS["e"]
    assert evaluate("pi*x", {"x": 2.0, "pi": 3.0}) == 6.0
    assert evaluate("e*x", {"x": Value(2.0), "e": Value(0.5, name="e")}).data == 1.0
    assert names_in("e*x + pi") == ["e", "x", "pi"]
    with pytest.raises(ExpressionError, match=r"'π' has no value: the constant is written pi"):
        evaluate("2*π", {})


@pytest.mark.parametrize("text", ["f = x*2", " f=x*2", "f  =\n x*2", "ﬁ = x*2"])
def test_the_result_is_named(text):
    x = Value(3.0, name="x")
    result = evaluate(text, {"x": x})
    assert (result.name, result.data) == (checked_name(text.partition("=")[0]), 6.0)
    assert names_in(text) == ["x"]


def test_a_leaf_keeps_its_name_and_a_number_has_one():
    x = Value(3.0, name="x")
    assert evaluate("f = +x", {"x": x}) is x
    assert x.name == "x"
    result = evaluate("f = 2*3", {})
    assert (result.name, result.data) == ("f", 6.0)
    assert evaluate("f = 2 < 3", {}) is True


@given(st.text("fx= \n<>!:+2", max_size=12))
def test_any_text_with_equals_signs(text):
    check_answer(text)


@given(st.sampled_from(["f", "π", "loss"]), expressions)
def test_a_name_changes_no_number(name, text):
    values = {n: Value(x, name=n) for n, x in NAMES.items()}
    without, named = evaluate(text, values), evaluate(f"{name} = {text}", values)
    assert is_the_same(number_of(named), number_of(without))


# -- the place of a fault ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part", "words"),
    [
        ("2x", "2x", "for a product write 2*x"),
        ("1 + 2.5x", "2.5x", "write 2.5*x"),
        ("2 x", "2 x", "write 2*x"),
        ("2e", "2e", "write 2*e"),
        ("x 2", "x 2", "write x*2"),
        ("x y + 1", "x y", "write x*y"),
        ("2(x + 1)", "2(", "write 2*(…)"),
        ("(x + 1)(x - 1)", ")(", "write (…)*(…)"),
        ("(x + 1) x", ") x", "write (…)*x"),
        ("2sin(x)", "2sin", "write 2*sin(…)"),
        ("x(y + 1)", "x", "for a product write x*(…)"),
        ("sin x", "sin x", "a function's operand stands in brackets: write sin(x)"),
        ("1 + sin 2*x", "sin 2", "write sin(2)"),
        ("x^2", "^", "a power is written **: write x**2"),
        ("(x + 1)^2", "^", "write (…)**2"),
        ("2^(x + 1)", "^", "write 2**(…)"),
        ("2^", "^", "write 2**…"),
        ("x²", "²", "write x**2"),
        ("(x)¹²", "¹²", "write (…)**12"),
        ("2×x", "×", "write * for ×"),
        ("2·x", "·", ""),
        ("x÷y", "÷", "write / for ÷"),
        ("x − y", "−", "write - for −"),
        ("√x", "√", "write sqrt(…) for √"),
        ("|x|", "|", "an absolute value is written abs(x)"),
        ("x₀ + 1", "x₀", "write x0"),
        ("(x", "(", "'(' was never closed: close it where it ends"),
        ("sin(x))", ")", "unmatched ')': no bracket is open here"),
        ("(x]", "]", "does not match opening parenthesis '('"),
        ("[x + 1]*2", "[x + 1]", "a list is not allowed: group with round brackets"),
        ("2,5*x", "2,5*x", "a decimal is written with a point, 2.5"),
        ("x +", "", "the expression ends too soon"),
        ("f = ", "", "the expression ends too soon"),
        ("x +* y", "*", "a number, a name or a bracket is missing before *"),
        ("* x", "*", "missing before *"),
        ("sin(,x)", ",", "missing before ,"),
        ("x ? y", "?", "this cannot be read here: use numbers"),
        ("f(x) = x", "=", "names the result, once and in front, as in f = x*x"),
        ("f = g = x", "=", "names the result"),
        ("f = f + 1", "f", "'f' names the result"),
        ("sin = x", "sin", "'sin' is a function: give the result another name"),
        ("  f = 2*x^2", "^", "write x**2"),
        ("  f = x + zeta", "zeta", "'zeta' has no value: give zeta=…"),
        ("x +\n  (zeta)", "\n", "an expression of several lines stands in brackets"),
        ("(x +\n  zeta)", "zeta", "'zeta' has no value"),
        ("(été + λ +\r\n été*zeta)", "zeta", "'zeta' has no value"),
        ("10 000", "10 000", "no space and one point"),
        ("1.2.3", "1.2.3", "no space and one point"),
        ("x + ()", "()", "there is nothing in these brackets"),
        ("x + ln(x)", "ln", "did you mean 'log'?"),
        ("asin(x)", "asin", "did you mean 'arcsin'?"),
        ("sin(x, y)*2", "sin(x, y)", ""),
        ("x = 2 + 1j", "1j", "1j is not a number"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_and_a_fix(text, part, words):
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, {name: Value(x, name=name) for name, x in NAMES.items()})
    error = caught.value
    assert text[error.offset : error.end] == part
    assert words in error.reason


@pytest.mark.parametrize("word", sorted({*keyword.kwlist} - {"True", "False", "None"}))
@pytest.mark.parametrize("form", ["{0}*x", "x*{0}", "{0}", "sin({0})", "x + {0}*{0}"])
def test_words_of_python_that_are_meant_as_names(word, form):
    """Physics has a lambda: the message says that it cannot be a name here, and where it is."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(form.format(word), {"x": Value(1.0)})
    operators = {"and", "or", "not", "is", "in", "if", "else", "for"}
    if word not in operators:
        assert f"{word!r} is a word of Python's, and no name: write {word}_" in str(caught.value)
        assert caught.value.offset == form.format(word).index(word)
    with pytest.raises(ExpressionError, match=f"'{word}' is a word of Python's"):
        checked_name(word)


def test_a_word_of_python_within_a_name_is_none():
    assert evaluate("lambda_*class1", {"lambda_": 2.0, "class1": 3.0}) == 6
    with pytest.raises(ExpressionError, match="a word of Python's") as caught:
        evaluate("lambda_*lambda", {"lambda_": 2.0})
    assert caught.value.offset == len("lambda_*")
