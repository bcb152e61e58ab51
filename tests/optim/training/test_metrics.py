"""Metrics: accuracy by hand, and names."""

import functools

import numpy as np
import pytest

from nn import Linear, binary_cross_entropy_with_logits, mse
from optim import SGD, train
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
    assert list(named("accuracy")) == ["accuracy"]
    found = named(["accuracy", max])
    assert found["max"] is max
    assert found["accuracy"](np.array([0.4]), np.array([0])) == 1
    assert named({"a": max, "b": "accuracy"}, 0.3)["b"](np.array([0.4]), np.array([0])) == 0
    assert named(None) == {}
    with pytest.raises(ValueError, match="names of their own"):
        named([max, max])


def test_logits_are_measured_by_their_own_threshold():
    """Half of these logits are between 0 and 1/2, which are for the class 1."""
    x = np.array([[-0.4], [-0.2], [0.2], [0.4]])
    y = (x > 0).astype(float)
    losses = {
        binary_cross_entropy_with_logits: 1.0,
        functools.partial(binary_cross_entropy_with_logits, reduction="sum"): 1.0,
        mse: 0.5,
    }
    for loss, share in losses.items():
        model = Linear(1, 1, seed=0)
        model.weight.data = [[1.0]]
        history = train(
            model, loss, (x, y), SGD(model.parameters(), lr=1e-9), metrics="accuracy",
            validation=(x, y), batch_size=4,
        )  # fmt: skip
        assert history.steps["accuracy"] == history.epochs["validation_accuracy"] == [share]
