"""Passes through a part of a graph: as backward() and jacobian() have it, with no grad touched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Tensor, Value, jacobian
from autodiff.extend import jacobian_rows, pull_through, topological
from autodiff.testing import expressions


@given(expressions(), st.data())
def test_a_pass_is_that_of_backward_which_sets_no_grad(expression, data):
    leaves = [Tensor(a) if np.ndim(a) else Value(a) for a in expression.args]
    root = expression(*leaves)
    seed = np.ones(np.shape(root.data)) * data.draw(st.sampled_from([1.0, -2.5]))
    seed = seed if np.ndim(root.data) else float(seed)
    found = pull_through([(root, seed)])
    nodes = topological(root)
    assert not any(np.any(node.grad) for node in nodes)
    root.backward(seed)
    for node in nodes:
        np.testing.assert_array_equal(found.get(node, 0.0 * np.asarray(node.data)), node.grad)


@given(expressions(), st.data())
def test_two_passes_that_meet_at_a_node_are_the_whole_one(expression, data):
    leaves = [Tensor(a) if np.ndim(a) else Value(a) for a in expression.args]
    root = expression(*leaves)
    nodes = topological(root)
    whole = pull_through([(root, None)])
    middle = data.draw(st.sampled_from(nodes))
    first = {root: np.ones(np.shape(root.data))}
    if middle is not root:
        first = pull_through([(root, None)], stop=[middle])
    second = pull_through([(middle, first[middle])]) if middle in first else {}
    for node in nodes:
        parts = [found[node] for found in (first, second) if node in found]
        both = sum(parts[:1] if node is middle else parts)
        np.testing.assert_allclose(both, whole.get(node, 0.0), rtol=1e-9, atol=1e-12)


def test_seeds_are_checked_and_ones_if_not_given():
    x = Tensor([1.0, 2.0], name="x")
    y = x * x
    np.testing.assert_array_equal(pull_through([(y, None)])[x], [2.0, 4.0])
    np.testing.assert_array_equal(pull_through([(y, [1, 0])])[x], [2.0, 0.0])
    with pytest.raises(ValueError, match=r"shape of the output, \(2,\), but this one has \(3,\)"):
        pull_through([(y, np.ones(3))])
    x.data = [3.0, 4.0]
    with pytest.raises(ValueError, match="`x` was changed"):
        pull_through([(y, None)])


@pytest.mark.parametrize("outputs", [1, 2, 30])
def test_the_jacobian_of_a_region(outputs):
    rng = np.random.default_rng(0)
    A, a, b = rng.normal(size=(outputs, 3)), rng.normal(size=3), float(rng.normal())

    def f(x, t):
        hidden = np.tanh(x) * t
        return A @ hidden + t, ad.sin(t) * hidden[0]

    x, t = Tensor(a), Value(b)
    before, other = x * 2.0, t * 3.0
    first, second = f(before, other)
    rows = jacobian_rows([first, second], [before, other])
    expected = jacobian(f, (0, 1))(2.0 * a, 3.0 * b)
    for i in range(2):
        np.testing.assert_allclose(rows[i][:outputs], expected[0][i], rtol=1e-12)
        np.testing.assert_allclose(rows[i][outputs], expected[1][i], rtol=1e-12)
    assert not np.any(x.grad)


def test_an_input_that_no_output_depends_on_has_rows_of_zeros():
    x, y = Value(1.0), Tensor([1.0, 2.0])
    rows = jacobian_rows([x * x], [x, y])
    assert [np.asarray(r).tolist() for r in rows] == [[2.0], [[0.0, 0.0]]]


def test_what_is_held_is_a_constant():
    x = Value(3.0)
    y = x * x
    z = x * y
    assert [r.tolist() for r in jacobian_rows([z], [x])] == [[27.0]]
    assert [r.tolist() for r in jacobian_rows([z], [x], held=[y])] == [[9.0]]


def test_within_a_transform_the_answers_are_plain_too():
    def f(x):
        inner = Tensor(np.arange(5.0))
        found.append(jacobian_rows([inner * inner], [inner])[0])
        found.append(pull_through([(inner * inner, None)])[inner])
        return x * x

    found = []
    assert ad.grad(f)(3.0) == 6.0
    np.testing.assert_array_equal(found[0], np.diag(2 * np.arange(5.0)))
    np.testing.assert_array_equal(found[1], 2 * np.arange(5.0))
    assert all(type(a) is np.ndarray for a in found)
