"""How modules show themselves: as a tree, and as a table of what they give."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from nn import MLP, Linear, Module, Sequential, Tanh


class Block(Module):
    def __init__(self):
        self.inner = Linear(2, 2)
        self.w = Tensor(np.ones((2, 2)))
        self.rest = [Value(1.0), {"a": Tensor(np.ones(2))}, 3, "text", None]
        self.register_buffer("mean", np.ones(3))
        self.register_buffer("rng", np.random.default_rng(0))

    def forward(self, x):
        return self.inner(self.inner(x)) @ self.w


def test_a_tree_has_the_modules_and_the_shapes():
    model = Sequential(Linear(2, 2), ad.sin, Sequential(Block(), Tanh()), MLP(2, [3, 1]))
    assert repr(model) == (
        "Sequential(\n"
        "  (layers.0): Linear(2, 2) of 6 parameters\n"
        "  (layers.1): sin\n"
        "  (layers.2): Sequential(\n"
        "    (layers.0): Block(\n"
        "      (inner): Linear(2, 2) of 6 parameters\n"
        "      (w): Tensor of shape (2, 2)\n"
        "      (rest.1.a): Tensor of shape (2,)\n"
        "      (mean): ndarray of shape (3,)\n"
        "    ) of 13 parameters\n"
        "    (layers.1): Tanh()\n"
        "  ) of 13 parameters\n"
        "  (layers.3): MLP(2, [3, 1]) of 13 parameters\n"
        ") of 32 parameters"
    )
    assert repr(Module()) == "Module() of 0 parameters"
    assert repr(Sequential()) == "Sequential() of 0 parameters"


def test_a_module_inside_itself_is_shown_once():
    block = Block()
    block.inner.up, block.me = [block], block
    assert repr(block).count("Block(") == 1
    assert "(me): the module around it" in repr(block)
    assert block.summary(np.ones((1, 2))).count("Block") == 1 + 1  # its own row, and the total


def rows(table):
    return [line.split() for line in table.splitlines()[1:]]


def test_a_summary_adds_up_to_the_parameters():
    model = Sequential(Linear(2, 4), Tanh(), ad.sin, Sequential(Linear(4, 2), Block()))
    table = model.summary(np.ones((5, 2)))
    assert [row[0] for row in rows(table)] == [
        "layers.0", "layers.1", "layers.3", "layers.3.layers.0", "layers.3.layers.1",
        "layers.3.layers.1.inner", "total",
    ]  # fmt: skip
    counts = [int(row[-1]) for row in rows(table)]
    assert counts == [12, 0, 0, 10, 7, 6, 35]
    assert counts[-1] == sum(counts[:-1]) == sum(np.size(p.data) for p in model.parameters())
    assert len({len(line) for line in table.splitlines()}) == 1
    assert "layers.3.layers.0        Linear(4, 2)  (5, 2)" in table


def test_a_summary_of_what_is_shared_nested_or_not_called():
    layer = Linear(2, 2)
    model = Sequential(layer, layer)
    model.spare = Linear(2, 9)
    table = model.summary(np.ones((5, 2)))
    assert [row[0] for row in rows(table)] == ["layers.0", "spare", "total"]
    assert [int(row[-1]) for row in rows(table)] == [6, 27, 33]
    assert repr(model).count("Linear(2, 2)") == 2
    assert "[(), ()]" in MLP(2, [3, 2]).summary([1.0, 2.0])

    class Twice(Module):
        def __init__(self):
            self.layer, self.spare = Linear(2, 2), Linear(2, 9)

        def forward(self, x, many):
            return {"x": self.layer(x), "y": self.layer(np.ones((many, 2)))}

    table = Twice().summary(np.ones(2), many=3)
    assert "Linear(2, 2)  (2,) and (3, 2)" in table
    assert "Linear(2, 9)  not called" in table
    assert "{'x': (2,), 'y': (3, 2)}" in table


@pytest.mark.parametrize("size", [2, 3])
def test_a_summary_leaves_the_model_as_it_was(size):
    model = Sequential(Linear(2, 2, seed=0), Tanh().eval())
    if size == 2:
        model.summary(np.ones((1, 2)))
    else:
        with pytest.raises(ValueError, match=r"but this has shape \(1, 3\)"):
            model.summary(np.ones((1, 3)))
    assert [type(m) for m in model.modules()] == [Sequential, Linear, Tanh]
    assert [m.training for m in model.modules()] == [True, True, False]
    model(np.ones((1, 2))).sum().backward()
    assert model[0].bias.grad.all()
