"""A loss as pictures ask it: of a number, an array, a structure, one by one and many at once."""

import math

import numpy as np
import pytest

import autodiff as ad
from viz.descents.function import Function

POINTS = np.random.default_rng(0).normal(size=(40, 2))


def square(w):
    return w * w


def saddle(x):
    return x[0] ** 2 - 3 * x[1]


def spread(slope, height):
    return slope**2 - 3 * height


def by_name(p):
    return p["a"] ** 2 - 3 * p["b"][0]


@pytest.mark.parametrize(
    ("f", "like", "labels"),
    [
        (saddle, np.zeros(2), ["x[0]", "x[1]"]),
        (saddle, (0.0, 0.0), ["x[0]", "x[1]"]),
        (spread, np.zeros(2), ["slope", "height"]),
        (spread, (0.0, 0.0), ["slope", "height"]),
        (lambda *w: w[0] ** 2 - 3 * w[1], np.zeros(2), ["w[0]", "w[1]"]),
        (by_name, {"a": 0.0, "b": np.zeros(1)}, ["p['a']", "p['b'][0]"]),
        (lambda m: m[0, 0] ** 2 - 3 * m[1, 0], np.zeros((2, 1)), ["m[0, 0]", "m[1, 0]"]),
    ],
)
def test_it_takes_weights_as_they_are_given(f, like, labels):
    function = Function(f, like)
    assert function.labels == labels
    expected = POINTS[:, 0] ** 2 - 3 * POINTS[:, 1]
    np.testing.assert_allclose(function.each(POINTS), expected, rtol=1e-14)
    np.testing.assert_allclose(function.at_once(POINTS), expected, rtol=1e-14)
    for (x, y), loss in zip(POINTS[:5], expected, strict=False):
        value, gradient = function.with_gradient(np.array([x, y]))
        assert value == pytest.approx(loss, rel=1e-14)
        np.testing.assert_allclose(gradient, [2 * x, -3])


@pytest.mark.parametrize("f", [square, lambda w, power=2: w**power, ad.square])
def test_one_number(f):
    function = Function(f, 0.0)
    assert function(np.array([3.0])) == 9.0
    value, gradient = function.with_gradient(np.array([3.0]))
    assert (value, gradient.tolist()) == (9.0, [6.0])
    assert function.at_once(np.array([[2.0], [3.0]])).tolist() == [4.0, 9.0]


def test_an_array_of_one_entry_and_a_loss_of_one():
    function = Function(lambda w: (w - 1) ** 2, np.zeros(1))
    assert function(np.array([3.0])) == 4.0
    assert function.with_gradient(np.array([3.0]))[1].tolist() == [4.0]
    assert function.labels == ["w[0]"]


def test_methods_of_nodes_work_and_nothing_is_recorded():
    made = []

    def f(w):
        made.append(w.tanh())
        return made[-1]

    assert Function(f, 0.0)(np.array([0.5])) == pytest.approx(math.tanh(0.5))
    assert made[0].op is None


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x @ np.array([[2.0, 1.0], [1.0, 3.0]]) @ x,
        lambda x: (x**2).sum(),
        lambda x: x[0] if x[0] > 0 else -x[1],
        lambda x: ad.max(x),
    ],
)
def test_what_cannot_take_many_at_once_is_found_out(f):
    assert Function(f, np.zeros(2)).at_once(POINTS) is None


def test_what_would_be_wrong_of_many_at_once_is_found_out():
    crowd = Function(lambda x: x[0] - ad.mean(x[0]) + x[1], np.zeros(2))
    assert crowd.at_once(POINTS) is None
    np.testing.assert_allclose(crowd.each(POINTS), POINTS[:, 1])


def test_infinities_and_nan_are_numbers_like_others():
    function = Function(ad.log, 0.0)
    losses = function.at_once(np.array([[1.0], [0.0], [-1.0]]))
    assert losses[0] == 0.0
    assert losses[1] == -np.inf
    assert np.isnan(losses[2])
    value, gradient = function.with_gradient(np.array([0.0]))
    assert (value, gradient[0]) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("f", "like", "kind", "words"),
    [
        ([1.0], 0.0, TypeError, "function of the weights, but this is list.*\n.*first, then"),
        (lambda x: (x, x), np.zeros(2), TypeError, "loss is one number.*tuple.*\n.*Reduce"),
        (lambda x: x, np.zeros(2), TypeError, r"one number.*shape \(2,\).*\n.*t\.sum"),
        (spread, np.zeros(3), ValueError, "this one takes 2, and a point of the path has 3"),
    ],
)
def test_what_is_no_loss_is_refused(f, like, kind, words):
    with pytest.raises(kind, match=words):
        Function(f, like)(np.zeros(2))
