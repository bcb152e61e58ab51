"""Activations with other settings, and at their bounds."""

import mpmath
import numpy as np
import pytest
from agreement import differences_agree

import autodiff as ad
from autodiff import Value, grad


@pytest.mark.parametrize("alpha", [0.5, 2.0, -0.5])
def test_elu_with_another_slope(alpha):
    x = np.array([-3.0, -0.25, 0.25, 0.75, 1.5])
    differences_agree(lambda v: ad.elu(v, alpha) if isinstance(v, Value) else _elu(v, alpha), x)


def _elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def test_hard_tanh_has_slope_1_at_its_bounds():
    x = np.array([-1.5, -1.0, 0.0, 1.0, 1.5])
    np.testing.assert_array_equal(grad(lambda v: ad.hard_tanh(v).sum())(x), [0, 1, 1, 1, 0])


def test_the_slopes_of_logit_keep_their_digits():
    """From 1e-160, where the square of the first is infinite, past 1/2, where the second is 0."""
    for p in (1e-160, 1e-100, 1e-9, 0.3, 0.5 - 2**-50, 0.5, 0.5 + 2**-50, 0.9, 1 - 2**-53):
        with mpmath.workdps(60):
            q = mpmath.mpf(p)
            first = 1 / (q * (1 - q))
            exact = [first, (2 * q - 1) * first**2, 2 * first**2 + 2 * (2 * q - 1) ** 2 * first**3]
        f = ad.logit
        for right in map(float, exact):
            f = grad(f)
            np.testing.assert_allclose(f(p), right, 4e-15)
