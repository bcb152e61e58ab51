"""Sliding windows of every form of shape and axis, in every reading."""

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import Tensor

X = np.random.default_rng(0).normal(size=(3, 4))
FORMS = [
    ((2, 0), {}), (((2, 2),), {}), (([2, 2],), {}), ((np.array([2, 2]),), {}),
    ((range(1, 3),), {}), ((2,), {"axis": -1}), (([2], [1]), {}), ((np.int64(2), np.int64(1)), {}),
    (((2, 3), (0, 1)), {}), (((2, 2), (0, 0)), {}), (((), ()), {}), (((2, 2),), {"subok": True}),
    ((2,), {"axis": 0, "writeable": False}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "named"), FORMS, ids=repr)
def test_windows_of_every_form_in_every_reading(form, named):
    function = np.lib.stride_tricks.sliding_window_view
    expected = function(X, *form, **named)
    np.testing.assert_array_equal(function(Tensor(X), *form, **named).data, expected)
    weights = np.random.default_rng(1).normal(size=expected.shape)
    every_reading_agrees(lambda x: np.sum(weights * np.sin(function(x, *form, **named))), X)


@pytest.mark.parametrize("form", [(9, 0), (-1, 0), (2, 2), ((2, 2), (0,)), (2.0, 0), (2,), (1, -3)])
def test_windows_that_numpy_refuses_are_refused(form):
    for x in (X, Tensor(X)):
        with pytest.raises((ValueError, TypeError)):
            np.lib.stride_tricks.sliding_window_view(x, *form)


def test_windows_of_an_array_are_numpys():
    np.testing.assert_array_equal(ad.sliding_window_view([1.0, 2.0, 3.0], 2), [[1, 2], [2, 3]])
