"""Steps: slope 0, but for what they are at their jump."""

import numpy as np

import autodiff as ad
from autodiff import Tensor, grad


def test_heaviside_moves_with_its_value_at_zero():
    for x, at_zero in [(0.0, 0.5), (0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (2.0, 0.5)]:
        assert grad(ad.heaviside, (0, 1))(x, at_zero) == (0.0, float(x == 0))


def test_steps_have_slope_0_whatever_comes_back():
    t = Tensor([1.5, 2.0])
    for step in (ad.floor, ad.ceil, ad.trunc, ad.rint, ad.sign):
        t.zero_grad()
        (step(t) * np.inf).sum().backward()
        np.testing.assert_array_equal(t.grad, [0.0, 0.0])
