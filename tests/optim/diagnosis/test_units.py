"""The units of layers, found in the graph of a loss and counted."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from nn import MLP, Linear, Module, ReLU, Sequential, Sigmoid, Tanh, mse
from optim.diagnosis.units import units_in

X = np.random.default_rng(0).normal(size=(30, 4))


def test_shares_by_layer():
    model = Sequential(Linear(4, 6, seed=0), Sigmoid(), Linear(6, 5, seed=1), ReLU(), Linear(5, 1))
    model[0].bias.data = [0.0, 0.0, 0.0, 50.0, -50.0, 50.0]
    model[2].bias.data = [-99.0, 0.0, 0.0, 0.0, 0.0]
    model.parameters()
    sigmoid, relu = units_in(mse(model(X), np.zeros((30, 1))))
    assert sigmoid == ("layers.0", "sigmoid", 6, 0.5)
    assert relu[:3] == ("layers.2", "relu", 5)
    hidden = np.maximum(model[2](model[1](model[0](X))).data, 0)
    assert relu.share == np.mean(~np.any(hidden > 0, axis=0)) >= 0.2


def test_scalars_are_counted_by_their_layer():
    model = MLP(2, [3, 1], seed=0)
    for neuron in model.layers[0].neurons[:2]:
        neuron.b.data = 100.0
    model.parameters()
    loss = mse([model([0.1, 0.2]), model([0.3, 0.4])], [0.0, 0.0])
    for graph in (loss, mse(model([[0.1, 0.2], [0.3, 0.4]]), [[0.0], [0.0]])):
        first, second = units_in(graph)
        assert (first.layer, first.kind) == ("layers.0", "sigmoid")
        assert first.share == pytest.approx(2 / 3)
        assert (second.layer, second.share) == ("layers.1", 0.0)


def test_images_have_their_units_along_the_second_axis_and_a_reused_layer_is_one():
    class Twice(Module):
        def __init__(self):
            self.inner = Linear(4, 4, seed=0)

        def forward(self, x):
            return ad.tanh(self.inner(ad.tanh(self.inner(x))))

    twice = Twice()
    twice.parameters()
    (found,) = units_in(ad.sum(twice(X)))
    assert found[:3] == ("inner", "tanh", 4)
    t = Tensor(np.ones((2, 3, 5, 5)), name="images")
    (found,) = units_in(ad.sum(ad.relu(t * np.array([1.0, -1.0, 0.0]).reshape(3, 1, 1))))
    assert found == ("images", "relu", 3, pytest.approx(2 / 3))


def test_a_layer_without_activations_has_no_units():
    assert units_in(mse(Linear(4, 1)(X), np.zeros((30, 1)))) == []
    (found,) = units_in(ad.sum(Tanh()(Tensor([0.0, 9.0]))))
    assert found == ("", "tanh", 2, 0.5)
