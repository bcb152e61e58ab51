"""Programs of plain floats."""

import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile, derive, value_and_grad


def test_a_fractional_power_of_a_negative_number_is_no_number():
    value, slope = derive(lambda x: x**0.5, 1.0)(-1.0)
    assert math.isnan(value)
    assert math.isnan(slope)


@pytest.mark.parametrize("x", [-800.0, 800.0, 0.0])
def test_floats_without_bounds_are_ieee_754(x):
    def f(x):
        return ad.exp(x) / (1.0 + ad.exp(x)) + 1 / x

    program = derive(f, 1.0)
    value, gradient = program(x)
    expected, eager = value_and_grad(f)(x)
    np.testing.assert_array_equal([value, gradient], [expected, eager])


def test_a_number_of_the_text_is_divided_by_as_ieee_754_says():
    def f(x):
        return 1 / ad.maximum(x, 0.0) * 0.0 + x

    for program in (derive(f, 0.5), compile(value_and_grad(f))):
        assert program(0.5) == (0.5, 1.0)
        value, slope = program(-0.5)
        assert math.isnan(value)
        assert slope == value_and_grad(f)(-0.5)[1]
