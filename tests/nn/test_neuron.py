"""Neurons, their layers and networks: on floats, on Values, and on many rows at once."""

import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
import optim
from autodiff import Tensor, Value
from autodiff.testing import check_gradients
from nn import ELU, GELU, MLP, Dropout, Layer, LeakyReLU, Neuron, ReLU, Softmax, mse


def sigmoid(x):
    return float(1 / (1 + mpmath.exp(-mpmath.mpf(x))))


def test_the_neuron_is_a_sigmoid_by_default():
    neuron = Neuron(2, seed=0)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0
    out = neuron([-1.0, -2.0])
    assert out.data == pytest.approx(sigmoid(1), rel=1e-15)
    out.backward()
    slope = sigmoid(1) * (1 - sigmoid(1))
    assert [w.grad for w in neuron.w] == pytest.approx([-slope, -2 * slope], rel=1e-12)
    assert neuron.b.grad == pytest.approx(slope, rel=1e-12)


def test_a_neuron_with_another_activation():
    for activation, f in ((ad.tanh, math.tanh), (None, lambda x: x)):
        neuron = Neuron(3, activation=activation, seed=1)
        x = [0.5, -1.0, 2.0]
        total = sum(w.data * xi for w, xi in zip(neuron.w, x, strict=True)) + neuron.b.data
        assert neuron(x).data == pytest.approx(f(total), rel=1e-14)


def test_a_layer_is_its_neurons():
    layer = Layer(2, 3, seed=0)
    assert [o.data for o in layer([1.0, 2.0])] == [n([1.0, 2.0]).data for n in layer.neurons]
    assert len(layer.parameters()) == 9


def test_a_network_is_its_layers():
    model = MLP(2, [3, 2], seed=0)
    x = [0.3, -0.7]
    hidden = [o.data for o in model.layers[0](x)]
    assert [o.data for o in model(x)] == [o.data for o in model.layers[1](hidden)]
    assert [f.op for f in model(x)] == ["sigmoid", "sigmoid"]
    assert MLP(2, [3, 1], seed=0)(x).op == "sigmoid"  # one output is no list
    assert MLP(2, [3, 1], last=None, seed=0)(x).op == "add"
    assert MLP(2, [3, 1], activation=ad.relu, last=ad.tanh, seed=0)(x).op == "tanh"


def test_the_network_takes_and_differentiates_values():
    model, x = MLP(2, [3, 1], seed=3), [Value(0.3), Value(-0.7)]
    model(x).backward()
    step = 1e-6
    ahead, behind = model([0.3 + step, -0.7]).data, model([0.3 - step, -0.7]).data
    assert x[0].grad == pytest.approx((ahead - behind) / (2 * step), rel=1e-7)


# -- rows ----------------------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(7, 3))
MODELS = {
    "neuron": lambda **kw: Neuron(3, seed=0, **kw),
    "layer": lambda **kw: Layer(3, 4, seed=0, **kw),
    "layer of one": lambda **kw: Layer(3, 1, seed=0, **kw),
    "network": lambda **kw: MLP(3, [5, 2], seed=0, **kw),
    "network of one output": lambda **kw: MLP(3, [5, 4, 1], seed=0, **kw),
}
ACTIVATIONS = [
    ad.sigmoid, ad.tanh, ad.relu, None, ReLU(), LeakyReLU(0.3), ELU(), GELU(), GELU("tanh"),
    lambda v: v * ad.sigmoid(v), np.tanh, lambda v: ad.leaky_relu(v, 0.5),
]  # fmt: skip


def by_row(model, rows):
    """The outputs of each row alone, as a list of lists of Values."""
    outputs = [model(list(row)) for row in rows]
    return [out if isinstance(out, list) else [out] for out in outputs]


def loss_of(outputs):
    """Any number that changes with each output in a way of its own."""
    flat = [out for row in outputs for out in row]
    return sum(math.sin(i + 1.0) * out * out for i, out in enumerate(flat))


def assert_same(model, made):
    """Rows at once give what each gives alone, and the weights the same gradients."""
    parameters = model.parameters()
    model.zero_grad()
    expected = by_row(model, X)
    loss_of(expected).backward()
    gradients = [p.grad for p in parameters]
    numbers = np.array([[out.data for out in row] for row in expected])
    model.zero_grad()
    out = model(made)
    assert isinstance(out, Tensor)
    assert out.shape == ((7,) if isinstance(model, Neuron) else numbers.shape)
    # Sums of some terms of about 1 in another order: 16 roundings of 1, and far fewer by and large.
    np.testing.assert_allclose(out.data.reshape(7, -1), numbers, rtol=0, atol=16 * 2**-53)
    weights = np.sin(np.arange(out.size) + 1.0).reshape(out.shape)
    ad.sum(weights * out * out).backward()
    np.testing.assert_allclose([p.grad for p in parameters], gradients, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", MODELS)
def test_rows_give_what_each_gives_alone(name, activation):
    assert_same(MODELS[name](activation=activation), X)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("made", [Tensor(X), X.tolist(), tuple(map(tuple, X.tolist())), X[::-1]])
def test_rows_of_any_kind(name, made):
    model = MODELS[name]()
    rows = np.asarray(made.data if isinstance(made, Tensor) else made)
    found, expected = model(made), by_row(model, rows)
    np.testing.assert_allclose(
        found.data.reshape(7, -1), [[o.data for o in row] for row in expected], rtol=1e-13
    )


def test_rows_of_values_and_rows_in_more_axes():
    model = MLP(2, [3, 1], seed=0)
    x = [[Value(1.0), 2.0], [3.0, Value(-1.0)]]
    ad.sum(model(x)).backward()
    y = Tensor([[1.0, 2.0], [3.0, -1.0]])
    ad.sum(model(y)).backward()
    assert [x[0][0].grad, x[1][1].grad] == pytest.approx([y.grad[0, 0], y.grad[1, 1]])
    assert model(np.ones((4, 5, 2))).shape == (4, 5, 1)
    assert Neuron(2, seed=0)(np.ones((4, 5, 2))).shape == (4, 5)
    assert model(np.ones((0, 2))).shape == (0, 1)
    assert model(np.ones((1, 2))).shape == (1, 1)
    assert MLP(1, [1], seed=0)([[0.5]]).shape == (1, 1)
    assert type(model([1.0, 2.0])) is Value
    assert model(np.array([1.0, 2.0])).data == model([1.0, 2.0]).data


def test_gradients_by_the_rows():
    model = MLP(3, [4, 2], activation=ad.tanh, seed=0)
    assert check_gradients(model, X, order=2).checked


def test_neurons_of_their_own_kind_are_asked_themselves():
    class Twice(Neuron):
        def forward(self, x):
            return 2.0 * super().forward(x)

    model = MLP(3, [4, 2], seed=0)
    model.layers[0].neurons[1] = Twice(3, seed=1)
    model.layers[1].neurons[0].activation = ad.tanh
    other = model.layers[0].neurons[2]
    other.forward = lambda x, forward=other.forward: -1.0 * forward(x)
    assert_same(model, X)
    assert model.layers[0].neurons[1](X).data[0] == pytest.approx(
        2.0 * Neuron(3, seed=1)(list(X[0])).data
    )


def test_frozen_neurons():
    model = MLP(3, [4, 2], seed=0)
    expected = model(X).data
    model.layers[0].freeze()
    np.testing.assert_array_equal(model(X).data, expected)
    ad.sum(model(X)).backward()
    assert all(p.grad for p in model.parameters())
    model.layers[1].freeze()
    np.testing.assert_array_equal(model(X), expected)


def test_a_program_of_rows():
    model = MLP(3, [4, 1], activation=lambda v: v * ad.sigmoid(v), last=None, seed=0)
    program = ad.compile(model)
    np.testing.assert_allclose(program(X), model(X).data, rtol=1e-14)
    np.testing.assert_allclose(program(X[:3]), model(X[:3]).data, rtol=1e-14)
    found = ad.derive(lambda x: ad.sum(model(x)), X)(X)
    np.testing.assert_allclose(found[1], ad.grad(lambda x: ad.sum(model(x)))(X), rtol=1e-12)


def test_it_learns_from_rows():
    model, y = MLP(3, [6, 1], activation=ad.tanh, last=None, seed=0), X[:, :1] * X[:, 1:2]
    adam = optim.Adam(model.parameters(), lr=0.05)
    first = mse(model(X), y).item()
    for _ in range(100):
        adam.zero_grad()
        mse(model(X), y).backward()
        adam.step()
    assert mse(model(X), y).item() < 0.05 * first


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("made", [np.ones((7, 2)), Tensor(np.ones((3, 7))), [[1.0], [2.0]]])
def test_rows_of_another_length(name, made):
    with pytest.raises(ValueError, match=r"takes 3 inputs, but was given \d in rows: it has shape"):
        MODELS[name]()(made)


@pytest.mark.parametrize("name", ["softmax", "logsumexp", "log_softmax", "sum", "sort"])
def test_activations_over_several_numbers(name):
    with pytest.raises(TypeError, match=f"`{name}` is over several.*\n.*autodiff.{name}"):
        MLP(2, [3, 2], last=getattr(ad, name))
    if name == "softmax":
        with pytest.raises(TypeError, match="`softmax` is over several"):
            Neuron(2, activation=Softmax())


@pytest.mark.parametrize(
    "activation", [lambda v: v / ad.sum(v), ad.mean, ad.norm, lambda v: v + v.shape[0], ad.cumsum]
)
def test_activations_that_rows_find_out(activation):
    model = Layer(3, 2, seed=0)
    for neuron in model.neurons:
        neuron.activation = activation
    with pytest.raises((ValueError, AttributeError), match=r"number by number|shape"):
        model(X)


def test_an_activation_that_draws_is_asked_once():
    model = Layer(3, 2, activation=Dropout(0.5, seed=0), seed=0)
    again = Dropout(0.5, seed=0)
    plain = Layer(3, 2, activation=None, seed=0)
    np.testing.assert_array_equal(model(X).data, again(plain(X)).data)
