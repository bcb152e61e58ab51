"""How a picture is read: upstream times local is a contribution; these add up to the gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import operations, topological
from autodiff.testing import expressions
from viz.graphs import flow as flows
from viz.graphs.flow import flow, joined, parts_of, shape_of
from viz.graphs.network import Network

OPERATIONS = [name for name, primitive in operations().items() if primitive.elementwise]


def flowing(root, ct, cut=None):
    """The parts and gradients, each node a part, or all inner ones between the numbers of a cut."""
    network = Network([root])
    cards = np.arange(len(network.nodes))
    if cut is not None:
        segments = len(cards) + np.searchsorted(cut, cards)
        cards = np.unique(np.where(network.is_leaf, cards, segments), return_inverse=True)[1]
    parts = parts_of(network, cards)
    return parts, flow(parts, [(root, ct)])


@given(expressions(12, 3, 0, OPERATIONS), st.sampled_from([1.0, -2.5]))
def test_the_reading_rule_holds_of_numbers(expression, ct):
    root = expression(*[Value(x) for x in expression.args])
    parts, gradients = flowing(root, ct)
    for part in parts:
        upstream = gradients[part.node]
        for edge in part.edges:
            assert edge.contribution[0] == pytest.approx(upstream * edge.local, rel=1e-12)
        total = sum(edge.contribution[0] for edge in part.users) + (ct if part.is_drawn else 0.0)
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


@given(expressions(max_nodes=12), st.data())
def test_the_reading_rule_holds_of_parts_of_several_nodes(expression, data):
    """Of any consecutive nodes as one part: upstream times Jacobian, summed, is the gradient."""
    leaves = [Tensor(a) if np.ndim(a) else Value(a) for a in expression.args]
    root = expression(*leaves)
    count = len(topological(root))
    cut = sorted(data.draw(st.lists(st.integers(0, count - 1), max_size=6)))
    parts, gradients = flowing(root, np.ones(np.shape(root.data))[()], cut)
    whole, backward = flowing(root, np.ones(np.shape(root.data))[()])
    for part in parts:
        came = {output: np.zeros(np.shape(output.data)) for output in part.outputs}
        for edge in part.users:
            upstream = np.ravel(joined(gradients[o] for o in edge.head.outputs))
            shape = shape_of(edge)
            if edge.local is not None and edge.head.node is None:
                through = upstream @ np.reshape(edge.local, shape)
                size = np.abs(upstream) @ np.abs(np.reshape(edge.local, shape))
                contribution = np.ravel(joined(edge.contribution))
                assert np.all(np.abs(through - contribution) <= 1e-12 * size + 1e-300)
            assert sum(np.size(o.data) for o in edge.operands) == shape[1]
            for operand, contribution in zip(edge.operands, edge.contribution, strict=True):
                came[operand] = came[operand] + contribution
        for output, total in came.items():
            total = total + (1.0 if output is root else 0.0)
            np.testing.assert_allclose(gradients[output], total, rtol=1e-12, atol=1e-300)
    for leaf in (p.node for p in whole if p.is_leaf):  # the gradient of all, through any cards
        scale = np.max(np.abs(backward[leaf]), initial=1e-300)
        np.testing.assert_allclose(gradients[leaf], backward[leaf], rtol=1e-9, atol=1e-11 * scale)


def layered(inputs, hidden):
    """A sum of tanh of products, its hidden numbers as one part."""
    rng = np.random.default_rng(0)
    xs = [Value(v, name=f"x{i}") for i, v in enumerate(rng.normal(size=inputs))]
    W = rng.normal(size=(hidden, inputs))
    inner = [ad.tanh(sum(w * x for w, x in zip(row, xs, strict=True))) for row in W.tolist()]
    root = sum(h * h for h in inner)
    network = Network([root])
    made = dict.fromkeys(xs, "leaf") | {root: "root"}
    for h in inner:
        made |= {node: "hidden" for node in topological(h) if node.op is not None}
    kinds = [made.get(node, "root") for node in network.nodes]
    cards = [network.number[n] if k == "leaf" else len(kinds) + ["hidden", "root"].index(k)
             for n, k in zip(network.nodes, kinds, strict=True)]  # fmt: skip
    places = np.unique(cards, return_inverse=True)[1]
    parts = parts_of(network, places)
    return parts, flow(parts, [(root, 1.0)]), W, np.array([x.data for x in xs])


def test_a_jacobian_is_exact():
    parts, gradients, W, x = layered(3, 5)
    hidden = parts[-2]
    h = np.tanh(W @ x)
    expected = (1 - h**2)[:, None] * W
    found = np.concatenate([edge.local for edge in hidden.edges], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(parts[-1].edges[0].local, 2 * h[None], rtol=1e-12)
    np.testing.assert_allclose([gradients[p.node] for p in parts[:3]], 2 * h @ expected, rtol=1e-12)
    assert (hidden.is_drawn, parts[-1].is_drawn) == (False, True)


@pytest.mark.parametrize(
    ("inputs", "hidden", "known"), [(3, 100, True), (3, 101, False), (50, 80, True)]
)
def test_a_jacobian_is_computed_up_to_a_size(inputs, hidden, known):
    parts, gradients, W, x = layered(inputs, hidden)
    assert all((edge.local is not None) == known for edge in parts[-2].edges)
    h = np.tanh(W @ x)
    expected = 2 * h * (1 - h**2) @ W
    found = [gradients[part.node] for part in parts[:inputs]]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert (flows.LARGEST, flows.PASSES) == (4_096, 100)


def test_a_large_jacobian_is_left_out_and_a_small_one_beside_it_is_not():
    x, y = Tensor(np.arange(100.0)), Value(2.0)
    z = ad.exp(x * y)[:50]
    network = Network([z])
    parts = parts_of(network, np.array([0, 1, 2, 2, 2]))
    flow(parts, [(z, np.ones(50))])
    large, small = parts[-1].edges
    assert large.local is None
    np.testing.assert_allclose(small.local[:, 0], (x.data * np.exp(2 * x.data))[:50])


def test_a_zero_that_flows_back_stops():
    x = Value(-1.0, name="x")
    root = ad.where(x.data > 0, ad.log(x), 2.0 * x)  # log is NaN, and is not chosen
    for cut in (None, [0], [0, 2]):
        _, gradients = flowing(root, 1.0, cut)
        assert gradients[x] == 2.0


def test_an_output_that_others_use_has_its_own_cotangent_too():
    x = Value(3.0, name="x")
    y = x * x
    z = y * 2.0
    parts = parts_of(Network([y, z]), np.arange(3))
    gradients = flow(parts, [(y, 10.0), (z, 1.0)])
    assert (gradients[y], gradients[x]) == (12.0, 72.0)
    assert [part.is_drawn for part in parts] == [False, True, True]
    (leaf, both) = parts_of(Network([y, z]), np.array([0, 1, 1]))
    gradients = flow([leaf, both], [(y, 10.0), (z, 1.0)])
    assert both.outputs == [y, z]
    assert gradients[x] == 72.0
    np.testing.assert_array_equal(both.edges[0].local, [[6.0], [12.0]])


def test_a_constant_is_known_by_its_place():
    x, A = Tensor([1.0, 2.0]), np.eye(2)
    (_, part) = parts_of(Network([A @ x]), np.arange(2))
    assert list(part.constants) == [0]
    assert [edge.place for edge in part.edges] == [1]
