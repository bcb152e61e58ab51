"""Neurons, their layers and networks: what they compute on floats and Values."""

import math

import mpmath
import pytest

import autodiff as ad
from autodiff import Value
from nn import MLP, Layer, Neuron


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
