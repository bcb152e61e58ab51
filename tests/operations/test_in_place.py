"""`x += y` and its kin: a new node, a leaf that moves within no_grad, or a refusal."""

import operator

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, TraceError, Value

OPERATORS = {
    "+=": (operator.iadd, operator.add),
    "-=": (operator.isub, operator.sub),
    "*=": (operator.imul, operator.mul),
    "/=": (operator.itruediv, operator.truediv),
    "//=": (operator.ifloordiv, operator.floordiv),
    "%=": (operator.imod, operator.mod),
    "**=": (operator.ipow, operator.pow),
    "@=": (operator.imatmul, operator.matmul),
}
LEAVES = {
    "Value": lambda: Value(3.0),
    "without axes": lambda: Tensor(3.0),
    "Tensor": lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]),
    "float32": lambda: Tensor(np.ones((2, 2), np.float32)),
}
CASES = [
    (symbol, kind) for symbol in OPERATORS for kind in LEAVES if symbol != "@=" or kind[0] in "Tf"
]


def other_for(leaf):
    return leaf.data * 0 + 2


@pytest.mark.parametrize(("symbol", "kind"), CASES)
def test_within_no_grad_a_leaf_moves(symbol, kind):
    place, plain = OPERATORS[symbol]
    for as_node in (False, True):
        leaf = again = LEAVES[kind]()
        before, other = leaf.data, other_for(leaf)
        right = plain(before, other)
        stale = leaf * 2
        with ad.no_grad():
            again = place(again, type(leaf)(other) if as_node else other)
        assert again is leaf
        assert leaf.op is None
        np.testing.assert_array_equal(leaf.data, right)
        assert np.asarray(leaf.data).dtype == np.asarray(before).dtype
        with pytest.raises(ValueError, match="was changed after"):
            stale.backward(other)


@pytest.mark.parametrize(("symbol", "kind"), CASES)
def test_a_result_is_never_moved(symbol, kind):
    place, plain = OPERATORS[symbol]
    with ad.no_grad():
        unrecorded = LEAVES[kind]() * 1
    for result in (unrecorded, LEAVES[kind]() * 1):
        before, other = np.array(result.data), other_for(result)
        with ad.no_grad():
            again = place(result, other)
        assert again is not result
        np.testing.assert_array_equal(again.data, plain(before, other))
        np.testing.assert_array_equal(result.data, before)


@pytest.mark.parametrize(("symbol", "kind"), CASES)
def test_outside_it_is_a_new_node_with_a_graph(symbol, kind):
    place, plain = OPERATORS[symbol]
    leaf = LEAVES[kind]()
    other = type(leaf)(other_for(leaf))
    for right in (other, other.data, 2.0) if symbol != "@=" else (other, other.data):
        made = place(leaf, right)
        assert made is not leaf
        assert leaf in made.inputs
        np.testing.assert_array_equal(made.data, plain(leaf, right).data)
    total = LEAVES[kind]()
    total += other * other
    total.backward(np.ones(np.shape(total.data)))
    np.testing.assert_array_equal(other.grad, 2 * other.data)


@pytest.mark.parametrize(("symbol", "kind"), CASES)
def test_a_step_that_would_move_nothing_is_refused(symbol, kind):
    place, _ = OPERATORS[symbol]
    leaf = LEAVES[kind]()
    before, other = leaf.data, other_for(leaf)
    (leaf * 2).backward(other)
    with pytest.raises(TypeError) as caught:
        place(leaf, 0.1 * leaf.grad)
    assert f"`p.data {symbol} ...` or `with no_grad(): p {symbol} ...`" in str(caught.value)
    np.testing.assert_array_equal(leaf.data, before)
    made = place(leaf, type(leaf)(other))  # of a node: no step, but a computation
    assert made.inputs[0] is leaf
    leaf.zero_grad()
    place(leaf, other)


@pytest.mark.parametrize("update", ["no_grad", "data"])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_the_loop_of_a_tutorial(kind, update):
    parameters = [kind(1.0), kind(2.0)]
    for _ in range(200):
        a, b = parameters
        ((a - 3) ** 2 + (b + a) ** 2).backward()
        if update == "no_grad":
            with ad.no_grad():
                for p in parameters:
                    p -= 0.1 * p.grad
        else:
            for p in parameters:
                p.data = p.data - 0.1 * p.grad
        for p in parameters:
            p.zero_grad()
    np.testing.assert_allclose([p.data for p in parameters], [3.0, -3.0], atol=1e-2)


def test_what_a_leaf_cannot_become_is_refused():
    with ad.no_grad():
        for leaf, other, message in [
            (Tensor([1.0, 2.0]), np.ones((3, 2)), "must have the same"),
            (Value(1.0), Tensor([1.0, 2.0]), "one real number"),
        ]:
            before = leaf.data
            with pytest.raises((TypeError, ValueError), match=message):
                leaf += other
            assert leaf.data is before or leaf.data.tolist() == before.tolist()


def test_in_a_trace_no_leaf_moves_for_one_call_only():
    weight = Tensor([1.0, 2.0])

    def f(x):
        nonlocal weight
        with ad.no_grad():
            weight += x
        return weight * x

    with pytest.raises(TraceError):
        ad.compile(f)(np.ones(2))
    assert weight.data.tolist() == [1.0, 2.0]


def test_within_a_derivative_it_is_a_new_node():
    def f(x):
        x += 1.0
        x *= x
        return x

    assert ad.grad(f)(2.0) == 6.0
    assert ad.grad(ad.grad(f))(2.0) == 2.0
    assert ad.compile(ad.grad(f))(2.0) == 6.0


def minus_one_apart(x):
    with ad.no_grad():
        c = x
        c -= 1
    return x * c


def test_what_a_transform_differentiates_by_is_not_the_users_to_move():
    """`c -= 1` makes a constant there, in every reading."""
    for x in (3.0, np.array(3.0)):
        assert ad.grad(minus_one_apart)(x) == 2.0
        assert ad.jvp(minus_one_apart, (x,), (1.0,)) == (6.0, 2.0)
        assert ad.vjp(minus_one_apart, x)[0] == 6.0
        assert ad.derive(minus_one_apart, x)(x) == (6.0, 2.0)
        assert ad.compile(ad.grad(minus_one_apart))(x) == 2.0
        assert ad.compile(minus_one_apart)(x) == 6.0
    assert ad.hessian(minus_one_apart)(3.0) == 0.0
