"""What is put in the place of parameters: constants, parameters again, those of other dtypes."""

import copy
import pickle
from collections import deque, namedtuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from nn import MLP, BatchNorm1d, Dropout, Linear, Module, Sequential, Tanh
from optim import SGD

Pair = namedtuple("Pair", "a b")


class Everywhere(Module):
    """Parameters wherever they may stand, two of them twice, beside what is none."""

    def __init__(self):
        self.w = Tensor([1.0, 2.0])
        self.tied = [self.w, {"a.b": Value(3.0), 1: (Value(0.0), 4.0)}]
        self.pair, self.queue = Pair(Value(0.0), Tensor([[5.0]])), deque([Tensor(6.0)])
        self.net = Sequential(Linear(2, 2, seed=0), BatchNorm1d(2), Dropout(seed=0), Tanh())
        self.plain, self.count, self.me = np.ones(2), 3.0, self
        self.again = self.net[0].weight  # which has its name by where it stood first

    def forward(self, x):
        total = self.tied[1]["a.b"] * self.tied[1][1][0] + self.pair.a + self.pair.b + self.count
        return self.net(x * self.w) * self.tied[0] + total + self.queue[0] + self.plain


X = np.random.default_rng(0).normal(size=(4, 2))
NAMES = [
    "w", "tied.1.a.b", "tied.1.1.0", "pair.0", "pair.1", "queue.0", "net.layers.0.weight",
    "net.layers.0.bias", "net.layers.1.weight", "net.layers.1.bias",
]  # fmt: skip


def assert_same(state, expected):
    assert state.keys() == expected.keys()
    for name, array in state.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


# -- freezing ------------------------------------------------------------------------------


def test_what_is_frozen_is_constant_and_stays_in_the_state():
    model = Everywhere().eval()
    state, expected = model.state_dict(), model(X).data
    assert [n for n, _ in model.named_parameters()] == NAMES
    assert model.freeze() is model
    assert model.parameters() == []
    assert_same(model.state_dict(), state)
    np.testing.assert_array_equal(model(X), expected)
    assert model.w is model.tied[0]
    assert type(model.pair) is Pair
    assert "of 0 parameters, 17 more frozen" in repr(model)
    with pytest.raises(ValueError, match="read-only"):
        model.w[0] = 7.0
    model.freeze()  # again, which changes nothing
    assert_same(model.state_dict(), state)


def test_what_is_thawed_is_as_it_was():
    model = Everywhere()
    model.tied[1]["a.b"].name = "own"
    before = dict(model.named_parameters())
    labels, state = [p.name for p in before.values()], model.state_dict()
    model.freeze().freeze(False)
    after = dict(model.named_parameters())
    assert list(after) == NAMES
    assert [p.name for p in after.values()] == labels
    assert [type(p) for p in after.values()] == [type(p) for p in before.values()]
    assert not set(after.values()) & set(before.values())
    assert model.tied[0] is model.w
    assert list(model.state_dict()) == list(state)
    assert_same(model.state_dict(), state)
    model.eval()(X).sum().backward()
    assert all(np.any(p.grad) for p in after.values() if p.name not in ("own",))
    assert "frozen" not in repr(model)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_what_is_frozen_is_loaded_and_copied(copied):
    model, other = Everywhere().freeze(), Everywhere()
    for p in other.parameters():
        p.data = p.data + 1.0
    state = other.state_dict()
    model = copied(model)
    assert model.parameters() == []
    model.load_state_dict(state)
    assert_same(model.state_dict(), state)
    assert model.tied[0] is model.w
    assert (model.count, model.plain.tolist(), model.tied[1][1][1]) == (3.0, [1.0, 1.0], 4.0)
    np.testing.assert_array_equal(model.eval()(X), other.eval()(X).data)
    other.load_state_dict(model.state_dict())  # and the other way round
    assert len(model.freeze(False).parameters()) == len(NAMES)


def test_freezing_a_part_trains_the_others():
    model = Sequential(Linear(2, 3, seed=0), Tanh(), Linear(3, 1, seed=1))
    optimizer = SGD(model.parameters(), lr=0.1)  # made before: it moves what is left
    model(X).sum().backward()
    optimizer.step()
    model[0].freeze()
    weight, last = model[0].weight, model[2].weight.data
    optimizer.zero_grad()
    model(X).sum().backward()
    assert len(model.parameters()) == 2
    optimizer.step()
    assert model[0].weight is weight
    assert not np.array_equal(model[2].weight.data, last)
    optimizer = SGD(model.parameters(), lr=0.1)
    model[0].freeze(False)
    model(X).sum().backward()
    with pytest.raises(ValueError, match=r"others since: layers\.0\.weight, layers\.0\.bias"):
        optimizer.step()


def test_what_was_frozen_may_be_assigned_anew():
    layer = Linear(2, 3).freeze()
    layer.weight = Tensor(np.ones((2, 3)))
    layer.bias = None
    assert list(layer.state_dict()) == ["weight"]
    assert layer.parameters() == [layer.weight]
    layer.freeze(False)
    assert layer.bias is None
    model = Everywhere().freeze()
    model.tied = []
    assert "tied.1.a.b" not in model.state_dict()


@pytest.mark.parametrize("switch", ["weight", None, 1, Tensor(1.0)])
@pytest.mark.parametrize("method", ["freeze", "train"])
def test_what_is_no_switch(method, switch):
    layer = Linear(2, 3)
    with pytest.raises(TypeError, match=f"`{method}` is switched on or off, by True or False"):
        getattr(layer, method)(switch)
    assert len(layer.parameters()) == 2


def test_neurons_are_frozen():
    model = MLP(2, [3, 1], seed=0)
    expected = model([1.0, 2.0]).data
    x = [Value(1.0), Value(2.0)]
    out = model.freeze()(x)
    out.backward()
    assert out.data == expected
    assert all(v.grad for v in x)
    assert [p.name for p in model.freeze(False).layers[0].neurons[0].parameters()] == [
        "w0", "w1", "b"
    ]  # fmt: skip


# -- buffers -------------------------------------------------------------------------------


class Averaging(Module):
    def __init__(self):
        self.register_buffer("mean", np.zeros(2))

    def forward(self, x):
        self.mean = 0.5 * self.mean + 0.5 * ad.mean(x, 0)
        return x - self.mean


def test_a_buffer_takes_the_numbers_of_a_node():
    module, x = Averaging(), Tensor(X)
    module(x).sum().backward()
    np.testing.assert_array_equal(module.mean, 0.5 * X.mean(0))
    np.testing.assert_array_equal(x.grad, np.ones((4, 2)))  # none through the mean
    module.other = module.mean
    module.mean = module.mean
    assert module.other is not module.mean
    with pytest.raises(TypeError, match="`mean` has dtype <U1"):
        module.mean = "a"


def test_a_buffer_is_not_changed_in_a_trace():
    module = Averaging()
    with pytest.raises(ad.TraceError, match=r"(?s)Averaging changes a buffer .*model\.eval"):
        ad.compile(lambda x: module(x))(X)
    assert module.mean.tolist() == [0.0, 0.0]


# -- dtypes --------------------------------------------------------------------------------


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("dtype", ["f4", np.float16, np.float64])
def test_astype(dtype, frozen):
    model = Sequential(Linear(2, 3, seed=0), BatchNorm1d(3), Dropout(seed=0), Linear(3, 1, seed=1))
    model.tied, model.plain = model[0].weight, np.ones(2)
    model[0].freeze(frozen)
    before, names = model.state_dict(), [n for n, _ in model.named_parameters()]
    assert model.astype(dtype) is model
    assert [n for n, _ in model.named_parameters()] == names
    for name, array in model.state_dict().items():
        old = before[name]
        np.testing.assert_array_equal(array, old.astype(dtype) if old.dtype.kind == "f" else old)
        assert array.dtype == (dtype if old.dtype.kind == "f" else old.dtype)
    assert (model.tied is model[0].weight) == (not frozen)
    assert model.plain.dtype == np.float64
    if frozen:
        assert not model[0].weight.flags.writeable
    out = model(X.astype(dtype))
    out.sum().backward()
    assert {out.dtype, *(p.grad.dtype for p in model.parameters())} == {np.dtype(dtype)}


def test_an_optimiser_is_told_of_new_parameters():
    model = Linear(2, 1, seed=0)
    optimizer = SGD(model.parameters())
    model.astype(np.float32)
    model(np.ones((1, 2), np.float32)).sum().backward()
    with pytest.raises(ValueError, match="others since: weight, bias"):
        optimizer.step()


@pytest.mark.parametrize("frozen", [False, True])
def test_values_have_no_other_type(frozen):
    model = Everywhere().freeze(frozen)
    before = model.state_dict()
    with pytest.raises(TypeError, match="Values are float64, and this Everywhere has some"):
        model.astype(np.float32)
    assert_same(model.state_dict(), before)
    assert_same(model.astype(float).state_dict(), before)


@pytest.mark.parametrize("dtype", [int, bool, complex, "U1"])
def test_what_is_no_type_of_parameters(dtype):
    with pytest.raises(ValueError, match="Parameters are of a float type, but this is"):
        Linear(2, 3).astype(dtype)
