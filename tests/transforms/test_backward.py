"""The backward pass: accumulation, cotangents, reuse, and what is refused."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import optim
import viz
from autodiff import Tensor, Value, local_gradients
from autodiff.extend import operations
from autodiff.testing.uses import uses


def test_a_leaf_accumulates_until_zero_grad():
    x = Value(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert x.grad == 12.0
    assert y.grad == 1.0
    x.zero_grad()
    assert x.grad == 0.0
    y.backward()
    assert x.grad == 6.0


def test_a_second_pass_from_another_root_sets_inner_nodes_afresh():
    x = Value(2.0)
    inner = x * 3.0
    (inner * inner).backward()
    assert inner.grad == 12.0
    (inner * 5.0).backward()
    assert inner.grad == 5.0
    assert x.grad == 12.0 * 3.0 + 15.0


def test_an_unused_leaf_has_a_zero_gradient_of_its_own_kind():
    t = Tensor(np.ones((2, 3), np.float32))
    assert t.grad.dtype == np.float32
    assert t.grad.shape == (2, 3)
    assert not t.grad.any()
    assert Value(1.0).grad == 0.0


def test_a_node_that_the_root_does_not_depend_on_is_left_alone():
    x, other = Value(2.0), Value(5.0)
    aside = other * x
    (x * x).backward()
    assert (other.grad, aside.grad) == (0.0, 0.0)


def test_a_diamond_adds_both_ways():
    x = Value(0.5)
    a = ad.sin(x)
    (a * a + a).backward()
    assert x.grad == pytest.approx((2 * np.sin(0.5) + 1) * np.cos(0.5))


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=30), st.integers(1, 4))
def test_a_sum_of_products_has_the_others_as_gradient(numbers, repeats):
    xs = [Value(n) for n in numbers]
    total = Value(0.0)
    for _ in range(repeats):
        for x, y in zip(xs, reversed(xs), strict=True):
            total = total + x * y
    total.backward()
    for x, y in zip(xs, reversed(xs), strict=True):
        assert x.grad == pytest.approx(2 * repeats * y.data)


def test_backward_of_a_non_scalar_says_how():
    t = Tensor(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"backward\(\) starts from a scalar.*\(3, 2\)") as caught:
        (t * 2).backward()
    assert "np.ones((3, 2))" in str(caught.value)
    assert not t.grad.any()


def test_a_cotangent_weights_the_outputs():
    t = Tensor([1.0, 2.0])
    (t * t).backward([10.0, 1.0])
    np.testing.assert_array_equal(t.grad, [20.0, 4.0])
    x = Value(3.0)
    (x * x).backward(0.5)
    assert x.grad == 3.0


@pytest.mark.parametrize("cotangent", [np.ones(3), np.ones((1, 2)), 1.0])
def test_a_cotangent_of_another_shape_changes_nothing(cotangent):
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="shape of the output"):
        (t * t).backward(cotangent)
    assert not t.grad.any()


def test_a_cotangent_is_copied():
    t, weights = Tensor([1.0, 2.0]), np.array([1.0, 1.0])
    y = t + 0.0
    y.backward(weights)
    weights[:] = 7.0
    np.testing.assert_array_equal(t.grad, [1.0, 1.0])


def test_backward_on_a_leaf():
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize("shapes", [((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((1,), (4, 1))])
def test_broadcasting_is_undone(shapes):
    a, b = (Tensor(np.full(s, 2.0)) for s in shapes)
    out = np.broadcast_shapes(*shapes)
    (a * b).sum().backward()
    for t in (a, b):
        assert t.grad.shape == t.shape
        np.testing.assert_allclose(t.grad, 2.0 * np.prod(out) / t.size)


def test_a_changed_leaf_is_refused_with_both_values():
    w = Value(2.0, name="w0")
    y = w * w
    w.data = 10.0
    with pytest.raises(ValueError, match=r"`w0` was changed after `\*`.*was 2\..*now it is 10\."):
        y.backward()
    assert w.grad == 0.0
    (w * w).backward()
    assert w.grad == 20.0


def test_a_changed_leaf_behind_other_nodes_is_refused():
    w = Tensor([1.0, 2.0], name="w")
    loss = ad.exp(w * 2.0).sum()
    w.data = [3.0, 4.0]
    with pytest.raises(ValueError, match="Run the forward pass again"):
        loss.backward()
    assert not w.grad.any()


def test_no_grad_cuts_the_graph():
    x = Value(2.0)
    with ad.no_grad():
        y = x * x
    assert y.inputs == ()
    (y * x).backward()
    assert x.grad == 4.0


def test_no_grad_decorates_and_a_derivative_inside_still_works():
    @ad.no_grad()
    def slope(x):
        return ad.grad(lambda v: v**3)(x)

    assert slope(2.0) == 12.0


def test_float32_stays_float32():
    t = Tensor(np.ones((2, 2), np.float32))
    y = ad.tanh(t @ t * 2 + 1.0) / 3
    assert y.dtype == np.float32
    y.sum().backward()
    assert t.grad.dtype == np.float32


def test_an_inner_node_that_a_pass_does_not_reach_has_no_stale_gradient():
    x = Value(2.5)
    inner = x * x
    (inner * 3.0).backward()
    (ad.floor(inner) + x).backward()
    assert inner.grad == 0.0
    assert x.grad == 3.0 * 5.0 + 1.0


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_root_has_a_gradient_of_its_own_shape_and_dtype(shape, dtype):
    root = Tensor(np.ones(shape, dtype)) * 2
    root.backward()
    assert (root.grad.shape, root.grad.dtype) == (shape, dtype)
    root.backward(np.full(shape, 3))
    assert (root.grad.shape, root.grad.dtype, root.grad.item()) == (shape, dtype, 3.0)


def test_where_dtypes_mix_each_leaf_has_its_own():
    low, high = Tensor(np.full(2, 3, np.float32)), Tensor(np.full(2, 5.0))
    (low * high + low).sum().backward()
    assert (low.grad.dtype, high.grad.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(low.grad, [6.0, 6.0])
    slope = ad.grad(lambda t: (ad.grad(lambda u: (u * u * high.data).sum())(t) * high.data).sum())
    twice = slope(low.data)
    assert twice.dtype == np.float32
    np.testing.assert_array_equal(twice, [50.0, 50.0])


def test_a_rescued_zero_stays_one_where_another_leaf_has_a_true_nan():
    x, y = Tensor([0.0, 4.0]), Tensor([np.nan, 1.0])
    (ad.where([False, True], ad.sqrt(x), 1.0) + y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])
    np.testing.assert_array_equal(y.grad, [np.nan, 2.0])


def test_a_leaf_that_was_changed_twice_is_refused_with_the_value_that_it_has():
    w = Value(2.0, name="w")
    y = w * w
    w.data = 3.0
    w.data = 4.0
    with pytest.raises(ValueError, match=r"`w` was changed after `\*` had used it \(.*4\.0\)"):
        y.backward()


def test_a_large_leaf_that_was_changed_is_refused_though_its_old_data_are_gone():
    w = Tensor(np.ones(100_000))
    y = (w * w).sum()
    w.data = np.zeros(100_000)
    with pytest.raises(ValueError, match=r"had used it \(now it is \[0\. 0\."):
        y.backward()


# -- what is defined, and what cannot happen -----------------------------------------------


@pytest.mark.parametrize("make", [Value, Tensor])
def test_a_part_without_a_graph_is_a_constant(make):
    x, y = make(2.0), make(3.0)
    with ad.no_grad():
        constant = x * y
    total = constant * x + y
    total.backward()
    assert (x.grad, y.grad, constant.grad) == (6.0, 1.0, 2.0)


@pytest.mark.parametrize("make", [Value, Tensor])
def test_backward_within_no_grad(make):
    x = make(3.0)
    y = x * x
    with ad.no_grad():
        y.backward()
    assert x.grad == 6.0


@pytest.mark.parametrize("name", operations())
def test_backward_of_what_was_computed_within_no_grad_is_refused(name):
    for use in uses(name, 2):
        leaves = [Tensor(x) if np.ndim(x) else Value(x) for x in use.args]
        with ad.no_grad():
            result = use(*leaves)
        for node in result if isinstance(result, tuple) else [result]:
            cotangent = np.ones(np.shape(node.data))
            with pytest.raises(
                ValueError, match=r"this (Value|Tensor) was computed within `no_grad`"
            ):
                node.backward(cotangent)
        copy.copy(node).backward(cotangent)  # a leaf that the user made


@pytest.mark.parametrize("make", [Value, Tensor])
def test_backward_from_a_leaf_adds_to_it(make):
    x = make(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("make", [Value, Tensor])
def test_two_graphs_over_one_leaf_add(make):
    x = make(3.0)
    shared = x * x
    for root in (shared * 2.0, shared + x):
        root.backward()
    assert x.grad == 12.0 + 7.0
    assert shared.grad == 1.0


def test_the_array_that_was_given_is_copied():
    array, constant, exponent = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([2.0, 3.0])
    t = Tensor(array)
    y = (t * constant + constant @ t + t**exponent).sum() + ad.where(array > 1.0, t, 0.0).sum()
    for changed in (array, constant, exponent):
        changed[:] = 100.0
    y.backward()
    np.testing.assert_array_equal(t.data, [1.0, 2.0])
    np.testing.assert_array_equal(t.grad, [3 + 6 + 2, 4 + 8 + 12 + 1])


def test_a_view_that_was_given_is_copied():
    array = np.array([1.0, 2.0, 3.0])
    view, x = array[:2], Tensor([1.0, 1.0])
    view.setflags(write=False)  # and yet it changes with its base
    y = (x * view).sum()
    array[:] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])


def test_an_index_that_was_given_is_copied():
    index, mask, t = np.array([0, 1]), np.array([True, False, True]), Tensor([1.0, 2.0, 3.0])
    y = t[index].sum() + t[mask].sum() + t.at[index].set(0.0).sum() + ad.take(t, index).sum()
    index[:] = 2
    mask[:] = False
    y.backward()
    np.testing.assert_array_equal(t.grad, [3.0, 2.0, 2.0])


def test_data_and_gradients_cannot_be_written_into():
    t = Tensor([1.0, 2.0])
    y = (t * t).sum()
    y.backward()
    for array in (t.data, t.data[:1], t.data.T, np.asarray(t.data), t.grad, y.data):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        np.add(t.data, 1.0, out=t.data)
    with pytest.raises(ValueError, match="WRITEABLE"):
        t.data[:].setflags(write=True)
    np.testing.assert_array_equal(t.data, [1.0, 2.0])


def test_what_was_read_before_a_step_stays_as_it_was():
    w = Tensor([1.0, 2.0], name="w")
    before = w.data
    loss = (w * w).sum()
    loss.backward()
    optim.SGD([w], lr=0.1).step()
    np.testing.assert_array_equal(before, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"`w` was changed after `\*` had used it.*\[1\. 2\.\]"):
        loss.backward()


@pytest.mark.parametrize("kind", ["Value", "Tensor"])
def test_a_step_between_forward_and_backward_is_refused_by_name(kind):
    w = Value(2.0, name="w0") if kind == "Value" else Tensor(np.ones(100), name="w0")
    loss = ad.sum(ad.exp(w) * 1.0)
    loss.backward()
    optim.SGD([w], lr=0.1).step()
    grad = w.grad
    with pytest.raises(ValueError, match="`w0` was changed after `exp` had used it"):
        loss.backward()
    np.testing.assert_array_equal(w.grad, grad)
    w.zero_grad()
    ad.sum(ad.exp(w)).backward()
    np.testing.assert_allclose(w.grad, np.exp(w.data))


def test_a_gradient_that_was_read_does_not_grow_with_the_next_pass():
    t = Tensor([1.0, 2.0])
    y = (t * t).sum()
    y.backward()
    first = t.grad
    y.backward()
    np.testing.assert_array_equal(first, [2.0, 4.0])
    np.testing.assert_array_equal(t.grad, [4.0, 8.0])


def test_edges_of_a_changed_leaf_are_refused():
    for x in (Value(2.0, name="w"), Tensor([2.0], name="w")):
        y = x * x
        x.data = 5.0 if type(x) is Value else np.array([5.0])
        for look in (local_gradients, viz.draw):
            with pytest.raises(ValueError, match=r"`w` was changed after `\*`.*\n.*draw"):
                look(y)
