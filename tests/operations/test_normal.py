"""The normal distribution against mpmath, in its tails and to the third derivative."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import grad
from autodiff.extend import operation

mpmath.mp.dps = 60
X = [-37.3, -30.7, -20.3, -8.1, -3.3, -1.1, -0.3, -1e-9, 0.0, 1e-9, 0.3, 1.1, 4.2, 8.3, 20.1, 36.0]


def close(found, exact, rtol=2e-15):
    assert abs(mpmath.mpf(float(found)) - exact) <= rtol * abs(exact)


def cdf(x):
    return mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2


def test_the_integral_and_its_logarithm():
    for values in (ad.ndtr(np.array(X)), [ad.ndtr(x) for x in X]):
        for x, found in zip(X, values, strict=True):
            close(found, cdf(x))
            close(ad.log_ndtr(x), mpmath.log1p(-cdf(-x)) if x > 0 else mpmath.log(cdf(x)))
            close(grad(ad.ndtr)(x), mpmath.npdf(x), 2e-13)


def test_ends():
    ends = np.array([-np.inf, np.inf, np.nan, -1e200])
    np.testing.assert_array_equal(ad.ndtr(ends), [0.0, 1.0, np.nan, 0.0])
    np.testing.assert_array_equal(ad.log_ndtr(ends), [-np.inf, 0.0, np.nan, -np.inf])
    np.testing.assert_array_equal(ad.erfcx(ends), [np.inf, 0.0, np.nan, np.inf])
    np.testing.assert_array_equal(ad.erfcinv([0.0, 1.0, 2.0, 2.1]), [np.inf, 0, -np.inf, np.nan])
    np.testing.assert_array_equal(ad.ndtri([0.0, 0.5, 1.0]), [-np.inf, 0.0, np.inf])


@pytest.mark.parametrize("x", [-37.3, -20.3, -8.1, -1.1, 0.0, 1.1, 4.2])
def test_derivatives_of_the_logarithm_do_not_cancel(x):
    f = ad.log_ndtr
    for order, rtol in ((1, 3e-15), (2, 5e-15), (3, 1e-12)):
        f = grad(f)
        close(f(x), mpmath.diff(lambda v: mpmath.log(cdf(v)), x, order), rtol)


@pytest.mark.parametrize("x", [1e-300, 0.7, 8.3, 20.1, 26.7, 29.9, 36.0])
def test_far_right_where_the_derivatives_are_small(x):
    v = mpmath.mpf(x)
    ratio = mpmath.npdf(v) / cdf(v)
    close(grad(ad.log_ndtr)(x), ratio, 3e-13)
    close(grad(grad(ad.log_ndtr))(x), -ratio * (ratio + v), 3e-13)


def test_far_left_where_the_integral_is_zero():
    x = mpmath.mpf(-(10**5))
    ratio = mpmath.npdf(x) / cdf(x)
    close(ad.log_ndtr(-1e5), mpmath.log(cdf(x)), 1e-16)
    close(grad(ad.log_ndtr)(-1e5), ratio)
    close(grad(grad(ad.log_ndtr))(-1e5), -ratio * (ratio + x))


@pytest.mark.parametrize("x", [-20.0, -1.0, 0.0, 0.5, 1.49, 1.51, 3.0, 19.9, 20.1, 1e5])
@pytest.mark.parametrize(("n", "rtol"), [(0, 1e-15), (1, 2e-15), (2, 1e-14), (3, 3e-14)])
def test_scaled_integrals_of_erfc(n, rtol, x):
    with mpmath.workdps(200):
        v = mpmath.mpf(x)
        below, here = 2 / mpmath.sqrt(mpmath.pi), mpmath.exp(v * v) * mpmath.erfc(v)
        for k in range(1, n + 1):
            below, here = here, (below - 2 * v * here) / (2 * k)
    close(operation("scaled_erfc").call(x, n), here, rtol)


@pytest.mark.parametrize("p", [1e-300, 1e-20, 0.01, 0.3, 0.499, 0.5, 0.7, 0.999, 1 - 2.0**-53])
def test_inverses(p):
    def exact(y):
        if y > 1e-5:
            return mpmath.erfinv(1 - y)
        log = mpmath.log(y)
        return mpmath.findroot(lambda t: mpmath.log(mpmath.erfc(t)) - log, mpmath.sqrt(-log))

    y = mpmath.mpf(p)
    close(ad.erfcinv(p), exact(y), 4e-15)
    close(ad.ndtri(p), -mpmath.sqrt(2) * exact(2 * y), 4e-15)
    close(grad(ad.erfcinv)(p), -mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(exact(y) ** 2), 1e-12)
    assert math.isfinite(grad(ad.ndtri)(p))
