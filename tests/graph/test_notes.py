"""What is noted of a node as it is made: by whoever asks for it, and nowhere else."""

import gc
import weakref

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import as_made, note_of, noting, topological

MADE = {
    "of numbers": lambda v, t: (ad.tanh(v), v * v, v * 2.0, 1 / v, -v, v / 0),
    "of arrays": lambda v, t: (ad.tanh(t), t @ t, t * 2.0, np.ones((2, 2)) @ t, t * np.ones(2)),
    "of NumPy": lambda v, t: (np.exp(t), np.sum(t, axis=0), np.concatenate([t, t]), t.sum(), t[0]),
    "of many": lambda v, t: (ad.where(t, t, 0.0), ad.clip(v, 0.0, 1.0), t.reshape(4), v * t),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_every_way_to_make_a_node_is_noted(make):
    v, t = Value(3.0), Tensor([[1.0, 2.0], [3.0, 4.0]])
    plain = make(v, t)
    seen = []
    with noting(lambda: lambda node, frame: seen.append(node) or node.op):
        nodes = make(v, t)
    after = make(v, t)
    for before, node, later in zip(plain, nodes, after, strict=True):
        assert note_of(node) == node.op == before.op
        assert any(node is other for other in seen)
        assert note_of(before) is note_of(later) is None
        np.testing.assert_array_equal(node.data, before.data)
    for node, before in zip(nodes, plain, strict=True):
        node.backward(np.ones(np.shape(node.data))[()])
        gradients = v.grad, t.grad
        v.zero_grad(), t.zero_grad()
        before.backward(np.ones(np.shape(node.data))[()])
        np.testing.assert_array_equal(gradients[0], v.grad)
        np.testing.assert_array_equal(gradients[1], t.grad)
        v.zero_grad(), t.zero_grad()


def test_the_frame_is_that_of_the_line_that_asks():
    def inner(x):
        return np.exp(x) * 2.0

    with noting(lambda: lambda node, frame: frame.f_code.co_name):
        y = inner(Tensor([1.0]))
        z = y + 1.0
    names = [note_of(node) for node in topological(z)]
    assert names == [None, "inner", "inner", "test_the_frame_is_that_of_the_line_that_asks"]


def test_leaves_and_what_is_not_recorded_have_no_note():
    x = Value(1.0)
    with noting(lambda: lambda node, frame: "noted"):
        leaf = Value(2.0)
        with ad.no_grad():
            silent = x * x
        leaf.data = 3.0
    assert note_of(leaf) is note_of(silent) is note_of(x) is None


def test_blocks_nest_and_begin_anew():
    begun = []

    def begin():
        begun.append(len(begun))
        which = len(begun)
        return lambda node, frame: which

    block, x = noting(begin), Value(1.0)
    with block:
        first = -x
        with noting(lambda: lambda node, frame: "inner"), ad.detect_anomaly():
            second = -x
        third = -x
    with block:
        fourth = -x
    assert [note_of(n) for n in (first, second, third, fourth)] == [1, "inner", 1, 2]


def test_notes_and_what_notes_them_live_no_longer_than_nodes():
    class Thing:
        pass

    thing = Thing()
    seen = weakref.ref(thing)
    with noting(lambda thing=thing: lambda node, frame: thing):
        y = -Value(1.0)
    del thing
    gc.collect()
    assert seen() is note_of(y)
    del y
    gc.collect()
    assert seen() is None


def test_the_order_of_making():
    x = Value(1.0)
    a, b = x * 2.0, x * 3.0
    c = b - a
    assert [n.op for n in as_made([c])] == [None, "mul", "mul", "sub"]
    assert as_made([c])[1] is a
