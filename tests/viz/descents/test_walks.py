"""What a descent has passed through, however it is given, and which of its steps went too far."""

import numpy as np
import pytest

from autodiff import Tensor, Value
from optim import GD, History, minimize
from viz.descents.walks import walks_on


def square(w):
    return w * w


def valley(x):
    return x[0] ** 2 + 10 * x[1] ** 2


def one(f, path):
    (walk,) = walks_on(f, path)[1]
    return walk


@pytest.mark.parametrize(
    "path",
    [
        [3.0, -2.0, 1.0],
        np.array([3.0, -2.0, 1.0]),
        np.array([[3.0], [-2.0], [1.0]]),
        [[3], [-2], [1]],
        (np.float32(3), np.float32(-2), np.float32(1)),
        Tensor([3.0, -2.0, 1.0]),
        [Value(3.0), Value(-2.0), Value(1.0)],
        [np.array([3.0]), np.array([-2.0]), np.array([1.0])],
        iter([3.0, -2.0, 1.0]),
    ],
)
def test_a_path_over_one_weight(path):
    walk = one(lambda w: (w * w).sum() if isinstance(w, Tensor) else w * w, path)
    assert walk.points.tolist() == [[3.0], [-2.0], [1.0]]
    assert walk.losses.tolist() == [9.0, 4.0, 1.0]
    assert walk.gradients.tolist() == [[6.0], [-4.0], [2.0]]
    assert walk.name == ""


def test_what_minimize_found_and_a_mapping_of_names():
    found = minimize(valley, [4.0, 1.0], method="GD", lr=0.02, max_evaluations=6)
    function, (gd, other) = walks_on(valley, {"GD": found, "mine": [[4.0, 1.0], [0.0, 0.0]]})
    assert (gd.name, other.name) == ("GD", "mine")
    assert function.labels == ["x[0]", "x[1]"]
    steps = np.arange(len(found.path))
    expected = np.stack([4.0 * 0.96**steps, 0.6**steps], axis=1)
    np.testing.assert_allclose(gd.points, expected, rtol=1e-12)
    np.testing.assert_allclose(gd.losses, (expected**2) @ [1, 10], rtol=1e-12)
    np.testing.assert_allclose(gd.gradients, expected * [2, 20], rtol=1e-12)


def test_a_structure_is_a_vector():
    path = [{"a": 1.0, "b": np.array([2.0, 3.0])}]
    walk = one(lambda p: p["a"] * p["b"].sum(), path)
    assert walk.points.tolist() == [[1.0, 2.0, 3.0]]
    assert walk.gradients.tolist() == [[5.0, 1.0, 1.0]]


# -- steps that go too far -----------------------------------------------------------------------


def test_a_loss_that_rose_and_a_lowest_point_that_was_passed():
    walk = one(square, [3.0, 2.0, -1.0, 1.5, 1.5, 0.0])
    assert walk.rose.tolist() == [False, False, True, False, False]
    assert walk.passed.tolist() == [False, True, True, False, False]
    assert walk.overshot.tolist() == [False, True, True, False, False]


def test_descent_overshoots_where_its_rate_is_above_one_over_the_curvature():
    for lr, passed, rose in ((0.4, False, False), (0.7, True, False), (1.1, True, True)):
        w, path = Value(3.0), [3.0]
        gd = GD([w], lr=lr)
        for _ in range(8):
            gd.step(lambda w=w: w * w)
            path.append(w.data)
        walk = one(square, path)
        assert walk.passed.tolist() == [passed] * 8
        assert walk.rose.tolist() == [rose] * 8


def test_over_two_weights_the_slope_is_that_along_the_step():
    walk = one(valley, [[4.0, 1.0], [4.0, -0.5], [5.0, -0.5], [3.0, -0.5], [3.0, -0.4]])
    assert walk.rose.tolist() == [False, True, False, False]
    assert walk.passed.tolist() == [True, False, False, False]


def test_rounding_is_no_rise():
    walk = one(lambda w: (w - 1) ** 2 + 1e6, [1.0 + 1e-9, 1.0 - 2e-9, 1.0 + 3e-9])
    assert not walk.rose.any()
    walk = one(lambda w: 1e6 + 0 * w, [1.0, 2.0])
    assert not walk.overshot.any()


def test_what_is_not_finite_any_more_rose():
    inf, nan = float("inf"), float("nan")
    walk = one(square, [1.0, 1e200, nan, nan, inf])
    assert walk.losses.tolist()[:2] == [1.0, inf]
    assert walk.rose.tolist() == [True, False, False, False]
    walk = one(square, [1.0, nan, 0.5])
    assert walk.rose.tolist() == [True, False]
    assert not walk.passed.any()


def test_one_point_has_no_step():
    walk = one(square, [2.0])
    assert walk.rose.shape == walk.passed.shape == walk.overshot.shape == (0,)


# -- what is no path -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [3.0, "path.csv", None, [1j], [[]], ["a"], [None], np.array(2.0), [[1.0, "x"]]]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match=r"A path is an array of points.*\n.*path\.append"):
        walks_on(square, path)


def test_a_history_has_losses_and_no_weights():
    with pytest.raises(TypeError, match=r"history notes the losses.*\n.*viz\.loss_curve"):
        walks_on(square, History())


def test_the_same_parameter_again_and_again_is_no_path():
    w = Value(3.0, name="w")
    with pytest.raises(ValueError, match=r"`w` is in this one several times.*\n?.*append\(w\.data"):
        walks_on(square, [w, w, w])


@pytest.mark.parametrize("path", [[], np.empty((0, 2)), {}])
def test_nothing_is_refused(path):
    with pytest.raises(ValueError, match=r"one (point|path) or more, but this .* has none"):
        walks_on(square, path)


def test_points_are_alike():
    with pytest.raises(ValueError, match=r"first has shape \(2,\), and point 1 has shape \(3,\)"):
        walks_on(square, [[1.0, 2.0], [1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"first has one number, and point 0 of 'b' has shape"):
        walks_on(square, {"a": [1.0], "b": [[1.0]]})
