"""Activations with other settings, and at their bounds."""

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
