"""logsumexp of empty and of masked rows; cross entropy of stacked rows."""

import numpy as np

import autodiff as ad
from autodiff import grad


def test_the_logarithm_of_an_empty_sum():
    np.testing.assert_array_equal(ad.logsumexp(np.zeros((2, 0)), 1), [-np.inf, -np.inf])
    kept = ad.logsumexp(np.zeros((2, 0, 3)), 1, keepdims=True)
    np.testing.assert_array_equal(kept, np.full((2, 1, 3), -np.inf))
    low = ad.logsumexp(np.float32([[-np.inf, -np.inf], [0.0, 0.0]]), 1)
    assert low.dtype == np.float32
    np.testing.assert_array_equal(low, np.float32([-np.inf, np.log(2.0)]))


def test_cross_entropy_of_stacked_rows():
    labels = np.array([[0, 3, 1], [2, 2, 0]])
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    found = grad(lambda z: ad.cross_entropy(z, labels))(logits)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found, (p - np.eye(4)[labels]) / 6, rtol=1e-13)


def test_rows_that_are_masked_out_of_a_logsumexp_pull_nothing_back():
    x = np.array([[-np.inf, -np.inf], [np.log(3.0), 0.0]])
    slope = grad(lambda v: ad.logsumexp(v, axis=1).sum())
    np.testing.assert_allclose(slope(x), [[0.0, 0.0], [0.75, 0.25]], rtol=1e-15)
    np.testing.assert_allclose(
        grad(lambda v: slope(v)[:, 0].sum())(x), [[0.0, 0.0], [0.1875, -0.1875]], rtol=1e-15
    )
