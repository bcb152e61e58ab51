"""logsumexp of empty and of masked rows, and of whole numbers; cross entropy of stacked rows."""

import numpy as np
import pytest
from agreement import saved

import autodiff as ad
from autodiff import compile, derive, grad


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


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64])
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_whole_numbers_are_taken_for_floats(name, dtype):
    f, x = getattr(ad, name), np.array([[1, 0, 1], [0, 1, 0], [1, 100, 3]]).astype(dtype)
    expected = f(x.astype(float))
    program = derive(f, x, argnums=())
    for g in (f, compile(f), program, saved(program)):
        np.testing.assert_array_equal(g(x), expected, strict=True)


def test_whole_numbers_are_taken_for_floats_by_jax():
    pytest.importorskip("jax")
    names = ("logsumexp", "softmax", "log_softmax")

    def f(x):
        return [getattr(ad, name)(x) for name in names]

    for dtype in (bool, np.uint8):
        x = np.array([[1, 0, 1], [0, 1, 0]]).astype(dtype)
        for found, right in zip(compile(f, engine="jax")(x), f(x.astype(float)), strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-14, atol=1e-15, strict=True)
