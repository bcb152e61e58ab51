"""Derivatives of high order, against mpmath and polynomials."""

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import (
    Value,
    grad,
    jacobian,
)


def orders(f, count):
    for _ in range(count):
        yield f
        f = grad(f)
    yield f


@pytest.mark.parametrize(
    ("ours", "exact", "x"),
    [
        (ad.tanh, mpmath.tanh, 0.7),
        (lambda x: ad.exp(-(x**2)), lambda x: mpmath.exp(-(x**2)), 0.6),
        (lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 1.3),
        (lambda x: 1.7**x, lambda x: mpmath.mpf(1.7) ** x, 0.9),
        (lambda x: x**x, lambda x: x**x, 1.4),
        (ad.sinc, lambda x: mpmath.sin(mpmath.pi * x) / (mpmath.pi * x), 0.15),
        (ad.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), -0.4),
        (ad.gelu, lambda x: x * mpmath.ncdf(x), 0.3),
    ],
)
def test_to_the_fifth_order(ours, exact, x):
    for order, f in enumerate(orders(ours, 5)):
        with mpmath.workdps(50):
            expected = float(mpmath.diff(exact, mpmath.mpf(x), order))
        assert f(x) == pytest.approx(expected, rel=1e-10), order


def test_a_chain_of_matrix_products_to_the_fifth_order():
    A = np.array([[0.3, -0.2], [0.5, 0.1]])

    def f(x):
        M = x * A
        return (M @ M @ M @ M @ M).sum()

    total = np.linalg.matrix_power(A, 5).sum()
    for order, (factor, g) in enumerate(zip([1, 5, 20, 60, 120, 120], orders(f, 5), strict=True)):
        assert g(1.1) == pytest.approx(factor * total * 1.1 ** (5 - order), rel=1e-12), order


def test_the_second_derivative_stops_where_the_first_does():
    assert grad(grad(lambda x: ad.floor(x * x) + x**3))(1.5) == 9.0
    t = np.array([1.5, 2.0])
    np.testing.assert_array_equal(
        grad(lambda u: grad(lambda v: (ad.floor(v * v) + v**3).sum())(u).sum())(t), 6 * t
    )


def test_an_unselected_singularity_does_no_harm_in_the_second_derivative():
    def f(x):
        return ad.where(x > 0, ad.sqrt(x), x * x).sum()

    x = np.array([0.0, 4.0, -3.0])
    with np.errstate(invalid="ignore"):  # the forward pass warns of sqrt(-3)
        second = grad(lambda u: grad(f)(u).sum())(x)
    np.testing.assert_array_equal(second, [2.0, -0.25 * 4.0**-1.5, 2.0])


def test_a_leaf_that_is_changed_between_is_refused_in_every_order():
    def f(x):
        w = Value(2.0, name="w")
        y = w * x
        w.data = 3.0
        return y * x

    for derivative in (grad(f), grad(grad(f)), jacobian(f)):
        for x in (1.0, Value(1.0)):
            with pytest.raises(ValueError, match=r"`w` was changed after `\*` had used it"):
                derivative(x)


@pytest.mark.parametrize("orders", [(i, j) for i in range(6) for j in range(6 - i)])
@pytest.mark.parametrize(("x", "y"), [(1.3, 2.5), (0.4, -1.2), (2.0, 3.0)])
def test_a_power_by_both_to_the_fifth_order(x, y, orders):
    f = ad.pow
    for which, count in enumerate(orders):
        for _ in range(count):
            f = grad(f, which)
    with mpmath.workdps(60):
        expected = float(mpmath.diff(lambda x, y: x**y, (mpmath.mpf(x), mpmath.mpf(y)), orders))
    assert f(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("f", [ad.tanh, lambda x: ad.exp(-(x**2))], ids=["tanh", "gaussian"])
def test_arrays_have_the_same_derivatives_to_the_fifth_order(f):
    x = np.array([-1.5, -0.2, 0.0, 0.7])
    on_arrays, on_floats = f, f
    for _ in range(5):
        on_arrays = grad(lambda t, g=on_arrays: np.sum(g(t)))
        on_floats = grad(on_floats)
        np.testing.assert_allclose(
            on_arrays(x), [on_floats(v) for v in x.tolist()], rtol=1e-12, atol=1e-13
        )


def test_a_chain_of_different_matrices_to_the_fifth_order():
    """d^n/dx^n of the sum of A(x) B(x) ... with entries linear in x, against its polynomial."""
    rng = np.random.default_rng(3)
    pairs = [
        (rng.normal(size=s), rng.normal(size=s)) for s in [(1, 3), (3, 2), (2, 4), (4, 3), (3, 1)]
    ]

    def f(x):
        product = pairs[0][0] + x * pairs[0][1]
        for constant, linear in pairs[1:]:
            product = product @ (constant + x * linear)
        return product.sum()

    coefficients = np.polynomial.polynomial.polyfit(
        points := np.linspace(-1, 1, 6), [f(p) for p in points], 5
    )
    polynomial = np.polynomial.Polynomial(coefficients)
    for order, g in enumerate(orders(f, 5)):
        expected = polynomial.deriv(order)(0.3) if order else polynomial(0.3)
        assert g(0.3) == pytest.approx(expected, rel=1e-9, abs=1e-9), order
