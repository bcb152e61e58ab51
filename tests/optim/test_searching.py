"""What every optimiser that looks at the loss itself keeps to."""

import copy
import itertools
import json
import math
import pickle
import re

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from nn import Linear, Sequential, Tanh, mse
from optim import LBFGS, ListeningGD, Newton

KINDS = [
    (ListeningGD, {}),
    (ListeningGD, {"lr": 1e-6}),
    (LBFGS, {}),
    (LBFGS, {"history_size": 2, "max_iter": 3}),
    (Newton, {}),
    (Newton, {"hessian": "finite-difference", "damping": 0.1}),
    (Newton, {"hessian": "products"}),
]
IDS = [f"{kind.__name__} {settings}" for kind, settings in KINDS]
every = pytest.mark.parametrize(("make", "settings"), KINDS, ids=IDS)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))


def leaves(dtype=np.float64):
    return [Value(0.5), Tensor(np.array([1.0, -2.0], dtype)), Tensor(np.array([[3.0]], dtype))]


def loss_of(params):
    """Of every entry w the number (w - 1)² (1 + w²), with a factor of its own."""
    parts = [((p - 1) ** 2 * (1 + p * p)).sum() * (i + 1) for i, p in enumerate(params)]
    return parts[0] + parts[1] + parts[2]


def go_on(params, optimizer, steps):
    for _ in range(steps):
        optimizer.step(lambda: loss_of(params))
    return [np.array(p.data) for p in params]


@every
def test_the_loss_falls_at_each_step_to_the_least(make, settings):
    params = leaves()
    optimizer = make(params, **settings)
    losses = [optimizer.step(lambda: loss_of(params)).data for _ in range(60)]
    assert all(b <= a * (1 + 1e-15) for a, b in itertools.pairwise(losses))
    for p in params:
        np.testing.assert_allclose(p.data, 1.0, atol=1e-6)


@every
def test_single_precision_stays_single(make, settings):
    params = leaves(np.float32)
    go_on(params, make(params, **settings), 60)
    assert type(params[0].data) is float
    for p, shape in zip(params[1:], [(2,), (1, 1)], strict=True):
        assert (p.data.dtype, p.data.shape) == (np.float32, shape)
        np.testing.assert_allclose(p.data, 1.0, atol=1e-3)


def pytorchs(model, optimizer):
    optimizer.zero_grad()
    loss = mse(model(X), Y)
    loss.backward()
    return loss


def without_clearing(model, optimizer):
    loss = mse(model(X), Y)
    loss.backward()
    return loss


def in_halves(model, optimizer):
    halves = [mse(model(X[part]), Y[part]) / 2 for part in (slice(10), slice(10, 20))]
    for half in halves:
        half.backward()
    return halves[0] + halves[1]


@every
@pytest.mark.parametrize("write", [pytorchs, without_clearing, in_halves])
def test_a_closure_may_pull_back_itself(make, settings, write):
    found = []
    for closure in (lambda model, _: mse(model(X), Y), write):
        model = Sequential(Linear(3, 4, seed=0), Tanh(), Linear(4, 2, seed=1))
        optimizer = make(model.parameters(), **settings)
        for _ in range(3):
            optimizer.step(lambda c=closure, m=model, o=optimizer: c(m, o))
        found.append(np.concatenate([p.data.ravel() for p in model.parameters()]))
    np.testing.assert_allclose(*found, rtol=1e-7, atol=1e-9)


@every
def test_what_the_loss_is_not_computed_from_stays(make, settings):
    w, other = Value(3.0), Tensor([1.0, 2.0])
    optimizer = make([w, other], **settings)
    for _ in range(20):
        optimizer.step(lambda: (w - 1) ** 2 * (1 + w * w))
    assert w.data == pytest.approx(1.0, abs=1e-6)
    assert other.data.tolist() == [1.0, 2.0]


@every
def test_no_array_that_was_given_out_is_written_into(make, settings):
    params = leaves()
    optimizer = make(params, **settings)
    given = [p.data for p in params]
    copies = [np.copy(data) for data in given]
    for _ in range(3):
        optimizer.step(lambda: loss_of(params))
    for data, before, p in zip(given, copies, params, strict=True):
        np.testing.assert_array_equal(data, before)
        assert p.data is not data


# -- states ----------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saved_optimiser_goes_on_exactly(make, settings, steps, dtype):
    params = leaves(dtype)
    optimizer = make(params, **settings)
    data = go_on(params, optimizer, steps)
    saved = copy.deepcopy(optimizer.state_dict())
    expected = go_on(params, optimizer, 3)
    params_too = leaves(dtype)
    again = make(params_too)
    for p, x in zip(params_too, data, strict=True):
        p.data = x
    again.load_state_dict(saved)
    for found, x in zip(go_on(params_too, again, 3), expected, strict=True):
        np.testing.assert_array_equal(found, x)


@every
def test_the_settings_survive_json(make, settings):
    optimizer = make([Value(1.0)], **settings)
    groups = json.loads(json.dumps(optimizer.state_dict()["param_groups"]))
    again = make([Value(1.0)])
    again.load_state_dict({**again.state_dict(), "param_groups": groups})
    assert again.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


@every
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_it_is_copied_and_pickled_with_its_parameters(make, settings, copied):
    params = leaves()
    optimizer = make(params, **settings)
    go_on(params, optimizer, 2)
    params_too, again = copied((params, optimizer))
    pairs = zip(go_on(params_too, again, 2), go_on(params, optimizer, 2), strict=True)
    for found, expected in pairs:
        np.testing.assert_array_equal(found, expected)


@every
def test_a_parameter_that_is_appended_moves_too(make, settings):
    params = leaves()
    optimizer = make(params[:1], **settings)
    for _ in range(3):
        optimizer.step(lambda: (params[0] - 1) ** 2 * (1 + params[0] ** 2))
    optimizer.params += params[1:]
    for x in go_on(params, optimizer, 60):
        np.testing.assert_allclose(x, 1.0, atol=1e-6)


# -- what is refused -------------------------------------------------------------------------


@every
@pytest.mark.parametrize(
    ("closure", "error", "message"),
    [
        (lambda w: None, TypeError, r"looks at the loss itself, .*\nWrite `optimizer.step\(lambda"),
        (lambda w: w * w, TypeError, "A closure is a function .*, but this is a Value"),
        (lambda w: 3.0, TypeError, "A closure is a function .*, but this is float 3.0"),
        (lambda w: lambda: None, TypeError, "this one returned None"),
        (lambda w: lambda: (w * w).data, TypeError, "this one returned float 1.0"),
        (lambda w: lambda: w * np.ones(2), TypeError, r"a Tensor of shape \(2,\)"),
        (lambda w: lambda: Value(2.0) ** 2, ValueError, "computed from none of them"),
        (lambda w: lambda: Value(w.data) ** 2, ValueError, r"not from copies or their `\.data`"),
        (lambda w: ad.no_grad()(lambda: w * w), ValueError, "computed within `no_grad`"),
        (lambda w: lambda: ad.log(w - 2), ValueError, "the loss is finite, but here it is nan"),
        (lambda w: lambda: 1 / (w - 1), ValueError, "the loss is finite, but here it is inf"),
        (lambda w: lambda: ad.sqrt(w - 1), ValueError, "is finite, but here its gradient is not"),
    ],
)
def test_closures_that_are_refused_leave_everything_as_it_was(
    make, settings, closure, error, message
):
    w = Value(1.0)
    optimizer = make([w], **settings)
    before = optimizer.state_dict()["param_groups"]
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        optimizer.step(closure(w))
    assert w.data == 1.0
    assert optimizer.state_dict()["param_groups"] == before


@every
@pytest.mark.parametrize("calls", [1, 2, 3, 5])
def test_where_a_closure_raises_the_parameters_are_those_of_before(make, settings, calls):
    params, count = leaves(), [0]
    optimizer = make(params, **settings)
    go_on(params, optimizer, 1)
    before, state = [p.data for p in params], copy.deepcopy(optimizer.state_dict())

    def closure():
        count[0] += 1
        if count[0] == calls:
            raise KeyboardInterrupt
        return loss_of(params)

    try:
        optimizer.step(closure)
    except KeyboardInterrupt:
        for p, x in zip(params, before, strict=True):
            np.testing.assert_array_equal(p.data, x)
        assert repr(optimizer.state_dict()) == repr(state)
    else:
        assert count[0] < calls


@every
def test_its_parameters_are_one_group(make, settings):
    a, b = Value(1.0), Value(2.0)
    with pytest.raises(ValueError, match="all together, so that they are one group, but these are"):
        make([{"params": [a]}, {"params": [b]}], **settings)
    optimizer = make([{"params": [a], "lr": 0.5}], **settings)
    with pytest.raises(ValueError, match="one group"):
        optimizer.add_param_group({"params": [b]})
    assert (optimizer.params, optimizer.lr) == ([a], 0.5)


@every
def test_a_module_that_was_given_others_since_is_noticed(make, settings):
    model = Linear(3, 2, seed=0)
    optimizer = make(model.parameters(), **settings)
    model.scale = Value(1.0)
    with pytest.raises(ValueError, match="has got others since: scale"):
        optimizer.step(lambda: mse(model(X), Y))


@every
@pytest.mark.parametrize("lr", [0, -1, math.nan, "1"])
def test_a_rate_is_above_0(make, settings, lr):
    with pytest.raises(ValueError, match="rate is a finite number above 0, but this is"):
        make([Value(1.0)], **{**settings, "lr": lr})
