"""Operations of the user's own: checked at declaration, and at once in all readings."""

import functools
import linecache

import mpmath
import numpy as np
import pytest

import autodiff as ad
import viz
from autodiff import (
    Tensor,
    Value,
    derive,
    elementwise,
    grad,
    hessian,
    hvp,
    local_gradients,
    primitive,
)
from autodiff.extend import edge_texts, operation
from autodiff.primitives.registry import registry
from autodiff.testing import complex_step, finite_differences, temporary_operations


@pytest.fixture(autouse=True)
def _only_here():
    with temporary_operations():
        yield


def refused(error, match, declare):
    """The declaration raises, and changes nothing."""
    before = registry.snapshot(), set(vars(Value))
    with pytest.raises(error, match=match):
        declare()
    assert (registry.snapshot(), set(vars(Value))) == before


# -- @elementwise --------------------------------------------------------------------------


def declare_gaussian():
    @elementwise("exp(-x * x / (2 * width * width))")
    def gaussian(z, x, width):
        """A bell of this width."""
        return -x / (width * width) * z, x * x / (width * width * width) * z

    return gaussian


def exact(x, width):
    return mpmath.exp(-x * x / (2 * width * width))


def test_an_elementwise_operation_in_every_kind():
    gaussian = declare_gaussian()
    x, width = np.array([0.5, -1.0]), 0.8
    expected = np.exp(-x * x / (2 * width**2))
    assert gaussian(0.5, 0.8) == pytest.approx(expected[0])
    np.testing.assert_allclose(gaussian(x, width), expected)
    assert type(gaussian(Value(0.5), width)) is Value
    t = gaussian(Tensor(x), Value(width))
    assert type(t) is Tensor
    np.testing.assert_allclose(t.data, expected)
    assert gaussian.__doc__ == "A bell of this width."
    assert (t.op, operation("gaussian").symbol) == ("gaussian", "gaussian")


@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1), (3, 2)])
def test_an_elementwise_operation_to_the_fifth_order(orders):
    f = declare_gaussian()
    for which, count in enumerate(orders):
        for _ in range(count):
            f = grad(f, which)
    with mpmath.workdps(40):
        expected = float(mpmath.diff(exact, (0.7, 1.3), orders))
    assert f(0.7, 1.3) == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(f(np.array(0.7), 1.3), expected, rtol=1e-10)


def test_an_elementwise_operation_backward_and_broadcast():
    gaussian = declare_gaussian()
    x, width = Tensor([[0.5, -1.0], [0.1, 2.0]]), Tensor([0.7, 1.1])
    gaussian(x, width).sum().backward()
    for leaf, f in [
        (x, lambda v: np.sum(gaussian(v, width.data))),
        (width, lambda v: np.sum(gaussian(x.data, v))),
    ]:
        np.testing.assert_allclose(leaf.grad, complex_step(f, leaf.data), rtol=1e-12)


def test_an_elementwise_operation_in_a_picture():
    gaussian = declare_gaussian()
    x = Value(0.5, name="x")
    y = gaussian(x, 0.8)
    y.backward()
    assert local_gradients(y) == pytest.approx((grad(gaussian)(0.5, 0.8),))
    source = viz.draw(y).source
    assert "gaussian" in source
    (text,) = edge_texts(gaussian(Tensor([0.5]), 0.8))
    assert text == "ct * (-x / 0.6400000000000001 * z)"


def test_an_elementwise_operation_in_a_program():
    gaussian = declare_gaussian()

    def f(x, width):
        return np.sum(gaussian(x, width) ** 2)

    x = np.array([0.5, -1.0])
    expected = grad(f, (0, 1))(x, 0.8)
    for program in (ad.derive(f, x, 0.8, argnums=(0, 1)), ad.compile(ad.value_and_grad(f, (0, 1)))):
        value, gradients = program(x, 0.8)
        np.testing.assert_allclose(value, f(x, 0.8))
        for found, right in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(found, right)


def test_a_formula_that_is_numpy_s_answers_to_numpy():
    @elementwise("nan_to_num(x)")
    def without_nan(z, x):
        return ad.where(ad.isnan(x), 0.0, 1.0)

    t = Tensor([1.0, np.nan])
    y = np.nan_to_num(t)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [1.0, 0.0])
    np.testing.assert_array_equal(t.grad, [1.0, 0.0])


def test_another_formula_of_a_known_function_takes_nothing_over():
    @elementwise("abs(x)")
    def size(z, x):
        return ad.sign(x)

    @elementwise("a * b")
    def times(z, a, b):
        return b, a

    x = Value(-2.0)
    assert abs(x).op == "abs"
    assert (x * x).op == np.multiply(x, x).op == "mul"
    assert (size(x).op, times(x, x).op, x.size().op) == ("size", "times", "size")


def test_static_parameters():
    @elementwise("x ** n / n")
    def scaled_power(z, x, n=2):
        return x ** (n - 1)

    assert scaled_power(3.0) == 4.5
    assert grad(lambda x: scaled_power(x, n=3))(2.0) == 4.0
    assert grad(grad(scaled_power))(5.0) == 1.0


def test_a_default_that_is_no_value():
    @elementwise("x * (1.0 + rate)")
    def grown(z, x, rate=None):
        return 1.0 + rate

    assert grad(grown)(2.0, rate=0.5) == 1.5


def breaks(x):
    raise KeyError("inside")


def test_a_formula_that_breaks_is_named():
    def broken(z, x):
        return 1

    with pytest.raises(KeyError) as caught:
        elementwise("breaks(x)")(broken)
    assert "formula of `broken`" in caught.value.__notes__[0]
    assert "broken" not in registry.operations
    assert "breaks" not in registry.helpers


# -- @primitive ----------------------------------------------------------------------------


def kepler(M, e):
    """E with E - e sin(E) = M, by Newton's method."""
    E = np.asarray(M, float)
    for _ in range(50):
        E = E - (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
    return E


def declare_anomaly():
    @primitive("kepler(M, e)")
    def anomaly(ct, E, M, e):
        """The eccentric anomaly of an orbit, by the implicit function theorem."""
        u = ct / (1 - e * ad.cos(E))
        return u, u * ad.sin(E)

    return anomaly


def test_a_formula_calls_the_functions_of_its_module():
    anomaly = declare_anomaly()
    M = np.array([0.3, 1.0, 2.5])
    E = anomaly(M, 0.4)
    np.testing.assert_allclose(E - 0.4 * np.sin(E), M)
    value, _ = finite_differences(lambda M: np.sum(anomaly(M, 0.4) ** 2), M)
    np.testing.assert_allclose(grad(lambda M: np.sum(anomaly(M, 0.4) ** 2))(M), value, rtol=1e-8)
    assert type(anomaly(Value(1.0), Value(0.4))) is Value


@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 2)])
def test_an_implicit_function_to_higher_orders(orders):
    anomaly = declare_anomaly()

    def solved(M, e):
        return mpmath.findroot(lambda E: E - e * mpmath.sin(E) - M, 1.2)

    f = anomaly
    for which, count in enumerate(orders):
        for _ in range(count):
            f = grad(f, which)
    with mpmath.workdps(60):
        expected = float(mpmath.diff(solved, (mpmath.mpf("0.9"), mpmath.mpf("0.4")), orders))
    assert f(0.9, 0.4) == pytest.approx(expected, rel=1e-9)


def test_a_primitive_in_pictures_and_programs():
    anomaly = declare_anomaly()
    t = Tensor([0.3, 1.0], name="M")
    y = anomaly(t, 0.4)
    y.backward(np.ones(2))
    assert "anomaly" in viz.draw(y).source

    def f(M):
        return np.sum(anomaly(M, 0.4) ** 2)

    program = ad.derive(f, t.data)
    assert "def kepler(M, e):" in program.source
    for made in (program, ad.compile(ad.value_and_grad(f))):
        value, gradient = made(t.data)
        np.testing.assert_allclose(value, f(t.data))
        np.testing.assert_allclose(gradient, grad(f)(t.data))


def test_any_number_of_operands():
    @primitive("sum(stack(arrays), axis=0) * scale")
    def scaled_sum(ct, z, *arrays, scale=1.0):
        return tuple(ct * scale for _ in arrays)

    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    scaled_sum([a, b, a], scale=2.0).backward([1.0, 10.0])
    np.testing.assert_array_equal(a.grad, [4.0, 40.0])
    np.testing.assert_array_equal(b.grad, [2.0, 20.0])


def test_cotangents_may_be_none_lazy_or_not_yet_summed():
    asked = []

    @primitive("x * y + 0 * flag")
    def gated(ct, z, x, y, flag):
        return (lambda: asked.append("x") or ct * y), (lambda: asked.append("y") or ct * x), None

    asked.clear()
    x = Tensor(np.ones((2, 3)))
    gated(x, 2.0, 1.0).sum().backward()
    assert asked == ["x"]
    y = Tensor(np.ones(3))
    gated(np.ones((2, 3)), y, 1.0).sum().backward()
    np.testing.assert_array_equal(y.grad, [2.0, 2.0, 2.0])


def test_a_rule_that_does_not_look_at_the_output():
    @primitive("x @ y")
    def times_matrix(ct, _, x, y):
        return lambda: ct @ y.T, lambda: x.T @ ct

    def f(x, y):
        return (times_matrix(x, y) ** 2).sum()

    x, y = np.arange(6.0).reshape(2, 3), np.ones((3, 4))
    for found, by_hand in zip(
        grad(f, (0, 1))(x, y), (2 * x @ y @ y.T, 2 * x.T @ x @ y), strict=True
    ):
        np.testing.assert_allclose(found, by_hand)
    np.testing.assert_allclose(hvp(lambda x: f(x, y), (x,), (x,)), 2 * x @ y @ y.T)
    np.testing.assert_allclose(derive(f, x, y)(x, y)[1][0], 2 * x @ y @ y.T)


def test_an_elementwise_output_by_any_name():
    @elementwise("exp(2 * x)")
    def doubled(_, x):
        return 2 * _

    for leaf in (Value(0.5), Tensor([0.5])):
        doubled(leaf).backward(np.ones(np.shape(leaf.data)))
        np.testing.assert_allclose(leaf.grad, 2 * np.exp(1.0))
    np.testing.assert_allclose(grad(grad(doubled))(0.5), 4 * np.exp(1.0))


def test_a_fault_in_one_of_two_lazy_cotangents_is_named():
    @primitive("x[:, 0, 0, 0, 0, 0] * y")
    def corner(ct, z, x, y):
        return (lambda: ct), (lambda: ct * x[:, 0, 0, 0, 0, 0])

    t = Tensor(np.ones((2, 3, 1, 1, 1, 3)))
    with pytest.raises(ValueError, match=r"returned a cotangent of shape \(2,\), but `x` has"):
        hessian(lambda x: corner(x, Tensor([1.0, 2.0])).sum())(t.data)


# -- what is refused -----------------------------------------------------------------------


def test_a_decorator_without_a_formula():
    for decorator in (elementwise, primitive):
        refused(TypeError, r'takes the formula as text.*\n.*"x \* x"', lambda d=decorator: d(abs))


@pytest.mark.parametrize(
    "rule",
    [
        lambda z, x: 1,
        functools.partial(lambda z, x: 1),
        print,
        3,
        None,
        type("Rule", (), {"__call__": lambda self, z, x: 1})(),
    ],
    ids=["lambda", "partial", "builtin", "number", "None", "object"],
)
def test_a_rule_is_a_function_with_a_name(rule):
    for decorator in (elementwise, primitive):
        refused(TypeError, "name of its rule", lambda d=decorator: d("x")(rule))


def test_the_arity_of_a_rule():
    def too_few(z):
        return 1

    def stars(z, *xs):
        return 1

    def keywords(z, x, **more):
        return 1

    def without_default(z, x, *, n):
        return 1

    refused(TypeError, "the output and the operands", lambda: elementwise("z")(too_few))
    refused(TypeError, "the cotangent, the output", lambda: primitive("z")(too_few))
    for rule in (stars, keywords, without_default):
        refused(TypeError, "names each of its operands", lambda r=rule: elementwise("x")(r))

    def ct_of_elementwise(ct, z, x):
        return 1

    refused(TypeError, "`ct` is the cotangent's name", lambda: elementwise("x")(ct_of_elementwise))


def two_partials(z, x):
    return 1, 2


def one_partial(z, a, b):
    return b


@pytest.mark.parametrize(
    ("formula", "rule", "count"), [("x * x", two_partials, 1), ("a * b", one_partial, 2)]
)
def test_the_number_of_partials(formula, rule, count):
    refused(
        TypeError,
        f"one partial for each operand, {count} in all",
        lambda: elementwise(formula)(rule),
    )


@pytest.mark.parametrize("said", [None, "2 * x", [1.0], {"x": 1}, np.ones(2), 1j])
def test_what_a_partial_is(said):
    def strange(z, x):
        return said

    refused(TypeError, "must return numbers and expressions", lambda: elementwise("x * x")(strange))


def test_a_rule_is_an_expression():
    import math

    def branching(z, x):
        return 1 if x > 0 else 0

    def of_math(z, x):
        return math.cos(x)

    refused(TypeError, r"branches on `x > 0`.*\n.*where", lambda: elementwise("abs(x)")(branching))
    refused(TypeError, r"autodiff\.exp", lambda: elementwise("sin(x)")(of_math))


def plain_rule(z, x):
    return 1


@pytest.mark.parametrize(
    ("formula", "match"),
    [
        ("x +", "does not parse"),
        ("y = x", "does not parse"),
        ("x + unknown", "also has unknown"),
        ("no_such(x)", "also has no_such"),
        ("sum(x)", "gave shape \\(\\)"),
        ("x.T", "gave shape \\(3, 2\\)"),
        ("x[0]", "gave shape \\(3,\\)"),
    ],
)
def test_the_formula(formula, match):
    refused(ValueError, match, lambda: elementwise(formula)(plain_rule))


def test_a_partial_that_is_not_entry_by_entry():
    def summed(z, x):
        return ad.sum(x)

    refused(ValueError, r"gave shape \(\) by `x`", lambda: elementwise("x * x")(summed))


def of_two_thirds(ct, z, x):
    return ct[:2]


def swapped(ct, z, a, b):
    return ct @ b, a @ ct


def transposed(ct, z, a, b):
    return b @ ct.T, ct.T @ a


def one_for_two(ct, z, a, b):
    return ct


def text(ct, z, x):
    return "ct"


def looking(ct, _, x):
    return ct * _


@pytest.mark.parametrize(
    ("formula", "rule", "error", "match"),
    [
        ("sum(x, axis=0)", of_two_thirds, ValueError, r"shape \(2,\), but `x` has shape \(2, 3\)"),
        (
            "a @ b",
            swapped,
            TypeError,
            r"`swapped` fails on .*\(2, 3\) and \(3, 4\)",
        ),
        ("a @ b", transposed, ValueError, r"shape \(3, 2\), but `a` has shape \(2, 3\)"),
        ("a * b", one_for_two, TypeError, "one cotangent for each operand, 2 in all"),
        ("2 * x", text, TypeError, "returned str 'ct' for `x`"),
        ("exp(2 * x)", looking, TypeError, "`looking` fails on .*NoneType"),
    ],
)
def test_the_cotangents_of_a_rule(formula, rule, error, match):
    refused(error, match, lambda: primitive(formula)(rule))


def test_a_fault_that_no_trial_shows_is_named_at_the_first_use():
    @primitive("x[:, 0, 0, 0, 0, 0]")
    def corner(ct, z, x):
        return ct

    t = Tensor(np.ones((2, 3, 1, 1, 1, 3)))
    with pytest.raises(ValueError, match=r"rule of `corner` returned a cotangent of shape \(2,\)"):
        corner(t).sum().backward()
    assert not t.grad.any()
    with pytest.raises(ValueError, match=r"rule of `corner` returned a cotangent of shape \(2,\)"):
        hessian(lambda x: corner(x).sum())(t.data)


# -- names ---------------------------------------------------------------------------------


def test_a_name_that_is_taken():
    def tanh(z, x):
        return 1 - z * z

    def sum(ct, z, x):
        return ct

    refused(ValueError, "there is a `tanh` already", lambda: elementwise("tanh(x)")(tanh))
    refused(ValueError, "there is a `sum` already", lambda: primitive("sum(x)")(sum))
    declare_gaussian()

    def gaussian(z, x):
        return 1

    refused(ValueError, "there is a `gaussian` already", lambda: elementwise("x")(gaussian))


def run(cell):
    """What a notebook's cell defines."""
    namespace = {"__name__": "__main__", "ad": ad, "elementwise": elementwise}
    linecache.cache["<cell>"] = (len(cell), None, cell.splitlines(True), "<cell>")
    exec(compile(cell, "<cell>", "exec"), namespace)
    return namespace


def test_the_same_declaration_again_replaces_the_operation():
    """As in a notebook, whose cells are run again with a change."""

    def helped(factor):
        return (
            f"def cubed(x):\n    return {factor} * x * x * x\n"
            f"@elementwise('cubed(x)')\ndef cubic(z, x):\n    return {3 * factor} * x * x\n"
        )

    first = run(helped(1))["cubic"]
    x = Value(2.0)
    y = first(x)
    second = run(helped(10))["cubic"]
    assert (second(2.0), grad(second)(2.0), x.cubic().data) == (80.0, 120.0, 80.0)
    assert operation("cubic").formula.text == "cubed(x)"
    y.backward()  # what was recorded before has the derivative that it was computed by
    assert (y.data, x.grad) == (8.0, 12.0)
    broken = helped(100).replace("return 300", "return 1, 300")
    refused(TypeError, "one partial for each operand", lambda: run(broken))
    assert run(helped(10))["cubic"](1.0) == 10.0


def declare_cubic(formula, factor):
    def cubic(z, x):
        return 3 * factor * x * x

    return elementwise(formula)(cubic)


def test_a_declaration_is_undone_with_all_that_came_by_it():
    first, before = declare_cubic("x * x * x", 1), registry.snapshot()
    with temporary_operations():
        declare_cubic("10 * x * x * x", 10)
        assert Value(2.0).cubic().data == 80.0
        spaced = elementwise("spacing(x)")(declare_spacing)
        assert np.spacing(Value(1.0)).op == Value(1.0).declare_spacing().op == spaced.__name__
    assert registry.snapshot() == before
    assert operation("cubic").call is Value.cubic is first
    assert not hasattr(Value, "declare_spacing")
    with pytest.raises(TypeError, match="no derivative rule"):
        np.spacing(Value(1.0))


def declare_spacing(z, x):
    return 0


def test_a_program_knows_a_helper_as_it_is_declared_last():
    def scaled(default):
        return run(
            f"def scaled(x, factor={default}):\n    return factor * x\n"
            "@ad.primitive('scaled(x, factor=factor)')\n"
            "def times(ct, z, x, factor=2.0):\n    return factor * ct\n"
        )["times"]

    for default in (2.0, 5.0):
        times = scaled(default)
        program = derive(lambda x, times=times: times(x), np.ones(2), argnums=())
        np.testing.assert_array_equal(program(np.array([3.0, 4.0])), [6.0, 8.0])
    assert derive(lambda scaled: times(scaled) * scaled, 3.0)(3.0) == (18.0, 12.0)


def clip(x):
    return x


def test_a_function_of_the_module_does_not_hide_numpy_s():
    def clipped(ct, z, x):
        return ct

    refused(ValueError, "`clip` is NumPy's", lambda: primitive("clip(x)")(clipped))


def test_many_operands_may_have_a_residual():
    with temporary_operations():

        @ad.primitive("stack(arrays).sum(0)")
        def total(ct, _, *arrays):
            return (ct,) * len(arrays)

        @ad.primitive("stack(arrays).sum(0) ** 2 / 2", keeps="total")
        def half_square(ct, z, residual, *arrays):
            return tuple(ct * residual for _ in arrays)

        x = np.array([1.0, 2.0, 3.0])
        np.testing.assert_array_equal(grad(lambda x: ad.sum(half_square([x])))(x), x)

        def f(x):
            return ad.sum(half_square([x, 2.0 * x]))

        for found in (grad(f)(x), ad.compile(grad(f))(x), ad.derive(f, x)(x)[1]):
            np.testing.assert_array_equal(found, 9 * x)
        assert grad(lambda v: half_square([v, v]))(3.0) == 12.0


# -- functions in the author's reach ------------------------------------------------------------


def test_a_formula_calls_what_its_author_has_in_reach():
    from scipy.special import zeta as riemann  # imported here, of another module

    def around_it(x):
        return 2 * x

    def declared():
        def shifted(x):
            return around_it(x) + 1

        @ad.elementwise("shifted(x)")
        def line(z, x):
            return 2.0

        return line

    @ad.elementwise("riemann(x)")
    def zeta_function(z, x):
        return float("nan")

    assert declared()(3.0) == 7.0
    assert zeta_function(2.0) == riemann(2.0)


def test_of_two_functions_of_one_name_the_nearer_is_meant():
    def nearest(x):
        return -x

    @ad.elementwise("nearest(x)")
    def minus(z, x):
        return -1.0

    assert minus(2.0) == -2.0


def test_numpys_names_are_numpys_in_a_formula():
    from math import exp  # noqa: F401, of floats alone

    @ad.elementwise("exp(x)")
    def exponential(z, x):
        return z

    np.testing.assert_array_equal(exponential(np.zeros(2)), np.ones(2))
