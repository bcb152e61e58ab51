"""Layers and activations: what they compute on arrays, their seeds, and what is refused."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import Tensor, Value
from nn import MLP, Layer, LeakyReLU, Linear, Neuron, Sequential, Sigmoid, Softmax, Tanh
from nn.layers import Activation


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Neuron(0), ValueError, "`inputs` is a whole number from 1 up, but this is 0"),
        (lambda: Neuron(2.0), ValueError, "`inputs` is a whole number"),
        (lambda: Neuron(True), ValueError, "`inputs` is a whole number"),
        (lambda: Layer(2, -1), ValueError, "`outputs` is a whole number"),
        (lambda: MLP(2, []), ValueError, "at least one layer"),
        (lambda: MLP(2, [3, "1"]), ValueError, "`outputs` is a whole number"),
        (lambda: Neuron(2, activation="relu"), TypeError, "is a function, .* but this is 'relu'"),
        (lambda: MLP(2, [1], last="relu"), TypeError, "is a function, .* but this is 'relu'"),
        (lambda: Linear(2, 3, dtype=int), ValueError, "`dtype` is a float type, .* is int"),
        (lambda: Linear(2, 3, dtype=complex), ValueError, "a float type, .* is complex128"),
        (lambda: Linear(2, 0), ValueError, "`outputs` is a whole number"),
        (lambda: Sequential(Sigmoid(), 3), TypeError, "takes modules, but this is 3"),
        (lambda: Sequential(Linear(2, 3), Tanh), TypeError, r"class Tanh.\n.* write `Tanh\(\)`"),
        (lambda: Sequential([Linear(2, 3)]), TypeError, r"Sequential\(\*modules\)"),
        (lambda: Neuron(2, activation=Tanh), TypeError, r"write `Tanh\(\)`"),
        (lambda: MLP(2, 3), TypeError, r"list of layer sizes, .*\n.*MLP\(2, \[16, 1\]\)"),
        (lambda: LeakyReLU(0.1, 0.2), TypeError, "has the settings slope, but: too many"),
        (lambda: Tanh(np.ones(2)), TypeError, r"no settings, but: too many .*\n.*`Tanh\(\)\(x\)`"),
        (lambda: Softmax(dim=0), TypeError, "has the settings axis, but: .* 'dim'"),
        (lambda: Neuron(2)([[1.0, 2.0], [Value(3.0)]]), ValueError, "this is a list of lists"),
        (lambda: Neuron(2)(1.0), ValueError, "one sample at a time, .* this is float 1.0"),
        (lambda: MLP(2, [3, 1])(np.ones((2, 5))), ValueError, r"this has shape \(2, 5\)"),
        (
            lambda: MLP(2, [3, 1])(Tensor(np.ones((5, 2)))),
            ValueError,
            r"shape \(5, 2\).\n.* for row",
        ),
        (lambda: Neuron(2)(Tensor(1.0)), ValueError, r"this has shape \(\)"),
        (lambda: Neuron(2)(np.ones(3)), ValueError, "takes 2 inputs, but was given 3"),
        (lambda: Neuron(2)([1.0]), ValueError, "takes 2 inputs, but was given 1"),
        (lambda: Linear(2, 3)(np.ones(4)), ValueError, "(?s)."),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_settings_of_activations():
    x = np.array([[-1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(LeakyReLU(0.5)(x), [[-0.5, 2.0], [3.0, -2.0]])
    np.testing.assert_array_equal(LeakyReLU(slope=0.5)(x), LeakyReLU(0.5)(x))
    np.testing.assert_allclose(Softmax(axis=0)(x).sum(axis=0), 1.0)
    assert repr(Softmax(axis=0)) == "Softmax(axis=0) of 0 parameters"
    assert LeakyReLU()(-1.0) == -0.01


# -- chance --------------------------------------------------------------------------------


MAKERS = {
    "Neuron": lambda seed: Neuron(3, seed=seed),
    "Layer": lambda seed: Layer(3, 2, seed=seed),
    "MLP": lambda seed: MLP(3, [2, 1], seed=seed),
    "Linear": lambda seed: Linear(3, 2, seed=seed),
}


def weights(module):
    return np.concatenate([np.ravel(p.data) for p in module.parameters()])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_random_choice_takes_a_seed_or_a_generator(make):
    np.testing.assert_array_equal(weights(make(7)), weights(make(7)))
    generator = np.random.default_rng
    np.testing.assert_array_equal(weights(make(7)), weights(make(generator(7))))
    rng = generator(7)
    assert not np.array_equal(weights(make(rng)), weights(make(rng)))
    assert not np.array_equal(weights(make(None)), weights(make(None)))
    before = np.random.get_state()[1].copy()  # NumPy's own, which others may rely on
    make(None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_spread_of_weights():
    assert np.std([w.data for w in Neuron(10_000, seed=0).w]) == pytest.approx(0.01, rel=0.05)
    weight = Linear(300, 200, seed=0).weight.data
    assert np.abs(weight).max() <= math.sqrt(6 / 500)
    assert np.var(weight) == pytest.approx(2 / 500, rel=0.05)


# -- arrays --------------------------------------------------------------------------------


def test_linear():
    layer = Linear(3, 2, seed=0)
    x = np.random.default_rng(1).normal(size=(4, 5, 3))
    layer.bias.data = np.array([1.0, -1.0])
    expected = np.einsum("abi,io->abo", x, layer.weight.data) + np.array([1.0, -1.0])
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-13)
    layer(x).sum().backward()
    np.testing.assert_allclose(layer.weight.grad, np.outer(x.sum((0, 1)), [1, 1]), rtol=1e-12)
    np.testing.assert_allclose(layer.bias.grad, [20.0, 20.0], rtol=1e-12)
    assert [n for n, _ in Linear(3, 2, bias=False).named_parameters()] == ["weight"]


def test_single_precision_stays():
    model = Sequential(Linear(3, 4, dtype=np.float32, seed=0), Tanh(), Linear(4, 1, dtype="f4"))
    out = model(np.ones((2, 3), np.float32)).sum()
    out.backward()
    assert {p.dtype for p in (out, *model.parameters())} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


FORMULAS = {
    "Sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "Tanh": mpmath.tanh,
    "ReLU": lambda x: max(x, 0),
    "Softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "GELU": lambda x: x * mpmath.ncdf(x),
    "SiLU": lambda x: x / (1 + mpmath.exp(-x)),
    "ELU": lambda x: x if x > 0 else mpmath.expm1(x),
    "LeakyReLU": lambda x: x if x > 0 else x * mpmath.mpf(0.01),
}


@pytest.mark.parametrize("kind", Activation.__subclasses__(), ids=lambda kind: kind.__name__)
def test_activations(kind):
    assert getattr(nn, kind.__name__) is kind
    x = np.array([[-1000.0, -30.0, -1.0, -1e-8], [1e-8, 0.5, 30.0, 700.0]])
    if kind is nn.Softmax:
        rows = [[mpmath.exp(mpmath.mpf(v) - row.max()) for v in row] for row in x]
        expected = [[float(v / mpmath.fsum(row)) for v in row] for row in rows]
    else:
        formula = FORMULAS[kind.__name__]
        expected = [[float(formula(mpmath.mpf(float(v)))) for v in row] for row in x]
    np.testing.assert_allclose(kind()(Tensor(x)).data, expected, rtol=1e-12)
    assert kind().parameters() == []


def test_sequential():
    first, second = Linear(3, 2, seed=0), Linear(2, 1, seed=1)
    model = Sequential(first, Sigmoid(), ad.sin, second)
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model(x).data, second(ad.sin(ad.sigmoid(first(x)))).data)
    assert [n for n, _ in model.named_parameters()] == [
        "layers.0.weight", "layers.0.bias", "layers.3.weight", "layers.3.bias",
    ]  # fmt: skip


def test_a_sequential_is_as_a_list():
    layers = [Linear(3, 2, seed=0), Sigmoid(), ad.sin, Linear(2, 1, seed=1)]
    model = Sequential(*layers)
    assert (len(model), list(model)) == (4, layers)
    assert [model[i] for i in (0, -1, np.int64(2))] == [layers[0], layers[3], ad.sin]
    for cut in (slice(2), slice(1, None, 2), slice(None, None, -1), slice(7, 9)):
        part = model[cut]
        assert type(part) is Sequential
        assert list(part) == layers[cut]
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model[2:](model[:2](x)).data, model(x).data)
    assert model[:1].parameters() == layers[0].parameters()  # the same ones
    with pytest.raises(IndexError, match="has 4 modules, but the index is 4"):
        model[4]
    with pytest.raises(TypeError, match=r"whole numbers and slices, .* the index is 'layers'"):
        model["layers"]


def test_how_modules_show_themselves():
    assert repr(Neuron(2)) == "Neuron(2) of 3 parameters"
    assert repr(Layer(2, 3)) == "Layer(2, 3) of 9 parameters"
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2, [16, 16, 1]) of 337 parameters"
    assert repr(Linear(64, 32)) == "Linear(64, 32) of 2,080 parameters"
    assert repr(Tanh()) == "Tanh() of 0 parameters"
