"""Special functions against mpmath at 50 digits, also near poles, in tails and at high orders."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Value, compile, derive, grad

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


LEFT = [-1e-9, -0.3, -1.7, -2.9999, -7.5, -20.3, -1000.25, -1e7 - 0.125, -1e12 - 0.25]


def reflected(n, x):
    """polygamma left of 0 by its reflection: mpmath's own is a sum of |x| terms there."""
    x = mpmath.mpf(x)
    turn = x - mpmath.nint(x)
    cotangent = mpmath.taylor(lambda v: mpmath.pi * mpmath.cot(mpmath.pi * v), turn, n)[n]
    y = 1 - x
    if y < 1e3 or n == 0:
        right = mpmath.polygamma(n, y)
    else:
        terms = [mpmath.factorial(n - 1) / y**n, mpmath.factorial(n) / (2 * y ** (n + 1))]
        for k in range(1, 9):
            bernoulli = mpmath.bernoulli(2 * k) / mpmath.factorial(2 * k)
            terms.append(bernoulli * mpmath.factorial(2 * k + n - 1) / y ** (2 * k + n))
        right = (-1) ** (n + 1) * sum(terms)
    return (-1) ** n * right - mpmath.factorial(n) * cotangent


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6])
def test_polygamma_left_of_zero(n):
    f = lambda v: ad.polygamma(v, n)  # noqa: E731
    x = np.array(LEFT)
    program, compiled = derive(lambda v: f(v).sum(), x), compile(grad(lambda v: f(v).sum()))
    exact = [float(reflected(n, v)) for v in LEFT]
    for v, right in zip(LEFT, exact, strict=True):
        close(on_both(f, v), right, 4e-15)
    slopes = [float(reflected(n + 1, v)) for v in LEFT]
    for found in (program(x)[1], compiled(x), [derive(f, 0.5)(v)[1] for v in LEFT]):
        np.testing.assert_allclose(found, slopes, 4e-15)


def test_far_left_of_zero_all_is_a_pole_at_once():
    for x in (-1e17, -1e300):
        assert ad.polygamma(x, 1) == math.inf == grad(ad.digamma)(x)
        assert math.isnan(ad.digamma(x))
    assert (ad.digamma(0.0), ad.digamma(-0.0)) == (-math.inf, math.inf)


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
