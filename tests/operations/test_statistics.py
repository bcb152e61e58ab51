"""Averages and their kin: in which type they are, of floats and of whole numbers."""

import numpy as np
import pytest

import autodiff as ad

WEIGHTS = [
    [1, 2, 1], [1.0, 2.0, 1.0], (True, True, True),
    *(np.array([1, 2, 1], dtype) for dtype in "?bBhiqefd"),
]  # fmt: skip


@pytest.mark.parametrize("weights", WEIGHTS, ids=lambda w: str(getattr(w, "dtype", w)))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("keepdims", [False, True])
def test_an_average_has_the_type_of_both(dtype, weights, keepdims):
    x = np.array([[0.5, 2.0, 1.5], [1.0, -1.0, 4.0]], dtype)
    f = lambda x: np.average(x, 1, weights, returned=True, keepdims=keepdims)  # noqa: E731
    right, program = f(x), ad.compile(f)(x)
    for mine, compiled, numpys in zip(f(ad.Tensor(x)), program, right, strict=True):
        for found in (getattr(mine, "data", mine), compiled):
            np.testing.assert_array_equal(found, numpys, strict=True)
    slope = ad.grad(lambda x: np.sum(np.average(x, 1, weights)))(x)
    share = np.asarray(weights, float) / np.sum(weights)
    np.testing.assert_allclose(slope, np.broadcast_to(share, (2, 3)), rtol=1e-3)
    assert slope.dtype == dtype


@pytest.mark.parametrize("dtype", ["?", "b", "q", "e"])
def test_whole_numbers_are_averaged_in_64_bits_in_a_program(dtype):
    n, x = np.array([100, 120, 1]).astype(dtype), np.array([1.0, 2.0, 1.0])
    f = lambda x, n: np.average(n, weights=x)  # noqa: E731
    np.testing.assert_allclose(ad.compile(f)(x, n), f(x, n), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["?", "b", "B", "q"])
@pytest.mark.parametrize("name", ["nanmean", "nanvar", "nanstd"])
def test_statistics_of_whole_numbers_are_no_whole_numbers(name, dtype):
    by_numpy, ours, n = getattr(np, name), getattr(ad, name), np.array([1, 0, 4]).astype(dtype)
    for f in (ours, ad.compile(ours), ad.derive(ours, n, argnums=())):
        np.testing.assert_allclose(f(n), by_numpy(n), rtol=1e-15)
