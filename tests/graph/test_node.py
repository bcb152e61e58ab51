"""What a node was made of, as it is written and read: operands and parameters, in any number."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import operation
from autodiff.graph.node import is_unrecorded, new_node, operands_of, parameters_of
from autodiff.primitives.apply import apply

x, t, s = Value(2.0), Tensor([1.0, 2.0, 3.0]), Tensor([3.0, 2.0, 1.0])
mask, row = np.array([True, False, True]), np.array([4.0, 5.0, 6.0])

MADE = {
    "a leaf": (x, (), ()),
    "one operand": (ad.sin(x), (x,), ()),
    "two": (x * x, (x, x), ()),
    "a constant first": (2.0 / x, (2.0, x), ()),
    "a constant last": (t - 3, (t, 3.0), ()),
    "an array": (row * t, (row, t), ()),
    "three": (ad.where(mask, t, 0.0), (mask, t, 0.0), ()),
    "one parameter": (ad.cumsum(t, axis=0), (t,), (0,)),
    "several parameters": (ad.var(t, 0), (t,), (0, 0, False)),
    "a list": (ad.stack([t, row, s], axis=1), (t, row, s), (1,)),
    "a list of one": (ad.stack([t]), (t,), (0,)),
}


def same(found, expected):
    return len(found) == len(expected) and all(
        f is e if isinstance(e, Value) else type(f) is type(e) and np.array_equal(f, e)
        for f, e in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("how", MADE)
def test_a_node_gives_back_what_it_was_made_of(how):
    node, operands, params = MADE[how]
    assert same(operands_of(node), operands)
    assert same(parameters_of(node), params)
    assert same(node.inputs, [o for o in operands if isinstance(o, Value)])


def test_the_short_ways_write_what_apply_writes():
    for how, (node, operands, params) in MADE.items():
        if operands:
            again = apply(operation(node.op), operands, params)
            assert (type(again), again.op) == (type(node), node.op), how
            assert same([again.data], [node.data])
            assert same(operands_of(again), operands)
            assert same(parameters_of(again), params)
            assert again._pullback is node._pullback or operation(node.op).variadic


def test_within_no_grad_a_node_holds_nothing_of_what_it_was_made_of():
    with ad.no_grad():
        for node in (ad.sin(x), x * x, t * row, ad.sum(t, axis=0), ad.stack([t, s])):
            assert node._pullback is node._second is None
            assert is_unrecorded(node)
            assert node._first == "computed within no_grad"
            assert (node._rest, operands_of(node), parameters_of(node)) == ((), (), ())


def test_a_new_node_is_a_leaf_unless_it_is_told_what_it_was_made_by():
    leaf = new_node(Value, 1.5)
    assert (type(leaf), leaf.data, leaf.op, leaf.inputs, leaf.name) == (Value, 1.5, None, (), None)
