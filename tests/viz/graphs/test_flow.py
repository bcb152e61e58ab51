"""How a picture is read: upstream times local is a contribution; these add up to the gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import operations, topological
from autodiff.testing import expressions
from viz.graphs.flow import flow, parts_of

OPERATIONS = [name for name, primitive in operations().items() if primitive.elementwise]


def flowing(root, ct):
    parts = parts_of(topological(root), [root])
    return parts, flow(parts, [(root, ct)])


@given(expressions(12, 3, 0, OPERATIONS), st.sampled_from([1.0, -2.5]))
def test_the_reading_rule_holds_of_numbers(expression, ct):
    root = expression(*[Value(x) for x in expression.args])
    parts, gradients = flowing(root, ct)
    for part in parts:
        upstream = gradients[part.node]
        for edge in part.edges:
            assert edge.contribution == pytest.approx(upstream * edge.local, rel=1e-12)
        total = sum(edge.contribution for edge in part.users) + (ct if part.is_drawn else 0.0)
        assert gradients[part.node] == pytest.approx(total, rel=1e-12)
    root.backward(ct)
    for part in parts:
        np.testing.assert_allclose(gradients[part.node], part.node.grad, rtol=1e-12)


@given(expressions(max_nodes=8))
def test_contributions_add_up_to_what_backward_gives(expression):
    leaves = [Tensor(a) if np.ndim(a) else Value(a) for a in expression.args]
    root = expression(*leaves)
    parts, gradients = flowing(root, np.ones(np.shape(root.data))[()])
    assert not any(np.any(part.node.grad) for part in parts)
    root.backward(np.ones(np.shape(root.data))[()])
    for part in parts:
        scale = np.max(np.abs(part.node.grad), initial=1e-300)
        np.testing.assert_allclose(
            gradients[part.node], part.node.grad, rtol=1e-9, atol=1e-12 * scale
        )


def test_a_zero_that_flows_back_stops():
    x = Value(-1.0, name="x")
    root = ad.where(x.data > 0, ad.log(x), 2.0 * x)  # log is NaN, and is not chosen
    _, gradients = flowing(root, 1.0)
    assert gradients[x] == 2.0


def test_an_output_that_others_use_has_its_own_cotangent_too():
    x = Value(3.0, name="x")
    y = x * x
    z = y * 2.0
    parts = parts_of(topological(z), [y, z])
    gradients = flow(parts, [(y, 10.0), (z, 1.0)])
    assert (gradients[y], gradients[x]) == (12.0, 72.0)
    assert [part.is_drawn for part in parts] == [False, True, True]


def test_a_constant_is_known_by_its_place():
    x, A = Tensor([1.0, 2.0]), np.eye(2)
    (part,) = [p for p in parts_of(topological(A @ x), []) if p.edges]
    assert list(part.constants) == [0]
    assert [edge.place for edge in part.edges] == [1]
