"""Shapes: axes that come and go, the order of entries, the forms that arguments have."""

import numpy as np
import pytest
from agreement import differences_agree, every_reading_agrees

import autodiff as ad
from autodiff import Tensor, derive, grad


def test_an_axis_taken_out_of_the_middle():
    differences_agree(lambda x: np.squeeze(x, 1), np.arange(6.0).reshape(2, 1, 3))
    differences_agree(lambda x: np.squeeze(x), np.arange(3.0).reshape(1, 3, 1))
    differences_agree(lambda x: np.expand_dims(x, (1, 3)), np.arange(6.0).reshape(2, 3))


X = np.random.default_rng(0).normal(size=(3, 4))
TURNED = [X, X.T, X[::-1], X[:, ::2], np.asfortranarray(X), np.moveaxis(np.stack([X, X]), 1, 0)]


@pytest.mark.parametrize("order", ["C", "F", "A", "K", "c", "f", None])
@pytest.mark.parametrize("x", TURNED, ids=range(len(TURNED)))
def test_entries_in_the_order_of_the_memory(x, order):
    np.testing.assert_array_equal(ad.flatten(Tensor(x), order).data, Tensor(x).data.flatten(order))
    np.testing.assert_array_equal(np.ravel(Tensor(X).T, order).data, np.ravel(X.T, order))
    np.testing.assert_array_equal(Tensor(X).T.ravel(order).data, X.T.ravel(order))
    if order not in ("K", "k"):
        shape = (2, x.size // 2)
        found = np.reshape(Tensor(X).T, (2, 6), order=order)
        np.testing.assert_array_equal(found.data, np.reshape(X.T, (2, 6), order=order))
        assert Tensor(x).reshape(shape, order=order).shape == shape
    slope = grad(lambda t: np.sum(np.arange(12.0) * np.ravel(t.T, order)))(X)
    along = np.random.default_rng(1).normal(size=X.shape)
    np.testing.assert_allclose(
        np.sum(slope * along), np.sum(np.arange(12.0) * np.ravel(along.T, order))
    )


def test_a_program_has_no_order_of_the_memory():
    for order in "AK":
        with pytest.raises(ValueError, match="keeps no layout in memory"):
            derive(lambda x: np.sum(np.ravel(x, order) ** 2), X)  # noqa: B023
        assert derive(lambda x: np.sum(np.ravel(x, order)), X[0])(X[0])[0] == np.sum(X[0])  # noqa: B023


class Whole:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


@pytest.mark.parametrize("f", [
    lambda x: x.reshape(np.int64(2), -1), lambda x: x.reshape(Whole(2), Whole(-1)),
    lambda x: x.reshape([2, 6]), lambda x: x.reshape((2, 6), order="F"),
    lambda x: x.reshape(2, 6, order="F"), lambda x: x.reshape(np.array([2, 6])),
    lambda x: x.reshape(2, 6), lambda x: x.transpose(np.int64(1), np.int64(0)),
    lambda x: np.transpose(x, np.array([1, 0])), lambda x: np.transpose(x, range(1, -1, -1)),
    lambda x: np.transpose(x[0], 0), lambda x: np.transpose(x[0], [-1]),
    lambda x: np.roll(x, range(1, 3), (0, 1)), lambda x: np.roll(x, np.array([1, 2]), [0, 1]),
    lambda x: np.linspace(x, 1.0, np.int64(3), axis=-1), lambda x: np.rollaxis(x, -1),
    lambda x: np.broadcast_arrays(x, np.ones((2, 1, 1)), subok=True)[0],
    lambda x: np.linspace(x[0], x[1], 4, retstep=True)[1],
    lambda x: np.meshgrid(x[0], [1.0, 2.0], copy=False)[0],
])  # fmt: skip
def test_forms_of_shapes_in_every_reading(f):
    np.testing.assert_allclose(f(Tensor(X)).data, f(X), rtol=1e-13)
    every_reading_agrees(lambda x: np.sum(np.sin(f(x)) ** 2), X)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_linspace_has_the_type_of_its_ends(dtype):
    start, stop = X[0].astype(dtype), X[1].astype(dtype)
    for a, b in ((start, stop), (start, 2.0), (1, stop)):
        for named in ({}, {"dtype": np.float32}, {"endpoint": False}, {"dtype": int}):
            found = np.linspace(a, Tensor(b), 5, **named)
            found = found.data if isinstance(found, Tensor) else found
            right = np.linspace(a, np.float64(b) if type(b) is float else b, 5, **named)
            assert found.shape == right.shape
            if type(b) is not float:
                assert found.dtype == right.dtype
            np.testing.assert_allclose(found, right, rtol=4 * np.finfo(dtype).eps, atol=1e-3)


def test_unique_gives_what_else_is_asked_for():
    x = np.array([[3.0, 1.0], [3.0, 1.0], [1.0, 2.0]])
    for named in (
        {"return_index": True}, {"return_inverse": True, "return_counts": True}, {"axis": 0},
        {"axis": 1, "return_counts": True},
    ):  # fmt: skip
        found, right = np.unique(Tensor(x), **named), np.unique(x, **named)
        pairs = zip(found, right, strict=True) if isinstance(right, tuple) else [(found, right)]
        for mine, theirs in pairs:
            np.testing.assert_array_equal(mine.data if isinstance(mine, Tensor) else mine, theirs)
