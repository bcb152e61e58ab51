"""Products of the first derivative that the second does not look at are not computed."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, compile, detect_anomaly, grad, hvp, jvp
from autodiff.extend import operations
from autodiff.primitives.lazy import LazyProduct, can_be_lazy
from autodiff.primitives.pullback import pullback_of

RNG = np.random.default_rng(5)
X = RNG.normal(size=(7, 4))
W, V = RNG.normal(size=(2, 4, 4))
U, T = RNG.normal(size=(2, 4, 3))


def network(w, u):
    return ad.mean(ad.tanh(ad.tanh(X @ w) @ u) ** 2)


def quadratic(x):
    return x @ (W @ x)


def by_hand(f, args, tangents, step=1e-5):
    """The Hessian's product by central differences of the gradient."""
    every = tuple(range(len(args)))
    forward, backward = (
        grad(f, every)(*[a + s * t for a, t in zip(args, tangents, strict=True)])
        for s in (step, -step)
    )
    return [(a - b) / (2 * step) for a, b in zip(forward, backward, strict=True)]


@pytest.fixture
def products(monkeypatch):
    """The shapes of the postponed products that were computed after all."""
    computed = []
    look = LazyProduct.__getattr__

    def counting(node, name):
        found = look(node, name)
        computed.append(np.shape(found))
        return found

    monkeypatch.setattr(LazyProduct, "__getattr__", counting)
    return computed


def test_the_gradient_of_a_weight_is_not_computed(products):
    made = operations()["transposed_matmul"].pullbacks.copy()
    found = hvp(network, (W, U), (V, T))
    for part, right in zip(found, by_hand(network, (W, U), (V, T)), strict=True):
        np.testing.assert_allclose(part, right, rtol=1e-7, atol=1e-9)
    assert made.keys() <= operations()["transposed_matmul"].pullbacks.keys()
    assert products == []


def test_nor_in_the_derivative_forward(products):
    out, tangent = jvp(lambda w, u: ad.tanh(X @ w) @ u, (W, U), (V, T))
    hidden = np.tanh(X @ W)
    np.testing.assert_allclose(out, hidden @ U, rtol=1e-12)
    np.testing.assert_allclose(tangent, ((1 - hidden**2) * (X @ V)) @ U + hidden @ T, rtol=1e-12)
    assert products == []


def test_nor_that_of_a_vector(products):
    v = V[0]
    np.testing.assert_allclose(hvp(quadratic, (W[0],), (v,)), (W + W.T) @ v, rtol=1e-12)
    assert products == [(4,)]  # x is used twice, and what it gets is added up


def test_a_weight_used_at_each_step_adds_up(products):
    def recurrent(w):
        h = X
        for _ in range(4):
            h = ad.tanh(h @ w)
        return ad.sum(h**3)

    right = by_hand(recurrent, (W,), (V,))[0]
    np.testing.assert_allclose(hvp(recurrent, (W,), (V,)), right, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(
        compile(lambda w, v: hvp(recurrent, (w,), (v,)))(W, V), right, rtol=1e-5, atol=1e-8
    )
    assert products


def test_a_product_is_computed_once_and_is_a_tensor_then(products):
    a, b = Tensor(X), Tensor(W)
    node = LazyProduct(pullback_of(operations()["matmul"], (0, 1)), (a, b))
    assert node.op == "matmul"
    assert node.inputs == (a, b)
    assert products == []
    np.testing.assert_array_equal(node.data, X @ W)
    assert node.shape == (7, 4)
    assert type(node) is Tensor
    assert products == [(7, 4)]


def test_an_attribute_that_no_tensor_has():
    node = LazyProduct(pullback_of(operations()["matmul"], (0,)), (Tensor(X), W))
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'shade'"):
        node.shade  # noqa: B018


@pytest.mark.parametrize(
    ("node", "operand", "waits"),
    [
        (Tensor(X) @ Tensor(W), Tensor(W), True),
        (Tensor(W) @ Tensor(W[0]), Tensor(W[0]), True),
        (Tensor(W) @ Tensor(W[0]), Tensor(W), False),  # an outer product, entry by entry
        (Tensor(RNG.normal(size=(2, 7, 4))) @ Tensor(W), Tensor(W), False),
        (Tensor(RNG.normal(size=(2, 7, 4))) @ Tensor(W[0]), Tensor(W[0]), False),
        (Tensor(RNG.normal(size=(2, 4, 4))) @ RNG.normal(size=(2, 4, 4)), Tensor(V[None]), False),
        (Tensor(X) @ Tensor(W.astype(np.float32)), Tensor(W.astype(np.float32)), False),
        (Tensor(W) * Tensor(W), Tensor(W), False),
        (ad.Value(1.0) * 2.0, ad.Value(1.0), False),
    ],
)
def test_what_comes_in_another_shape_or_dtype_does_not_wait(node, operand, waits):
    assert can_be_lazy(node, operand) is waits


@pytest.mark.parametrize("shape", [(2, 7, 4), (1, 4), (4,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_broadcast_products_and_both_dtypes(shape, dtype):
    x = RNG.normal(size=shape)  # float64, whatever the weight is of

    def f(w):
        return ad.sum(ad.tanh(x @ w) ** 2)

    found = hvp(f, (W.astype(dtype),), (V.astype(dtype),))
    assert found.dtype == dtype
    right = by_hand(f, (W.astype(dtype).astype(float),), (V.astype(dtype).astype(float),))[0]
    np.testing.assert_allclose(found, right, rtol=1e-5 if dtype == np.float32 else 1e-7, atol=1e-6)


def test_what_is_infinite_is_stopped_by_a_zero_in_a_postponed_product():
    x = np.array([[1.0, np.inf], [2.0, 3.0]])
    weights = np.array([[0.0], [1.0]])  # the row with the infinity has no part in the output

    def f(w):
        return ad.sum(weights * (x @ w) ** 2)

    w, v = np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]])
    with np.errstate(invalid="ignore"):
        found = hvp(f, (w,), (v,))
    np.testing.assert_array_equal(found, 2 * np.outer(x[1], x[1]) @ v)


def test_nothing_waits_while_each_result_is_looked_at():
    def f(w):
        return ad.sum(1e308 * ad.sin(np.ones((2, 3)) @ w))

    w = np.zeros((3, 1))
    assert np.isfinite(hvp(f, (w,), (w,))).all()
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"`a\.T @ b` gave"):
        hvp(f, (w,), (w,))


def test_the_answers_are_no_ones_tangents():
    x, v, m = np.ones(3), np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3)
    for answer, tangent in [
        (hvp(lambda t: (t * t).sum() / 2, (x,), (v,)), v),
        (jvp(lambda t: t + 0, (x,), (v,))[1], v),
        (jvp(lambda t: t.T, (m,), (m,))[1], m),
        (jvp(lambda t: t.reshape(6), (m,), (m,))[1], m),
    ]:
        assert not np.shares_memory(answer, tangent)
        assert answer.flags.writeable


def test_within_another_transform_nothing_waits(products):
    slope = grad(lambda w: (hvp(network, (w, U), (V, T))[0] * V).sum())(W)
    step = 1e-5

    def value(w):
        return (hvp(network, (w, U), (V, T))[0] * V).sum()

    along = (value(W + step * V) - value(W - step * V)) / (2 * step)
    assert (slope * V).sum() == pytest.approx(along, rel=1e-6)
    assert products == []
