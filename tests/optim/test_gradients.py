"""Clipping against NumPy's norm and clip of the gradients in one vector."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Tensor, Value
from optim import clip_gradients

SHAPES = [(), (3,), (2, 2), (0,)]


def reached(dtype=np.float64, scale=1.0):
    """Parameters with gradients, and one without."""
    rng = np.random.default_rng(0)
    params = [Value(1.0), *(Tensor(np.ones(shape, dtype)) for shape in SHAPES)]
    params[0].grad = scale * 1.5
    for p, shape in zip(params[1:], SHAPES, strict=True):
        p.grad = (scale * rng.normal(size=shape)).astype(dtype)
    return [*params, Tensor([1.0])]


def vector(params):
    return np.concatenate([np.ravel(p.grad) for p in params]).astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.floats(1e-3, 1e3))
def test_by_norm_they_keep_their_direction(dtype, limit):
    params = reached(dtype)
    before = vector(params)
    length = clip_gradients(params, norm=limit)
    assert length == pytest.approx(np.linalg.norm(before), rel=1e-12)
    expected = before * min(1.0, limit / np.linalg.norm(before))
    np.testing.assert_allclose(vector(params), expected, rtol=1e-6)
    assert [p.grad.dtype for p in params[1:-1]] == [dtype] * len(SHAPES)
    assert [np.shape(p.grad) for p in params[1:-1]] == SHAPES
    assert type(params[0].grad) is float


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.floats(1e-3, 1e3))
def test_by_value_each_entry_is_clipped(dtype, limit):
    params = reached(dtype)
    before = vector(params)
    assert clip_gradients(params, value=limit) == pytest.approx(np.linalg.norm(before), rel=1e-12)
    np.testing.assert_allclose(vector(params), np.clip(before, -limit, limit), rtol=1e-6)
    assert type(params[0].grad) is float


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_of_numbers_whose_squares_are_no_numbers(scale):
    params, usual = reached(scale=scale), reached()
    expected = scale * np.linalg.norm(vector(usual))
    assert clip_gradients(params, norm=scale) == pytest.approx(expected, rel=1e-12)
    assert np.linalg.norm(vector(params) / scale) == pytest.approx(1.0, rel=1e-12)


def test_short_ones_and_arrays_that_were_given_out_are_left_alone():
    params = reached()
    given_out = [p.grad for p in params]
    copies = [np.copy(x) for x in given_out]
    clip_gradients(params, norm=1e9)
    for p, copy in zip(params, copies, strict=True):
        np.testing.assert_array_equal(p.grad, copy)
    clip_gradients(params, norm=1e-9)
    for x, copy in zip(given_out, copies, strict=True):
        np.testing.assert_array_equal(x, copy)


def test_one_that_is_there_twice_counts_once():
    w = Value(1.0)
    w.grad = 4.0
    assert clip_gradients(iter([w, w]), norm=2.0) == 4.0
    assert w.grad == 2.0
    assert clip_gradients(w, norm=1.0) == 2.0
    assert w.grad == 1.0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("how", ["norm", "value"])
def test_what_is_not_finite_is_refused_and_nothing_changed(wrong, how):
    first, second = Tensor([1.0, 2.0]), Tensor([1.0, 2.0], name="bad")
    first.grad, second.grad = [3.0, 4.0], [1.0, wrong]
    with pytest.raises(ValueError, match="finite, but that of parameter 1, `bad`, has"):
        clip_gradients([first, second], **{how: 1.0})
    assert first.grad.tolist() == [3.0, 4.0]


def test_a_norm_that_is_no_number():
    w = Tensor([1.0, 1.0])
    w.grad = [1.7e308, 1.7e308]
    with pytest.raises(ValueError, match="finite norm, but these are as great as"):
        clip_gradients([w], norm=1.0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({}, ValueError, "by their norm or by value, but this is norm=None and value=None"),
        ({"norm": 1.0, "value": 1.0}, ValueError, "norm=1.0 and value=1.0"),
        ({"norm": 0.0}, ValueError, "A greatest norm is a finite number above 0, but this is 0.0"),
        ({"value": -1.0}, ValueError, "A greatest value is a finite number above 0"),
        ({"norm": "1"}, ValueError, "A greatest norm is a finite number above 0"),
    ],
)
def test_limits_that_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        clip_gradients(reached(), **settings)
    with pytest.raises(TypeError, match="those of parameters, but this is float 3"):
        clip_gradients([3.0], norm=1.0)


@pytest.mark.parametrize("params", [[], (), iter(()), [Tensor([1.0]), Value(2.0)]])
@pytest.mark.parametrize("how", ["norm", "value"])
def test_gradients_that_are_not_there_yet(params, how):
    with pytest.raises(ValueError, match=r"none of these \d parameters has one.\n.*after `back"):
        clip_gradients(params, **{how: 1.0})


@pytest.mark.parametrize("params", [len, 3, [np.ones(3)], ["w"], [[Tensor([1.0])]], None])
def test_what_has_no_gradients(params):
    with pytest.raises(TypeError, match=r"those of parameters, but this is .*\n.*model.parameters"):
        clip_gradients(params, norm=1.0)
