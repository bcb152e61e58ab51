"""How the gradient grows on its way back, where each factor is known."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value
from nn import MLP, RNN, Linear, Module, Sequential, mse
from optim import SGD, train
from optim.diagnosis.growth import Growth, growths_in


def growth_in(loss, output):
    """Where it grows most."""
    return max(growths_in(loss, output), key=lambda growth: growth.factor)


X = np.random.default_rng(0).normal(size=(7, 4))
Y = np.zeros((7, 4))


def scaled(factors):
    """Layers each of which is a rotation, times a factor."""
    rng = np.random.default_rng(1)
    layers = []
    for factor in factors:
        layers.append(Linear(4, 4, bias=False))
        layers[-1].weight.data = factor * np.linalg.qr(rng.normal(size=(4, 4)))[0]
    model = Sequential(*layers)
    model.parameters()
    return model


@pytest.mark.parametrize(
    ("factors", "longest", "factor"),
    [
        ([3, 2, 5, 7], "layers.0", 70),
        ([3, 0.5, 5, 7], "layers.1", 35),
        ([3, 1, 0.5, 7], "layers.2", 7),
        ([3, 0.1, 0.1, 0.1], "layers.3", 1),
    ],
)
def test_it_is_the_product_of_the_layers_that_come_after(factors, longest, factor):
    model = scaled(factors)
    output = model(ad.Tensor(X) * 1.0)
    assert growth_in(mse(output, Y), output) == (longest, pytest.approx(factor))


def test_each_layer_has_its_own_at_its_longest():
    output = scaled([3.0, 0.5, 5.0])(ad.Tensor(X) * 1.0)
    found = growths_in(mse(output, Y), output)
    expected = {"layers.0": 2.5, "layers.1": 5.0, "layers.2": 1.0}
    assert dict(found) == pytest.approx(expected)
    rnn = RNN(1, 1, nonlinearity="relu", bias=False)
    rnn.weight_hh_l0.data, rnn.weight_ih_l0.data = [[0.001]], [[1.0]]
    rnn.parameters()
    output = rnn(np.ones((6, 1, 1)))[1]
    assert growths_in(ad.sum(output), output) == [Growth("weight_hh_l0", 1.0)]


def test_over_time_and_over_values():
    rnn = RNN(1, 1, nonlinearity="relu", bias=False)
    rnn.weight_hh_l0.data, rnn.weight_ih_l0.data = [[3.0]], [[1.0]]
    rnn.parameters()
    output = rnn(np.ones((6, 1, 1)))[1]
    assert growth_in(ad.sum(output), output) == ("weight_hh_l0", pytest.approx(3**4))
    model = MLP(2, [2, 2, 1], activation=ad.tanh, seed=0)
    model.parameters()
    inputs = np.random.default_rng(0).normal(size=(5, 2)).tolist()
    ct = _cotangents(model, np.array(inputs))
    rows = [model([Value(x) * 1.0 for x in row]) for row in inputs]
    norms = [np.linalg.norm(ct[k], axis=0).max() for k in range(3)]
    _is_longest(growth_in(mse(rows, [0.9] * 5), rows), norms, ct)
    rows = model(ad.Tensor(inputs) * 1.0)  # the same neurons, their parameters in arrays
    norms = [np.linalg.norm(ct[k]) for k in range(3)]
    _is_longest(growth_in(mse(rows, np.full((5, 1), 0.9)), rows), norms, ct)


def _is_longest(growth, norms, ct):
    assert growth.layer == f"layers.{np.argmax(norms)}"
    assert growth.factor == pytest.approx(max(norms) / np.linalg.norm(ct["output"]))


def _cotangents(model, x):
    """Those of what each layer's neurons sum up, and of the output, by hand."""
    weights, sums, h = [], [], x
    for layer in model.layers:
        weights.append(np.array([[w.data for w in neuron.w] for neuron in layer.neurons]))
        sums.append(h @ weights[-1].T + [neuron.b.data for neuron in layer.neurons])
        h = np.tanh(sums[-1])
    found = {"output": 2 * (h - 0.9) / h.size}
    ct = found["output"]
    for k in (2, 1, 0):
        found[k] = ct * (1 - np.tanh(sums[k]) ** 2)
        ct = found[k] @ weights[k]
    return found


def test_what_a_loss_adds_of_the_parameters_is_no_layer():
    model = scaled([1.0, 2.0])
    output = model(ad.Tensor(X) * 1.0)
    loss = mse(output, Y) * 1e-6 + ad.sum(model[0].weight ** 2)
    assert growth_in(loss, output) == ("layers.0", pytest.approx(2.0))


def test_what_overflows_is_infinite_and_what_is_nothing_is_none():
    output = scaled([1e200, 1e200, 1e200])(ad.Tensor(X) * 1e-300)
    assert growth_in(ad.sum(output), output).factor == np.inf
    output = scaled([1.0])(X)
    assert growths_in(ad.sum(output) * 0.0, output) == []
    assert growths_in(ad.sum(ad.Tensor(X)), X) == []


def test_training_goes_as_without_and_a_first_step_that_is_refused_is_explained():
    class Chain(Module):
        def __init__(self, factor):
            self.layers = [Linear(4, 4, seed=k) for k in range(4)]
            for layer in self.layers:
                layer.weight.data = factor * layer.weight.data

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    def run(factor, **settings):
        model = Chain(factor)
        sgd = SGD(model.parameters(), lr=1e-3)
        return train(model, mse, (X, Y), sgd, epochs=2, seed=0, **settings)

    measured = run(1.0, diagnose=True)
    assert measured.steps["loss"] == run(1.0, compiled=False).steps["loss"]
    assert measured.noted["growth"][1] < 100
    with pytest.raises(FloatingPointError) as caught:
        run(1e60, diagnose=True)
    assert "Explosion: on its way back" in "".join(getattr(caught.value, "__notes__", []))
