"""Losses among classes against closed forms in 50 digits, also where logits are large."""

import math
import re

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.testing import check_gradients
from nn import cross_entropy, nll

mpmath.mp.dps = 50
logits = st.floats(-1000, 1000) | st.sampled_from([-1000.0, -40.0, 0.0, 40.0, 1000.0])


def exact(numbers):
    return [mpmath.mpf(float(x)) for x in np.ravel(numbers)]


def mean(terms):
    return float(mpmath.fsum(terms) / len(terms))


# -- labels --------------------------------------------------------------------------


@given(arrays(float, (3, 4), elements=logits), arrays(int, 3, elements=st.integers(0, 3)))
def test_cross_entropy(z, labels):
    scores = Tensor(z)
    loss = cross_entropy(scores, labels)
    loss.backward()
    terms, slopes = [], []
    for row, label in zip(z, labels, strict=True):
        row = exact(row)
        powers = [mpmath.exp(x - max(row)) for x in row]
        total = mpmath.fsum(powers)
        terms.append(mpmath.log(total) + max(row) - row[label])
        slopes.append([float((p / total - (k == label)) / 3) for k, p in enumerate(powers)])
    assert loss.item() == pytest.approx(mean(terms), rel=1e-13, abs=1e-15)
    np.testing.assert_allclose(scores.grad, slopes, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (3, 2), (7, 5000), (4000, 11)])
def test_cross_entropy_of_any_size(rows, classes):
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(rows, classes)) * 3, rng.integers(0, classes, rows)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    value, slope = ad.value_and_grad(cross_entropy)(z, labels)
    terms, chosen = np.log(p[np.arange(rows), labels]), labels[:, None] == np.arange(classes)
    np.testing.assert_allclose(value, -terms.mean(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope, (p - chosen) / rows, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64, ">i4"])
def test_labels_of_any_whole_type(dtype):
    z, labels = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]]), np.array([2, 9, 0, 9], dtype)[::2]
    want = ad.value_and_grad(cross_entropy)(z, [2, 0])
    for found, right in zip(ad.value_and_grad(cross_entropy)(z, labels), want, strict=True):
        np.testing.assert_array_equal(found, right)
    assert cross_entropy(z.astype(int), labels) == want[0]


def test_cross_entropy_of_values():
    rows = [[Value(1.0), Value(-1.0)], [Value(0.0), Value(2.0)]]
    loss = cross_entropy(rows, [0, 1])
    loss.backward()
    assert loss.item() == pytest.approx(float(mpmath.log1p(mpmath.exp(-2))), rel=1e-14)
    slope = float(1 / (1 + mpmath.exp(2))) / 2
    assert [v.grad for row in rows for v in row] == pytest.approx([-slope, slope, slope, -slope])


# -- weights, labels to ignore, smoothing, probabilities ------------------------------------


def expected(z, target, weight=None, ignore_index=None, reduction="mean", label_smoothing=0.0):
    """The loss and its slopes in 50 digits, by the formulas of PyTorch's documentation."""
    classes, e = z.shape[1], mpmath.mpf(label_smoothing)
    weight = exact(np.ones(classes) if weight is None else weight)
    rows, counts, slopes = [], [], []
    for row, goal in zip(z, target, strict=True):
        row = exact(row)
        top = max(row)
        total = top + mpmath.log(mpmath.fsum(mpmath.exp(x - top) for x in row))
        if np.ndim(goal):
            share, count = exact(goal), mpmath.mpf(1)
            aims = [w * ((1 - e) * t + e / classes) for w, t in zip(weight, share, strict=True)]
        elif goal == ignore_index:
            aims, count = [mpmath.mpf(0)] * classes, mpmath.mpf(0)
        else:
            count = weight[goal]
            aims = [w * ((k == goal) * (1 - e) + e / classes) for k, w in enumerate(weight)]
        rows.append(mpmath.fsum(a * (total - x) for a, x in zip(aims, row, strict=True)))
        counts.append(count)
        of_all = mpmath.fsum(aims)
        slopes.append([of_all * mpmath.exp(x - total) - a for a, x in zip(aims, row, strict=True)])
    scale = 1 / mpmath.fsum(counts) if reduction == "mean" else 1
    value = rows if reduction == "none" else [mpmath.fsum(rows) * scale]
    slopes = [[float(s * scale) for s in row] for row in slopes]
    return np.array([float(v) for v in value]), np.array(slopes)


LABELS, WEIGHT = np.array([0, 2, 1, 2, -100]), np.array([0.5, 2.0, 1.0])
ROWS = np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0, 0.5, 0.5], [0, 0, 1], [0.25, 0.25, 0.5]])
SETTINGS = [
    {"ignore_index": -100},
    {"ignore_index": -100, "weight": WEIGHT},
    {"ignore_index": -100, "label_smoothing": 0.1},
    {"ignore_index": -100, "label_smoothing": 0.1, "weight": WEIGHT},
    {"target": ROWS},
    {"target": np.eye(3)[[0, 2, 1, 1, 0]]},
    {"target": ROWS, "weight": WEIGHT},
    {"target": ROWS, "weight": WEIGHT, "label_smoothing": 0.1},
    {"target": LABELS.clip(0)},
    {"target": LABELS.clip(0), "weight": WEIGHT},
    {"target": LABELS.clip(0), "label_smoothing": 1.0},
]
in_all_ways = pytest.mark.parametrize("how", SETTINGS)
in_each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def loss_of(how, reduction):
    others = {"target": LABELS, **how}
    target = others.pop("target")
    return target, lambda z, t=target: cross_entropy(z, t, reduction=reduction, **others)


@in_all_ways
@in_each_reduction
@given(z=arrays(float, (5, 3), elements=logits))
@settings(max_examples=settings.default.max_examples // 10)
def test_cross_entropy_in_all_ways(how, reduction, z):
    z[0, 0] = -0.25  # or they may look like probabilities
    target, loss = loss_of(how, reduction)
    scores = Tensor(z)
    found = loss(scores)
    found.backward(np.ones(found.shape))
    others = {name: x for name, x in how.items() if name != "target"}
    value, slopes = expected(z, target, reduction=reduction, **others)
    np.testing.assert_allclose(np.ravel(found.data), value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(scores.grad, slopes, rtol=1e-11, atol=1e-15)


@in_all_ways
@in_each_reduction
def test_gradients_and_programs(how, reduction):
    z = np.random.default_rng(0).normal(size=(5, 3)) - 1
    target, loss = loss_of(how, reduction)
    assert check_gradients(loss, z, order=2).checked
    for args in ((z, target), (z,)):  # or the target is a constant of the program
        np.testing.assert_allclose(ad.compile(loss)(*args), loss(z), rtol=1e-13)
        if reduction != "none":
            step = ad.value_and_grad(loss)
            found = ad.derive(loss, *args, argnums=0)(*args)
            for program in (found, ad.compile(step)(*args)):
                np.testing.assert_allclose(program[1], step(z)[1], rtol=1e-12, atol=1e-16)


def test_a_program_of_jaxs():
    pytest.importorskip("jax")
    z = np.random.default_rng(0).normal(size=(5, 3)) - 1
    target, loss = loss_of(SETTINGS[3], "mean")
    step = ad.value_and_grad(loss)
    found = ad.compile(step, engine="jax")(z, target)
    for program, eager in zip(found, step(z), strict=True):
        np.testing.assert_allclose(program, eager, rtol=1e-12, atol=1e-16)


def test_programs_refuse_a_label_that_is_no_class():
    program = ad.compile(lambda z, t: cross_entropy(z, t, weight=WEIGHT, ignore_index=7))
    z = np.zeros((2, 3))
    assert program(z, np.array([0, 7])) == pytest.approx(math.log(3))
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="Labels count the 3 columns of the logits"):
            program(z, np.array([0, wrong]))


@in_all_ways
@in_each_reduction
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_stays(how, reduction, dtype):
    _, loss = loss_of(how, reduction)
    z = Tensor(np.arange(15).reshape(5, 3).astype(dtype))
    out = loss(z)
    out.backward(np.ones(out.shape, dtype))
    assert (out.dtype, z.grad.dtype) == (dtype, dtype)
    right = loss(z.data.astype(float))
    np.testing.assert_allclose(out.data, right, rtol=20 * np.finfo(dtype).eps)


def test_means_of_more_16_bit_numbers_than_these_can_count():
    rows = np.stack([np.arange(70_000) % 3, np.arange(70_000) % 5], 1).astype(np.float16)
    labels = np.arange(70_000) % 2
    for how in ({"weight": [1.0, 3.0]}, {"label_smoothing": 0.1}, {"ignore_index": 7}):
        found = cross_entropy(Tensor(rows), labels, **how)
        right = cross_entropy(rows.astype(float), labels, **how)
        assert found.dtype == np.float16
        assert found.item() == pytest.approx(right, rel=3e-3)


def test_a_target_that_is_recorded_has_a_gradient():
    z, logits_of_teacher = np.array([[1.0, -2.0, 0.5]]), np.array([[0.0, 1.0, 2.0]])
    f = lambda z, t: cross_entropy(z, ad.softmax(t))  # noqa: E731
    assert check_gradients(f, z, logits_of_teacher, order=2).checked
    target = Tensor([[0.0, 1.0, 0.0]])
    cross_entropy(z, target).backward()
    np.testing.assert_allclose(target.grad, -ad.log_softmax(z), rtol=1e-14)


def test_classes_that_are_impossible():
    z = Tensor([[0.0, -math.inf, 1.0], [2.0, 0.0, -math.inf]])
    for target in ([2, 1], [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]):
        z.zero_grad()
        loss = cross_entropy(z, target, weight=[1.0, 1.0, 1.0])
        loss.backward()
        assert math.isfinite(loss.item())
        assert np.isfinite(z.grad).all()
    assert cross_entropy(z, [1, 1], weight=[1.0, 1.0, 1.0]).item() == math.inf


def test_rows_that_are_ignored_may_hold_anything():
    z = Tensor([[0.0, 1.0], [math.nan, math.inf]])
    with np.errstate(invalid="ignore"):
        loss = cross_entropy(z, [1, -100], ignore_index=-100)
    loss.backward()
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1)))
    assert z.grad[1].tolist() == [0.0, 0.0]


@in_each_reduction
def test_nll_is_cross_entropy_of_logarithms_of_probabilities(reduction):
    z = np.random.default_rng(0).normal(size=(5, 3)) - 1
    for how in ({}, {"weight": WEIGHT}, {"weight": WEIGHT, "ignore_index": 2}):
        labels, how["reduction"] = LABELS.clip(0), reduction
        found = nll(ad.log_softmax(Tensor(z)), labels, **how)
        np.testing.assert_allclose(found.data, cross_entropy(z, labels, **how), rtol=1e-14)
    logs = [[Value(-1.0), Value(-2.0)], [Value(-0.5), Value(0.0)]]
    assert nll(logs, [0, 1]).item() == 0.5


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "Labels are whole numbers, one for each row of the logits, of shape (3,)"),
        ([0, 1, 4], "Labels count the 4 columns of the logits from 0, but these go from 0 to 4"),
        ([0, 1, -1], "these go from -1 to 1"),
        ([0.0, 1.0, 2.0], "dtype float64.\nTake `labels.astype(int)` of whole floats"),
        (Tensor([0, 1, 2]), "dtype float64.\nTake `labels.astype(int)`"),
        ([0, 1, -100], "these go from -100 to 1"),
        (np.ones((3, 4), int), "one-hot rows have a single 1, but these sum to between 4 and 4"),
        (np.zeros((3, 4)), "sum to between 0 and 0"),
        (np.eye(4)[:3] * 0.5, "sum to between 0.5 and 0.5"),
        (np.eye(3), "a probability for each class, (3, 4), but these have shape (3, 3)"),
        ([[0], [1], [2]], "but these have shape (3, 1).\nTake a column of labels as"),
        ([[2.0, -1.0, 0, 0]] * 3, "Probabilities of classes are from 0 to 1, but these go from -1"),
        (np.full((3, 4), math.nan), "but 12 of these 12 are NaN, first at index (0, 0)"),
    ],
)
def test_labels_that_are_refused(labels, message):
    z = Tensor(np.zeros((3, 4)))
    for how in ({}, {"weight": np.ones(4)}, {"label_smoothing": 0.1}):
        with pytest.raises(ValueError, match=re.escape(message)):
            cross_entropy(z, labels, **how)
    if np.ndim(getattr(labels, "data", labels)) < 2:
        with pytest.raises(ValueError, match=re.escape(message)):
            nll(ad.log_softmax(z), labels)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (2, 0, 4)])
@pytest.mark.parametrize("before", [lambda z: z, ad.relu])
def test_no_rows_and_no_classes(before, shape, reduction):
    z, labels = before(Tensor(np.zeros(shape))), np.zeros(shape[:-1], int)
    message = re.escape(f"have shape {shape}, and so none.\nLook where the rows have gone.")
    for target in (labels, np.zeros(shape)):
        with pytest.raises(ValueError, match=message):
            cross_entropy(z, target, reduction=reduction)
    with pytest.raises(ValueError, match=message):
        nll(z, labels, reduction=reduction)
    with pytest.raises(ValueError, match=message):
        ad.cross_entropy(z, labels)


def test_one_row_and_its_label():
    """A whole number is the label of logits without an axis of samples."""
    z = [1.0, 2.0, 4.0]
    expected = math.log(sum(map(math.exp, z))) - z[2]
    for label in (2, np.int64(2), np.array(2)):
        assert math.isclose(cross_entropy(Tensor(z), label).item(), expected, rel_tol=1e-14)
        assert math.isclose(nll(ad.log_softmax(Tensor(z)), label).item(), expected, rel_tol=1e-14)
    assert math.isclose(cross_entropy([Value(x) for x in z], 2).item(), expected, rel_tol=1e-14)
    for wrong, kind in ((True, "bool"), (2.0, "float64")):
        with pytest.raises(ValueError, match=f"Labels are whole numbers, .* dtype {kind}"):
            cross_entropy(Tensor(z), wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weight": [1.0]}, "`weight` has a number for each class, and so shape (3,), but this"),
        ({"weight": 1.0}, "but this has shape ()"),
        ({"weight": [1.0, -1.0, 1.0]}, "is a finite number from 0 up, but these go from -1 to 1"),
        ({"weight": [1.0, math.nan, 1.0]}, "is a finite number from 0 up, but these go from nan"),
        ({"weight": [1.0, math.inf, 1.0]}, "these go from 1 to inf"),
        ({"weight": ["1", "2", "3"]}, "`weight` has a number for each class, but this is an array"),
        ({"label_smoothing": 1.5}, "`label_smoothing` is a share of the target, from 0 to 1"),
        ({"label_smoothing": "a"}, "`label_smoothing` is a share of the target, from 0 to 1"),
        ({"reduction": "average"}, '`reduction` of a loss is "mean", "sum" or "none"'),
        ({"ignore_index": 1, "weight": [1.0, 1.0, 0.0]}, "all of these are ignored, or of classes"),
        ({"ignore_index": 1.5}, "`ignore_index` is a label, a whole number, but this is 1.5"),
        ({"ignore_index": "a"}, "`ignore_index` is a label, a whole number, but this is 'a'"),
    ],
)
def test_settings_that_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        cross_entropy(Tensor(np.zeros((3, 3))), [1, 2, 1], **wrong)


def test_labels_to_ignore_are_not_among_probabilities():
    with pytest.raises(ValueError, match="`ignore_index` is a label, but these are rows of prob"):
        cross_entropy(Tensor(np.zeros((3, 3))), np.eye(3), ignore_index=1)


@pytest.mark.parametrize("given_", [np.eye(3), np.full((3, 3), 2.0)])
def test_what_is_no_logarithm_of_a_probability(given_):
    with pytest.raises(ValueError, match="A logarithm of a probability is at most 0, but these go"):
        nll(Tensor(given_), [0, 1, 2])
