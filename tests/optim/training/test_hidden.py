"""What a model and a loss hold: each change is seen, said by its name and undone."""

import functools
from collections import deque

import numpy as np
import pytest

from autodiff import Tensor
from nn import BatchNorm1d, Dropout, Linear, Module, Sequential
from optim.training.hidden import Hidden

count, table = 0, {"calls": 0, "rows": [0]}


class Counting(Module):
    def __init__(self):
        self.calls, self.array, self.others = 0, np.zeros(2), [{"calls": 0}, deque([1, 2]), {3}]
        self.rng, self.node, self.inner = np.random.default_rng(0), None, Linear(2, 2, seed=0)


class Loss:
    def __init__(self):
        self.calls = 0

    def __call__(self, output, target):
        self.calls += 1

    def method(self, output, target):
        self.calls += 1


def add_to_a_global(output, target):
    global count
    count += 1


def add_to_a_dict(output, target):
    table["rows"].append(1)


def by_another(output, target):
    add_to_a_global(output, target)


def change(name, value):
    return lambda module: setattr(module, name, value)


CHANGES = {
    "a number": (change("calls", 1), "`calls` of this Counting"),
    "an array": (lambda module: module.array.__setitem__(0, 1.0), "`array`"),
    "another array": (change("array", np.ones(2)), "`array`"),
    "a dict": (lambda module: module.others[0].update(calls=1), "`others`"),
    "a deque": (lambda module: module.others[1].rotate(), "`others`"),
    "a set": (lambda module: module.others[2].add(4), "`others`"),
    "a list": (lambda module: module.others.append(1), "`others`"),
    "a generator": (lambda module: module.rng.random(), "`rng`"),
    "a node": (lambda module: setattr(module, "node", Tensor([1.0]) * 2.0), "`node`"),
    "of an inner module": (lambda module: setattr(module.inner, "note", 3), None),
}


def content(module):
    return repr([*vars(module).items(), module.rng.bit_generator.state])


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("place", ["itself", "deep", "closed over", "partial"])
def test_a_module(kind, place):
    module = Counting()
    deep = Sequential(Sequential(Sequential(Linear(2, 2, seed=0), module)))
    things = {
        "itself": module,
        "deep": deep,
        "closed over": lambda output, target: module,
        "partial": functools.partial(lambda kept, output: None, [deep]),
    }
    before = content(module)
    hidden = Hidden(things[place])
    assert hidden.changed() is None
    act, name = CHANGES[kind]
    act(module)
    if name is not None:  # a new attribute is no change of one that was there
        assert name in hidden.changed()
        hidden.restore()
        assert content(module) == before
    assert hidden.changed() is None


def test_a_loss():
    held, calls = Loss(), 0

    def closure(output, target):
        nonlocal calls
        calls += 1

    losses = [held, held.method, closure, add_to_a_global, add_to_a_dict, by_another]
    for loss in losses:
        hidden = Hidden(loss)
        assert hidden.changed() is None
        loss(1, 2)
        assert hidden.changed() is not None
        hidden.restore()
        assert hidden.changed() is None
    assert (held.calls, calls, count, table) == (0, 0, 0, {"calls": 0, "rows": [0]})


def test_buffers_and_parameters_are_none_of_it():
    model = Sequential(Linear(2, 3, seed=0), BatchNorm1d(3), Dropout(0.5, seed=0))
    hidden = Hidden(model)
    model(np.ones((4, 2)))
    model[0].weight.data = np.ones((2, 3))
    assert hidden.changed() is None


def test_what_is_large_is_not_looked_at():
    lists, array = [0] * 2000, np.zeros(1 << 20)

    def loss(output, target):
        return lists, array

    hidden = Hidden(loss)
    lists[0], array[0] = 1, 1.0
    assert hidden.changed() is None
