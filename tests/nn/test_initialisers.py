"""Initialisers: their spread by the formula, shapes, seeds, and what is refused."""

import math

import numpy as np
import pytest

import nn
from autodiff import Tensor
from nn import Embedding, Linear, initialisers
from nn.initialisers import constant, he_normal, normal, orthogonal, uniform

IN, OUT = 300, 200
VARIANCES = {
    "glorot_normal": 2 / (IN + OUT),
    "glorot_uniform": 2 / (IN + OUT),
    "he_normal": 2 / IN,
    "he_uniform": 2 / IN,
    "lecun_normal": 1 / IN,
    "lecun_uniform": 1 / IN,
    "uniform": 1 / 3,
    "normal": 1.0,
    "zeros": 0.0,
    "ones": 0.0,
    "constant": 0.0,
    "orthogonal": 1 / IN,
}
FIXED = {"zeros": 0.0, "ones": 1.0, "constant": -2.5}
MADE = {"uniform": uniform(), "normal": normal(), "constant": constant(-2.5)}


def named(name):
    return MADE.get(name) or getattr(initialisers, name)


def test_every_initialiser_is_among_them():
    assert VARIANCES.keys() == set(initialisers.__all__)
    assert nn.initialisers is initialisers


@pytest.mark.parametrize("name", VARIANCES)
def test_the_spread(name):
    weight = named(name)((IN, OUT), IN, OUT, np.random.default_rng(0))
    assert weight.shape == (IN, OUT)
    variance = VARIANCES[name]
    assert np.mean(weight) == pytest.approx(FIXED.get(name, 0), abs=5 * math.sqrt(variance / 6e4))
    assert np.var(weight) == pytest.approx(variance, rel=0.03)
    if name.endswith("uniform"):
        assert np.abs(weight).max() == pytest.approx(math.sqrt(3 * variance), rel=1e-3)
        assert np.abs(weight).max() <= math.sqrt(3 * variance)
    elif variance and name != "orthogonal":  # a normal distribution has the kurtosis 3
        assert np.mean(weight**4) / variance**2 == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("name", VARIANCES)
def test_by_the_seed(name):
    first, again, other = (Linear(5, 4, seed=s, init=named(name)).weight.data for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) == (name in FIXED)


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (5, 5), (4, 2, 3, 3), (20, 2, 3), (1, 4)])
def test_orthogonal(shape):
    weight = orthogonal(shape, 1, 1, np.random.default_rng(0))
    assert weight.shape == shape
    matrix = weight.reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-14)


def test_orthogonal_ones_are_alike_in_all_directions():
    rng = np.random.default_rng(0)
    many = np.array([orthogonal((2, 2), 2, 2, rng) for _ in range(2000)])
    assert np.abs(many.mean(0)).max() < 0.08  # without its signs QR gives a negative diagonal
    assert np.mean(np.linalg.det(many) > 0) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_layers_use_what_they_are_given(dtype):
    seen = []

    def mine(shape, fan_in, fan_out, rng):
        seen.append((shape, fan_in, fan_out))
        return np.full(shape, 2)

    linear, embedding = (
        Linear(3, 2, dtype=dtype, init=mine),
        Embedding(7, 5, dtype=dtype, init=mine),
    )
    assert seen == [((3, 2), 3, 2), ((7, 5), 5, 7)]
    for layer in (linear, embedding):
        assert layer.weight.dtype == dtype
        assert np.all(layer.weight.data == 2)
        assert layer.weight.name == "weight"
    assert linear.bias.data.tolist() == [0.0, 0.0]


def test_the_defaults_of_layers():
    bound = math.sqrt(6 / 5)
    drawn = np.random.default_rng(3).uniform(-bound, bound, (3, 2))
    np.testing.assert_array_equal(Linear(3, 2, seed=3).weight.data, drawn)
    drawn = np.random.default_rng(3).normal(size=(3, 2))
    np.testing.assert_array_equal(Embedding(3, 2, seed=3).weight.data, drawn)


def test_a_node_will_do():
    layer = Linear(2, 3, init=lambda shape, *_: Tensor(np.ones(shape)))
    assert layer.weight.op is None
    assert layer.weight.data.tolist() == np.ones((2, 3)).tolist()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Linear(2, 3, init="he_uniform"), TypeError, "Pass `nn.initialisers.he_uniform`"),
        (lambda: Linear(2, 3, init="xavier_normal_"), TypeError, "initialisers.glorot_normal`"),
        (lambda: Linear(2, 3, init="random"), TypeError, r"is str 'random'.\n.*he_normal`"),
        (lambda: Embedding(2, 3, init=0.1), TypeError, "a function that draws a weight"),
        (lambda: Linear(2, 3, init=lambda s, *_: np.ones(3)), ValueError, r"shape \(2, 3\), that"),
        (lambda: Linear(2, 3, init=lambda s, *_: 0.5), ValueError, r"gave float 0.5 of shape \(\)"),
        (lambda: Linear(2, 3, init=lambda s, *_: np.full(s, np.nan)), ValueError, "finite numbers"),
        (lambda: Linear(2, 3, init=lambda s, *_: np.full(s, 1j)), ValueError, "dtype complex128"),
        (lambda: Linear(2, 3, init=lambda s, *_: None), ValueError, "gave None"),
        (
            lambda: Linear(2, 3, init=lambda *_: np.ones(3)),
            ValueError,
            r"gave an array of shape \(3,\) and dtype float64\.\n",
        ),
        *(
            (lambda init=init: Linear(2, 3, init=init), TypeError, f"`{name}` cannot be called so")
            for name, init in {
                "normal": normal,
                "uniform": uniform,
                "constant": constant,
                "<lambda>": lambda: 0,
            }.items()
        ),
        (lambda: constant("a"), ValueError, "`value` is a finite number, but this is 'a'"),
        (lambda: constant(math.inf), ValueError, "`value` is a finite number, but this is inf"),
        (lambda: normal(-1.0), ValueError, "`scale` is a finite number from 0 up"),
        (lambda: uniform(math.nan), ValueError, "`bound` is a finite number from 0 up"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_gain_is_a_function():
    plain = he_normal((4, 3), 4, 3, np.random.default_rng(0))
    layer = Linear(4, 3, seed=0, init=lambda *of: 0.5 * he_normal(*of))
    np.testing.assert_array_equal(layer.weight.data, 0.5 * plain)
