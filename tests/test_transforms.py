"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: structures, orders, nesting."""

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


def test_nested_structures_keep_their_structure():
    def f(p, scale):
        return scale * (p["w"] * p["x"][0]).sum() + p["x"][1][0] ** 2

    p = {"w": np.array([1.0, 2.0]), "x": (np.array([3.0, 4.0]), [5.0])}
    gradient = grad(f)(p, 2.0)
    np.testing.assert_array_equal(gradient["w"], [6.0, 8.0])
    assert isinstance(gradient["x"], tuple)
    np.testing.assert_array_equal(gradient["x"][0], [2.0, 4.0])
    assert gradient["x"][1] == [10.0]
    assert grad(f, 1)(p, 2.0) == 11.0


def test_argnums_and_aux():
    def f(x, y):
        return x * y, {"sum": x + y}

    assert grad(f, (0, 1), has_aux=True)(2.0, 3.0) == ((3.0, 2.0), {"sum": 5.0})
    assert value_and_grad(f, 1, has_aux=True)(2.0, 3.0) == ((6.0, {"sum": 5.0}), 2.0)
    assert grad(lambda x, y: x * y, -1)(2.0, 3.0) == 2.0
    with pytest.raises(ValueError, match="counts positional arguments"):
        grad(lambda x: x, 1)(2.0)
    with pytest.raises(TypeError, match="has_aux"):
        grad(lambda x: x, has_aux=True)(2.0)


def test_answers_are_plain_for_plain_and_nodes_for_nodes():
    assert type(grad(lambda x: x * x)(3.0)) is float
    assert type(grad(lambda x: (x * x).sum())(np.ones(2))) is np.ndarray
    x = Value(3.0)
    slope = grad(lambda v: v**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)
    assert isinstance(grad(lambda v: 2.0 * v)(x), Value)


def test_integers_are_promoted():
    assert grad(lambda x: x**2)(3) == 6.0
    np.testing.assert_array_equal(grad(lambda x: (x * x).sum())(np.array([1, 2])), [2.0, 4.0])


def test_float32_stays():
    x = np.ones(3, np.float32)
    assert grad(lambda t: (t * t).sum())(x).dtype == np.float32
    assert hvp(lambda t: (t**3).sum(), (x,), (x,)).dtype == np.float32


def test_no_perturbation_confusion():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    inner = jvp(lambda x: jvp(lambda y: x * y, (1.0,), (1.0,))[1] * x, (3.0,), (1.0,))
    assert inner == (9.0, 6.0)


def test_the_output_may_be_constant_or_an_argument():
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda x: x)(1.0) == 1.0
    assert value_and_grad(lambda x, y: x, (0, 1))(1.0, 2.0) == (1.0, (1.0, 0.0))


@pytest.mark.parametrize("out", ["text", None, [1.0, 2.0]])
def test_an_output_that_is_no_number_is_refused(out):
    with pytest.raises(TypeError):
        grad(lambda x: out)(1.0)


def test_a_vector_output_is_refused_with_the_fix():
    with pytest.raises(TypeError, match=r"t\.sum\(\)"):
        grad(lambda x: x * x)(np.ones(3))


def test_vjp_and_jvp_are_adjoint():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(4, 3))

    def f(x):
        return np.tanh(A @ x) * x[0]

    x, v, w = rng.normal(size=3), rng.normal(size=3), rng.normal(size=4)
    out, push = jvp(f, (x,), (v,))
    again, pull = vjp(f, x)
    np.testing.assert_allclose(out, again)
    np.testing.assert_allclose(push @ w, pull(w)[0] @ v)
    J = jacobian(f)(x)
    np.testing.assert_allclose(J @ v, push)
    np.testing.assert_allclose(w @ J, pull(w)[0])


def test_vjp_checks_its_cotangent():
    _, pull = vjp(lambda x: (x, x * 2), np.ones(3))
    np.testing.assert_array_equal(pull((np.ones(3), np.ones(3)))[0], [3.0, 3.0, 3.0])
    with pytest.raises(TypeError, match="structure"):
        pull(np.ones(3))
    with pytest.raises(ValueError, match="shape"):
        pull((np.ones(2), np.ones(3)))
    with pytest.raises(ValueError, match="shape"):
        jvp(lambda x: x, (np.ones(3),), (np.ones(2),))


def test_jacobian_of_structures():
    def f(p):
        return {"product": p[0] * p[1], "total": p[0].sum()}

    J = jacobian(f)([np.array([1.0, 2.0]), 3.0])
    np.testing.assert_array_equal(J["product"][0], 3.0 * np.eye(2))
    np.testing.assert_array_equal(J["product"][1], [1.0, 2.0])
    np.testing.assert_array_equal(J["total"][0], [1.0, 1.0])
    assert J["total"][1] == 0.0
    assert jacobian(lambda x: x)(np.ones((2, 3))).shape == (2, 3, 2, 3)
    assert jacobian(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_hessian_and_hvp_agree():
    rng = np.random.default_rng(1)
    A, x, v = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=5)

    def f(x):
        return np.sum(np.sin(A @ x) ** 2) + np.prod(x)

    H = hessian(f)(x)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(hvp(f, (x,), (v,)), H @ v)


def orders(f, count):
    for _ in range(count):
        yield f
        f = grad(f)
    yield f


@pytest.mark.parametrize(
    ("ours", "exact", "x"),
    [
        (ad.tanh, mpmath.tanh, 0.7),
        (lambda x: ad.exp(-(x**2)), lambda x: mpmath.exp(-(x**2)), 0.6),
        (lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 1.3),
        (lambda x: 1.7**x, lambda x: mpmath.mpf(1.7) ** x, 0.9),
        (lambda x: x**x, lambda x: x**x, 1.4),
        (ad.sinc, lambda x: mpmath.sin(mpmath.pi * x) / (mpmath.pi * x), 0.15),
        (ad.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), -0.4),
        (ad.gelu, lambda x: x * mpmath.ncdf(x), 0.3),
    ],
)
def test_to_the_fifth_order(ours, exact, x):
    for order, f in enumerate(orders(ours, 5)):
        with mpmath.workdps(50):
            expected = float(mpmath.diff(exact, mpmath.mpf(x), order))
        assert f(x) == pytest.approx(expected, rel=1e-10), order


def test_a_chain_of_matrix_products_to_the_fifth_order():
    A = np.array([[0.3, -0.2], [0.5, 0.1]])

    def f(x):
        M = x * A
        return (M @ M @ M @ M @ M).sum()

    total = np.linalg.matrix_power(A, 5).sum()
    for order, (factor, g) in enumerate(zip([1, 5, 20, 60, 120, 120], orders(f, 5), strict=True)):
        assert g(1.1) == pytest.approx(factor * total * 1.1 ** (5 - order), rel=1e-12), order


def test_transforms_take_tensors_and_keep_the_callers_graph():
    w = Tensor([1.0, 2.0])
    inner = grad(lambda x: (w * x * x).sum())(Tensor([3.0, 4.0]))
    inner.sum().backward()
    np.testing.assert_array_equal(w.grad, [6.0, 8.0])


def test_what_cannot_be_differentiated_is_named():
    with pytest.raises(TypeError, match="Argument 0"):
        grad(lambda x: x)("text")
    with pytest.raises(TypeError, match="Argument 1"):
        grad(lambda x, y: x, (0, 1))(1.0, object())


def test_a_function_is_not_disturbed_by_an_error():
    def broken(x):
        raise KeyError("x")

    with pytest.raises(KeyError):
        grad(broken)(1.0)
    assert type(grad(lambda x: x * x)(2.0)) is float
