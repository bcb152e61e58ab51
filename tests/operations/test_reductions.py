"""Reductions of nothing, and of more than 16 bits can count."""

import numpy as np
import pytest

from autodiff import Tensor, compile, derive, grad, hvp, nanmean
from autodiff.operations.reductions import numpy_mean


def test_a_mean_of_nothing_pulls_back_nothing():
    t = Tensor(np.zeros((0, 3)))
    np.mean(t, axis=1).backward(np.zeros(0))
    assert t.grad.shape == (0, 3)


# A count above 65504 is infinite in 16 bits.
MANY = (1 + np.arange(70_000) % 3).astype(np.float16)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.mean(x * x),
        lambda x: np.average(x * x),
        lambda x: np.exp(np.mean(x.reshape(1, -1) / 4, axis=1, keepdims=True)).sum(),
        lambda x: np.var(x, ddof=1),
        lambda x: np.std(x),
        lambda x: np.std(x * x, axis=0, keepdims=True).sum(),
    ],
)
def test_means_of_more_16_bit_numbers_than_these_can_count(f):
    right = grad(f)(MANY.astype(float))
    second = hvp(f, (MANY.astype(float),), (MANY.astype(float),))
    for found in (grad(f)(MANY), derive(f, MANY)(MANY)[1], compile(grad(f))(MANY)):
        assert found.dtype == np.float16
        assert np.abs(found - right).max() <= 2e-3 * np.abs(right).max() + 6e-8
    found = hvp(f, (MANY,), (MANY,))
    assert found.dtype == np.float16
    assert np.abs(found - second).max() <= 3e-3 * np.abs(second).max() + 6e-8


def test_a_mean_of_some_whole_numbers_is_no_whole_number():
    x, some = np.array([1, 2, 7]), np.array([True, True, False])
    for program in (lambda x: np.mean(x, where=some), lambda x: numpy_mean(x, where=some), nanmean):
        for f in (program, derive(program, x, argnums=()), compile(program)):
            assert f(x) == program(x.astype(float))
