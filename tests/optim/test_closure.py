"""`step(closure)` of every optimiser of the first order: the step of the loss that it returns."""

import re

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from nn import Linear, mse
from optim import GD, SGD, Adagrad, Adam, AdamW, RMSprop

OPTIMIZERS = [GD, SGD, RMSprop, Adagrad, Adam, AdamW]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))


def plain(model, optimizer):
    return lambda: mse(model(X), Y)


def pytorchs(model, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = mse(model(X), Y)
        loss.backward()
        return loss

    return closure


def of_the_module(model, optimizer):
    def closure():
        loss = mse(model(X), Y)
        model.zero_grad()
        loss.backward()
        return loss

    return closure


def without_clearing(model, optimizer):
    def closure():
        loss = mse(model(X), Y)
        loss.backward()
        return loss

    return closure


def in_two_halves(model, optimizer):
    """As where a batch is too large for one pass: the gradients of both add up."""

    def closure():
        halves = [mse(model(X[part]), Y[part]) / 2 for part in (slice(10), slice(10, 20))]
        for half in halves:
            half.backward()
        return halves[0] + halves[1]

    return closure


CLOSURES = [plain, pytorchs, of_the_module, without_clearing, in_two_halves]


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("write", CLOSURES)
def test_a_step_is_the_one_along_the_gradients_of_the_loss(make, write):
    model, other = Linear(3, 2, seed=0), Linear(3, 2, seed=0)
    optimizer, by_hand = make(model.parameters(), lr=0.1), make(other.parameters(), lr=0.1)
    closure = write(model, optimizer)
    for _ in range(3):
        found = optimizer.step(closure)
        by_hand.zero_grad()
        loss = mse(other(X), Y)
        loss.backward()
        assert by_hand.step() is None
        assert found.data == pytest.approx(loss.data, rel=1e-14)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12, atol=1e-15)


def test_the_closure_is_called_once():
    w, calls = Value(1.0), []

    def closure():
        calls.append(w.data)
        return w * w

    GD([w], lr=0.25).step(closure)
    assert calls == [1.0]


def test_a_loss_may_have_axes_of_length_one_or_be_a_parameter():
    w, t = Value(1.0), Tensor([[2.0]])
    GD([w, t], lr=0.5).step(lambda: t * w)
    assert (w.data, t.data.tolist()) == (0.0, [[1.5]])
    GD([w], lr=0.5).step(lambda: w)
    assert w.data == -0.5


def test_what_the_loss_was_not_computed_from_stays():
    w, other = Value(1.0), Value(1.0)
    (other * 3.0).backward()
    GD([w, other], lr=0.25).step(lambda: w * w)
    assert (w.data, other.data) == (0.5, 1.0)


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("own", [True, False])
def test_where_the_gradient_is_0_nothing_is_wrong(make, own):
    w = Value(1.0)

    def closure():
        loss = (w - 1.0) ** 2
        if own:
            loss.backward()
        return loss

    assert make([w], lr=0.1).step(closure).data == 0.0
    assert w.data == pytest.approx(1.0, abs=0.011)  # AdamW's decay


def refused(make, closure, error, message):
    w = Value(1.0)
    optimizer = make([w], lr=0.1)
    with pytest.raises(error, match=message):
        optimizer.step(closure(w))
    assert w.data == 1.0


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize(
    ("closure", "error", "message"),
    [
        (lambda w: w * w, TypeError, r"closure is a function .*, but this is a Value.*\nWrite `op"),
        (lambda w: 0.5, TypeError, "closure is a function without arguments .* is float 0.5"),
        (lambda w: lambda: None, TypeError, "this one returned None.*\n?.*`return loss`"),
        (lambda w: lambda: (w * w).data, TypeError, "returned float 1.0"),
        (lambda w: lambda: [w * w], TypeError, "returned list"),
        (lambda w: lambda: w * np.ones(2), TypeError, r"returned a Tensor of shape \(2,\)"),
        (lambda w: lambda: Value(2.0) ** 2, ValueError, "computed from none of them"),
        (lambda w: lambda: Value(w.data) ** 2, ValueError, r"not from copies or their `\.data`"),
        (lambda w: ad.no_grad()(lambda: w * w), ValueError, "computed within `no_grad`"),
    ],
)
def test_closures_that_are_refused(make, closure, error, message):
    refused(make, closure, error, re.compile(message, re.DOTALL))


def test_what_a_closure_raises_goes_through():
    def closure(w):
        def loss():
            raise KeyError("mine")

        return loss

    refused(GD, closure, KeyError, "mine")


def test_what_was_added_to_the_list_is_looked_at_first():
    w = Value(1.0)
    optimizer = GD([w])
    optimizer.params.append(3.0)
    with pytest.raises(TypeError, match=r"you made, but this is 3\.0"):
        optimizer.step(lambda: w * w)
