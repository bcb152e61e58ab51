"""Diagnoses where the cause is known by construction, and what is said of each."""

import os

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from nn import (
    RNN,
    Dropout,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    cross_entropy,
    mse,
)
from nn.initialisers import glorot_normal
from optim import SGD, Adam, Diagnosis, Finding, History, diagnose, train
from optim.diagnosis.findings import critical_rate, spread

RUNS = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 12  # of each kind


class Weights(Module):
    def __init__(self, start):
        self.w = Tensor(start)

    def forward(self, x):
        return x @ self.w


def quadratic(rng, factor):
    """Least squares by all rows, at a rate that is `factor` times the critical one."""
    A = rng.normal(size=(20, 4)) @ np.diag([1.0, 0.7, 0.5, 0.4])
    greatest = np.linalg.eigvalsh(2 * A.T @ A / 20)[-1]
    model = Weights(rng.normal(size=4))
    sgd = SGD(model.parameters(), lr=factor * 2 / greatest)
    data = A, A @ rng.normal(size=4)
    history = train(model, mse, data, sgd, epochs=150, batch_size=20, diagnose=True)
    return history, 2 / greatest


def too_far(rng):
    return quadratic(rng, rng.uniform(1.02, 1.2))[0]


def just_right(rng):
    return quadratic(rng, rng.uniform(0.9, 0.99))[0]


def contradicting(rng):
    """Two clusters, each a batch, whose targets no line meets."""
    x = np.array([1.0, 1.0]) + 0.1 * rng.normal(size=(20, 2))
    y = np.repeat([-1.0, 1.0], 10) + 0.1 * rng.normal(size=20)
    rows = [(x[:10], y[:10]), (x[10:], y[10:])]
    model = Weights(rng.normal(size=2))
    return train(model, mse, rows, SGD(model.parameters(), lr=0.05), epochs=20, diagnose=True)


def classes(rng, scale):
    x = rng.normal(size=(120, 5))
    return x * scale, (x[:, 0] + x[:, 1] > 0).astype(int)


def saturated(rng):
    """Sigmoids of inputs that nobody has scaled."""
    model = Sequential(Linear(5, 12, seed=rng), Sigmoid(), Linear(12, 2, seed=rng))
    sgd = SGD(model.parameters(), lr=0.05)
    data = classes(rng, 200.0)
    return train(model, cross_entropy, data, sgd, epochs=5, seed=rng, diagnose=True)


def dead(rng):
    """ReLUs that a bias keeps at 0."""
    model = Sequential(Linear(5, 12, seed=rng), ReLU(), Linear(12, 2, seed=rng))
    model[0].bias.data = -20.0 * (rng.random(12) < 0.9)
    sgd = SGD(model.parameters(), lr=0.05)
    return train(model, cross_entropy, classes(rng, 1.0), sgd, epochs=5, seed=rng, diagnose=True)


def small(rng):
    model = Sequential(Linear(5, 12, seed=rng), Tanh(), Linear(12, 2, seed=rng))
    sgd = SGD(model.parameters(), lr=1e-5)
    return train(model, cross_entropy, classes(rng, 1.0), sgd, epochs=5, seed=rng, diagnose=True)


class Last(Module):
    """A number of what an RNN says at the end."""

    def __init__(self, rng):
        self.rnn = RNN(3, 8, nonlinearity="relu", batch_first=True, seed=rng)
        self.out = Linear(8, 1, seed=rng)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def exploding(rng):
    """An RNN whose state grows at each of 25 steps by the same factor, and its gradient too."""
    model = Last(rng)
    model.rnn.weight_hh_l0.data = rng.uniform(1.4, 1.8) * np.eye(8)
    x = rng.normal(size=(40, 25, 3))
    data, sgd = (x, x.sum(1)[:, :1]), SGD(model.parameters(), lr=0.01)
    return train(
        model, mse, data, sgd, epochs=2, batch_size=20, seed=rng, clip_norm=0.1, diagnose=True
    )


def exploding_in_depth(rng):
    """Twelve layers of ReLUs that begin with normal numbers, as if width did not matter."""
    layers = [part for i in range(12) for part in (Linear(24 if i else 5, 24), ReLU())]
    for layer in layers[::2]:
        layer.weight.data = rng.normal(size=layer.weight.shape)
    model = Sequential(*layers, Linear(24, 2, seed=rng))
    data, sgd = classes(rng, 1.0), SGD(model.parameters(), lr=0.01)
    return train(model, cross_entropy, data, sgd, epochs=2, seed=rng, clip_norm=0.1, diagnose=True)


def vanishing(rng):
    """Twelve layers of sigmoids, each of which takes three quarters of the gradient at least."""
    layers = []
    for i in range(12):
        layers += [Linear(8 if i else 5, 8, seed=rng), Sigmoid()]
    model = Sequential(*layers, Linear(8, 2, seed=rng))
    sgd = SGD(model.parameters(), lr=0.1)
    return train(
        model, cross_entropy, classes(rng, 1.0), sgd, epochs=5, batch_size=40, diagnose=True
    )


def deep_and_well(rng):
    """As many layers from an initialiser that keeps the scale."""
    layers = []
    for i in range(12):
        layers += [Linear(8 if i else 5, 8, seed=rng, init=glorot_normal), Tanh()]
    model = Sequential(*layers, Linear(8, 2, seed=rng))
    sgd = SGD(model.parameters(), lr=0.01)
    return train(
        model, cross_entropy, classes(rng, 1.0), sgd, epochs=5, batch_size=120, diagnose=True
    )


def test_what_is_measured_changes_nothing():
    """Buffers, generators and what is hidden are as without, also of what draws in eval."""

    class Restless(Module):
        def __init__(self):
            self.inner, self.calls, self.before = Linear(4, 1, seed=0), 0, None
            self.register_buffer("rng", np.random.default_rng(1))
            self.own = np.random.default_rng(2)

        def forward(self, x):
            self.calls += 1
            y = self.inner(x) + self.rng.normal() + self.own.normal() + 0.1 * self.calls
            y = y if self.before is None else y + 0.3 * self.before
            self.before = ad.stop_gradient(ad.mean(y))
            return y

    def loss(output, target):
        nonlocal calls
        calls += 1
        return mse(output, target) * (1 + 0.01 * calls)

    rng, found = np.random.default_rng(0), []
    data = rng.normal(size=(30, 4)), rng.normal(size=(30, 1))
    for measured in (False, True):
        model, calls = Restless(), 0
        sgd = SGD(model.parameters(), lr=0.6)
        history = train(
            model, loss, data, sgd, epochs=4, batch_size=8, seed=0, compiled=False,
            diagnose=measured,
        )  # fmt: skip
        found.append((history.steps["loss"], model.calls, calls, model.own.random()))
    assert found[0] == found[1]


CAUSES = {
    too_far: "overshoot",
    just_right: None,
    contradicting: "sampling",
    saturated: "saturation",
    dead: "dead units",
    small: "small steps",
    exploding: "explosion",
    exploding_in_depth: "explosion",
    vanishing: "vanishing",
    deep_and_well: None,
}


@pytest.mark.parametrize("made", CAUSES, ids=lambda made: made.__name__)
def test_the_cause_is_named(made):
    found = [diagnose(made(np.random.default_rng(seed))).cause for seed in range(RUNS)]
    assert found.count(CAUSES[made]) >= 0.95 * RUNS, found


@pytest.mark.parametrize("factor", [0.5, 0.97, 1.05, 1.5])
def test_the_critical_rate_is_that_of_the_greatest_eigenvalue(factor):
    history, critical = quadratic(np.random.default_rng(3), factor)
    if factor < 1:
        assert critical_rate(history) >= 0.999 * critical
        assert not diagnose(history).rises
    else:
        assert critical_rate(history) == pytest.approx(critical, rel=1e-3)
        diagnosis = diagnose(history)
        assert f"critical `lr` is here {critical:.3g}" in str(diagnosis)
        assert {kind for _, kind in diagnosis.rises} == {"overshoot"}


def test_slope_and_curvature_are_those_of_the_loss():
    """Along a step the loss of a quadratic is its parabola, whatever the optimiser."""
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(20, 4)), rng.normal(size=20)
    model = Weights(rng.normal(size=4))
    adam = Adam(model.parameters(), lr=0.9)
    history = train(model, mse, (A, b), adam, epochs=12, batch_size=20, diagnose=True)
    steps = {name: np.array(column) for name, column in history.steps.items()}
    asked = ~np.isnan(steps["curvature"])
    assert asked.any()
    parabola = steps["loss"] + steps["slope"] + steps["curvature"] / 2
    np.testing.assert_allclose(parabola[asked], steps["after"][asked], rtol=1e-9)
    np.testing.assert_allclose(steps["after"][:-1], steps["loss"][1:], rtol=1e-12)


def test_a_kink_and_a_step_uphill_are_told():
    class Absolute(Module):
        def __init__(self):
            self.w = Tensor([1.0])

        def forward(self, x):
            return ad.abs(self.w) * x

    def run(**settings):
        model, ones = Absolute(), np.ones((1, 1))
        sgd = SGD(model.parameters(), **settings)
        history = train(
            model, lambda z, t: ad.sum(z), (ones, ones), sgd, epochs=6, batch_size=1, diagnose=True
        )
        return str(diagnose(history))

    assert "no parabola there, and falls along a step 2 times shorter" in run(lr=2.5)
    assert "went uphill from the start" in run(lr=0.4, momentum=0.9)


def history_of(loss, after, rows=4, epoch=None, **noted):
    history = History((), ("after", "slope", "curvature", "shorter"))
    for t, (before, then) in enumerate(zip(loss, after, strict=True)):
        history.note_step(
            epoch=epoch[t] if epoch else 1, rows=rows, loss=before, gradient_norm=1.0, lr=0.1,
            time=0.0, after=then, slope=-1.0, curvature=np.nan, shorter=np.nan,
        )  # fmt: skip
    history.noted = noted
    return history


def test_each_rise_is_told_from_the_other():
    history = history_of([1.0, 2.0, 1.5, 3.0, 3.0], [1.5, 1.0, 1.2, 3.0, 3.5])
    assert diagnose(history).rises == [(1, "overshoot"), (3, "sampling"), (5, "overshoot")]
    assert not diagnose(history_of([1.0, 1.0 + 1e-13], [1.0 + 1e-13, 0.9])).rises
    assert diagnose(history_of([1.0, np.inf], [np.inf, np.inf])).rises == [(1, "overshoot")]


def test_the_spread_between_batches_and_what_would_halve_it():
    rng = np.random.default_rng(0)
    values = rng.normal(5, 0.3, 4001)  # each batch's loss, by parameters that do not move
    steps = {"loss": list(values), "after": list(values)}
    assert spread(steps) == pytest.approx(0.3, rel=0.05)
    message = str(diagnose(history_of([1.0, 2.0] * 50, [0.9, 1.9] * 50)))
    # Of 400 rows: 1 / 15.5 - 1 / 400 is a quarter of 1 / 4 - 1 / 400.
    assert "batches of 16 would by half" in message


def test_the_size_of_batches_is_one_that_there_is():
    """Of two batches to an epoch, one of what remains: not the mean of both."""
    model = Linear(3, 1, seed=0)
    x = np.random.default_rng(0).normal(size=(40, 3))
    settings = {"epochs": 6, "batch_size": 32, "seed": 0, "diagnose": True}
    sgd = SGD(model.parameters(), lr=0.01)
    message = str(diagnose(train(model, mse, (x, x[:, :1] ** 2), sgd, **settings)))
    assert "batches of 32 differ by" in message
    assert "batches of 38 would by half" in message  # 1 / 38 - 1 / 40 < (1 / 32 - 1 / 40) / 4


def test_what_was_noted_of_layers_parameters_and_data():
    diagnosis = diagnose(
        history_of(
            [1.0],
            [0.9],
            units=[("layers.0", "relu", 4, 0.75), ("layers.2", "tanh", 8, 0.1)],
            unreached=["spare.weight"],
            contradictions=(4, 0, 7, 0.1),
        )
    )
    assert [found.kind for found in diagnosis.findings] == [
        "dead units", "unreached", "contradiction",
    ]  # fmt: skip
    assert "75% of the 4 ReLUs after `layers.0`" in str(diagnosis)
    assert "gradient other than 0 to `spare.weight`" in str(diagnosis)
    assert "rows 0 and 7" in str(diagnosis)
    assert repr(diagnosis) == "<Diagnosis: dead units, unreached, contradiction>"


def test_an_explosion_is_sudden():
    history = history_of([1.0] * 6, [0.9] * 6)
    history.steps["gradient_norm"] = [1.0, 2.0, 1.0, 1.5, 300.0, 1.0]
    assert diagnose(history).cause == "explosion"
    history.steps["gradient_norm"] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]
    assert diagnose(history).cause != "explosion"


def test_nothing_is_found_where_all_is_well():
    assert str(Diagnosis([], [])) == "Nothing was found that holds the loss up."
    assert Diagnosis([], []).cause is None
    pair = [Finding("a", None, 0.1, "A."), Finding("b", None, 0.2, "B.")]
    assert Diagnosis(pair, []).cause == "b"


def test_without_measurements_only_steps_of_all_rows_can_be_told():
    model = Weights([1.0, 2.0])
    x, y = np.eye(2), np.zeros(2)
    whole = train(model, mse, (x, y), SGD([model.w], lr=2.1), epochs=9, batch_size=2)
    assert diagnose(whole).cause == "overshoot"
    model = Weights([1.0, 2.0])
    halves = train(model, mse, (x, y), SGD([model.w], lr=0.1), batch_size=1)
    with pytest.raises(ValueError, match="diagnose=True"):
        diagnose(halves)
    with pytest.raises(ValueError, match="has none"):
        diagnose(History())
    for other in (None, [1.0, 2.0], model):
        with pytest.raises(TypeError, match="of the history of a training, but this is"):
            diagnose(other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_rounding_is_no_rise(dtype, noise):
    """Where a training has converged its loss moves by rounding alone."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    y = x @ np.array([[1.0], [2.0], [-1.0]]) + noise * rng.normal(size=(100, 1))
    model = Linear(3, 1, seed=0, dtype=dtype)
    sgd = SGD(model.parameters(), lr=0.3)
    data = x.astype(dtype), y.astype(dtype)
    history = train(model, mse, data, sgd, epochs=200, batch_size=100, diagnose=True)
    rises = np.diff(history.steps["loss"]) > 0
    assert rises.any() or dtype == np.float64
    assert str(diagnose(history)) == "Nothing was found that holds the loss up."
    history.steps["loss"][1] = 1.01 * history.steps["loss"][0]  # which is one
    assert diagnose(history).rises


@pytest.mark.parametrize(
    ("factor", "dtype"),
    [(1e3, float), (1e10, float), (1e40, float), (1e150, float), (1e250, float), (1e30, "f4")],
)
def test_a_step_into_infinity_is_too_long_and_not_a_kink(factor, dtype):
    def loss(output, target):
        return ad.mean(ad.cosh(output))

    model = Weights(np.ones(1, dtype))
    data = np.ones((4, 1), dtype), np.ones(4, dtype)
    sgd = SGD(model.parameters(), lr=factor)
    history = train(model, loss, data, sgd, batch_size=4, diagnose=True)
    (finding,) = diagnose(history).findings
    assert "to inf: the loss is no parabola there, and falls along a step" in finding.message
    shorter, slope = history.steps["shorter"][0], np.sinh(1.0)
    assert np.cosh(1 - factor * slope / shorter) < np.cosh(1.0)


def test_draws_of_the_model_are_not_of_the_batches():
    model = Sequential(Linear(3, 8, seed=0), Dropout(0.5, seed=1), Linear(8, 1, seed=1))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    data, settings = (x, x.sum(1, keepdims=True)), {"epochs": 40, "batch_size": 50}
    sgd = SGD(model.parameters(), lr=0.02)
    message = str(diagnose(train(model, mse, data, sgd, diagnose=True, **settings)))
    assert "though each has all rows: by the draws of the model" in message
    assert "by half of it" not in message
    with pytest.raises(ValueError, match="diagnose=True"):  # the next loss is by other draws
        diagnose(train(model, mse, data, sgd, **settings))


def test_what_does_not_move_is_told():
    model = Linear(3, 1, seed=0)
    x = np.random.default_rng(0).normal(size=(50, 3))
    data = x, x.sum(1, keepdims=True)
    sgd = SGD(model.parameters(), lr=0.0)
    history = train(model, mse, data, sgd, epochs=20, batch_size=10, diagnose=True)
    assert diagnose(history).cause == "small steps"
    assert "no parameter has moved" in str(diagnose(history))


@pytest.mark.parametrize("outside", [False, True])
def test_a_loss_of_parameters_is_measured_as_it_is(outside):
    """One that looks at the model's own, and one of a parameter that the model has not."""
    model, scale = Linear(3, 1, seed=0), Tensor([2.0])
    x = np.random.default_rng(0).normal(size=(50, 3))
    y, params = x.sum(1, keepdims=True), [*model.parameters(), *[scale] * outside]

    def loss(output, target):
        output = output * scale if outside else output
        return mse(output, target) + 5.0 * ad.sum(model.weight**2)

    def at(w, b, s=scale.data):
        return loss_of_arrays(w, b, s) + 5.0 * ad.sum(w**2)

    def loss_of_arrays(w, b, s):
        return mse((x @ w + b) * (s if outside else 1.0), y)

    start = [p.data for p in params]
    sgd = SGD(params, lr=0.3)
    history = train(
        model, loss, (x, y), sgd, epochs=1, batch_size=50, diagnose=True, compiled=False
    )  # fmt: skip
    d = [p.data - a for p, a in zip(params, start, strict=True)]
    along = ad.hvp(at, start, d)
    curvature = sum(np.vdot(a, b) for a, b in zip(d, along, strict=True))
    assert history.steps["curvature"] == pytest.approx([curvature])
    assert diagnose(history).cause == "overshoot"
    assert "kink" not in str(diagnose(history))
