"""Layers: what they compute on arrays, their gradients, their seeds, and what is refused."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import Tensor, Value
from autodiff.testing import check_gradients
from nn import (
    MLP,
    BatchNorm1d,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Neuron,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from nn.activations import Activation


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
        (lambda: Neuron(2)([[1.0, 2.0], [Value(3.0)]]), ValueError, "of one shape|same shape"),
        (lambda: Neuron(2)(1.0), ValueError, "one sample, .* of such rows, but this is float 1.0"),
        (
            lambda: MLP(2, [3, 1])(np.ones((2, 5))),
            ValueError,
            r"given 5 in rows: .*\(2, 5\)",
        ),
        (lambda: Neuron(2)(Tensor(1.0)), ValueError, r"this has shape \(\)"),
        (lambda: Neuron(2)(np.ones(3)), ValueError, "takes 2 inputs, but was given 3"),
        (lambda: Neuron(2)([1.0]), ValueError, "takes 2 inputs, but was given 1"),
        (lambda: Linear(2, 3)(np.ones(4)), ValueError, "(?s)."),
        (lambda: nn.GELU("fast"), ValueError, "\"none\" for the exact .* this is 'fast'"),
        (lambda: Embedding(0, 2), ValueError, "`num_embeddings` is a whole number"),
        (lambda: Embedding(2, 0), ValueError, "`embedding_dim` is a whole number"),
        (lambda: Embedding(2, 2, dtype=int), ValueError, "`dtype` is a float type"),
        (lambda: Embedding(3, 2)([0, 3]), ValueError, "the rows 0 to 2, but .* from 0 to 3"),
        (lambda: Embedding(3, 2)([-1]), ValueError, "the rows 0 to 2, but .* from -1 to -1"),
        (lambda: Embedding(3, 2)([1.0]), ValueError, "whole numbers, .* dtype float64"),
        (lambda: Embedding(3, 2)(Tensor([1])), ValueError, "whole numbers, .* dtype float64"),
        (lambda: Embedding(3, 2)([True]), ValueError, "whole numbers, .* dtype bool"),
        *[(lambda p=p: Dropout(p), ValueError, "from 0 to 1") for p in (-0.1, 1.1, "a", math.nan)],
        (lambda: Flatten(1.0), TypeError, "`start_axis` is a whole number"),
        (lambda: Flatten(1, True), TypeError, "`end_axis` is a whole number"),
        (lambda: Flatten()(np.ones(3)), ValueError, r"from 1 to -1, .* shape \(3,\).\n.*samples"),
        (lambda: Flatten(2, 1)(np.ones((2, 2, 2))), ValueError, "from 2 to 1"),
        (lambda: Flatten(0, 3)(np.ones((2, 2))), ValueError, "from 0 to 3"),
        (lambda: Residual(Tanh), TypeError, "one module"),
        (lambda: Residual([Tanh()]), TypeError, r"one module.*\n.*Sequential\(\*modules\)"),
        (lambda: Residual(Linear(2, 1))(np.ones((3, 2))), ValueError, r"\(3, 1\) and \(3, 2\)"),
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
    "Embedding": lambda seed: Embedding(3, 2, seed=seed),
    "Dropout": lambda seed: Dropout(seed=seed),
    "RNN": lambda seed: nn.RNN(3, 2, seed=seed),
    "LSTM": lambda seed: nn.LSTM(3, 2, 2, dropout=0.1, seed=seed),
    "GRU": lambda seed: nn.GRU(3, 2, seed=seed),
    "MultiHeadAttention": lambda seed: nn.MultiHeadAttention(4, 2, dropout=0.1, seed=seed),
    "Conv2d": lambda seed: nn.Conv2d(2, 3, 2, seed=seed),
}


def weights(module):
    return np.concatenate([np.ravel(array) for array in module.state_dict().values()])


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


def test_gelu_by_its_approximation():
    gelu, x = nn.GELU(approximate="tanh"), np.array([-30.0, -8.0, -1.0, -1e-8, 0.0, 0.5, 30.0])
    with mpmath.workdps(80):  # 1 + tanh loses as many digits as there are zeros
        expected = []
        for v in map(mpmath.mpf, map(float, x)):
            u = mpmath.sqrt(2 / mpmath.pi) * (v + mpmath.mpf("0.044715") * v**3)
            expected.append(float(v * mpmath.exp(u) / (mpmath.exp(u) + mpmath.exp(-u))))
    np.testing.assert_allclose(gelu(Tensor(x)).data, expected, rtol=1e-12)
    assert repr(gelu) == "GELU(approximate='tanh') of 0 parameters"
    assert nn.GELU("none")(1.0) == nn.GELU()(1.0) == ad.gelu(1.0)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, ">i4"])
def test_embedding(shape, dtype):
    layer = Embedding(5, 3, seed=0)
    indices = np.random.default_rng(1).integers(0, 5, shape).astype(dtype)
    rows, ct = layer(indices), np.random.default_rng(2).normal(size=(*shape, 3))
    np.testing.assert_array_equal(rows.data, layer.weight.data[indices.astype(int)])
    rows.backward(ct)
    expected = np.zeros((5, 3))
    for index, row in zip(indices.ravel(), ct.reshape(-1, 3), strict=True):
        expected[index] += row  # those that come several times add up
    np.testing.assert_allclose(layer.weight.grad, expected, rtol=1e-13)
    program = ad.compile(lambda i: layer(i))
    np.testing.assert_array_equal(program(indices), rows.data)


def test_the_spread_of_an_embedding():
    weight = Embedding(500, 100, seed=0).weight.data
    assert (np.mean(weight), np.std(weight)) == pytest.approx((0, 1), abs=0.02)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_dropout(p):
    dropout, x = Dropout(p, seed=0), Tensor(np.random.default_rng(1).normal(1, 1, 10_000))
    y = dropout(x)
    y.sum().backward()
    kept = y.data != 0
    assert np.mean(kept) == pytest.approx(1 - p, abs=0.02)
    scale = 1 / (1 - p) if p < 1 else 0.0
    np.testing.assert_allclose(y.data, np.where(kept, x.data * scale, 0.0), rtol=1e-15)
    np.testing.assert_allclose(x.grad, np.where(kept, scale, 0.0), rtol=1e-15)
    again = dropout(x).data
    assert np.array_equal(again, y.data) == (p in (0.0, 1.0))
    assert dropout.eval()(x) is x
    np.testing.assert_array_equal(Dropout(p, seed=0)(x.data), y.data)


def test_what_dropout_leaves_out_poisons_nothing():
    x = Tensor([math.inf, math.nan] * 50)
    y = Dropout(0.5, seed=0)(x)
    y.sum().backward()
    zeros = y.data == 0
    assert 0 < zeros.sum() < 100
    np.testing.assert_array_equal(x.grad, np.where(zeros, 0.0, 2.0))


def test_dropouts_generator_is_its_own_and_in_the_state():
    rng = np.random.default_rng(0)
    a, b, x = Dropout(seed=rng), Dropout(seed=rng), np.ones(100)
    state = rng.bit_generator.state
    assert not np.array_equal(a(x), b(x))
    assert rng.bit_generator.state == state
    b.load_state_dict(a.state_dict())
    np.testing.assert_array_equal(a(x), b(x))
    assert isinstance(a(Value(3.0)), Value)
    with pytest.raises(ad.TraceError, match=r"In training Dropout changes .*\n.*model\.eval"):
        ad.compile(lambda x: a(x))(x)
    np.testing.assert_array_equal(ad.compile(lambda x: a.eval()(x))(x), x)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (2, 0, 4)])
def test_flatten(shape):
    x = np.random.default_rng(0).normal(size=shape)
    for start in range(len(shape)):
        for end in range(start, len(shape)):
            joined = (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])
            for axes in ((start, end), (start - len(shape), end - len(shape))):
                y = Flatten(*axes)(Tensor(x))
                np.testing.assert_array_equal(y.data, np.reshape(x, joined))
    assert repr(Flatten()) == "Flatten() of 0 parameters"
    assert repr(Flatten(0, 1)) == "Flatten(start_axis=0, end_axis=1) of 0 parameters"


def test_residual():
    inner, x = Linear(3, 3, seed=0), np.ones((2, 3))
    model = Residual(inner)
    np.testing.assert_array_equal(model(x).data, x + inner(x).data)
    assert [n for n, _ in model.named_parameters()] == ["module.weight", "module.bias"]
    assert "(module): Linear(3, 3) of 12 parameters" in repr(model)
    assert "(module): sin" in repr(Residual(ad.sin))


# -- gradients -----------------------------------------------------------------------------


LAYERS = {
    "Linear": lambda: Linear(3, 2, seed=0),
    "Linear without bias": lambda: Linear(3, 2, bias=False, seed=0),
    "Sequential": lambda: Sequential(Linear(3, 2, seed=0), Tanh(), Linear(2, 2, seed=1)),
    "Residual": lambda: Residual(Linear(3, 3, seed=0)),
    "Flatten": lambda: Flatten(0),
    "Dropout": lambda: Dropout(0.4, seed=0),
    "LayerNorm": lambda: LayerNorm(3),
    "BatchNorm1d": lambda: BatchNorm1d(3),
    "GELU by its approximation": lambda: nn.GELU("tanh"),
    "RNN": lambda: nn.RNN(3, 2, seed=0),
    "LSTM": lambda: nn.LSTM(3, 2, seed=0),
    "GRU": lambda: nn.GRU(3, 2, seed=0),
    "MultiHeadAttention": lambda: nn.MultiHeadAttention(3, 1, dropout=0.3, seed=0),
    **{kind.__name__: kind for kind in Activation.__subclasses__()},
}


def test_every_layer_over_arrays_is_among_them():
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type)}
    others = {nn.Module, Activation, Neuron, Layer, MLP, Embedding}  # over lists, and integers
    of_images = {kind for kind in kinds if "2d" in kind.__name__}  # see `test_convolution.py`
    assert {type(make()) for make in LAYERS.values()} == kinds - others - of_images


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_gradients(make, training):
    rng = np.random.default_rng(0)
    parameters = {n: p.data + rng.normal(size=p.shape) for n, p in make().named_parameters()}

    def f(x, parameters):
        layer = make().train(training)  # anew, so that a Dropout draws the same
        for name, parameter in parameters.items():
            part, (*path, last) = layer, name.split(".")
            for key in path:
                part = part[int(key)] if key.isdigit() else getattr(part, key)
            vars(part)[last] = parameter
        return layer(x)

    report = check_gradients(f, rng.normal(size=(4, 3)), parameters)
    assert "kink" not in repr(report)


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
    assert repr(Embedding(4, 3)) == "Embedding(4, 3) of 12 parameters"
    assert repr(Dropout(0.1)) == "Dropout(p=0.1) of 0 parameters"
    assert repr(LayerNorm((2, 3))) == "LayerNorm(2, 3, eps=1e-05) of 12 parameters"
    assert repr(BatchNorm1d(3)) == "BatchNorm1d(3, eps=1e-05, momentum=0.1) of 6 parameters"


@pytest.mark.parametrize("shape", [(5,), (2, 5), (), (0,), (4, 0)])
def test_a_linear_of_other_features(shape):
    with pytest.raises(ValueError, match=r"Linear takes arrays of shape \(\.\.\., 4\), ") as caught:
        Linear(4, 3)(np.ones(shape))
    assert f"has shape {shape}." in str(caught.value)
