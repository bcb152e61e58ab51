"""The conventions at kinks, ties, zeros and infinities: each with its exact number."""

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, grad, hessian, value_and_grad, vjp
from autodiff.extend import operation, operations
from autodiff.graph.node import shape_of
from autodiff.testing.scratch import temporary_operations


def slope(f, x):
    """f'(x) on a float, checked to be the same on a one-entry array."""
    scalar = grad(f)(x)
    with np.errstate(all="ignore"):
        array = grad(lambda t: f(t).sum())(np.array([x]))[0]
    np.testing.assert_array_equal(scalar, array)
    return scalar


@pytest.mark.parametrize("f", [ad.relu, ad.abs, ad.sign, abs])
def test_the_subgradient_at_a_kink_is_0(f):
    assert slope(f, 0.0) == 0.0


def test_norm_and_std_at_their_kink():
    np.testing.assert_array_equal(grad(np.linalg.norm)(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(grad(np.std)(np.full(4, 2.0)), np.zeros(4))
    assert slope(lambda x: ad.hypot(x, x), 0.0) == 0.0


@pytest.mark.parametrize("f", [np.linalg.norm, np.std, lambda x: np.hypot(x[0], x[1])])
def test_all_derivatives_at_the_kink_of_a_norm_are_0(f):
    """As those of abs: the gradient there is 0 by convention, and so it is no more changed."""
    np.testing.assert_array_equal(ad.hessian(f)(np.zeros(2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(ad.hessian(ad.abs)(0.0), 0.0)


@pytest.mark.parametrize("f", [np.maximum, np.minimum])
def test_nan_is_no_extreme(f):
    value, slopes = value_and_grad(f, (0, 1))(np.nan, 1.0)
    assert np.isnan(value)
    assert slopes == (0.0, 0.0)


def test_ties_share_equally():
    np.testing.assert_array_equal(grad(np.max)(np.array([1.0, 1.0, 0.0])), [0.5, 0.5, 0.0])
    np.testing.assert_array_equal(grad(np.min)(np.array([1.0, 0.0, 0.0])), [0.0, 0.5, 0.5])
    assert slope(lambda x: ad.maximum(x, x), 3.0) == 1.0
    assert slope(lambda x: ad.minimum(x, 3.0), 3.0) == 0.5
    assert grad(ad.maximum, (0, 1))(2.0, 2.0) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("x", "expected"), [(-1.0, 1.0), (1.0, 1.0), (0.3, 1.0), (1.1, 0.0), (-2.0, 0.0)]
)
def test_clip_is_1_inside_and_at_the_bounds(x, expected):
    assert slope(lambda v: ad.clip(v, -1.0, 1.0), x) == expected


@pytest.mark.parametrize("x", [0.0, 2.0, -3.0, 1e300])
def test_x_to_the_0_has_derivative_0_everywhere(x):
    assert slope(lambda v: v**0, x) == 0.0
    assert grad(grad(lambda v: v**0))(x) == 0.0


@pytest.mark.parametrize("y", [0.5, 1.0, 2.0])
def test_0_to_the_y_has_derivative_0(y):
    assert slope(lambda v: 0.0**v, y) == 0.0
    assert grad(lambda a, b: a**b, 1)(0.0, y) == 0.0


def test_powers_at_0():
    assert slope(lambda v: v**1, 0.0) == 1.0
    assert slope(lambda v: v**2, 0.0) == 0.0
    assert grad(grad(lambda v: v**2))(0.0) == 2.0
    assert slope(lambda v: v**3, -2.0) == 12.0


@pytest.mark.parametrize("y", [0.5, -0.5, 1.5, 1 / 3])
def test_a_power_of_a_negative_number_that_is_not_whole_is_nan(y):
    with np.errstate(invalid="ignore"):
        assert np.isnan(slope(lambda x: x**y, -2.0))
        assert np.isnan(grad(grad(lambda x: x**y))(-2.0))


@pytest.mark.parametrize("y", [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
def test_second_derivatives_of_powers(y):
    x = 1.7
    log = np.log(x)
    mixed = x ** (y - 1) * (1 + y * log)
    expected = [[y * (y - 1) * x ** (y - 2), mixed], [mixed, x**y * log * log]]
    np.testing.assert_allclose(hessian(ad.pow, (0, 1))(x, y), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("f", [ad.elu, lambda x: ad.elu(x, alpha=0.5), ad.selu])
def test_an_elu_at_0_is_that_below(f):
    assert grad(f)(0.0) == pytest.approx(grad(f)(-1e-12), rel=1e-10)
    assert grad(grad(f))(0.0) == pytest.approx(grad(grad(f))(-1e-12), rel=1e-10)


@pytest.mark.parametrize("x", [1e-200, 1e-9, 0.3, 0.7, 1 - 1e-9])
def test_second_derivatives_of_inverse_functions_keep_their_digits(x):
    with mpmath.workdps(60):
        v = mpmath.mpf(x)
        one = 1 - v * v
        expected = {ad.arcsin: v / one**1.5, ad.arccos: -v / one**1.5, ad.arctanh: 2 * v / one**2}
    for f, right in expected.items():
        assert grad(grad(f))(x) == pytest.approx(float(right), rel=1e-14, abs=0)


def test_remainders_where_the_quotient_rounds_to_a_whole_number():
    assert np.remainder(1.0, 0.1) == pytest.approx(0.1)  # 1 / 0.1 rounds to 10
    assert slope(lambda b: ad.remainder(1.0, b), 0.1) == -9.0
    assert slope(lambda b: ad.fmod(1.0, b), 0.1) == -9.0


def test_division_by_a_constant_0():
    """Of IEEE 754, in every order; a zero cotangent stops there."""
    with np.errstate(all="ignore"):
        assert slope(lambda x: x / 0.0, 1.0) == np.inf
        assert grad(grad(lambda x: x / 0.0 + x**2))(1.0) == 2.0
        assert slope(lambda x: ad.where(x > 0, x, x / 0.0), 1.0) == 1.0
        assert grad(grad(lambda x: ad.where(x > 0, x**2, x / 0.0)))(1.0) == 2.0


def test_logaddexp_of_equal_infinities_shares():
    assert grad(ad.logaddexp, (0, 1))(-np.inf, -np.inf) == (0.5, 0.5)
    assert grad(ad.logaddexp, (0, 1))(-np.inf, 1.0) == (0.0, 1.0)
    assert grad(grad(ad.logaddexp))(1.0, 1.0) == 0.25


def test_sqrt_at_0():
    assert slope(ad.sqrt, 0.0) == np.inf
    assert slope(lambda x: 0.0 * ad.sqrt(x), 0.0) == 0.0


def test_a_zero_cotangent_stops_at_a_singularity():
    def f(x):
        return ad.where(x >= 0, x, ad.sqrt(-x))

    assert slope(f, 4.0) == 1.0
    assert slope(f, -4.0) == -0.25
    assert slope(f, 0.0) == 1.0
    assert grad(grad(f))(4.0) == 0.0
    assert grad(grad(f))(-4.0) == -1 / 32
    assert grad(grad(f))(0.0) == 0.0
    x = np.array([4.0, -4.0, 0.0])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(grad(lambda t: f(t).sum())(x), [1.0, -0.25, 1.0])
        np.testing.assert_array_equal(
            hessian(lambda t: f(t).sum())(x), np.diag([0.0, -1 / 32, 0.0])
        )


@pytest.mark.parametrize(
    "singular", [ad.log, lambda x: 1 / x, ad.sqrt, lambda x: x**-2, ad.arctanh]
)
def test_an_unselected_branch_never_poisons(singular):
    def f(x):
        return ad.where(x > 0.5, x * x, singular(0.0 * x)).sum()

    x = np.array([1.0, 2.0])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(grad(f)(x), [2.0, 4.0])
        np.testing.assert_array_equal(hessian(f)(x), np.diag([2.0, 2.0]))


def test_a_zero_cotangent_stops_only_where_the_partial_is_singular():
    u, v = np.array([0.0, 0.0, 1.0]), np.array([0.0, 4.0, 4.0])

    def slope_by_v(weight):  # weight * 0.5 / sqrt(v), at a weight that is a cotangent of sqrt
        return grad(lambda x: (weight * np.sqrt(x)).sum())(v)

    np.testing.assert_array_equal(slope_by_v(u), [0.0, 0.0, 0.25])
    by_u = grad(lambda weight: slope_by_v(weight).sum())(u)
    np.testing.assert_array_equal(by_u, [0.0, 0.25, 0.25])
    by_another = grad(lambda weight: slope_by_v(weight).sum())(np.array([2.0, 0.0, 1.0]))
    np.testing.assert_array_equal(by_another, [np.inf, 0.25, 0.25])


def test_a_backward_pass_never_warns():
    t = Tensor([0.0, 1.0])
    y = ad.sqrt(t)
    y.sum().backward()
    np.testing.assert_array_equal(t.grad, [np.inf, 0.5])


def test_a_forward_pass_on_arrays_warns_as_numpy():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        ad.log(Tensor([0.0]))


def test_prod_and_cumprod_with_zeros():
    np.testing.assert_array_equal(grad(np.prod)(np.array([2.0, 0.0, 3.0])), [0.0, 6.0, 0.0])
    np.testing.assert_array_equal(grad(np.prod)(np.array([0.0, 0.0, 3.0])), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(
        hessian(np.prod)(np.array([0.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    )
    x = np.array([2.0, 0.0, 3.0])
    np.testing.assert_array_equal(ad.jacobian(np.cumprod)(x), [[1, 0, 0], [0, 2, 0], [0, 6, 0]])


def test_sinc_and_xlogy_at_0():
    assert slope(ad.sinc, 0.0) == 0.0
    assert grad(grad(ad.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3, rel=1e-15)
    assert ad.xlogy(0.0, 0.0) == 0.0
    assert grad(ad.xlogy, 1)(0.0, 0.0) == 0.0
    assert grad(ad.xlogy, 0)(0.0, 2.0) == pytest.approx(np.log(2.0))


@pytest.mark.parametrize("x", [1e-9, 1e-4, 0.01, 0.19, 0.21, 1.5])
def test_the_derivative_of_sinc_does_not_cancel(x):
    with mpmath.workdps(40):
        exact = mpmath.diff(lambda v: mpmath.sin(mpmath.pi * v) / (mpmath.pi * v), x)
    assert grad(ad.sinc)(x) == pytest.approx(float(exact), rel=1e-13)


STABLE = {
    "sigmoid": (ad.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (ad.softplus, lambda x: mpmath.log1p(mpmath.exp(x))),
    "logsumexp": (
        lambda x: ad.logsumexp(ad.stack([x, 0.0 * x])),
        lambda x: mpmath.log1p(mpmath.exp(x)),
    ),
    "softmax": (
        lambda x: ad.softmax(ad.stack([x, 0.0 * x]))[0],
        lambda x: 1 / (1 + mpmath.exp(-x)),
    ),
    "log_softmax": (
        lambda x: ad.log_softmax(ad.stack([x, 0.0 * x]))[0],
        lambda x: -mpmath.log1p(mpmath.exp(-x)),
    ),
    "cross_entropy": (
        lambda x: ad.cross_entropy(ad.reshape(ad.stack([x, 0.0 * x]), (1, 2)), np.array([0])),
        lambda x: mpmath.log1p(mpmath.exp(-x)),
    ),
}


@pytest.mark.parametrize("x", [-1000.0, -600.0, -40.0, -1.0, 0.0, 0.5, 40.0, 600.0, 1000.0])
@pytest.mark.parametrize("name", STABLE)
def test_stable_functions_keep_their_digits_in_the_tails(name, x):
    ours, exact = STABLE[name]
    y = ours(Tensor(x))
    with mpmath.workdps(1000):
        expected = float(exact(mpmath.mpf(x)))
    assert y.item() == pytest.approx(expected, rel=4e-15, abs=1e-307)


@pytest.mark.parametrize("x", [-1000.0, -600.0, -40.0, -1.0, 0.0, 0.5, 30.0, 600.0, 1000.0])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "cross_entropy"])
def test_so_do_their_derivatives(name, x):
    ours, exact = STABLE[name]
    with mpmath.workdps(1000):
        expected = float(mpmath.diff(exact, mpmath.mpf(x), h=mpmath.mpf(10) ** -300))
    assert grad(lambda v: ours(v).sum())(np.array(x)) == pytest.approx(
        expected, rel=4e-15, abs=1e-307
    )


def test_repeated_indices_add():
    t = Tensor([1.0, 2.0, 3.0])
    (t[[0, 0, 2]] * [1.0, 10.0, 100.0]).sum().backward()
    np.testing.assert_array_equal(t.grad, [11.0, 0.0, 100.0])


def test_a_value_where_python_would_raise():
    x = Value(0.0)
    y = ad.log(x)
    y.backward()
    assert (y.data, x.grad) == (-np.inf, np.inf)


OF_ROWS = {
    "norm": lambda t: np.linalg.norm(t, axis=1),
    "norm of order 3": lambda t: np.linalg.norm(t, 3, axis=1),
    "var": lambda t: np.var(t, axis=1),
    "std": lambda t: np.std(t, axis=1),
    "max": lambda t: np.max(t, axis=1),
    "prod": lambda t: np.prod(t, axis=1),
    "cumprod": lambda t: np.cumprod(t, axis=1)[:, -1],
    "logsumexp": lambda t: ad.logsumexp(t, axis=1),
    "softmax": lambda t: ad.softmax(t)[:, 0],
    "log_softmax": lambda t: ad.log_softmax(t)[:, 0],
    "matmul with a vector": lambda t: t @ W[0],
    "matmul with a matrix": lambda t: (t @ W)[:, 0],
    "matmul from the left": lambda t: (W @ t.T)[0],
    "a vector times a matrix": lambda t: W[0] @ t.T,
    "einsum": lambda t: np.einsum("ij,j,j->i", t, W[0], W[1]),
    "dot": lambda t: np.stack([np.dot(t[0], W[0]), np.dot(t[1], W[0])]),
}


W = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [0.2, 0.9, 1.1]])


@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_selected_never_poisons(name, bad):
    """Neither its own operand, nor what multiplies all rows."""
    scale, x = np.array([[1.0], [bad]]), np.array([[1.0, 2.0, -0.5], [0.3, 0.4, 0.7]])

    def f(x, both):
        rows = OF_ROWS[name](np.sin(x) * both * scale)
        return np.where([True, False], rows, 0.0).sum()

    def alone(x, both):
        return OF_ROWS[name](np.stack([np.sin(x) * both, np.ones(3)]))[0]

    both = np.array([1.1, 0.9, 1.2])
    with np.errstate(all="ignore"):
        slopes, expected = grad(f, (0, 1))(x, both), grad(alone, (0, 1))(x[0], both)
        np.testing.assert_allclose(slopes[0], [expected[0], np.zeros(3)], rtol=1e-12)
        np.testing.assert_allclose(slopes[1], expected[1], rtol=1e-12)
        np.testing.assert_allclose(
            hessian(f, 1)(x, both), hessian(alone, 1)(x[0], both), rtol=1e-10, atol=1e-12
        )


def test_a_weight_of_rows_that_are_not_selected_is_not_poisoned():
    """What multiplies a bad row and a good one gets the good one's gradient."""
    rows = np.array([[1.0, 2.0], [np.nan, np.inf]])
    with np.errstate(all="ignore"):
        for product in (lambda w: rows @ w, lambda w: np.einsum("ij,j->i", rows, w)):
            slope = grad(lambda w, p=product: np.where([True, False], p(w), 0.0).sum())
            np.testing.assert_array_equal(slope(np.ones(2)), [1.0, 2.0])
            slope = grad(lambda w, p=product: np.where([True, True], p(w), 0.0).sum())
            assert np.isnan(slope(np.ones(2))[0])  # a selected row does count


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 2)])
@pytest.mark.parametrize(
    "f", [np.sum, np.prod, np.cumsum, np.cumprod, np.sort, np.exp, np.var, np.std]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_empty_array_has_an_empty_gradient(f, shape):
    x = np.zeros(shape)
    assert grad(lambda t: np.sum(f(t)))(x).shape == shape
    assert hessian(lambda t: np.sum(f(t)))(x).shape == shape + shape


def test_an_empty_index():
    t = Tensor([1.0, 2.0])
    (t[[]].sum() + t[np.array([], int)].sum()).backward()
    np.testing.assert_array_equal(t.grad, [0.0, 0.0])


CHOICES = {
    "relu": lambda x: ad.relu(x),
    "maximum": lambda x: np.maximum(x, 0.0),
    "maximum, the other way": lambda x: np.maximum(0.0, x),
    "fmax": lambda x: np.fmax(x, 0.0),
    "minimum": lambda x: -np.minimum(-x, 0.0),
    "clip": lambda x: np.clip(x, 0.0, None),
    "leaky_relu": lambda x: ad.leaky_relu(x, 0.0),
    "hard_tanh": lambda x: ad.hard_tanh(x, 0.0, 9.0),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "max": lambda x: np.max(np.stack([x, np.zeros(np.shape(x))]), axis=0),
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("singular", [ad.sqrt, ad.log, lambda x: x**0.5])
def test_an_infinite_cotangent_stops_at_a_branch_that_is_not_taken(name, singular):
    """sqrt(maximum(x, 0)) is flat below 0, and its slope there is 0."""

    def f(x):
        return singular(CHOICES[name](x))

    with np.errstate(all="ignore"):
        assert grad(f)(-1.0) == 0.0
        assert grad(grad(f))(-1.0) == 0.0
        right, second = grad(singular)(4.0), grad(grad(singular))(4.0)
        x = np.array([-1.0, 4.0])
        np.testing.assert_array_equal(grad(lambda t: f(t).sum())(x), [0.0, right])
        np.testing.assert_allclose(
            hessian(lambda t: f(t).sum())(x), np.diag([0.0, second]), rtol=1e-14
        )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Tensor(np.ones((2, 2))), 2.0),
        (2.0, Tensor(np.ones((2, 2)))),
        (Tensor(np.ones((2, 2))), np.ones(3)),
        (np.ones((2, 3)), Tensor(np.ones((2, 3)))),
        (Tensor(np.ones((3, 2, 3))), Tensor(np.ones((2, 3, 2)))),
        (Value(1.0), Value(2.0)),
        (Value(1.0), Tensor([1.0])),
    ],
)
def test_a_matrix_product_of_shapes_that_do_not_fit(a, b):
    left, right = (shape_of(x) for x in (a, b))
    message = f"`@` takes vectors and matrices.*shapes {left} and {right}".replace("(", r"\(")
    with pytest.raises(ValueError, match=message.replace(")", r"\)")):
        a @ b


def test_a_rule_without_a_module_is_declared():
    namespace = {}
    exec("def tripled_apart(z, x):\n    return 3.0", namespace)
    namespace["tripled_apart"].__module__ = None
    with temporary_operations():
        assert grad(ad.elementwise("3.0 * x")(namespace["tripled_apart"]))(2.0) == 3.0


def test_an_unselected_operation_that_cannot_be_pulled_back_does_no_harm():
    x, other = Tensor(np.zeros((2, 2))), Tensor([np.nan, 1.0])
    with np.errstate(all="ignore"):
        chosen = ad.where(False, operation("logabsdet").call(x), 3.0)
    (chosen + (other * other).sum()).backward()
    np.testing.assert_array_equal(x.grad, np.zeros((2, 2)))
    np.testing.assert_array_equal(other.grad, [np.nan, 2.0])
    assert not grad(lambda v: _quiet(lambda: ad.where(False, operation("logabsdet").call(v), 3.0)))(
        x.data
    ).any()


def _quiet(f):
    with np.errstate(all="ignore"):
        return f()


STEPS = [
    n for n, p in operations().items() if p.elementwise and len(p.operands) == 1 and not p.defaults
]


@pytest.mark.parametrize("name", STEPS)
def test_a_zero_cotangent_stops_at_every_special_value(name):
    """Also in the second derivative, and with a cotangent that is not zero beside it."""
    call, weights = operations()[name].call, np.array([0.0, 1.0])

    def first(x):
        return grad(lambda v: (call(v) * weights).sum())(x)

    with np.errstate(all="ignore"):
        for special in (0.0, 1.0, -1.0, np.inf, -np.inf, np.nan):
            x, value = np.array([special, 0.4]), Value(special)
            assert first(x)[0] == 0.0
            assert grad(lambda v: (first(v) * weights).sum())(x)[0] == 0.0
            (call(value) * 0.0 + value * 2.0).backward()
            assert value.grad == 2.0


def test_a_branch_not_taken_has_slope_0_whatever_comes_back():
    x, endless = np.array([-1.0, 2.0]), np.full(2, np.inf)
    for f in (ad.relu, lambda v: ad.maximum(v, 0.0), lambda v: ad.clip(v, 0.0, 5.0)):
        _, pull = vjp(f, x)
        np.testing.assert_array_equal(pull(endless)[0], [0.0, np.inf])
        assert value_and_grad(lambda ct, pull=pull: pull(ct)[0][0])(endless)[0] == 0.0
