r"""LaTeX: what a program says there is what the engine computes, over the whole registry."""

import inspect
import math
import re

import numpy as np
import pytest
from latex import computed, in_mathtext, lines_of
from registry_cases import calls

from autodiff import TraceError, Value, cos, derive, floor, grad, sigmoid, value_and_grad, where
from autodiff.extend import operations
from autodiff.programs.text.latex_syntax import Latex, number

ELEMENTWISE = [name for name, primitive in operations().items() if primitive.elementwise]


def written(f, *args, **options):
    return derive(f, *args, engine="latex", **options).source


def called(name, operands, params):
    """An operation as a function of its operands that are floats, called x, y, z, …"""
    primitive = operations()[name]
    several = next(iter(inspect.signature(primitive.call).parameters.values())).kind
    in_list = primitive.variadic and several is not inspect.Parameter.VAR_POSITIONAL

    def f(*args):
        rest = iter(args)
        given = [next(rest) if is_float(o) else o for o in operands]
        return primitive.call(*([given] if in_list else given), **params)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = "xyzuvw"[: len(floats(operands))]
    f.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])
    return f


def is_float(operand):
    return np.asarray(operand).dtype.kind == "f"


def data(operands):
    found = [getattr(o, "_data", o) for o in operands]
    return [float(o) if is_float(o) and np.ndim(o) == 0 else o for o in found]


def floats(operands):
    return [o for o in data(operands) if is_float(o)]


# -- what it says --------------------------------------------------------------------------


def test_a_neuron():
    def f(w, x, b):
        return sigmoid(w * x + b)

    assert written(f, 2.0, -1.0, 0.5).splitlines() == [
        r"\begin{aligned}",
        r"v_{2} &= w \, x + b \\",
        r"f &= \frac{1}{1 + e^{-v_{2}}} \\",
        r"\frac{\partial f}{\partial b} &= \frac{f}{1 + e^{v_{2}}} \\",
        r"\frac{\partial f}{\partial w} &= \frac{\partial f}{\partial b} \, x \\",
        r"\frac{\partial f}{\partial x} &= \frac{\partial f}{\partial b} \, w",
        r"\end{aligned}",
    ]


def test_a_layer_of_arrays():
    def loss(X, W, b):
        return np.sum(np.tanh(X @ W + b) ** 2)

    lines = dict(lines_of(written(loss, np.ones((3, 2)), np.ones((2, 2)), np.ones(2))))
    assert lines["v_{3}"] == r"= \tanh(X \, W + b)"
    assert lines[r"\delta_{1}"] == r"= 2 \, v_{3} \odot (1 - v_{3} \odot v_{3})"
    assert lines[r"\frac{\partial \mathrm{loss}}{\partial X}"] == r"= \delta_{1} \, W^{\top}"


def test_two_vectors_have_a_dot_between():
    assert r"f &= x \cdot y \\" in written(lambda x, y: x @ y, np.ones(2), np.ones(2))


def test_an_index_adds_to_a_part():
    def f(x):
        return np.sum(x[1:] * x[:-1])

    lines = lines_of(written(f, np.ones(4)))
    slope = r"\frac{\partial f}{\partial x}"
    assert lines[-3] == (slope, "= 0")
    assert {left for left, _ in lines[-2:]} == {rf"{slope}[1{{:}}]", rf"{slope}[{{:}}-1]"}
    assert {right for _, right in lines[-2:]} == {r"\mathrel{+}= v_{1}", r"\mathrel{+}= v_{2}"}


def test_the_program_of_a_derivative_has_bars():
    text = written(grad(lambda x, y: (x * y) ** 2 * y), 2.0, 3.0)
    assert r"\bar{" in text
    x, y = 2.0, 3.0
    found = computed(text, {"x": x, "y": y})
    assert found["f"] == pytest.approx(2 * x * y**3)
    assert found[r"\frac{\partial f}{\partial x}"] == pytest.approx(2 * y**3)
    assert found[r"\frac{\partial f}{\partial y}"] == pytest.approx(6 * x * y**2)


# -- that it is right ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_operation_on_numbers(name):
    found = [(data(operands), params) for operands, params in calls(name)]
    found = [use for use in found if all(np.ndim(o) == 0 for o in use[0])][:3]
    assert found
    for operands, params in found:
        f, point = called(name, operands, params), floats(operands)
        names = "xyzuvw"[: len(point)]
        value, slopes = value_and_grad(f, tuple(range(len(point))))(*point)
        known = computed(written(f, *point), dict(zip(names, point, strict=True)))
        assert known["f"] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)
        for x, slope in zip(names, slopes, strict=True):
            found = known[rf"\frac{{\partial f}}{{\partial {x}}}"]
            assert found == pytest.approx(slope, rel=1e-9, abs=1e-12, nan_ok=True), x


@pytest.mark.parametrize("name", operations())
def test_every_operation_is_written(name):
    mathtext = pytest.importorskip("matplotlib.mathtext").MathTextParser("path")
    for operands, params in calls(name, 2):
        f, args = called(name, data(operands), params), floats(operands)
        text = written(f, *args, argnums=())
        for line in in_mathtext(text):
            mathtext.parse(line)
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x - (y - x), lambda x, y: -(x + y) * -x, lambda x, y: (x / y) ** 2 / (y - x),
        lambda x, y: (x**y) ** 2 - x ** (y**2), lambda x, y: (-x) ** 2 * 3 - 2 * -y,
        lambda x, y: 1e-7 * x * 2 * 0.5 + 1e300 * y, lambda x, y: 2 * (3 * x) * (x + y) / 4,
        lambda x, y: where(x > y, x * y, -x) * 3 + where(x < 1, y, 2.0) ** 2,
        lambda x, y: sigmoid(cos(x) * x) * sigmoid(-y) ** 2, lambda x, y: x * x + x - -y,
        lambda x, y: (x + y) * (x - y) * (x * (y * x)), lambda x, y: x / (y / x) - (x - y) / 2,
    ],
)  # fmt: skip
def test_brackets_stand_where_they_must(f):
    for point in ((2.0, -0.5), (0.3, 1.7)):
        value, slopes = value_and_grad(f, (0, 1))(*point)
        known = computed(written(f, *point), dict(zip("xy", point, strict=True)))
        assert known["f"] == pytest.approx(value, rel=1e-12, nan_ok=True)
        for x, slope in zip("xy", slopes, strict=True):
            name = rf"\frac{{\partial f}}{{\partial {x}}}"
            assert known[name] == pytest.approx(slope, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x, y: 2 * (x % y), r"2 \cdot (x \bmod y)"),
        (lambda x, y: -(x % y), r"-(x \bmod y)"),
        (lambda x, y: x + x % y, r"x + (x \bmod y)"),
        (lambda x, y: x % y - x, r"(x \bmod y) - x"),
        (lambda x, y: 3 * x % y, r"3 \, x \bmod y"),
        (lambda x, y: x % (y % 2), r"x \bmod (y \bmod 2)"),
        (lambda x, y: x % y % 2, r"(x \bmod y) \bmod 2"),
        (lambda x, y: -2 * x * y, r"-2 \, x \, y"),
        (lambda x, y: x - -2 * y, r"x - (-2 \, y)"),
        (lambda x, y: (-2 * x) ** 2, r"(-2 \, x)^{2}"),
        (lambda x, y: x * -2 * y, r"x \cdot (-2) \, y"),
        (lambda x, y: -0.5 * x / y, None),
    ],
)  # fmt: skip
def test_remainders_and_minus_signs_in_products(f, text):
    ((_, found),) = lines_of(written(f, 5.0, 3.0, argnums=()))
    assert found == "= " + (text or r"\frac{-0.5 \, x}{y}")


def test_a_product_that_a_zero_stops_is_a_product():
    text = written(lambda x, y: (x**y) ** 2 * y, 2.0, 3.0)
    assert "safe" not in text
    assert r"\frac{\partial f}{\partial x} &= " in text


def test_a_product_of_vectors_is_a_factor_in_brackets():
    w = np.ones(2)
    ((_, found),) = lines_of(written(lambda w, u, v: w * (u @ v), w, w, w, argnums=()))
    assert found == r"= w \cdot (u \cdot v)"


def test_sympy_reads_the_same():
    parsing = pytest.importorskip("sympy.parsing.latex")
    pytest.importorskip("antlr4")
    import sympy

    def f(x, y):
        return cos(x * y) / (1 + np.exp(-x)) + y**3

    ((_, text),) = lines_of(written(f, 2.0, 3.0, argnums=()))
    tree = parsing.parse_latex(text.removeprefix("= ").replace(r"\,", ""))
    found = tree.subs({"e": sympy.E}).subs({"x": 2.0, "y": 3.0}).evalf()
    assert float(found) == pytest.approx(f(2.0, 3.0))


# -- names and numbers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w0", "w_{0}"), ("w_0", "w_{0}"), ("x", "x"), ("beta", r"\beta"), ("α", r"\alpha"),
        ("dot", r"\mathrm{dot}"), ("x_train", r"x_{\mathrm{train}}"), ("x12", "x_{12}"),
        ("layers_0_weight", r"\mathrm{layers}_{0, \mathrm{weight}}"), ("나비", r"\mathrm{나비}"),
        ("_x", "x"), ("b_", "b_{(2)}"), ("w0__", "w_{0, (3)}"),
        ("a__b", r"\mathrm{a\_\_b}"), ("__", r"\mathrm{\_\_}"),
    ],
)  # fmt: skip
def test_names(name, text):
    assert Latex().name(name) == text


def test_names_that_would_look_alike_do_not():
    write = Latex()
    names = ["w0", "w_0", "_w0", "_w_0", "w0_", "w0__", "α", "alpha", "v1", "v_1"]
    assert len({write.name(name) for name in names}) == len(names)
    assert [write.name(name) for name in names] == [write.name(name) for name in names]


def test_names_that_mean_something_here_are_given_to_no_variable():
    def f(e, pi, beta):
        return np.exp(e) * pi * beta

    value = 3.0 * 5.0 * math.exp(2.0)
    text = written(f, 2.0, 3.0, 5.0)
    parameters = {"e_{1}": 2.0, r"\mathrm{pi}_{1}": 3.0, r"\beta": 5.0}
    assert computed(text, parameters)["f"] == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"), (0.1, "0.1"), (-0.0, "-0"), (1e-7, r"1 \cdot 10^{-7}"), (math.inf, r"\infty"),
        (-math.inf, r"-\infty"), (math.nan, r"\mathrm{NaN}"), (-1.5e300, r"-1.5 \cdot 10^{300}"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value)[0] == text


def test_what_it_refuses():
    rng = np.random.default_rng(0)
    with pytest.raises(TraceError, match="not written in LaTeX"):
        written(lambda x, rng: x * rng.normal(), 2.0, rng)
    program = derive(lambda x: x * x, 2.0, engine="latex")
    with pytest.raises(TypeError, match="which nothing runs"):
        program(2.0)


def test_a_large_constant_is_told_by_its_shape():
    A = np.arange(12.0).reshape(3, 4)
    text = written(lambda x: np.sum(A @ x**2), np.ones(4))
    assert r"C_{1} &\in \mathbb{R}^{3 \times 4} \\" in text
    assert "11" not in text


def test_a_small_constant_is_a_matrix():
    text = written(lambda x: np.sum(np.array([[1.0, 2.0], [3.0, 4.5]]) @ x), np.ones(2))
    assert r"\begin{pmatrix} 1 & 2 \\ 3 & 4.5 \end{pmatrix}" in text


def test_it_is_saved_as_a_formula(tmp_path):
    path = tmp_path / "f.tex"
    derive(lambda x: x * x, 2.0, engine="latex").save(path)
    assert re.fullmatch(
        r"(?s)% .*amsmath.*\n\\\[\n\\begin.*\\end\{aligned\}\n\\\]\n", path.read_text()
    )


def test_a_number_from_around_has_no_name():
    c = Value(2.5, name="c")
    text = written(lambda x, y: floor(x) * y * c, 2.0, 3.0)
    assert r"\frac{\partial f}{\partial x} &= 0" in text
    known = computed(text, {"x": 2.0, "y": 3.0})
    assert known["f"] == 15.0
