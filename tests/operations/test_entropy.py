"""Entropies and Huber's loss at their edges, and where their terms nearly cancel."""

import mpmath
import numpy as np

import autodiff as ad
from autodiff import grad
from autodiff.extend import operation


def test_at_zero_and_below():
    x, inf, nan = np.array([-1.0, 0.0, 1.0, np.nan]), np.inf, np.nan
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ad.entr(x), [-inf, 0.0, 0.0, nan])
        np.testing.assert_array_equal(ad.rel_entr(x, 1.0), [inf, 0.0, 0.0, nan])
        np.testing.assert_array_equal(ad.rel_entr(x, 0.0), [inf, 0.0, inf, nan])
        np.testing.assert_array_equal(ad.kl_div(x, 2.0)[:2], [inf, 2.0])
        np.testing.assert_array_equal(ad.huber(x, 2.0)[:3], [inf, 0.0, 1.5])
    assert grad(ad.entr)(0.0) == inf
    assert grad(ad.rel_entr, 1)(0.0, 0.5) == 0.0
    assert ad.xlog1py(0.0, -1.0) == 0.0
    assert grad(ad.xlog1py, (0, 1))(0.0, -1.0) == (-inf, 0.0)


def test_the_logarithm_of_a_ratio():
    ratio = operation("log_ratio").call
    for x, y in ((1.0, 1 + 2**-40), (3.0, 0.1), (1e300, 1e-300), (1e-300, 1e300)):
        with mpmath.workdps(40):
            exact = mpmath.log(mpmath.mpf(x) / mpmath.mpf(y))
            np.testing.assert_allclose(ratio(x, y), float(exact), 1e-15)
            np.testing.assert_allclose(ad.rel_entr(x, y), float(x * exact), 1e-15)
    assert ratio(np.float32([2.0]), np.float32([3.0])).dtype == np.float32


def test_a_loss_that_is_linear_far_off():
    r = np.array([-3.0, -0.5, 0.0, 1.0, 4.0])
    np.testing.assert_array_equal(ad.huber(1.0, r), [2.5, 0.125, 0.0, 0.5, 3.5])
    np.testing.assert_array_equal(grad(lambda r: ad.huber(1.0, r).sum())(r), np.clip(r, -1, 1))
    by_delta = grad(lambda d: ad.huber(d, r).sum())(1.0)
    assert by_delta == 2.0 + 3.0


def test_the_slopes_of_a_divergence_keep_their_digits():
    for x, y in ((1.0, 1 + 2**-40), (1.0, 1.0), (3.0, 0.1), (1e-200, 2.5), (1e200, 1e-50)):
        exact = mpmath.mpf(y) - mpmath.mpf(x)
        by_y = grad(ad.kl_div, 1)
        np.testing.assert_allclose(by_y(x, y), float(exact / mpmath.mpf(y)), 1e-15)
        np.testing.assert_allclose(grad(by_y, 1)(x, y), x / y / y, 1e-15)
