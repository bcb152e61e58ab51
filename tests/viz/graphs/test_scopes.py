"""Scopes: those of calls, and those that the paths of parameters tell of where none was noted."""

import numpy as np
import pytest

import autodiff as ad
import viz
from autodiff import Tensor, Value
from nn import GELU, MLP, LayerNorm, Linear, Module, Residual, Sequential, Tanh
from viz.graphs.network import Network
from viz.graphs.scopes import is_parameter, path_of, scopes_of


def paths(root):
    """Of each operation the path of its scope, None where it has none."""
    network = Network([root])
    pairs = zip(network.nodes, scopes_of(network), strict=True)
    return [(n.op, scope and scope.path) for n, scope in pairs if n.op is not None]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("layers.0.weight", ("layers.0",)), ("layers.0.neurons.12.w3", ("layers.0", "neurons.12")),
        ("a.b.c.0.1.bias", ("a", "b", "c.0.1")), ("0.w", ("0",)), ("weight", ()), ("", ()),
        (None, ()),
    ],
)  # fmt: skip
def test_the_path_of_a_parameter(name, path):
    assert path_of(Value(1.0, name=name)) == path


def test_what_a_parameter_is():
    model = Linear(1, 1)
    assert not is_parameter(model.weight)
    model.parameters()
    assert is_parameter(model.weight)
    assert is_parameter(Value(1.0, name="layers.0.w"))
    assert not is_parameter(Value(1.0, name="w"))


def test_neurons_are_found_by_the_paths_of_their_parameters():
    model = MLP(2, [3, 2, 1], activation=ad.tanh, seed=0)
    x = [Value(0.1), Value(0.2)]
    with viz.calls():
        noted = (model(x) - 1.0) ** 2
    loss = (model(x) - 1.0) ** 2
    assert [path for _, path in paths(loss)] == [path for _, path in paths(noted)]
    assert paths(loss)[-2:] == [("sub", None), ("pow", None)]


def test_layers_are_found_by_the_paths_of_their_parameters():
    block = Residual(Sequential(Linear(4, 4, seed=1), GELU(), Linear(4, 4, seed=2)))
    model = Sequential(Linear(2, 4, seed=0), Tanh(), block, LayerNorm(4), Linear(4, 1, seed=3))
    model.parameters()
    made = paths(model(np.ones((3, 2))).mean())
    assert made[:3] == [("matmul", "layers.0"), ("add", "layers.0"), ("tanh", "layers.0")]
    within = {path for op, path in made[3:7]}
    assert within <= {"layers.2.module.layers.0", "layers.2.module.layers.2", "layers.2"}
    assert made[-2:] == [("add", "layers.4"), ("mean", None)]
    assert any(path == "layers.3" for _, path in made)


def test_a_layer_that_is_used_twice_is_two_scopes():
    cell, other = Linear(2, 2, seed=0), Linear(2, 2, seed=1)
    model = Sequential(cell, other)
    model.parameters()
    network = Network([cell(other(cell(Tensor(np.ones((1, 2))))))])
    found = [s for s, n in zip(scopes_of(network), network.nodes, strict=True) if n.op is not None]
    assert [s.path for s in found] == ["layers.0"] * 2 + ["layers.1"] * 2 + ["layers.0"] * 2
    assert len(set(map(id, found))) == 3
    assert len({id(s.within) for s in found}) == 1


def test_a_graph_without_modules_has_no_scopes():
    w = Value(1.0, name="w")
    assert paths(ad.exp(w * 2.0)) == [("mul", None), ("exp", None)]


def test_levels():
    class Outer(Module):
        def __init__(self):
            self.inner = Sequential(Linear(1, 1, seed=0))

        def forward(self, x):
            return self.inner(x)

    with viz.calls():
        y = Outer()(np.ones((1, 1)))
    scope = scopes_of(Network([y]))[-1]
    assert [scope.at(i).path for i in range(4)] == ["", "inner", "inner.layers.0", "inner.layers.0"]
    assert [scope.at(i).title for i in range(3)] == ["Outer", "inner", "inner.layers.0"]
    assert scope.kind == "Linear(1, 1)"
