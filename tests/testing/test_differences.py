"""Differences: right, and within their own estimate of how far they may be off."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.testing import (
    finite_differences,
    one_sided_differences,
)

SMOOTH = [
    (np.sin, mpmath.sin, 1.0),
    (np.exp, mpmath.exp, -2.0),
    (np.log, mpmath.log, 1e-8),
    (np.sqrt, mpmath.sqrt, 1e-3),
    (np.tanh, mpmath.tanh, 3.0),
    (np.arctan, mpmath.atan, 1e5),
    (lambda x: 1 / x, lambda x: 1 / x, -0.01),
    (lambda x: np.sin(1000 * x), lambda x: mpmath.sin(1000 * x), 1.0),
    (lambda x: x**5, lambda x: x**5, 0.0),
]


@pytest.mark.parametrize(("f", "exact", "x"), SMOOTH)
def test_differences_are_right_within_their_own_estimate(f, exact, x):
    value, error = finite_differences(f, x)
    truth = float(mpmath.diff(exact, x))
    assert abs(value - truth) <= error
    assert error <= 1e-5 * abs(truth) + 1e-9


@pytest.mark.parametrize("x", [0.7, -1.3, 40.0, 1e-3])
def test_differences_in_float32_take_larger_steps(x):
    steps = set()

    def f(y):
        assert y.dtype == np.float32
        steps.add(abs(float(y) - x))
        return np.sin(y) * y

    value, error = finite_differences(f, np.float32(x))
    truth = math.sin(x) + x * math.cos(x)
    assert abs(value - truth) <= error + 1e-6 * abs(truth)
    assert error < 2e-3 * max(1.0, abs(truth))
    assert min(s for s in steps if s > 1e-5) > 1e-4


@given(st.floats(-5, 5), st.floats(0.05, 3))
def test_a_kink_near_the_point_is_not_mistaken_for_the_slope(x, distance):
    value, error = finite_differences(lambda y: np.abs(y - x - distance), x)
    assert abs(value - -1.0) <= error + 1e-9


def test_a_kink_far_within_the_first_step_is_stepped_under():
    value, error = finite_differences(lambda y: np.abs(y - 1.0001), 1.0)
    assert abs(value + 1) <= error < 1e-6


def test_both_sides_of_a_kink_a_jump_and_an_edge():
    assert one_sided_differences(lambda x: max(x, 0.0), 0.0) == (0.0, 1.0)
    left, right = one_sided_differences(lambda x: np.sum(np.abs(x)), np.array([0.0, 2.0]))
    np.testing.assert_allclose([left, right], [[-1, 1], [1, 1]])
    left, right = one_sided_differences(np.sqrt, 0.0)
    assert math.isnan(left)
    assert right == np.inf
    assert one_sided_differences(math.floor, 2.0) == (np.inf, 0.0)
    assert one_sided_differences(lambda x: math.log(x) if x >= 1 else -x, 1.0)[1] == pytest.approx(
        1
    )
