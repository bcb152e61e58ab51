"""check_gradients passes what is right, and names what is wrong in what is not."""

import itertools
import math

import numpy as np
import pytest

import autodiff as ad
from autodiff.extend import operation, operations
from autodiff.testing import (
    GradientError,
    UncheckableError,
    check_gradients,
    temporary_operations,
)

X = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]])
SQUARE = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7], [0.9, 2.2, -1.6]])


@pytest.fixture(autouse=True)
def forgotten():
    before = list(operations())
    with temporary_operations():
        yield
    assert list(operations()) == before


def wrong(f, *args, **options):
    with pytest.raises(GradientError) as caught:
        check_gradients(f, *args, **options)
    assert isinstance(caught.value, AssertionError)
    return caught.value


# -- what is right passes --------------------------------------------------------------------


def neuron(p, x):
    return {"out": ad.sigmoid(p["w"] @ x + p["b"]), "loss": [np.sum(p["w"] ** 2)]}


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: x**3, (2.0,)),
        (lambda x, y: x * np.exp(y), (2.0, -1.0)),
        (lambda x: np.sum(np.tanh(x) * x[:, ::-1]), (X,)),
        (lambda a, b: a @ b, (X, X.T)),
        (lambda x, b: x + b, (X, np.ones(3))),
        (neuron, ({"w": X, "b": np.array([0.1, -0.2])}, np.array([1.0, 0.5, -2.0]))),
        (lambda x: np.linalg.inv(x), (SQUARE,)),
        (lambda x: 3 * x + 1, (2.0,)),
        (lambda x: 7.0, (2.0,)),
        (lambda x: 0.0 * x, (np.zeros(3),)),
        (lambda x: ad.logsumexp(x), (1000 * X,)),
        (lambda x: np.log(x), (1e-8,)),
        (lambda x: np.exp(x), (np.float32(1.5),)),
    ],
)
def test_right_gradients_pass(f, args):
    assert not check_gradients(f, *args).kinks


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("modes", [("vjp",), ("jvp",), ("vjp", "jvp")])
def test_orders_and_modes(order, modes):
    report = check_gradients(lambda x: np.sum(np.sin(x) * x), X[0], order=order, modes=modes)
    first = 3 * ("vjp" in modes) + ("jvp" in modes)
    assert report.checked == first + 3 * (order - 1) * len(modes)
    assert report.worst < 1


def test_float32_passes_with_a_tolerance_of_its_own():
    x = X.astype(np.float32)
    assert check_gradients(lambda x: np.sum(np.tanh(x) ** 2), x).checked > 10
    error = wrong(ad.sum, x, gradient=lambda x: np.full_like(x, 1.02))
    assert error.analytic == pytest.approx(1.02)


def test_signatures_that_grad_takes():
    def f(x, *, scale):
        return x**2 * scale, "more"

    check_gradients(f, 3.0, keywords={"scale": 2.0}, has_aux=True)
    check_gradients(lambda n, x: x**n, 3, 2.0)  # a whole number is no argument to differentiate by
    check_gradients(lambda n, x: x**n, 3, 2.0, argnums=(0, 1))
    check_gradients(lambda x: x * 2.0, ad.Tensor([1.0, 2.0]))


def test_large_inputs_go_by_directions():
    w = np.random.default_rng(0).normal(size=(40, 50))
    calls = []

    def f(w):
        calls.append(1)
        return np.sum(np.tanh(w) ** 2)

    assert check_gradients(f, w, order=1).checked == 8
    assert len(calls) < 400


# -- functions that are not ours -------------------------------------------------------------


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def rosenbrock_slope(x):
    slope = np.zeros_like(x)
    slope[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    slope[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return slope


def test_a_plain_function_with_a_gradient_of_its_own():
    x = np.array([1.3, 0.7, -0.2])
    assert check_gradients(rosenbrock, x, gradient=rosenbrock_slope).checked == 3
    check_gradients(math.sin, 1.0, gradient=math.cos)
    check_gradients(lambda a, b: a * b, 2.0, 3.0, gradient=lambda a, b: (b, a))
    check_gradients(lambda a, b: a * b, 2.0, 3.0, argnums=1, gradient=lambda a, b: a)
    check_gradients(
        lambda p: math.exp(p["a"]) * p["b"][0], {"a": 0.5, "b": [2.0]},
        gradient=lambda p: {"a": math.exp(p["a"]) * p["b"][0], "b": [math.exp(p["a"])]},
    )  # fmt: skip
    error = wrong(rosenbrock, x, gradient=lambda x: -rosenbrock_slope(x))
    assert "wrong sign" in str(error)


# -- the patterns ----------------------------------------------------------------------------


def declared(rule, formula, elementwise=True):
    return (ad.elementwise if elementwise else ad.primitive)(formula)(rule)


def test_wrong_sign_shows_all_there_is_to_see():
    def wrong_cos(z, x):
        return ad.sin(x)

    f = declared(wrong_cos, "cos(x)")
    error = wrong(lambda x: np.sum(f(x)), X)
    assert error.pattern == "It has the wrong sign."
    assert error.numeric == pytest.approx(-error.analytic)
    assert error.order == pytest.approx(1.0, abs=0.05)
    assert 0 < error.error < 1e-9
    text = str(error)
    assert text.startswith("The gradient of `<lambda>` is wrong at argument 0, entry [")
    for shown in ("analytic", "numeric", "off by at most", "h^1.0", "6 of 6", "(vjp)"):
        assert shown in text


@pytest.mark.parametrize(
    ("factor", "said"),
    [(2, "twice the right one"), (0.5, "half the right one"), (-2, "-2 times"),
     (0, "It is zero"), (1.7, "1.7 times the right one, everywhere")],
)  # fmt: skip
def test_factors(factor, said):
    def wrong_square(z, x):
        return factor * 2 * x if factor else 0

    f = declared(wrong_square, "x * x")
    assert said in wrong(lambda x: np.sum(f(x)), X).pattern


def test_swapped_operands():
    def wrong_product(z, a, b):
        return a, b

    f = declared(wrong_product, "a * b")
    error = wrong(lambda a, b: np.sum(f(a, b)), X, X[::-1] + 1)
    assert "operands are swapped" in error.pattern


def test_a_missing_broadcast_sum():
    def wrong_bias(ct, z, x, b):
        return ct, lambda: ct[0]

    f = declared(wrong_bias, "x + b", elementwise=False)
    error = wrong(f, X, np.ones(3))
    assert error.place.startswith("argument 1")
    assert "broadcast sum is missing: only entry 0 along axis 0" in error.pattern


def test_a_broadcast_sum_that_is_a_mean():
    def wrong_bias(ct, z, x, b):
        return ct, lambda: ad.mean(ct, 0)

    f = declared(wrong_bias, "x + b", elementwise=False)
    x = np.vstack([X, X, X[:1]])
    error = wrong(lambda x, b: np.sum(f(x, b) * np.arange(1.0, 4)), x, np.ones(3))
    assert "1/5 of the right one" in error.pattern
    assert "broadcast sum" in error.pattern


def test_transposed():
    def wrong_triangle(ct, z, x):
        return lambda: ad.transpose(ct)

    f = declared(wrong_triangle, "x + 0.0 * x.T", elementwise=False)  # of square ones alone
    assert "transposed" in wrong(f, SQUARE).pattern


def test_a_cotangent_that_is_overwritten():
    def wrong_gather(ct, z, x):
        return lambda: operation("at_set").call(
            np.zeros(3), ct[np.array([0, 2, 4])], np.array([0, 1, 2])
        )

    f = declared(wrong_gather, "x[[0, 0, 1, 1, 2, 2, 2]]", elementwise=False)
    error = wrong(lambda x: np.sum(f(x)), np.array([1.0, 2.0, 3.0]))
    assert "overwritten, not added" in error.pattern


def test_not_finite():
    def wrong_root(z, x):
        return ad.log(-x * x)

    f = declared(wrong_root, "sqrt(x)")
    assert "not finite where the derivative is" in wrong(lambda x: np.sum(f(x)), X**2).pattern


def test_should_be_zero():
    def wrong_floor(z, x):
        return 1

    f = declared(wrong_floor, "floor(x)")
    assert "should be zero" in wrong(lambda x: np.sum(f(x)), X).pattern


def test_cut_by_a_plain_copy():
    error = wrong(lambda x: np.sum(ad.exp(x.data if isinstance(x, ad.Tensor) else x)), X)
    assert "the path back is cut" in error.pattern


def test_the_second_order_alone_can_be_wrong():
    def wrong_exp(z, x):
        return ad.exp(x.data) if isinstance(x, (ad.Value, ad.Tensor)) else ad.exp(x)

    @ad.primitive("exp(x)")
    def half_right(ct, z, x):
        plain = x.data if isinstance(x, ad.Value) else x
        return ct * np.exp(plain)

    check_gradients(lambda x: np.sum(half_right(x)), X, order=1)
    error = wrong(lambda x: np.sum(half_right(x)), X, order=2)
    assert "derivative of order 2" in str(error)
    assert "It is zero" in error.pattern
    assert error.order == pytest.approx(1.0, abs=0.05)


def test_a_rule_that_is_not_linear_fails_forward_alone():
    @ad.primitive("2.0 * x")
    def crooked(ct, z, x):
        return ct * 2.0 if not isinstance(ct, ad.Value) else ct * ct * 2.0

    check_gradients(lambda x: np.sum(crooked(x)), X, order=1, modes=("vjp",))
    error = wrong(lambda x: np.sum(crooked(x)), X, order=1, modes=("jvp",))
    assert "(jvp)" in str(error)


def test_a_wrong_entry_among_thousands_is_found():
    def wrong_sum(ct, z, x):
        factor = np.ones((60, 70))
        factor[17, 23] = -1.0
        return ct * factor

    f = declared(wrong_sum, "sum(x * ones((60, 70)))", elementwise=False)
    error = wrong(f, np.random.default_rng(1).normal(size=(60, 70)))
    assert error.place == "argument 0, entry [17, 23]"
    assert "wrong sign" in error.pattern


def test_in_a_nested_structure_the_path_is_shown():
    def gradient(p):
        return {"layers": [p["layers"][0], 2 * p["layers"][1]]}

    p = {"layers": [X, np.ones(2)]}
    error = wrong(lambda p: sum(np.sum(w**2) for w in p["layers"]), p, gradient=gradient)
    assert error.place.startswith("argument 0['layers'][0], entry [")
    assert "half the right one" in error.pattern


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (lambda x, b: (np.ones_like(x), np.ones_like(x)), "summed over axis 0 it is right"),
        (lambda x, b: (np.ones_like(x.T), np.full(3, 2.0)), "transposed"),
        (lambda x, b: (np.ones(5), np.ones(3)), "has the shape of its argument"),
    ],
)
def test_gradients_of_another_shape(gradient, said):
    error = wrong(lambda x, b: np.sum(x + b), X, np.ones(3), gradient=gradient)
    assert said in str(error)


# -- kinks -----------------------------------------------------------------------------------


def kinks_of(f, *args, **options):
    return [(k.left, k.right, k.analytic) for k in check_gradients(f, *args, **options).kinks]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (ad.relu, 0.0, (0, 1, 0)),
        (ad.abs, 0.0, (-1, 1, 0)),
        (lambda x: ad.maximum(x, 1.0), 1.0, (0, 1, 0.5)),
        (lambda x: -ad.abs(x - 2.0), 2.0, (1, -1, 0)),
        (lambda x: ad.leaky_relu(x), 0.0, (0.01, 1, 0.01)),
        (ad.sqrt, 0.0, (math.nan, math.inf, math.inf)),
        (lambda x: x**1.5, 0.0, (math.nan, 0, 0)),
        (ad.floor, 2.0, (math.inf, 0, 0)),
        (ad.sign, 0.0, (math.inf, math.inf, 0)),
    ],
)
def test_a_kink_is_reported_with_both_sides_and_passes(f, x, expected):
    (found,) = kinks_of(f, x)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_ties_are_kinks():
    found = kinks_of(np.max, np.array([1.0, 1.0, 0.0]))
    np.testing.assert_allclose(found, [(0, 1, 0.5)] * 2, atol=1e-9)
    assert "from the left" in str(check_gradients(np.max, np.array([1.0, 1.0])))


def test_a_kink_of_the_gradient_is_one_of_order_2():
    (kink,) = check_gradients(lambda x: ad.elu(x), 0.0, modes=("vjp",)).kinks
    assert kink.order == 2
    report = check_gradients(lambda x: np.sum(ad.relu(x) ** 2), np.array([0.0, 1.0]))
    assert {k.order for k in report.kinks} == {2}


@pytest.mark.parametrize("slope", [-0.5, 1.5, 2.0])
def test_what_is_no_subgradient_is_wrong_at_a_kink_too(slope):
    error = wrong(ad.relu, 0.0, gradient=lambda x: slope)
    assert "There is a kink at this point: the derivative is 0 from the left and 1" in str(error)


def test_a_wrong_share_of_a_tie_is_told():
    error = wrong(np.max, np.array([3.0, 3.0, 1.0]), gradient=lambda x: np.array([1.5, 1.5, 0]))
    assert "Entries tie here" in str(error)


def test_a_kink_does_not_hide_a_wrong_entry_elsewhere():
    x = np.array([0.0, 1.0, 2.0])
    error = wrong(lambda x: np.sum(np.abs(x)), x, gradient=lambda x: np.array([0.0, 1.0, -1.0]))
    assert error.place == "argument 0, entry [2]"


def test_kinks_along_random_directions():
    w = np.random.default_rng(0).normal(size=200)
    w[7] = 0.0
    report = check_gradients(lambda w: np.sum(ad.relu(w)), w, order=1)
    assert report.kinks
    assert "argument 0, entry [7]" in {k.place for k in report.kinks}


# -- what cannot be checked ------------------------------------------------------------------


def test_what_cannot_be_checked_says_why():
    with pytest.raises(ValueError, match="another value each time"):
        check_gradients(lambda x: x * np.random.default_rng().normal(), 1.0)
    with pytest.raises(ValueError, match="finite"), np.errstate(all="ignore"):
        check_gradients(lambda x: np.log(x), -1.0)
    with pytest.raises(ValueError, match="too rough"):
        check_gradients(lambda x: math.sin(1e13 * x), 1.0, gradient=lambda x: 1.0)
    with pytest.raises(ValueError, match="'vjp' and 'jvp', but not 'fwd'"):
        check_gradients(ad.exp, 1.0, modes=("fwd",))
    with pytest.raises(ValueError, match="from 1"):
        check_gradients(ad.exp, 1.0, order=0)
    with pytest.raises(TypeError, match="structure of the arguments"):
        check_gradients(lambda x, y: x * y, 1.0, 2.0, gradient=lambda x, y: y)


@pytest.mark.parametrize("modes", [("vjp", "jvp"), ("vjp",), ("jvp",)])
@pytest.mark.parametrize("nothing", [None, [], {}, (), np.zeros(0), [{}, None], np.zeros((3, 0))])
def test_a_check_that_compares_nothing_is_refused(nothing, modes):
    with pytest.raises(ValueError, match="returned no numbers, so there is no derivative"):
        check_gradients(lambda x: nothing, 2.0, modes=modes)
    with pytest.raises(ValueError, match=r"is by floats|by no numbers"):
        check_gradients(lambda x: 2.0, nothing, modes=modes)
    with pytest.raises(UncheckableError, match="by no numbers"):
        check_gradients(lambda x: 2.0, nothing, argnums=0, modes=modes)
    with pytest.raises(ValueError, match="returned no numbers"):
        check_gradients(lambda x: nothing, 2.0, gradient=lambda x: 0.0)


def test_options_by_which_nothing_would_be_compared():
    with pytest.raises(ValueError, match="checked in a mode"):
        check_gradients(ad.exp, 1.0, modes=())
    with pytest.raises(ValueError, match="gradient of your own is checked in a mode"):
        check_gradients(np.exp, 1.0, modes=("jvp",), gradient=np.exp)
    with pytest.raises(ValueError, match="`directions` counts from 1"):
        check_gradients(lambda x: np.sum(x), np.ones(100), directions=0)


SMALL = np.array([[0.075, 0.23, 0.134], [0.039, 0.193, 0.098]])  # 1 / x**2 is up to 657 here


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ad.arctan2(x, x),
        lambda x: ad.arctan2(x, x) - ad.arctan2(x, x),  # the output itself is 0
        lambda x: ad.log(x) - ad.log(2 * x) + x - x,
    ],
)
def test_what_cancels_to_zero_is_no_false_alarm(f):
    weights = np.cos(np.arange(6.0)).reshape(2, 3)
    check_gradients(lambda x: ad.sum(f(x) * weights), SMALL)


@pytest.mark.parametrize(
    ("f", "args", "gradient"),
    [
        (lambda x: x**3, (1.0,), lambda x: 2.0 if x == 1 else 3 * x**2),  # at this point alone
        (lambda x, y: x + y, (1.0, 1.0), lambda x, y: (2.0 if x == y else 1.0, 1.0)),  # at ties
        (lambda x: 1e-20 * np.sin(x), (1e-3,), lambda x: 1.001e-20 * np.cos(x)),
        (lambda x: (1e8 + x) - 1e8, (0.3,), lambda x: 1.1),
        (lambda x: x**10, (np.float32(1.0),), lambda x: 10.01 * x**9),
        (lambda x: ad.sum(x - x), (np.ones(3),), lambda x: np.full(3, 1e-12)),
        (lambda x: ad.sum(x - x), (np.ones(99),), lambda x: np.full(99, 1e-12)),
    ],
)
def test_no_allowance_for_rounding_hides_a_wrong_rule(f, args, gradient):
    with pytest.raises(GradientError):
        check_gradients(f, *args, gradient=gradient)


# -- a backward pass by hand -----------------------------------------------------------------


def layer(x, W):
    return np.tanh(x @ W), x.sum(axis=0)


def layer_backward(ct, x, W):
    out, sums = ct
    out = out * (1 - np.tanh(x @ W) ** 2)
    return out @ W.T + sums, x.T @ out


LAYER = np.linspace(-1.0, 1.0, 6).reshape(3, 2), np.array([[0.5, -1.0], [2.0, 0.3]])


def test_a_backward_pass_by_hand():
    assert check_gradients(layer, *LAYER, vjp=layer_backward).checked == 10
    check_gradients(layer, *LAYER, argnums=1, vjp=lambda ct, x, W: layer_backward(ct, x, W)[1])
    check_gradients(math.sin, 1.0, vjp=lambda ct, x: ct * math.cos(x))
    big = np.linspace(-1.0, 1.0, 300)
    check_gradients(np.tanh, big, vjp=lambda ct, x: ct * (1 - np.tanh(x) ** 2))


@pytest.mark.parametrize(
    ("backward", "where"),
    [
        (
            lambda ct, x, W: (layer_backward(ct, x, W)[0], -layer_backward(ct, x, W)[1]),
            "argument 1",
        ),
        (lambda ct, x, W: layer_backward((ct[0], 0.0), x, W), "argument 0"),
        (lambda ct, x, W: layer_backward((np.ones((3, 2)), np.ones(2)), x, W), "argument 0"),
        (lambda ct, x, W: layer_backward(ct, x, W)[::-1], "shape"),
    ],
)
def test_a_wrong_backward_pass_by_hand(backward, where):
    with pytest.raises(GradientError, match=where):
        check_gradients(layer, *LAYER, vjp=backward)


def test_one_at_a_time():
    with pytest.raises(TypeError, match="not both"):
        check_gradients(np.sin, 1.0, gradient=np.cos, vjp=lambda ct, x: ct)
    with pytest.raises(TypeError, match="structure of the arguments"):
        check_gradients(layer, *LAYER, vjp=lambda ct, x, W: ct[0])


# -- a forward pass in float32 ---------------------------------------------------------------

COARSE = [
    (lambda x: float(np.sum(np.tanh(x.astype(np.float32)))), lambda x: 1 - np.tanh(x) ** 2),
    (lambda x: x.astype(np.float32).astype(np.float64) ** 2, None),
    (lambda x: np.sum((x.astype(np.float32) ** 2).astype(np.float64)), lambda x: 2 * x),
]


@pytest.mark.parametrize(("f", "gradient"), COARSE)
def test_a_forward_pass_in_float32_is_not_called_a_wrong_gradient(f, gradient):
    x = np.linspace(0.3, 2.0, 5)
    backward = None if gradient else lambda ct, x: ct * 2 * x
    with pytest.raises(UncheckableError, match=r"(?s)computes in less.*float64"):
        check_gradients(f, x, gradient=gradient, vjp=backward)


def test_a_forward_pass_in_float32_of_arguments_of_float32_is_checked():
    x = np.linspace(0.3, 2.0, 5, dtype=np.float32)
    check_gradients(lambda x: np.sum(np.tanh(x)), x, gradient=lambda x: 1 - np.tanh(x) ** 2)
    with pytest.raises(GradientError):
        check_gradients(lambda x: np.sum(np.tanh(x)), x, gradient=lambda x: 1.1 - np.tanh(x) ** 2)


@pytest.mark.parametrize("f", [np.floor, lambda x: x * 0.0 + 1.0, np.sign, lambda x: 1e6 + x**3])
def test_what_is_flat_is_not_called_coarse(f):
    with pytest.raises(GradientError):
        check_gradients(f, np.array([0.5, 1.7]), vjp=lambda ct, x: ct * (1 + x))
