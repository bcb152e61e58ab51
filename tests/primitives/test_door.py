"""Indices, axes and shapes of every form that NumPy takes are one form to every reading."""

import array
import collections
import enum

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, compile, derive, grad, hessian


class Axis(enum.IntEnum):
    FIRST = 0
    SECOND = 1


class Whole:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


class ArrayLike:
    """As a Series of pandas and a tensor of PyTorch are."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers)


X = np.arange(1.0, 13.0).reshape(3, 4)
PLACES = [[0, 0, 2], [1], [-1, 0]]
SEQUENCES = {
    "list": list,
    "tuple": tuple,
    "deque": collections.deque,
    "array.array": lambda p: array.array("i", p),
    "memoryview": lambda p: memoryview(array.array("i", p)),
    "an array": np.array,
    "array-like": ArrayLike,
}
NUMBERS = {"int": int, "np.int64": np.int64, "IntEnum": Axis, "__index__": Whole, "0-d": np.array}
READINGS = {
    "eager": lambda f: grad(f)(X),
    "derive": lambda f: derive(f, X)(X)[1],
    "compile": lambda f: compile(grad(f))(X),
    "hessian": lambda f: hessian(f)(X),
}


def same(f, plainly):
    """Whether every reading of f gives what it gives of the same with a plain index or axis."""
    before = X.copy()
    for name, reading in READINGS.items():
        np.testing.assert_allclose(reading(f), reading(plainly), err_msg=name)
        np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("form", SEQUENCES)
def test_an_index_of_several(form, places):
    index = SEQUENCES[form](places)
    same(lambda x: np.sum(x[index,] ** 2), lambda x: np.sum(x[np.array(places)] ** 2))
    same(lambda x: np.sum(x[:, index] ** 2), lambda x: np.sum(x[:, np.array(places)] ** 2))


@pytest.mark.parametrize("form", NUMBERS)
def test_an_index_of_one(form):
    one = NUMBERS[form](1)
    same(lambda x: np.sum(x[one] ** 2), lambda x: np.sum(x[1] ** 2))
    same(lambda x: np.sum(x[:, one] ** 2), lambda x: np.sum(x[:, 1] ** 2))
    same(lambda x: np.sum(x[one:, :one] ** 2), lambda x: np.sum(x[1:, :1] ** 2))


@pytest.mark.parametrize("form", [list, np.array, ArrayLike])
@pytest.mark.parametrize("mask", [[True, False, True], [False] * 3], ids=["some", "none"])
def test_a_mask_is_a_mask(mask, form):
    index, plainly = form(mask), np.array(mask)
    same(lambda x: np.sum(x[index] ** 2), lambda x: np.sum(x[plainly] ** 2))


@pytest.mark.parametrize("empty", [[], range(0), np.zeros(0, int)])
def test_an_index_of_nothing(empty):
    same(lambda x: np.sum(x[empty] ** 2) + np.sum(x**2), lambda x: np.sum(x**2))


@pytest.mark.parametrize("form", NUMBERS)
def test_an_axis(form):
    one = NUMBERS[form](1)
    if form != "0-d":  # which NumPy does not take for an axis everywhere
        same(lambda x: np.sum(np.max(x, axis=one) ** 2), lambda x: np.sum(np.max(x, 1) ** 2))
        same(lambda x: np.sum(ad.sum(x, one) ** 2) / 4, lambda x: np.sum(ad.sum(x, 1) ** 2) / 4)


@pytest.mark.parametrize("order", [range(1, -1, -1), [1, 0], (Axis.SECOND, 0)], ids=str)
def test_axes_and_shapes(order):
    shape = range(2, 8, 4)
    same(lambda x: np.sum(np.transpose(x, order)[1:] ** 2), lambda x: np.sum(x.T[1:] ** 2))
    same(lambda x: np.sum(ad.reshape(x, shape)[1] ** 2), lambda x: np.sum(x.reshape(2, 6)[1] ** 2))


def test_what_is_written_into_afterwards_has_no_part_in_it():
    places = np.array([0, 0])
    x = Tensor([1.0, 2.0])
    y = x[places].sum()
    places[:] = 1
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0])


def test_an_index_that_is_a_node_is_refused():
    for index in (Value(1.0), (0, Tensor([1.0]))):
        with pytest.raises(TypeError, match="An index is whole numbers, but this is a "):
            Tensor(X)[index]
