"""Reductions of nothing."""

import numpy as np

from autodiff import Tensor


def test_a_mean_of_nothing_pulls_back_nothing():
    t = Tensor(np.zeros((0, 3)))
    np.mean(t, axis=1).backward(np.zeros(0))
    assert t.grad.shape == (0, 3)
