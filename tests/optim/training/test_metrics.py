"""Metrics: accuracy by hand, and names."""

import numpy as np
import pytest

from optim.training.metrics import accuracy, named


@pytest.mark.parametrize(
    ("output", "target", "share"),
    [
        ([[0.1, 0.9], [0.8, 0.2]], [1, 1], 0.5),
        ([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 0]], 1.0),
        ([[0.7], [0.2], [0.5]], [1, 0, 0], 1.0),
        ([[0.7], [0.2]], [[0.0], [1.0]], 0.0),
        ([0.7, 0.2], [1.0, 1.0], 0.5),
        (np.zeros((2, 3, 4)), np.zeros((2, 3), int), 1.0),
    ],
)
def test_accuracy(output, target, share):
    assert accuracy(np.array(output), np.array(target)) == share


@pytest.mark.parametrize(
    ("output", "target", "message"),
    [
        ([[0.7], [0.2]], [[1.0], [-1.0]], "as many targets that are 0 or 1"),
        ([[0.7], [0.2]], [0.3, 1.0], "as many targets that are 0 or 1"),
        ([[0.7], [0.2]], [1, 0, 1], "have 3 for 2 outputs"),
        ([[0.1, 0.9], [0.8, 0.2]], [[1], [1]], "one label to each row"),
        ([[0.1, 0.9], [0.8, 0.2]], [1], "one label to each row"),
    ],
)
def test_what_has_no_accuracy(output, target, message):
    with pytest.raises(ValueError, match=message):
        accuracy(np.array(output), np.array(target))


def test_names():
    assert named("accuracy") == {"accuracy": accuracy}
    assert named(["accuracy", max]) == {"accuracy": accuracy, "max": max}
    assert named({"a": max, "b": "accuracy"}) == {"a": max, "b": accuracy}
    assert named(None) == {}
    with pytest.raises(ValueError, match="names of their own"):
        named([max, max])
