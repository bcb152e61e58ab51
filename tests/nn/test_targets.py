"""What a loss says of a target that cannot be reached, and of logits that are none."""

import math
import re
import warnings

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import Tensor, Value
from nn.targets import RANGES, ends, source

X = Tensor([[-2.0], [0.5], [3.0]])
MISSED = {  # a target on the wrong side of each activation, and how that is told
    "relu": (-0.5, "from 0 up, but this `{}` has targets below 0"),
    "sigmoid": (2.0, "from 0 to 1, but this `{}` has targets above 1"),
    "softmax": (-1.0, "from 0 to 1, but this `{}` has targets below 0"),
    "softplus": (-1.0, "from 0 up, but this `{}` has targets below 0"),
    "tanh": (1.5, "from -1 to 1, but this `{}` has targets above 1"),
}
# An output through all that only puts entries elsewhere.
THROUGH = {
    "as it is": lambda y: y,
    "reshape": lambda y: y.reshape(3),
    "index": lambda y: y[:, 0],
    "some rows": lambda y: y[[0, 2]],
    "squeeze": lambda y: ad.squeeze(y, 1)[None],
    "transpose": lambda y: y.T,
    "concatenate": lambda y: ad.concatenate([y, y[:1]]),
    "stack": lambda y: ad.stack([y, y]),
    "list": lambda y: [y[0, 0], y[1, 0]],
}


def output(op):
    return ad.softmax(X, axis=0) if op == "softmax" else getattr(ad, op)(X)


@pytest.mark.parametrize("op", RANGES)
def test_the_ranges_are_those_of_the_operations(op):
    low, high = RANGES[op]
    x = np.array([-1e300, -745.0, -1.0, 0.0, 1.0, 745.0, 1e300])
    y = getattr(ad, op)(x[:, None] * [1.0, 0.0])
    assert low <= y.min() < low + 1e-3
    assert (y.max() == high) if high < math.inf else (y.max() > 1e299)


@pytest.mark.parametrize("through", THROUGH)
@pytest.mark.parametrize("op", RANGES)
def test_where_an_output_comes_from(op, through):
    y = THROUGH[through](output(op))
    y = ad.stack(y) if isinstance(y, list) else y
    assert source(y) == op
    assert source(2.0 * y) == "mul"
    assert source(ad.stack([y, 2.0 * y])) is None
    assert source(y.data) is None
    assert source(Value(1.0)) is None


@pytest.mark.parametrize("through", THROUGH)
@pytest.mark.parametrize("op", MISSED)
@pytest.mark.parametrize("loss", ["mse", "l1", "huber"])
def test_a_target_that_is_never_reached(loss, op, through):
    target, message = MISSED[op]
    y = THROUGH[through](output(op))
    out = np.full(np.shape(y if not isinstance(y, list) else [0, 0]), 0.5)
    f = getattr(nn, loss)
    assert np.isfinite(f(y, out).item())  # of which there is nothing to say
    out.flat[-1] = target
    with pytest.warns(UserWarning, match=f"`{op}` gives numbers " + message.format(loss)):
        found = f(y, out)
    assert np.isfinite(found.item())


@pytest.mark.parametrize("edge", [0.0, 1.0, -1e-9, 1 + 1e-9, True])
def test_targets_at_the_ends_are_reached_in_the_limit(edge):
    y = ad.sigmoid(X)
    for target in (np.full((3, 1), edge), np.full((3, 1), edge).tolist()):
        assert nn.mse(y, target).item() > 0


def test_a_neurons_output():
    model = nn.MLP(2, [3, 1], seed=0)  # of which all activations are sigmoids
    with pytest.warns(UserWarning, match="`sigmoid` gives .* targets below 0"):
        nn.mse([model(row) for row in [[1.0, 2.0], [3.0, 4.0]]], [-1.0, 1.0])
    with pytest.warns(UserWarning, match="`sigmoid` gives .* targets above 1"):
        nn.mse(model([1.0, 2.0]), 2.0)


def test_a_warning_is_shown_once_for_each_line():
    y, rng = ad.sigmoid(X), np.random.default_rng(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(5):
            nn.mse(y, rng.normal(size=(3, 1)) - 3)
        nn.mse(y, rng.normal(size=(3, 1)) - 3)
    assert len(caught) == 2
    assert {w.filename for w in caught} == {__file__}
    assert caught[1].lineno > caught[0].lineno


def test_a_warning_comes_when_a_program_is_made():
    loss = ad.compile(lambda w: nn.mse(ad.sigmoid(w * X.data), np.full((3, 1), -1.0)))
    with pytest.warns(UserWarning, match="targets below 0"):
        loss(2.0)
    unknown = ad.compile(lambda w, t: nn.mse(ad.sigmoid(w * X.data), t))
    assert unknown(2.0, np.full((3, 1), -1.0)) > 0


# -- two classes ---------------------------------------------------------------------------


@pytest.mark.parametrize("target", [[-1.0, 1.0], [0.0, 2.0], [0, 2], [-1e-6, 1.0]])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_targets_that_are_no_probabilities(loss, target):
    for given_ in (target, np.array(target), Tensor(target), [Value(t) for t in target]):
        with pytest.raises(ValueError, match="Targets of a binary cross entropy are from 0 to 1"):
            getattr(nn, loss)(Tensor([0.25, 0.75]), given_)


def test_logits_that_come_from_a_sigmoid():
    message = "applies `sigmoid` itself, but what it is given comes from `sigmoid` already"
    target = np.ones((3, 1))
    with pytest.raises(ValueError, match=message):
        nn.binary_cross_entropy_with_logits(ad.sigmoid(X), target)
    with pytest.raises(ValueError, match=message):
        ad.compile(lambda x: nn.binary_cross_entropy_with_logits(ad.sigmoid(x), target))(X.data)
    assert nn.binary_cross_entropy(ad.sigmoid(X), target).item() > 0


@pytest.mark.parametrize("op", ["relu", "tanh", "softplus"])
def test_logits_that_are_kept_from_a_side(op):
    with pytest.warns(UserWarning, match=f"come from `{op}`, which gives .* not every probability"):
        nn.binary_cross_entropy_with_logits(getattr(ad, op)(X), np.ones((3, 1)))


# -- many classes --------------------------------------------------------------------------

Z, LABELS = Tensor([[1.0, -1.0, 0.5], [0.25, 2.0, 0.0]]), [0, 1]


def test_logits_that_come_from_a_softmax():
    for settings in ({}, {"label_smoothing": 0.1}):
        with pytest.raises(ValueError, match="applies `softmax` itself, but what it is given"):
            nn.cross_entropy(ad.softmax(Z), LABELS, **settings)
    right = nn.cross_entropy(Z, LABELS).item()
    assert nn.nll(ad.log_softmax(Z), LABELS).item() == pytest.approx(right)
    assert nn.cross_entropy(ad.log_softmax(Z), LABELS).item() == pytest.approx(right)  # is the same


@pytest.mark.parametrize("op", ["sigmoid", "tanh"])
def test_logits_that_are_small(op):
    with pytest.warns(UserWarning, match=f"come from `{op}`, which gives .* near 1"):
        nn.cross_entropy(getattr(ad, op)(Z), LABELS)
    assert nn.cross_entropy(ad.relu(Z), LABELS).item() > 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_logits_whose_values_are_probabilities(dtype):
    p = np.asarray(ad.softmax(Z).data, dtype)
    for given_ in (p, Tensor(p), Tensor(p).reshape(2, 1, 3)):
        labels = np.reshape(LABELS, given_.shape[:-1])
        with pytest.warns(UserWarning, match="each row of these is of numbers from 0 to 1"):
            nn.cross_entropy(given_, labels)


@pytest.mark.parametrize(
    "rows",
    [
        [[0.5, 0.5], [0.5, 0.6]], [[0.5, 0.5], [1.5, -0.5]], [[0.5, 0.5], [math.nan, 0.5]],
        [[0.4, 0.5], [0.5, 0.5]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]],
    ],
)  # fmt: skip
def test_logits_that_are_not_all_probabilities(rows):
    nn.cross_entropy(Tensor(rows), [0, 1])


def test_one_class_alone():
    with pytest.warns(UserWarning, match="these logits are of one class, so that it is always 0"):
        assert nn.cross_entropy(Tensor([[3.0], [4.0]]), [0, 0]).item() == 0


# -- NaN -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "l1", "huber", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_nan_among_the_targets(loss, reduction):
    t, f = np.full((4, 2), 0.5), getattr(nn, loss)
    t[1, 1] = t[3, 0] = math.nan
    message = "but 2 of these 8 are NaN, first at index (1, 1), and so is the loss"
    for target in (t, Tensor(t), t.tolist()):
        with pytest.raises(ValueError, match=re.escape(message)):
            f(Tensor(np.ones((4, 2))), target, reduction=reduction)
    with pytest.raises(ValueError, match="but 1 of these 1 are NaN, and so is the loss"):
        f(Value(1.0), math.nan, reduction=reduction)
    x = Tensor(np.ones((4, 2)))
    terms = f(x, t, reduction="none")  # among which one may choose
    ad.sum(ad.where(np.isnan(t), 0.0, terms)).backward()
    assert np.isfinite(x.grad).all()


def test_nan_of_a_prediction_is_passed_on():
    for loss in (nn.mse, nn.l1, nn.huber, nn.binary_cross_entropy):
        assert math.isnan(loss(Tensor([math.nan, 1.0]), [1.0, 1.0]).item())


def test_the_ends_of_numbers():
    assert ends(np.array([[3, 1], [2, 5]])) == (1, 5)
    assert ends(2.0) == (2.0, 2.0)
    assert all(map(math.isnan, ends(np.array([1.0, math.nan, 3.0]))))
    assert all(map(math.isnan, ends(np.zeros((0, 2)))))
