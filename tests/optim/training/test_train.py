"""Training: a plain loop is the oracle; validation, stopping, clipping, and what is refused."""

import inspect

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from nn import BatchNorm1d, Dropout, Linear, Module, Sequential, Tanh, cross_entropy, mse
from optim import (
    LBFGS,
    SGD,
    Adam,
    ListeningGD,
    Newton,
    batches,
    clip_gradients,
    schedules,
    train,
)  # fmt: skip

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 4)), RNG.integers(0, 3, 50)


def model():
    return Sequential(Linear(4, 6, seed=0), Tanh(), Linear(6, 3, seed=1))


def fit(net=None, data=(X, Y), loss=cross_entropy, lr=0.1, **settings):
    net = net or model()
    return train(net, loss, data, SGD(net.parameters(), lr=lr), **settings)


def test_it_is_the_loop_that_one_would_write():
    ours, theirs = model(), model()
    optimizers = [Adam(m.parameters(), lr=0.05) for m in (ours, theirs)]
    plans = [schedules.StepLR(o, step_size=2) for o in optimizers]
    history = train(
        ours, cross_entropy, (X, Y), optimizers[0], epochs=4, batch_size=16, seed=2,
        schedule=plans[0], clip_norm=0.5, metrics="accuracy", validation=(X[:9], Y[:9]),
    )  # fmt: skip
    draw = batches(X, Y, batch_size=16, seed=2)
    losses, norms, rates, held_out = [], [], [], []
    for _ in range(4):
        for x, y in draw:
            optimizers[1].zero_grad()
            loss = cross_entropy(theirs(x), y)
            loss.backward()
            losses.append(loss.item())
            norms.append(clip_gradients(theirs.parameters(), norm=0.5))
            rates.append(optimizers[1].lr)
            optimizers[1].step()
        held_out.append(cross_entropy(theirs(X[:9]), Y[:9]).item())
        plans[1].step()
    np.testing.assert_allclose(history.steps["loss"], losses, rtol=1e-12)
    np.testing.assert_allclose(history.steps["gradient_norm"], norms, rtol=1e-12)
    assert history.steps["lr"] == rates
    assert history.steps["rows"] == [16, 16, 16, 2] * 4
    np.testing.assert_allclose(history.epochs["validation_loss"], held_out, rtol=1e-12)
    weighed = np.average(np.reshape(losses, (4, 4)), axis=1, weights=[16, 16, 16, 2])
    np.testing.assert_allclose(history.epochs["loss"], weighed, rtol=1e-12)
    right = np.mean(ours.predict(X[:9]).argmax(1) == Y[:9])
    assert history.epochs["validation_accuracy"][-1] == right
    assert history.steps["time"] == sorted(history.steps["time"])


def test_validation_is_in_the_mode_of_eval_and_whole():
    net = Sequential(Dropout(0.5, seed=0), BatchNorm1d(4), Linear(4, 3, seed=1))

    def count(output, target):
        return len(output)

    history = fit(net, validation=(np.tile(X, (20, 1)), np.tile(Y, 20)), metrics=count)
    assert history.epochs["validation_count"] == [1000]
    net.eval()
    found = cross_entropy(net(np.tile(X, (20, 1))), np.tile(Y, 20)).item()
    assert history.epochs["validation_loss"][0] == pytest.approx(found, rel=1e-12)


def test_it_stops_where_the_loss_has_not_fallen_and_gives_back_the_best():
    net, states = model(), []

    def note(output, target):  # it is asked at each step: those of the validation come last
        states.append(net.state_dict())
        return 0.0

    history = fit(net, lr=0.5, epochs=200, patience=3, validation=(X[::-1], Y), metrics=note)
    assert history.stopped is not None
    assert len(history) < 200
    best = int(np.argmin(history.epochs["validation_loss"]))
    assert len(history) == best + 4
    each = len(states) // len(history)
    for name, array in states[(best + 1) * each - 1].items():
        assert np.array_equal(net.state_dict()[name], array)
    assert f"since epoch {best + 1}" in str(history)


def test_a_plateau_is_told_the_loss_of_the_validation():
    net = model()
    optimizer = SGD(net.parameters(), lr=1.0)
    plan = schedules.ReduceLROnPlateau(optimizer, patience=0)
    train(net, cross_entropy, (X, Y), optimizer, epochs=3, schedule=plan, validation=(X, Y))
    assert optimizer.lr <= 1.0


@pytest.mark.parametrize("compiled", [False, None])
def test_what_is_not_finite_is_refused_before_the_step(compiled):
    net, states = model(), []

    class Noting(SGD):
        def step(self):
            super().step()
            states.append(net.state_dict())

    data = X, RNG.normal(size=(50, 3))
    with pytest.raises(FloatingPointError, match=r"at step \d+, in epoch \d+, the (loss|gradient)"):
        train(net, mse, data, Noting(net.parameters(), lr=1e8), epochs=50, compiled=compiled)
    for name, array in net.state_dict().items():  # that step was not taken
        np.testing.assert_array_equal(array, states[-1][name])


def test_the_parameter_and_the_operation_of_a_nan():
    class Root(Module):
        def __init__(self):
            self.w = Tensor([4.0, 1.0])

        def forward(self, x):
            return ad.sqrt(self.w - x)

    def run(**settings):
        root = Root()
        data = np.full((3, 2), 3.0), np.zeros((3, 2))
        return train(root, mse, data, SGD(root.parameters(), lr=0.1), **settings)

    with np.errstate(all="ignore"):
        with pytest.raises(
            FloatingPointError, match=r"the loss is nan; the gradient of `w` is not"
        ):
            run()
        with pytest.raises(FloatingPointError, match="sqrt"):
            run(detect_anomaly=True)


def test_an_optimiser_that_asks_for_the_loss_is_given_a_closure_with_the_same_draws():
    class Twice(SGD):
        """It asks for the loss twice, which is the same."""

        asks_for_loss = True

        def step(self, closure):
            again = [closure().item() for _ in range(2)]
            losses.append(again)
            return super().step(closure)

    losses = []
    net = Sequential(Dropout(0.5, seed=0), BatchNorm1d(4), Linear(4, 3, seed=1))
    history = train(net, cross_entropy, (X, Y), Twice(net.parameters(), lr=0.1), seed=0, epochs=2)
    assert [a for a, _ in losses] == [b for _, b in losses]
    other = Sequential(Dropout(0.5, seed=0), BatchNorm1d(4), Linear(4, 3, seed=1))
    plain = fit(other, seed=0, epochs=2, compiled=False)
    np.testing.assert_allclose(history.steps["gradient_norm"][0], plain.steps["gradient_norm"][0])
    assert history.steps["rows"] == plain.steps["rows"]


@pytest.mark.parametrize("kind", [LBFGS, Newton, ListeningGD])
def test_those_that_look_at_the_loss_are_trained_by_and_resumed(tmp_path, kind):
    def run(epochs, **settings):
        net = Linear(4, 3, seed=0)
        settings |= {"epochs": epochs, "batch_size": 50, "seed": 0}
        return net, train(net, cross_entropy, (X, Y), kind(net.parameters()), **settings)

    net, whole = run(6)
    assert whole.steps["loss"][-1] < whole.steps["loss"][0]
    path = tmp_path / "t.npz"
    run(2, checkpoint=path)
    again, resumed = run(6, checkpoint=path, resume=True)
    assert resumed.steps["loss"] == whole.steps["loss"]
    for name, array in again.state_dict().items():
        np.testing.assert_array_equal(array, net.state_dict()[name])


@pytest.mark.parametrize("kind", [LBFGS, ListeningGD])
def test_an_optimiser_that_searches_is_the_loop_that_one_would_write(kind):
    ours, theirs = model(), model()
    history = train(
        ours, cross_entropy, (X, Y), kind(ours.parameters()), epochs=4, batch_size=50, seed=2
    )
    optimizer, losses = kind(theirs.parameters()), []
    draw = batches(X, Y, batch_size=50, seed=2)
    for _ in range(4):
        for x, y in draw:
            losses.append(optimizer.step(lambda x=x, y=y: cross_entropy(theirs(x), y)).item())
    np.testing.assert_allclose(history.steps["loss"], losses, rtol=1e-12)
    assert history.epochs["loss"][-1] < 0.9 * losses[0]
    with pytest.raises(ValueError, match="LBFGS computes its own"):
        train(ours, cross_entropy, (X, Y), LBFGS(ours.parameters()), clip_norm=1.0)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", [tuple, list, dict])
def test_a_model_may_give_several_outputs(kind, compiled):
    class Two(Module):
        def __init__(self):
            self.a, self.b = Linear(4, 3, seed=0), Linear(4, 2, seed=1)

        def forward(self, x):
            both = self.a(x), self.b(x)
            return kind(zip("ab", both, strict=True)) if kind is dict else kind(both)

    def loss(output, target):
        a, b = output.values() if kind is dict else output
        return cross_entropy(a, target) + ad.mean(b * b)

    net = Two()
    data = X, Y
    history = fit(net, data, loss, epochs=2, seed=0, compiled=compiled, validation=data)
    assert history.epochs["loss"][1] < history.epochs["loss"][0]
    assert history.epochs["validation_loss"][-1] == pytest.approx(loss(net(X), Y).item())
    with pytest.raises(ValueError, match="Labels count"):
        fit(net, (X, Y + 1), loss)


def test_a_loss_that_is_never_finite_stops_it_as_well():
    net = Linear(4, 3, seed=0)
    big = np.full((3, 4), 1e308), np.zeros(3, int)

    def loss(output, target):
        return cross_entropy(output, target) + ad.sum(output * 0.0) ** 2

    history = fit(net, loss=loss, epochs=9, patience=2, validation=big)
    assert len(history) == 2
    assert not np.isfinite(history.epochs["validation_loss"]).any()
    assert "has not been finite" in str(history)


def test_batches_of_ones_own():
    rows = [(X[:20], Y[:20]), (X[20:], Y[20:])]
    assert fit(data=rows, epochs=2).steps["rows"] == [20, 30] * 2
    draw = batches(X, Y, batch_size=25, shuffle=False)
    assert fit(data=draw, epochs=2).steps["rows"] == [25] * 4
    with pytest.raises(ValueError, match="in epoch 2 the data gave none"):
        fit(data=iter(rows), epochs=2)


class NoArgument:
    def step(self):
        pass


class Stateless:
    def step(self, loss):
        pass


def wrong(message, error=ValueError, **settings):
    return pytest.param(settings, error, message, id=message)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        wrong("same number of rows", data=(X, Y[:-1])),
        wrong("at least one", data=(X[:0], Y[:0])),
        wrong("has no NaN", data=(np.where(X > 2, np.nan, X), Y)),
        wrong("no more rows than the data", batch_size=51),
        wrong("from 1 up", batch_size=0),
        wrong("inputs and targets", data=(X,)),
        wrong("a tuple of arrays", TypeError, data=3),
        wrong("comes in batches of its own", data=[(X, Y)], seed=1),
        wrong("`epochs` is a whole number", epochs=0),
        wrong("`patience` is a whole number", patience=-1),
        wrong("`every` is a whole number", every=1.5, checkpoint="nowhere.npz"),
        wrong("about a checkpoint", resume=True),
        wrong("A greatest norm is a finite number above 0", clip_norm=-1.0),
        wrong("functions of an output and a target", metrics="precision"),
        wrong("functions of an output and a target", metrics={"loss": len}),
        wrong("Validation is a tuple", TypeError, validation=X),
        wrong("same number of rows", validation=(X, Y[:-1])),
        wrong("Labels count", data=(X, Y + 1)),
        wrong("a function of an output", TypeError, loss=3),
        wrong("inputs and a target", data=[X]),
        wrong("has a row for each row", data=[(X[0], 1)]),
        wrong("gives one number", TypeError, metrics=lambda output, target: output),
        wrong("by the name of 'after'", metrics={"after": max}),
        wrong("by the name of 'validation_loss'", metrics={"validation_loss": max}),
        wrong("Validation is made as the data is", validation=(X, X, Y)),
        wrong("This Linear takes arrays of shape", validation=(X[:, :2], Y)),
        wrong("Labels count", validation=(X, Y + 1)),
        *(
            wrong(f"`{name}` is True or False, but this is 'no'", TypeError, **{name: "no"})
            for name, p in inspect.signature(train).parameters.items()
            if "bool" in p.annotation
        ),
        wrong("whose rows are not of one shape", TypeError, data=([[1.0], [1.0, 2.0]], [0, 1])),
        wrong("told the loss after each epoch", TypeError, schedule=lambda epoch: 0.1),
        wrong("too many positional", TypeError, schedule=NoArgument()),
        wrong("made with another", schedule=schedules.StepLR(SGD([Tensor(1.0)]), step_size=1)),
        wrong(
            "has the state of all that takes part",
            TypeError,
            schedule=Stateless(),
            checkpoint="t.npz",
        ),
    ],
)
def test_what_is_refused_before_anything_is_changed(settings, error, message):
    net = model()
    before = net.state_dict()
    with pytest.raises(error, match=message):
        fit(net, **settings)
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())
    if "metrics" not in settings:  # which are measured of a step that is under way
        assert not any(np.any(p.grad) for p in net.parameters())


@pytest.mark.parametrize("given", [SGD, None, [Tensor(1.0)], 0.1])
def test_what_moves_is_an_optimiser(given):
    with pytest.raises(TypeError, match="moved by an optimiser, but this is"):
        train(model(), cross_entropy, (X, Y), given)


def test_a_model_is_a_module():
    w = Tensor([1.0])
    with pytest.raises(TypeError, match=r"an nn\.Module"):
        train(lambda x: w * x, mse, (X, Y), SGD([w], lr=0.1))
    with pytest.raises(TypeError, match=r"an nn\.Module, but this is type"):
        train(Linear, mse, (X, Y), SGD([w], lr=0.1))
