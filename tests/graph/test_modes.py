"""no_grad and detect_anomaly do not outlast their block; what is computed in them is right."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value


def test_modes_end_with_their_block():
    x = Value(0.0)
    with ad.detect_anomaly(), ad.no_grad():
        pass
    assert ad.log(x).inputs == (x,)
    with ad.no_grad():
        with ad.detect_anomaly():
            pass
        assert ad.exp(x).inputs == ()


def test_a_derivative_within_no_grad_leaves_it_in_force():
    x = Value(2.0)
    with ad.no_grad():
        assert ad.grad(lambda v: v * v)(3.0) == 6.0
        assert (x * x).inputs == ()
        with pytest.raises(ZeroDivisionError):
            ad.grad(lambda v: 1 // 0)(3.0)
        assert (x * x).inputs == ()


SHORT_WAYS = {
    "of one": lambda v, t: (ad.tanh(v), ad.tanh(t)),
    "of two": lambda v, t: (v * v, t @ t, t * v),
    "with a number": lambda v, t: (v * 2.0, 2 - v, t * 2.0, 2 / t),
    "with an array": lambda v, t: (t * np.ones((2, 2)), np.ones((2, 2)) @ t),
    "in IEEE 754": lambda v, t: (v / 0, ad.log(v - v)),
    "of three": lambda v, t: (ad.where(t, t, 0.0), np.clip(v, 0.0, 1.0)),
    "with parameters": lambda v, t: (t.sum(), t.sum(axis=0), t.reshape(4), t[0]),
    "of many": lambda v, t: (np.stack([t, t]), np.concatenate([t, t])),
}


@pytest.mark.parametrize("results", SHORT_WAYS.values(), ids=SHORT_WAYS)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_no_grad_computes_is_a_leaf_with_the_same_data(results):
    v, t = Value(3.0), Tensor([[1.0, 2.0], [3.0, 4.0]])
    recorded = results(v, t)
    with ad.no_grad():
        leaves = results(v, t)
    for leaf, node in zip(leaves, recorded, strict=True):
        assert type(leaf) is type(node)
        assert node.inputs
        assert leaf.inputs == ()
        assert leaf.op is None
        np.testing.assert_array_equal(leaf.data, node.data)
        with pytest.raises(ValueError, match="computed within `no_grad`"):
            leaf.backward(np.ones(np.shape(leaf.data)))
        leaf.data = node.data + 1  # as only a leaf takes
        (leaf * 2).backward(np.ones(np.shape(leaf.data)))
        np.testing.assert_array_equal(leaf.grad, np.full(np.shape(leaf.data), 2.0))


def test_a_mode_of_one_thread_is_not_that_of_another():
    x = Value(3.0)
    with ThreadPoolExecutor(1) as other, ad.no_grad():
        found = other.submit(lambda: (x * x, ad.tanh(x), Tensor([3.0]).sum())).result()
    assert all(node.inputs for node in found)
