"""Powers and logarithms at zero, and with exponents that are numbers."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value, grad, value_and_grad
from autodiff.graph.node import operands_of
from autodiff.graph.order import reverse_topological


def test_the_slope_of_a_zeroth_power_is_zero_beside_a_slope_that_is_nan():
    for nan in (np.nan, np.array([np.nan])):
        by_a, by_b = grad(lambda a, b: ad.sum(a**b), (0, 1))(nan, 0.0)
        assert (by_a, np.isnan(by_b)) == (0.0, True)


def test_zero_to_the_zero_changes_with_neither():
    assert grad(lambda a, b: a**b, (0, 1))(0.0, 0.0) == (0.0, 0.0)


def test_a_power_that_is_a_node_bends_at_zero():
    for power, second in [(2.0, 2.0), (3.0, 0.0), (1.0, 0.0), (0.0, 0.0)]:
        b = Value(power)
        first = float(power == 1.0)
        assert value_and_grad(grad(lambda a, b=b: a**b))(0.0) == (first, second)
        slope = grad(lambda t, b=b: (t**b).sum())
        found = value_and_grad(lambda t, slope=slope: slope(t).sum())(np.zeros(1))
        assert found == (first, second)


@pytest.mark.parametrize(("power", "left"), [(3, [2.0]), (0.5, [-0.5]), (2, []), (1, [0.0])])
def test_an_exponent_that_is_a_number_stays_one(power, left):
    """NumPy knows a number's fastest way; of an array of exponents it takes each by itself."""
    found = []

    def slope(x):
        node = grad(lambda u: (u**power).sum())(x)
        found.extend(operands_of(n)[1] for n in reverse_topological([node]) if n.op == "pow")
        return node.sum()

    x = np.array([1.0, 4.0])
    np.testing.assert_allclose(grad(slope)(x), power * (power - 1) * x ** (power - 2.0))
    kept = [e for e in found if e != power]
    assert kept == left
    assert all(type(e) is float for e in kept)


def test_a_logarithm_with_a_weight_falls_without_end_at_zero():
    with np.errstate(divide="ignore"):
        by_y = grad(lambda y: ad.xlogy(np.array([2.0, 0.0, 0.0]), y).sum())
        np.testing.assert_array_equal(by_y(np.array([0.0, 0.0, 3.0])), [np.inf, 0.0, 0.0])
