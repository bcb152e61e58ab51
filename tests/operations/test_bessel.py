"""Bessel functions against mpmath: near 0, far from it, and where one way gives way to another."""

from collections import Counter

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import grad
from autodiff.extend import operation

mpmath.mp.dps = 50
X = [1e-9, 0.1, 1.0, 2.4, 5.0, 9.9, 17.2, 24.9, 25.1, 29.9, 30.1, 50.3, 1e4 + 0.3]
J, MODIFIED = (operation(name).call for name in ("bessel_j", "bessel_i"))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_of_the_first_kind(n):
    x = np.array(X)
    for sign in (1, -1):
        exact = np.array([float(mpmath.besselj(n, sign * v)) for v in X])
        size = np.maximum(np.abs(exact), 0.8 / np.sqrt(np.maximum(x, 1.0)))
        scale = np.where(x > 1, size, np.abs(exact) if n < 2 else 1.0)
        assert np.max(np.abs(J(sign * x, n) - exact) / scale) < 3e-15
    assert J(12.5, n) == J(np.array([12.5]), n)[0]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_modified(n):
    for x in X:
        if x < 700:
            np.testing.assert_allclose(MODIFIED(x, n), float(mpmath.besseli(n, x)), 3e-15)
            slope = (mpmath.besseli(n - 1, x) + mpmath.besseli(n + 1, x)) / 2
            np.testing.assert_allclose(grad(lambda v: MODIFIED(v, n))(x), float(slope), 5e-15)


def scaled_slope(n, k, x):
    """The k-th derivative of exp(-x) * besseli(n, x), for x > 0: a difference, in 50 digits."""
    orders = Counter({n: 1})
    for _ in range(k):  # 2 I_n' = I_(n-1) + I_(n+1)
        step = Counter()
        for m, count in orders.items():
            for order, share in ((abs(m - 1), count / 2), (m, -count), (m + 1, count / 2)):
                step[order] += share
        orders = step
    return mpmath.exp(-x) * mpmath.fsum(count * mpmath.besseli(m, x) for m, count in orders.items())


@pytest.mark.parametrize("n", [0, 1])
def test_no_derivative_of_the_scaled_cancels(n):
    f = ad.i1e if n else ad.i0e
    for k in range(4):
        for x in X:
            exact = float(scaled_slope(n, k, x))
            np.testing.assert_allclose(f(x), exact, 2e-14)
            np.testing.assert_allclose(f(-x), (-1) ** (n + k) * exact, 2e-14)
        f = grad(f)


@pytest.mark.parametrize("x", [-8.3, -0.4, 0.7, 3.3, 26.1])
@pytest.mark.parametrize("name", ["i0", "i0e", "i1", "i1e", "j0", "j1"])
def test_derivatives_to_the_third_order(name, x):
    order = int(name[1])
    kind = mpmath.besselj if name[0] == "j" else mpmath.besseli
    scale = (lambda v: mpmath.exp(-abs(v))) if name[2:] else (lambda v: 1)
    f = getattr(ad, name)
    for k in range(4):
        exact = float(mpmath.diff(lambda v: kind(order, v) * scale(v), x, k))
        np.testing.assert_allclose(f(x), exact, 1e-12, 1e-14)
        f = grad(f)


def test_ends():
    ends = np.array([0.0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(ad.j0(ends), [1.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(ad.j1(ends), [0.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(ad.i0e(ends), [1.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(ad.i1e(ends), [0.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(ad.i1(ends), [0.0, np.inf, -np.inf, np.nan])
