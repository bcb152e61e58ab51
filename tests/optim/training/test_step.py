"""A step of training: a program that says what eager says, buffers and draws included."""

import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, no_grad
from nn import (
    BatchNorm1d,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    Linear,
    Module,
    Neuron,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    cross_entropy,
    mse,
)  # fmt: skip
from optim import SGD, Adam, train
from optim.training.step import checked_loss

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.integers(0, 3, 60)
# Each in training, where some of them change their buffers and draw.
MODELS = {
    "linear": lambda: Linear(4, 3, seed=0),
    "sigmoid": lambda: Sequential(Linear(4, 8, seed=0), Sigmoid(), Linear(8, 3, seed=1)),
    "dropout": lambda: Sequential(Linear(4, 8, seed=0), Dropout(0.4, seed=5), Linear(8, 3, seed=1)),
    "batches": lambda: Sequential(Linear(4, 8, seed=0), BatchNorm1d(8), Linear(8, 3, seed=1)),
    "averages": lambda: Sequential(BatchNorm1d(4, momentum=None), Linear(4, 3, seed=1)),
    "layers": lambda: Sequential(
        LayerNorm(4), Residual(Linear(4, 4, seed=0)), Linear(4, 3, seed=1)
    ),
    "float32": lambda: Sequential(Linear(4, 8, seed=0), ReLU(), Linear(8, 3, seed=1)).astype("f4"),
}


def losses(model, data=(X, Y), loss=cross_entropy, **settings):
    optimizer = Adam(model.parameters(), lr=0.05)
    return train(model, loss, data, optimizer, epochs=3, batch_size=16, seed=1, **settings)


@pytest.mark.parametrize("kind", MODELS)
def test_a_program_gives_what_eager_gives(kind):
    models = [MODELS[kind]() for _ in range(2)]
    data = (X.astype(models[0].parameters()[0].dtype), Y)
    eager, program = (
        losses(m, data, compiled=c) for m, c in zip(models, (False, True), strict=True)
    )
    slack = 1e-12 if data[0].dtype == np.float64 else 1e-4
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(program.steps[name], eager.steps[name], rtol=slack)
    for a, b in zip(*(m.state_dict().values() for m in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=slack, atol=slack)


def test_an_embedding_and_several_inputs():
    class Sum(Module):
        def __init__(self):
            self.words, self.head = Embedding(10, 4, seed=0), Linear(4, 3, seed=1)

        def forward(self, words, more):
            return self.head(Flatten()(self.words(words)) + more)

    data = (RNG.integers(0, 10, (60, 1)), X, Y)
    eager, program = (losses(Sum(), data, compiled=c) for c in (False, True))
    np.testing.assert_allclose(program.steps["loss"], eager.steps["loss"], rtol=1e-12)


def test_scalars_are_trained_as_well():
    data = (X[:, :2], (Y > 0).astype(float))

    def loss(output, target):
        return mse(output, target)

    class Rows(Module):
        def __init__(self):
            self.neuron = Neuron(2, seed=0)

        def forward(self, rows):
            return ad.stack([self.neuron([row[0], row[1]]) for row in rows])

    eager, program = (losses(Rows(), data, loss, compiled=c) for c in (False, True))
    np.testing.assert_allclose(program.steps["loss"], eager.steps["loss"], rtol=1e-12)


def test_where_there_is_no_program_it_is_said_once_and_eager_goes_on():
    class Branch(Module):
        def __init__(self):
            self.inner = Linear(4, 3, seed=0)

        def forward(self, x):
            y = self.inner(x)
            return y * 2.0 if float(ad.sum(y).data) > 0 else y

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = losses(Branch())
    (warning,) = caught
    assert "trained without a program, since a traced function computes" in str(warning.message)
    assert found.steps["loss"] == losses(Branch(), compiled=False).steps["loss"]
    with pytest.raises(ad.TraceError):
        losses(Branch(), compiled=True)


@pytest.mark.parametrize("changes_at", [1, 2, 5])
def test_what_changes_behind_a_program_is_found(changes_at):
    class Counting(Module):
        def __init__(self):
            self.inner, self.calls = Linear(4, 3, seed=0), 0

        def forward(self, x):
            self.calls += 1
            return self.inner(x) * (2.0 if self.calls > changes_at else 1.0)

    with pytest.warns(UserWarning, match="something has changed that is no argument"):
        losses(Counting())
    with pytest.raises(ValueError, match="something has changed"):
        losses(Counting(), compiled=True)


def test_a_parameter_of_the_loss_goes_without_a_program():
    scale = Value(1.0, name="scale")

    def loss(output, target):
        return cross_entropy(output * scale, target)

    model = Linear(4, 3, seed=0)
    with pytest.warns(UserWarning, match="`scale` is no parameter of the model"):
        train(model, loss, (X, Y), SGD([*model.parameters(), scale], lr=0.1))
    assert scale.data != 1.0


class Spare(Module):
    def __init__(self):
        self.used, self.spare = Linear(4, 3, seed=0), Linear(4, 3, seed=1)

    def forward(self, x):
        return self.used(x)


@pytest.mark.parametrize("compiled", [False, True])
def test_parameters_out_of_the_graph_are_refused_or_left_alone(compiled):
    model = Spare()
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"not in its graph: .*spare\.weight"):
        losses(model, compiled=compiled)
    after = model.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    losses(model, compiled=compiled, allow_unused=True)
    assert np.array_equal(model.spare.weight.data, before["spare.weight"])
    assert not np.array_equal(model.used.weight.data, before["used.weight"])


def test_a_first_batch_that_is_refused_leaves_the_buffers_as_they_were():
    model = Sequential(BatchNorm1d(4), Dropout(0.5, seed=3), Linear(4, 3, seed=0))
    before = model.state_dict()
    with pytest.raises(ValueError, match="Labels count"):
        losses(model, (X, np.where(np.arange(60) == 59, 3, Y)))  # the last row is no class
    for name, array in model.state_dict().items():
        assert np.array_equal(array, before[name])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: 1.0, "one Value or Tensor, but this is float 1.0"),
        (lambda: Tensor([1.0, 2.0]), r"one number, but this one has shape \(2,\)"),
    ],
)
def test_what_is_no_loss(made, message):
    with pytest.raises((TypeError, ValueError), match=message):
        checked_loss(made())
    with no_grad():
        assert checked_loss(Value(1.0)) == 1.0
