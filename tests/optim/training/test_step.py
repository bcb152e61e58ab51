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
from optim import SGD, Adam, schedules, train
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


@pytest.mark.parametrize("compiled", [False, True])
def test_the_norm_of_float16_does_not_overflow(compiled):
    """Each gradient is at most 65504, but its square is more."""
    model = Linear(4, 1, seed=0, dtype=np.float16)
    data = X.astype(np.float16), np.ones((60, 1), np.float16)
    history = train(
        model, lambda output, target: ad.mean(output - target) * 500.0, data,
        SGD(model.parameters(), lr=1e-4), batch_size=60, compiled=compiled,
    )  # fmt: skip
    expected = 500.0 * np.hypot(np.linalg.norm(data[0].astype(float).mean(0)), 1.0)
    assert history.steps["gradient_norm"][0] == pytest.approx(expected, rel=1e-2)


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


def holding(place):
    """A model and a loss of which one holds a counter, and a number by it: what 4 calls change."""

    class Plain(Module):
        def __init__(self):
            self.inner, self.calls, self.more = Linear(4, 3, seed=0), 0, [np.zeros(2), {"calls": 0}]
            self.rng, self.before = np.random.default_rng(3), None

        def forward(self, x):
            return self.inner(x)

    class Attribute(Plain):
        def forward(self, x):
            self.calls += 1
            return self.inner(x) * (1 + self.calls // 4)

    class Nested(Plain):
        def forward(self, x):
            self.more[1]["calls"] += 1
            return self.inner(x) * (1 + self.more[1]["calls"] // 4)

    class Array(Plain):
        def forward(self, x):
            self.more[0] += 1.0
            return self.inner(x) * (1 + self.more[0][0] // 4)

    class Draws(Plain):
        def forward(self, x):
            return self.inner(x) * (1 + self.rng.random())

    class Node(Plain):
        def forward(self, x):
            y = self.inner(x) if self.before is None else self.inner(x) + self.before
            self.before = ad.stop_gradient(ad.mean(y))
            return y

    class Object:
        calls = 0

        def __call__(self, output, target):
            self.calls += 1
            return cross_entropy(output, target) * (1 + self.calls // 4)

    def closure(output, target):
        nonlocal calls
        calls += 1
        return cross_entropy(output, target) * (1 + calls // 4)

    def by_a_helper(output, target):
        return closure(output, target)

    calls = 0
    models = {"attribute": Attribute, "nested": Nested, "array": Array, "rng": Draws, "node": Node}
    found = {"object": Object(), "closure": closure, "helper": by_a_helper}
    return models.get(place, Plain)(), found.get(place, cross_entropy)


PLACES = ["attribute", "nested", "array", "rng", "node", "object", "closure", "helper"]


@pytest.mark.parametrize("place", PLACES)
def test_what_each_call_changes_is_as_in_a_plain_loop(place):
    found = []
    for compiled in (False, None):
        model, loss = holding(place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(losses(model, loss=loss, compiled=compiled).steps["loss"])
    assert found[0] == found[1]
    model, loss = holding(place)
    with pytest.raises((ValueError, ad.TraceError)):
        losses(model, loss=loss, compiled=True)


def test_what_changes_out_of_sight_is_found():
    class Held:
        def __init__(self):
            self.calls = 0

    class Counting(Module):
        def __init__(self):
            self.inner, self.held = Linear(4, 3, seed=0), Held()

        def forward(self, x):
            self.held.calls += 1
            return self.inner(x) * (2.0 if self.held.calls > 5 else 1.0)

    with pytest.warns(UserWarning, match=r"has changed that is no argument.*Since step 4 it may"):
        losses(Counting())
    with pytest.raises(ValueError, match="something has changed"):
        losses(Counting(), compiled=True)


def test_what_is_changed_between_epochs_is_found_in_the_next():
    found = []
    for compiled in (False, None):
        weight = [0.0]

        class Growing(schedules.Schedule):
            def step(self, loss=None):
                weight[0] += 0.1  # noqa: B023

        def loss(output, target):
            return cross_entropy(output, target) + weight[0] * ad.mean(output * output)  # noqa: B023

        model = Linear(4, 3, seed=0)
        optimizer = SGD(model.parameters(), lr=0.1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = train(
                model, loss, (X, Y), optimizer, epochs=9, batch_size=20, seed=0, compiled=compiled,
                schedule=Growing(optimizer),
            )  # fmt: skip
        found.append(history.steps["loss"])
    assert found[0] == found[1]


@pytest.mark.parametrize("change", ["parameters are added", "others", "eval", "a part is frozen"])
def test_what_a_schedule_does_to_the_model_is_as_in_a_plain_loop(change):
    found = []
    for compiled in (False, None):
        model = Sequential(Linear(4, 3, seed=0), BatchNorm1d(3), Linear(3, 3, seed=1))
        optimizer = SGD(model[2].parameters(), lr=0.1)

        class Acting(schedules.Schedule):
            def step(self, loss=None):
                super().step(loss)
                if self.steps == 3 and change == "parameters are added":
                    self.optimizer.add_param_group({"params": model[0].parameters()})  # noqa: B023
                elif self.steps == 3 and change == "others":
                    self.optimizer.params = model[0].parameters()  # noqa: B023
                elif self.steps == 3:
                    part = model[1] if "eval" in change else model[0]  # noqa: B023
                    part.eval() if "eval" in change else part.freeze()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = train(
                model, cross_entropy, (X, Y), optimizer, epochs=8, batch_size=20, seed=0,
                schedule=Acting(optimizer), compiled=compiled,
            )  # fmt: skip
        found.append(history.steps["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_a_table_that_the_first_call_makes_has_a_program():
    class Late(Module):
        def __init__(self):
            self.inner, self.table = Linear(4, 3, seed=0), None

        def forward(self, x):
            if self.table is None:
                self.table = np.linspace(0, 1, 4)
            return self.inner(x + self.table)

    eager, program = (losses(Late(), compiled=c) for c in (False, True))
    np.testing.assert_allclose(program.steps["loss"], eager.steps["loss"], rtol=1e-12)


@pytest.mark.parametrize("settings", [{"momentum": 0.9}, {"weight_decay": 0.1}])
@pytest.mark.parametrize("larger", ["a", "ab"])
@pytest.mark.parametrize("smaller", ["a", "b", "ab"])
def test_what_a_batch_of_other_shape_reaches_is_its_own(larger, smaller, settings):
    class Parts(Module):
        def __init__(self):
            self.a, self.b = Linear(4, 3, seed=0), Linear(4, 3, seed=1)

        def forward(self, x):
            return sum(getattr(self, part)(x) for part in (larger if len(x) == 16 else smaller))

    found = []
    for compiled in (False, True):
        model = Parts()
        optimizer = SGD(model.parameters(), lr=0.05, **settings)
        history = train(
            model, cross_entropy, (X, Y), optimizer, epochs=5, batch_size=16, seed=1,
            compiled=compiled, allow_unused=True, clip_norm=0.5,
        )  # fmt: skip
        found.append((history.steps, model.state_dict()))
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(found[1][0][name], found[0][0][name], rtol=1e-12)
    for name, array in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], array, rtol=1e-12)


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
