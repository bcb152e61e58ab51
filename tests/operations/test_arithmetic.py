"""ldexp, whose second argument is whole and has no slope."""

import numpy as np
import pytest

from autodiff import Tensor, Value, compile, derive, grad


@pytest.mark.parametrize("n", [0, -3, 5, [1, 2, 0], np.array([[1], [-2]])])
def test_ldexp_in_every_reading(n):
    x = np.array([0.3, -0.7, 1.2])
    f = lambda x: np.sum(np.ldexp(np.exp(x), n))  # noqa: E731
    right = np.sum(np.broadcast_to(np.ldexp(np.exp(x), n), np.shape(n - x)).reshape(-1, 3), axis=0)
    for found in (
        grad(f)(x),
        derive(f, x)(x)[1],
        compile(grad(f))(x),
        grad(lambda x: np.sum(grad(f)(x)))(x),
    ):
        np.testing.assert_allclose(found, right, 1e-15)
    np.testing.assert_array_equal(np.ldexp(Value(0.3), n).data, np.ldexp(0.3, n))


def test_ldexp_of_more_than_a_power_can_be():
    assert np.ldexp(Value(1e-300), 1100).data == np.ldexp(1e-300, 1100)
    assert np.ldexp(Tensor(np.float32([1.0])), 2).dtype == np.float32


def test_an_exponent_is_whole_and_no_node():
    for call in (lambda: np.ldexp(1.0, Tensor([3.0])), lambda: np.ldexp(Value(1.0), Value(3.0))):
        with pytest.raises(TypeError, match="`ldexp` takes no derivative by that argument"):
            call()
    with pytest.raises(TypeError, match="ldexp"):
        np.ldexp(Tensor([1.0]), 2.5)
