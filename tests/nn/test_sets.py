"""The sets of the command line: their sizes, their splits, what is said without scikit-learn."""

import sys

import numpy as np
import pytest

from nn.sets import SETS, Set, spiral, split

SIZES = {
    "digits": (1797, 64, 10), "iris": (150, 4, 3), "wine": (178, 13, 3),
    "breast_cancer": (569, 30, 2), "moons": (500, 2, 2), "spiral": (450, 2, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_each_has_a_place_of_a_class_for_every_row(name):
    data = SETS[name]()
    rows, features, classes = SIZES[name]
    assert data.X.shape == (rows, features)
    assert sorted(set(data.y.tolist())) == list(range(classes))
    assert data.y.shape == (rows,)
    assert len(set(data.classes)) == classes
    assert (data.images is not None) == (name == "digits")
    if data.images is not None:
        np.testing.assert_array_equal(data.images.reshape(rows, -1), data.X)


@pytest.mark.parametrize("name", SETS)
def test_a_split_tests_a_fifth_of_each_class_and_scales_by_the_others(name):
    data = SETS[name]()
    part, again, other = split(data, 3), split(data, 3), split(data, 4)
    np.testing.assert_array_equal(part.tested, again.tested)
    assert set(part.tested) != set(other.tested)
    assert len(part.y) + len(part.y_test) == len(data.y)
    np.testing.assert_array_equal(part.y_test, data.y[part.tested])
    for k in range(len(data.classes)):
        assert abs(np.sum(part.y_test == k) - np.sum(data.y == k) / 5) < 1
    np.testing.assert_allclose(part.X.mean(axis=0), 0, atol=1e-12)
    deviation = part.X.std(axis=0)
    assert np.all(np.isclose(deviation, 1) | (deviation == 0))
    # The rows to test on are scaled by the mean and deviation of the others, not by their own.
    trained = np.delete(data.X, part.tested, axis=0)
    expected = data.X[part.tested] - trained.mean(axis=0)
    scale = np.where(trained.std(axis=0) > 0, trained.std(axis=0), 1)
    np.testing.assert_allclose(part.X_test, expected / scale, atol=1e-12)


def test_a_feature_that_is_constant_stays_finite():
    X = np.column_stack([np.ones(20), np.arange(20.0)])
    part = split(Set(X, np.arange(20) % 2, ["even", "odd"]), 0)
    assert not part.X[:, 0].any()
    assert not part.X_test[:, 0].any()


def test_without_noise_an_arm_is_a_curve():
    data = spiral(arms=2, rows=50, noise=0.0)
    first, second = data.X[:50], data.X[50:]
    radius = np.linspace(0, 1, 50)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), radius, atol=1e-12)
    np.testing.assert_allclose(first[:, 0], radius * np.sin(4 * radius), atol=1e-12)
    turned = np.array([[np.cos(4), -np.sin(4)], [np.sin(4), np.cos(4)]])
    np.testing.assert_allclose(second, first @ turned, atol=1e-12)


def test_what_to_install_is_said(monkeypatch):
    for module in ("datasets", "model_selection"):
        monkeypatch.setitem(sys.modules, f"sklearn.{module}", None)
    for needs in (SETS["iris"], SETS["moons"], lambda: split(spiral(), 0)):
        with pytest.raises(ImportError, match="pip install scikit-learn"):
            needs()
