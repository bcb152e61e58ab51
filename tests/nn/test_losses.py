"""Losses of numbers against closed forms in 50 digits, also where logits are large."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.testing import check_gradients
from nn import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, huber, l1, mse

mpmath.mp.dps = 50
logits = st.floats(-1000, 1000) | st.sampled_from([-1000.0, -40.0, 0.0, 40.0, 1000.0])


def exact(numbers):
    return [mpmath.mpf(float(x)) for x in np.ravel(numbers)]


def mean(terms):
    return float(mpmath.fsum(terms) / len(terms))


def softplus(z):
    return mpmath.log1p(mpmath.exp(z)) if z < 0 else z + mpmath.log1p(mpmath.exp(-z))


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


# -- squares -------------------------------------------------------------------------------


@given(arrays(float, (3, 2), elements=st.floats(-1e3, 1e3)))
def test_mse(x):
    prediction, target = Tensor(x), np.arange(6.0).reshape(3, 2)
    loss = mse(prediction, target)
    loss.backward()
    off = [p - t for p, t in zip(exact(x), exact(target), strict=True)]
    assert loss.item() == pytest.approx(mean([d * d for d in off]), rel=1e-13)
    expected = np.reshape([float(2 * d / 6) for d in off], (3, 2))
    np.testing.assert_allclose(prediction.grad, expected, rtol=1e-13)


@pytest.mark.parametrize("target", [4.0, Value(4.0)])
def test_mse_of_values(target):
    x = Value(1.0)
    loss = mse(x, target)
    loss.backward()
    assert (float(loss), x.grad) == (9.0, -6.0)


def test_mse_of_lists_of_values():
    x, y = Value(1.0), Value(2.0)
    loss = mse([x, y], [3.0, 5.0])
    loss.backward()
    assert (loss.item(), x.grad, y.grad) == (6.5, -2.0, -3.0)


@given(arrays(float, (3, 2), elements=st.floats(-1e3, 1e3)), st.floats(1e-3, 1e3))
def test_l1_and_huber(x, delta):
    target = np.arange(6.0).reshape(3, 2)
    off = [p - t for p, t in zip(exact(x), exact(target), strict=True)]
    signs = [int(mpmath.sign(d)) for d in off]
    d = mpmath.mpf(delta)
    for loss, terms, slopes in [
        (l1, [abs(r) for r in off], signs),
        (
            lambda p, t: huber(p, t, delta),
            [r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2) for r in off],
            [r if abs(r) <= d else d * s for r, s in zip(off, signs, strict=True)],
        ),
    ]:
        prediction = Tensor(x)
        found = loss(prediction, target)
        found.backward()
        assert found.item() == pytest.approx(mean(terms), rel=1e-12, abs=1e-300)
        expected = np.reshape([float(s / 6) for s in slopes], (3, 2))
        np.testing.assert_allclose(prediction.grad, expected, rtol=1e-12)


# -- two classes ---------------------------------------------------------------------------


@given(
    arrays(float, 4, elements=logits),
    arrays(float, 4, elements=st.sampled_from([0.0, 1.0, 0.5])),
)
def test_binary_cross_entropy_with_logits(z, t):
    logit = Tensor(z)
    loss = binary_cross_entropy_with_logits(logit, t)
    loss.backward()
    pairs = list(zip(exact(z), exact(t), strict=True))
    expected = mean([ti * softplus(-zi) + (1 - ti) * softplus(zi) for zi, ti in pairs])
    assert loss.item() == pytest.approx(expected, rel=1e-13, abs=1e-300)
    slopes = [float((sigmoid(zi) - ti) / 4) for zi, ti in pairs]
    np.testing.assert_allclose(logit.grad, slopes, rtol=1e-12, atol=1e-16)


def test_binary_cross_entropy_with_logits_keeps_its_tails():
    z = Tensor([-600.0, 600.0])  # both classified right: the loss is tiny, and not 0
    loss = binary_cross_entropy_with_logits(z, [0.0, 1.0])
    loss.backward()
    tail = float(mpmath.exp(-600))
    assert loss.item() == pytest.approx(tail, rel=1e-13)
    np.testing.assert_allclose(z.grad, [tail / 2, -tail / 2], rtol=1e-12)


@given(
    arrays(float, 4, elements=st.floats(0.001, 0.999)),
    arrays(float, 4, elements=st.sampled_from([0.0, 1.0, 0.25])),
)
def test_binary_cross_entropy(p, t):
    probability = Tensor(p)
    loss = binary_cross_entropy(probability, t)
    loss.backward()
    pairs = list(zip(exact(p), exact(t), strict=True))
    expected = mean([-(ti * mpmath.log(pi) + (1 - ti) * mpmath.log(1 - pi)) for pi, ti in pairs])
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    slopes = [float(((1 - ti) / (1 - pi) - ti / pi) / 4) for pi, ti in pairs]
    np.testing.assert_allclose(probability.grad, slopes, rtol=1e-11)


def test_binary_cross_entropy_at_certainty():
    p = Tensor([0.0, 1.0])
    loss = binary_cross_entropy(p, [0.0, 1.0])
    loss.backward()
    assert loss.item() == 0.0
    np.testing.assert_array_equal(p.grad, [0.5, -0.5])


# -- what all have in common ---------------------------------------------------------------


LOSSES = [
    mse, l1, huber, binary_cross_entropy, binary_cross_entropy_with_logits,
    lambda p, t, **settings: huber(p, t, 0.1, **settings),
]  # fmt: skip
every_loss = pytest.mark.parametrize("loss", LOSSES)
rng = np.random.default_rng(0)
P, T = rng.uniform(0.1, 0.9, (4, 3)), rng.uniform(0, 1, (4, 3))


@every_loss
def test_reductions(loss):
    terms = loss(Tensor(P), T, reduction="none").data
    assert terms.shape == P.shape
    assert loss(Tensor(P), T).item() == pytest.approx(terms.mean(), rel=1e-14)
    assert loss(Tensor(P), T, reduction="mean").item() == loss(Tensor(P), T).item()
    assert loss(Tensor(P), T, reduction="sum").item() == pytest.approx(terms.sum(), rel=1e-14)
    for row, expected in zip(range(4), terms, strict=True):  # no row looks at another
        found = loss([Value(x) for x in P[row]], T[row], reduction="none")
        np.testing.assert_allclose(found.data, expected, rtol=1e-15)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradients_of_both_operands(loss, reduction):
    def f(p, t):
        return loss(p, t, reduction=reduction)

    assert check_gradients(f, P, T, order=2).checked
    np.testing.assert_allclose(ad.compile(f)(P, T), f(P, T), rtol=1e-14)
    if reduction != "none":
        step = ad.value_and_grad(f, argnums=(0, 1))
        for program in (ad.compile(step), ad.derive(f, P, T, argnums=(0, 1))):
            for found, expected in zip(program(P, T)[1], step(P, T)[1], strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-13)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("target", [T, T > 0.5, (T > 0.5).astype(int), (T > 0.5).tolist()])
def test_precision_is_that_of_the_prediction(loss, dtype, reduction, target):
    x = Tensor(P.astype(dtype))
    out = loss(x, target, reduction=reduction)
    out.backward(np.ones(out.shape, dtype))
    assert (out.dtype, x.grad.dtype) == (dtype, dtype)
    if loss in (mse, l1):  # in which the two are alike
        assert loss(np.asarray(target), x).dtype == dtype
    eager = ad.grad(lambda p: ad.sum(loss(p, target)))(P.astype(dtype))
    assert eager.dtype == dtype


# -- what is refused -----------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("target", [np.ones(3), np.ones((3, 2)), 1.0, [[1.0]]])
def test_shapes_that_would_broadcast_are_refused(loss, target):
    with pytest.raises(ValueError, match=r"one shape, but these have \(3, 1\) and "):
        loss(Tensor(np.ones((3, 1))), target)


@pytest.mark.parametrize("p", [[-2.0, 0.5], [0.5, 2.0], [0.5, math.inf], [0.0, -1e-6]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_given_for_probabilities(p, dtype):
    for received in (Tensor(np.array(p, dtype)), np.array(p, dtype), [Value(x) for x in p]):
        with pytest.raises(ValueError, match=r"(?s)from 0 to 1, but these go from .* to .*logits"):
            binary_cross_entropy(received, [0.0, 1.0])
    with pytest.raises(ValueError, match="these go from 3 to 3"):
        ad.grad(lambda x: binary_cross_entropy(x, 1.0))(3.0)


def test_probabilities_beyond_one_by_rounding_and_none_at_all():
    assert binary_cross_entropy(Tensor([0.1 + 0.2 + 0.7 + 2**-52]), [1.0]).item() <= 0
    assert binary_cross_entropy(Value(0.5), 1.0).data == pytest.approx(math.log(2), rel=1e-15)
    assert math.isnan(binary_cross_entropy(Tensor([0.5, math.nan]), [1.0, 1.0]).item())


@pytest.mark.parametrize("make", [ad.compile, lambda f: ad.derive(f, np.full(2, 0.5))])
def test_probabilities_of_a_trace(make):
    loss = ad.grad(lambda p: binary_cross_entropy(p, np.array([0.0, 1.0])))
    p = np.array([0.25, 0.5])
    program = make(lambda p: binary_cross_entropy(p, np.array([0.0, 1.0])))
    out = program(p)
    value = out[0] if isinstance(out, tuple) else out
    expected = -(math.log(0.75) + math.log(0.5)) / 2
    assert float(value) == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(loss(p), [0.5 / 0.75, -0.5 / 0.5], rtol=1e-14)


def test_rounding_may_take_a_probability_a_few_digits_beyond_one():
    for dtype in (np.float64, np.float32):
        eps = np.finfo(dtype).eps
        near, beyond = dtype([1 + 7 * eps, -7 * eps]), dtype([1 + 9 * eps, 0.5])
        binary_cross_entropy(Tensor(near.clip(0.0)), dtype([1.0, 0.0]))
        with pytest.raises(ValueError, match="Probabilities are from 0 to 1"):
            binary_cross_entropy(Tensor(beyond), dtype([1.0, 0.0]))


def test_losses_of_more_16_bit_numbers_than_these_can_count():
    many = (1 + np.arange(70_000) % 3).astype(np.float16)
    part = many / np.float16(4)
    labels = np.arange(70_000) % 2
    rows = np.stack([many, 2 * many[::-1]], 1)
    losses = [
        (lambda x: mse(x, 0 * x), many),
        (lambda x: l1(x, 0 * x), many),
        (lambda x: huber(x, 0 * x), many),
        (lambda x: binary_cross_entropy(x, 0 * x), part),
        (lambda x: binary_cross_entropy_with_logits(x, 0 * x), many),
        (lambda x: cross_entropy(x, labels), rows),
        (lambda x: 2 * cross_entropy(x * x, labels), rows),
    ]
    for f, x in losses:
        value, right = ad.value_and_grad(f)(x.astype(float))
        for call in (ad.value_and_grad(f), ad.compile(ad.value_and_grad(f))):
            found, slopes = call(x)
            assert found.dtype == slopes.dtype == np.float16
            assert abs(found - value) <= 2e-3 * value
            assert np.abs(slopes - right).max() <= 4e-3 * np.abs(right).max()


@every_loss
@pytest.mark.parametrize("reduction", ["average", None, True, "batchmean"])
def test_reductions_that_are_none(loss, reduction):
    with pytest.raises(ValueError, match='`reduction` of a loss is "mean", "sum" or "none", but'):
        loss(Tensor(P), T, reduction=reduction)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_no_predictions_at_all(loss, reduction):
    with pytest.raises(ValueError, match=r"one prediction or more, but these have shape \(0, 3\)"):
        loss(Tensor(np.ones((0, 3))), np.ones((0, 3)), reduction=reduction)


@pytest.mark.parametrize("delta", [0, -1.0, math.nan, "1", None, True])
def test_deltas_that_are_none(delta):
    with pytest.raises(ValueError, match="`delta`, where huber becomes linear, is a number"):
        huber(Tensor(P), T, delta)


@every_loss
@pytest.mark.parametrize("target", [T.astype(str), T.astype(object), T * 1j])
def test_targets_that_are_no_numbers(loss, target):
    with pytest.raises(TypeError, match="Predictions and targets are numbers, but these are"):
        loss(Tensor(P), target)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int64, bool])
def test_plain_whole_numbers_do_not_wrap(dtype):
    p, t = np.array([0, 1, 1, 0], dtype), np.array([1, 0, 1, 0], dtype)
    for loss in (mse, l1):
        assert loss(p, t) == loss(p, t.tolist()) == 0.5
    assert binary_cross_entropy(p[2:], t[2:]) == 0.0
    if dtype is not bool:
        top = np.array([np.iinfo(dtype).max], dtype)
        assert mse(top, 0 * top) == pytest.approx(float(top[0]) ** 2)
