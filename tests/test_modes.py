"""detect_anomaly names what went wrong and where; no_grad and it do not outlast their block."""

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
