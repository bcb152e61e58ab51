"""A tree as one vector: the way there and back, and derivatives through both."""

import numpy as np
import pytest
from scipy.optimize import minimize

import autodiff as ad
from autodiff import Tensor, Value, compile, derive, grad, ravel_tree, value_and_grad
from autodiff.support.tree import leaves

TREE = {
    "layers": [(np.arange(6.0).reshape(2, 3), np.ones(3, np.float32)), (np.zeros((0, 2)), None)],
    "rate": 0.5,
    "whole": np.array([1, 2]),
    "count": 3,
    "0-d": np.array(7.0),
}


def test_there_and_back():
    vector, unravel = ravel_tree(TREE)
    assert vector.shape == (14,)
    assert vector.dtype == np.float64
    back = unravel(vector)
    assert list(back) == list(TREE)
    for found, leaf in zip(leaves(back), leaves(TREE), strict=True):
        np.testing.assert_array_equal(found, leaf)
        whole = np.asarray(leaf).dtype.kind == "i"
        assert np.asarray(found).dtype == (np.float64 if whole else np.asarray(leaf).dtype)
    assert type(back["rate"]) is type(back["count"]) is float
    np.testing.assert_array_equal(ravel_tree(unravel(2 * vector))[0], 2 * vector)


def test_gradients_by_the_vector_are_those_by_the_tree():
    params = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": 0.3}

    def loss(p):
        return np.sum(np.tanh(p["w"] @ np.array([1.0, 2.0]) + p["b"]) ** 2)

    vector, unravel = ravel_tree(params)
    expected = ravel_tree(grad(loss)(params))[0]

    def flat(v):
        return loss(unravel(v))

    np.testing.assert_allclose(grad(flat)(vector), expected, rtol=1e-14)
    np.testing.assert_allclose(compile(grad(flat))(vector), expected, rtol=1e-14)
    np.testing.assert_allclose(derive(flat, vector)(vector)[1], expected, rtol=1e-14)
    by_tree = grad(lambda p: np.sum(ravel_tree(p)[0] ** 2))(params)
    np.testing.assert_array_equal(by_tree["w"], 2 * params["w"])
    assert by_tree["b"] == 0.6


def test_nodes_are_leaves():
    w, b = Tensor([1.0, 2.0]), Value(3.0)
    vector, unravel = ravel_tree([w, b])
    (vector * vector).sum().backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])
    assert b.grad == 6.0
    assert unravel(vector)[1].inputs


def test_scipy_minimises_over_a_dict_of_arrays():
    x = np.linspace(-1.0, 1.0, 20)
    y = 3.0 * x - 0.5
    vector, unravel = ravel_tree({"slope": np.zeros(1), "offset": 0.0})

    def loss(p):
        return np.mean((p["slope"] * x + p["offset"] - y) ** 2)

    best = minimize(value_and_grad(lambda v: loss(unravel(v))), vector, jac=True).x
    found = unravel(best)
    np.testing.assert_allclose(found["slope"], [3.0], rtol=1e-5)
    assert abs(found["offset"] + 0.5) < 1e-5


def test_nothing_at_all():
    vector, unravel = ravel_tree({"a": [], "b": None})
    assert vector.shape == (0,)
    assert unravel(vector) == {"a": [], "b": None}


@pytest.mark.parametrize("wrong", [np.ones(4), np.ones((3, 1)), 1.0, Tensor(np.ones(2))])
def test_another_vector_is_refused(wrong):
    with pytest.raises(ValueError, match=r"has shape \(3,\), but this one"):
        ravel_tree([np.ones(2), 1.0])[1](wrong)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="real numbers"):
        ravel_tree({"name": "w"})


def test_it_is_public():
    assert ad.ravel_tree is ravel_tree
