"""Special functions against mpmath at 50 digits, also near poles, in tails and at high orders."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Value, grad
from autodiff.extend import operation

mpmath.mp.dps = 50


EVERYWHERE = [-20.3, -5.5, -1.5, -0.999, -0.1, -1e-9, 1e-9, 0.1, 0.5, 1.0, 1.7, 3.3, 15.9, 16.0]


POSITIVE = [1e-6, 0.1, 0.5, 1.0, 1.7, 2.0, 3.3, 8.0, 15.9, 16.0, 17.0, 60.0, 1e3]


def close(found, exact, rtol=4e-15):
    """To a few units in the last place, as a float or within an array."""
    np.testing.assert_allclose(found, float(exact), rtol)


def on_both(f, x):
    """f of a float, which is also f of that entry in an array."""
    x = float(x)
    with np.errstate(all="ignore"):
        array = f(np.array([[x, 1.0]]))[0, 0]
        value = f(Value(x)).data
    np.testing.assert_array_equal(value, array)
    return value


@pytest.mark.parametrize("x", EVERYWHERE + POSITIVE[-3:])
def test_gamma_and_its_logarithm(x):
    if x < 170:
        close(on_both(ad.gamma, x), mpmath.gamma(x))
        close(grad(ad.gamma)(x), mpmath.gamma(x) * mpmath.digamma(x), 1e-13)
    exact = mpmath.log(abs(mpmath.gamma(x)))
    np.testing.assert_allclose(on_both(ad.gammaln, x), float(exact), 1e-14, 1e-15)
    close(grad(ad.gammaln)(x), mpmath.digamma(x), 1e-13)


@pytest.mark.parametrize("x", [x for x in EVERYWHERE if x < 0] + POSITIVE)
def test_digamma(x):
    exact = mpmath.digamma(x)
    np.testing.assert_allclose(on_both(ad.digamma, x), float(exact), 1e-13, 4e-15)


@pytest.mark.parametrize("x", POSITIVE)
@pytest.mark.parametrize(("n", "rtol"), [(1, 4e-15), (2, 1e-14), (5, 2e-14), (12, 1e-12)])
def test_polygamma(n, rtol, x):
    close(on_both(lambda v: ad.polygamma(v, n), x), mpmath.polygamma(n, x), rtol)
    close(grad(lambda v: ad.polygamma(v, n))(x), mpmath.polygamma(n + 1, x), 2 * rtol)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_polygamma_left_of_zero(n):
    for x in (-0.3, -1.7, -7.5):
        close(on_both(lambda v: ad.polygamma(v, n), x), mpmath.polygamma(n, x), 1e-12)


def test_poles_and_ends():
    for pole in (-3.0, -1.0):
        assert math.isnan(on_both(ad.gamma, pole))
        assert on_both(ad.gammaln, pole) == math.inf
        assert math.isnan(on_both(ad.digamma, pole))
        assert on_both(lambda v: ad.polygamma(v, 1), pole) == math.inf
        assert math.isnan(on_both(lambda v: ad.polygamma(v, 2), pole))
    assert on_both(ad.gamma, 0.0) == math.inf
    assert on_both(ad.gamma, -0.0) == -math.inf
    assert on_both(ad.gamma, 1.0) == 1.0
    assert math.isfinite(on_both(ad.digamma, 1.0))
    assert on_both(ad.gamma, 200.0) == math.inf
    assert math.isnan(on_both(ad.gamma, -math.inf))
    assert on_both(ad.gammaln, math.inf) == math.inf
    assert on_both(ad.gammaln, 1e306) > 1e308
    assert on_both(ad.gammaln, 1e307) == math.inf
    assert math.isnan(on_both(ad.digamma, math.nan))


@pytest.mark.parametrize(("a", "b"), [(0.5, 2.5), (1.0, 1.0), (30.0, 0.25), (7.0, 60.0)])
def test_beta(a, b):
    exact = mpmath.beta(a, b)
    close(ad.beta(Value(a), Value(b)).data, exact, 1e-13)
    np.testing.assert_allclose(ad.betaln(a, b), float(mpmath.log(exact)), 1e-13, 1e-14)
    by_a, by_b = grad(ad.beta, (0, 1))(a, b)
    joint = mpmath.digamma(a + b)
    close(by_a, exact * (mpmath.digamma(a) - joint), 1e-12)
    close(by_b, exact * (mpmath.digamma(b) - joint), 1e-12)


@pytest.mark.parametrize("y", [1e-300, 1e-9, 0.1, 0.4999, 0.5, 0.5001, 0.9, 0.999, 1 - 2.0**-53])
def test_the_inverse_error_function(y):
    exact = mpmath.erfinv(mpmath.mpf(y))
    for sign in (1.0, -1.0):
        close(on_both(ad.erfinv, sign * y), sign * exact)
        slope = mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(exact**2)
        close(grad(ad.erfinv)(sign * y), slope, 1e-13)


def test_the_inverse_error_function_at_its_ends():
    assert on_both(ad.erfinv, 0.0) == 0.0
    assert on_both(ad.erfinv, 1.0) == math.inf
    assert on_both(ad.erfinv, -1.0) == -math.inf
    assert math.isnan(on_both(ad.erfinv, 1.5))
    assert ad.erfinv(np.float32([0.5])).dtype == np.float32


@pytest.mark.parametrize("x", [-40.0, -2.5, -1e-3, 0.0, 1e-9, 0.7, 3.0, 12.0, 600.0])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_modified_bessel_functions(n, x):
    close(on_both(lambda v: operation("bessel_i").call(v, n), x), mpmath.besseli(n, x), 2e-14)
    slope = (mpmath.besseli(n - 1, x) + mpmath.besseli(n + 1, x)) / 2
    close(grad(lambda v: operation("bessel_i").call(v, n))(x), slope, 2e-14)


@pytest.mark.parametrize("x", [-3.0, 0.0, 2.5, 30.0])
def test_the_first_of_them(x):
    close(grad(ad.i0)(x), mpmath.besseli(1, x), 2e-14)


@pytest.mark.parametrize("x", [-3.0, -0.2, 0.0, 0.2, 3.0, 5.5])
def test_the_error_function(x):
    slope = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(mpmath.mpf(x) ** 2))
    close(grad(ad.erf)(x), slope, 1e-14)
    close(grad(ad.erfc)(x), -slope, 1e-14)


def test_polygamma_at_a_pole_with_a_zero_cotangent():
    x = np.array([-1.0, 2.0])
    for n in (1, 2):
        found = grad(lambda v, n=n: (ad.polygamma(v, n) * np.array([0.0, 1.0])).sum())
        with np.errstate(all="ignore"):
            assert found(x)[0] == 0.0
