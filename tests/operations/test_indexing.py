"""Indexing: entries taken of all in a row."""

import numpy as np
from agreement import differences_agree

from autodiff import grad


def test_entries_taken_of_all_in_a_row():
    x = np.arange(6.0).reshape(2, 3)
    differences_agree(lambda v: np.take_along_axis(v, np.array([5, 0, 5]), None), x)
    second = grad(
        lambda u: (
            grad(lambda v: (np.take_along_axis(v, np.array([5, 0, 5]), None) ** 3).sum())(u) ** 2
        ).sum()
    )(x)
    np.testing.assert_allclose(second[1, 2], 2 * (2 * 3 * 25.0) * (2 * 6 * 5.0))
