"""Every layer, given no samples: none come out, of the same other axes, and gradients are 0."""

import numpy as np
import pytest

import nn
from autodiff import Tensor
from autodiff.extend import leaves

# How each is made, and the axes of a sample that it takes.
LAYERS = {
    "AvgPool2d": (lambda: nn.AvgPool2d(2), (3, 4, 4)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4).eval(), (4,)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3).eval(), (3, 4, 4)),
    "Conv2d": (lambda: nn.Conv2d(3, 2, 3, padding="same"), (3, 4, 4)),
    "Dropout": (nn.Dropout, (4,)),
    "Flatten": (nn.Flatten, (3, 4)),
    "GRU": (lambda: nn.GRU(4, 3, batch_first=True, bidirectional=True), (5, 4)),
    "LSTM": (lambda: nn.LSTM(4, 3, batch_first=True, num_layers=2), (5, 4)),
    "Layer": (lambda: nn.Layer(4, 3), (4,)),
    "LayerNorm": (lambda: nn.LayerNorm(4), (4,)),
    "Linear": (lambda: nn.Linear(4, 3), (4,)),
    "MLP": (lambda: nn.MLP(4, [3, 1]), (4,)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (3, 4, 4)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(4, 2), (5, 4)),
    "Neuron": (lambda: nn.Neuron(4), (4,)),
    "RNN": (lambda: nn.RNN(4, 3, batch_first=True), (5, 4)),
    "Residual": (lambda: nn.Residual(nn.Linear(4, 4)), (4,)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU()), (4,)),
}
KINDS = [getattr(nn, name) for name in nn.__all__]
MODULES = {k.__name__ for k in KINDS if isinstance(k, type) and issubclass(k, nn.Module)}
ACTIVATIONS = {k.__name__ for k in nn.Activation.__subclasses__()}


@pytest.mark.parametrize("name", sorted(LAYERS | dict.fromkeys(ACTIVATIONS)))
def test_no_samples(name):
    make, sample = LAYERS.get(name, (getattr(nn, name), (4,)))
    model = make()
    output, other = (leaves(model(Tensor(np.ones((n, *sample)))))[0] for n in (0, 2))
    assert output.shape == (0, *other.shape[1:])
    output.sum().backward()
    assert not any(np.any(p.grad) for p in model.parameters())


def test_these_are_all_layers():
    assert {*LAYERS, *ACTIVATIONS, "Embedding", "Activation", "Module"} >= MODULES
    rows = nn.Embedding(3, 2)(np.zeros((0, 4), int))  # which takes no Tensor
    assert rows.shape == (0, 4, 2)


@pytest.mark.parametrize(("queries", "keys"), [(0, 3), (3, 0), (0, 0)])
def test_no_queries_and_no_keys(queries, keys):
    """What has no key to look at is given the bias alone."""
    attention = nn.MultiHeadAttention(4, 2, seed=0)
    output = attention(Tensor(np.ones((2, queries, 4))), Tensor(np.ones((2, keys, 4))))
    assert output.shape == (2, queries, 4)
    assert attention.weights(np.ones((2, queries, 4)), np.ones((2, keys, 4))).shape == (
        2, 2, queries, keys,
    )  # fmt: skip
    if not keys:
        bias = np.broadcast_to(attention.out_proj.bias.data, output.shape)
        np.testing.assert_array_equal(output.data, bias)
