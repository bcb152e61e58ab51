"""What joins, splits and repeats arrays: empty ones, their types, what is refused."""

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import Tensor, Value

RNG = np.random.default_rng(0)
V, M = RNG.normal(size=4), RNG.normal(size=(3, 4))
EMPTY = np.zeros(0)
NUMPYS_UNSTACK = getattr(np, "unstack", ad.unstack)  # NumPy's from 2.1 on


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.insert(x, 0, 7.0),
        lambda x: np.insert(x, [0, 0], [7.0, 8.0]),
        lambda x: np.insert([1.0, 2.0], [], x),
        lambda x: np.insert([1.0, 2.0], 0, x),
        lambda x: np.resize(x, (2, 2)),
        lambda x: np.append(x, 1.0),
        lambda x: np.concatenate([x, [1.0]]),
        lambda x: np.pad(x, 1),
    ],
)
def test_what_is_empty_is_joined(f):
    np.testing.assert_array_equal(f(Tensor(EMPTY)).data, f(EMPTY))
    assert ad.grad(lambda x: np.sum(f(x)))(EMPTY).shape == (0,)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: np.insert(x, 1, y),
        lambda x, y: np.insert(x, [1, 3], [9.0, 8.0]),
        lambda x, y: np.insert(x, [2, 0, 0, 3], y),
        lambda x, y: np.insert(x[:0], 0, y),
        lambda x, y: np.insert(np.ones((4, 2)), 1, x, axis=1),
        lambda x, y: np.stack(ad.unstack(np.outer(x, y), axis=1)[1:]),
        lambda x, y: np.concatenate([*np.split(x, np.array([1, 3]))[::2], y]),
        lambda x, y: np.block([[x, y], [y, x]]),
        lambda x, y: np.append(x, y),
    ],
)
def test_joining_in_every_reading(f):
    every_reading_agrees(lambda x, y: np.sum(np.sin(f(x, y)) * np.arange(np.size(f(V, V))).reshape(
        np.shape(f(V, V)))), V, RNG.normal(size=4))  # fmt: skip


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.hstack, np.vstack])
def test_the_type_of_what_is_joined(join):
    for dtype in (np.float32, np.float64, "f4"):
        found = join([Tensor(V), V], dtype=dtype)
        np.testing.assert_array_equal(found.data, join([V, V], dtype=dtype), strict=True)
    for named in ({"dtype": int}, {"dtype": np.float32, "casting": "safe"}, {"casting": "any"}):
        for x in (V, Tensor(V)):
            with pytest.raises((TypeError, ValueError)):
                join([x, V], **named)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: NUMPYS_UNSTACK(x[0, 0]),
        lambda x: NUMPYS_UNSTACK(x, axis=2),
        lambda x: np.hsplit(x[0, 0], 1),
        lambda x: np.vsplit(x[0], 2),
        lambda x: np.dsplit(x, 2),
        lambda x: np.split(x, 2),
        lambda x: np.split(x, 2, axis=2),
        lambda x: np.block([x, [x]]),
        lambda x: np.pad(x, 1, mode="edge", constant_values=2),
        lambda x: np.rollaxis(x, 2),
        lambda x: np.rollaxis(x, 1, -3),
        lambda x: np.take(x, [0], 2),
        lambda x: np.compress([[True]], x),
        lambda x: np.compress([True], x, 2),
        lambda x: np.linspace(x, 1.0, 3, axis=3),
        lambda x: np.copy(x, "X"),
        lambda x: np.reshape(x, (2, 6), order="K"),
        lambda x: x.astype(np.float32, casting="safe"),
    ],
)
def test_what_numpy_refuses_is_refused(f):
    for x in (M, Tensor(M)):
        with pytest.raises((ValueError, TypeError, IndexError)) as raised:
            f(x)
    assert "tuple index" not in str(raised.value)


@pytest.mark.parametrize("split", [np.split, np.array_split, NUMPYS_UNSTACK])
def test_a_number_has_no_parts(split):
    for x in (Value(1.0), Tensor(1.0)):
        with pytest.raises((ValueError, IndexError)):
            split(x, *[2][: split is not NUMPYS_UNSTACK])
