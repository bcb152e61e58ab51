"""detect_anomaly names what went wrong and where; no_grad and it do not outlast their block."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value


def test_a_forward_anomaly_is_named_with_its_operands_and_line():
    x, y = Value(0.0, name="x"), Value(3.0)
    with ad.detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y / x
    message = str(caught.value)
    assert message.startswith("`/` gave inf from a = 3.0, x = 0.0.")
    assert f"{__file__}:{caught.tb.tb_lineno}: y / x" in message


def test_the_first_operation_that_pulls_back_no_number_is_named():
    x = Tensor([4.0, 0.0], name="x")
    with ad.detect_anomaly():
        root = ad.sqrt(x)
        total = (root * 2.0 + x).sum()
        with pytest.raises(FloatingPointError) as caught:
            total.backward()
    message = str(caught.value)
    assert message.startswith(
        "The pull-back of `sqrt` gave [0.5 inf] for `x`, from the cotangent [2. 2.] at [4. 0.].\n"
    )
    assert f"It was recorded here: {__file__}:" in message
    assert "root = ad.sqrt(x)" in message
    assert not x.grad.any()


def test_an_anomaly_is_named_where_it_begins_not_where_it_ends():
    x = Value(0.0, name="x")
    with ad.detect_anomaly():
        y = ad.sqrt(x * 3.0) * 5.0
        with pytest.raises(FloatingPointError, match="The pull-back of `sqrt` gave inf for the"):
            y.backward()


def test_of_two_the_one_that_was_made_last_is_named():
    x, y = Value(0.0, name="x"), Value(0.0, name="y")
    with ad.detect_anomaly():
        total = ad.sqrt(x) * 2.0 + ad.sqrt(y) * 3.0
        with pytest.raises(FloatingPointError, match="`sqrt` gave inf for `y`"):
            total.backward()


def test_what_was_recorded_before_says_so():
    x = Value(0.0)
    y = ad.sqrt(x)
    with (
        ad.detect_anomaly(),
        pytest.raises(FloatingPointError, match=r"recorded here: before detect_anomaly\(\)"),
    ):
        y.backward()


def test_what_came_in_is_not_an_anomaly():
    x, t = Value(np.inf), Tensor([np.nan, 1.0])
    with ad.detect_anomaly():
        (x * 2.0).backward()
        (t * 2.0).sum().backward()
    assert x.grad == 2.0
    np.testing.assert_array_equal(t.grad, [2.0, 2.0])


def test_a_cotangent_that_is_no_number_is_no_fault_of_the_graph():
    t = Tensor([1.0, 2.0])
    with ad.detect_anomaly():
        (t * 3.0).backward([np.nan, 1.0])
    np.testing.assert_array_equal(t.grad, [np.nan, 3.0])


def test_a_sound_graph_gives_the_same_within_it():
    t = Tensor([1.0, 2.0])
    with ad.detect_anomaly():
        (ad.floor(t) * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [1.0, 2.0])


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
        leaf.data = node.data + 1  # as only a leaf takes
        leaf.backward(np.ones(np.shape(leaf.data)))
        np.testing.assert_array_equal(leaf.grad, np.ones(np.shape(leaf.data)))


def test_a_mode_of_one_thread_is_not_that_of_another():
    x = Value(3.0)
    with ThreadPoolExecutor(1) as other, ad.no_grad():
        found = other.submit(lambda: (x * x, ad.tanh(x), Tensor([3.0]).sum())).result()
    assert all(node.inputs for node in found)
