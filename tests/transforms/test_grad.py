"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: structures, orders, nesting."""

import tracemalloc
from typing import NamedTuple

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import (
    Tensor,
    Value,
    compile,
    derive,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from autodiff.testing import check_gradients
from autodiff.testing.scratch import temporary_operations


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
    with pytest.raises(TypeError, match="complex"):
        pull((np.ones(3), np.ones(3) * 1j))
    with pytest.raises(ValueError, match="shape"):
        jvp(lambda x: x, (np.ones(3),), (np.ones(2),))
    with pytest.raises(ValueError, match="A tangent has the shape of its primal"):
        hvp(lambda x: x.sum(), (np.ones(3),), (np.ones(1),))
    for tangent in (np.ones(3) * 1j, np.array(["a", "b", "c"]), np.ma.masked_array(np.ones(3))):
        for along in (jvp, hvp):
            with pytest.raises(TypeError):
                along(lambda x: (x * x).sum(), (np.ones(3),), (tangent,))


def test_hvp_is_of_a_function_with_one_number():
    with pytest.raises(TypeError, match=r"output is one number, but .* returned shape \(3,\)"):
        hvp(lambda x: x * x, (np.ones(3),), (np.ones(3),))
    for whole in (np.ones((1,)), np.ones(())):  # one number, with an axis or without
        found = hvp(lambda x: x**3, (whole,), (whole,))
        np.testing.assert_array_equal(found, 6 * whole)


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


def test_aux_comes_with_every_transform():
    def f(x):
        return x**3, {"twice": 2.0 * x}

    out, pull, aux = vjp(f, 2.0, has_aux=True)
    assert (out, pull(10.0), aux) == (8.0, (120.0,), {"twice": 4.0})
    assert jvp(f, (2.0,), (10.0,), has_aux=True) == (8.0, 120.0, {"twice": 4.0})
    assert grad(f, has_aux=True)(2.0) == (12.0, {"twice": 4.0})
    assert jacobian(f, has_aux=True)(2.0) == (12.0, {"twice": 4.0})
    assert hessian(f, has_aux=True)(2.0) == (12.0, {"twice": 4.0})
    for given in (aux, grad(f, has_aux=True)(2.0)[1], jacobian(f, has_aux=True)(2.0)[1]):
        assert type(given["twice"]) is float


def test_argnums_of_jacobian_and_hessian():
    def f(x, y):
        return x**2 * y**3

    assert jacobian(f, 1)(2.0, 3.0) == 4.0 * 27.0
    assert hessian(f, 1)(2.0, 3.0) == 4.0 * 18.0
    assert hessian(f, (0, 1))(2.0, 3.0) == ((54.0, 108.0), (108.0, 72.0))


def test_an_output_given_twice_pulls_back_twice():
    def f(x):
        y = x * x
        return y, y

    _, pull = vjp(f, 3.0)
    assert pull((1.0, 10.0)) == (66.0,)
    slope = grad(lambda x: vjp(f, x)[1]((1.0, 10.0))[0])
    assert slope(3.0) == 22.0


def test_a_pull_back_is_differentiated_by_its_cotangent():
    _, pull = vjp(lambda x: x**3, 2.0)
    assert grad(lambda ct: pull(ct)[0] ** 2)(5.0) == 2 * 12.0 * 12.0 * 5.0


def test_cotangents_and_tangents_take_the_dtype_of_what_they_belong_to():
    x = np.array([1.0, 2.0], np.float32)
    out, pull = vjp(lambda t: t * t, x)
    for ct in (np.array([1, 10]), np.array([1.0, 10.0]), np.array([1, 10], bool) * 1):
        (found,) = pull(ct)
        assert out.dtype == found.dtype == np.float32
        np.testing.assert_array_equal(found, 2 * x * ct)
        out, pushed = jvp(lambda t: t * t, (x,), (ct,))
        assert out.dtype == pushed.dtype == np.float32
        np.testing.assert_array_equal(pushed, 2 * x * ct)
    assert jacobian(lambda t: t * t)(x).dtype == np.float32
    assert hvp(lambda t: (t**3).sum(), (x,), (np.array([1, 2]),)).dtype == np.float32
    assert hvp(lambda t: (t * t).sum() / 2, (x,), (np.array([1.0, 2.0]),)).dtype == np.float32
    assert vjp(lambda t: t, x)[1](np.array([1.0, 10.0]))[0].dtype == np.float32


def test_jvp_of_an_output_that_does_not_change():
    out, tangent = jvp(lambda x: (x * x, 3.0, np.ones(2), ad.floor(x)), (2.5,), (1.0,))
    assert out[:2] == (6.25, 3.0)
    assert (tangent[0], tangent[1], tangent[3]) == (5.0, 0.0, 0.0)
    np.testing.assert_array_equal(tangent[2], [0.0, 0.0])


def test_jvp_of_values_arrays_and_structures():
    def f(p):
        return {"product": p["a"] * p["b"], "sum": (p["b"] ** 2).sum()}

    primal = {"a": 3.0, "b": np.array([1.0, 2.0])}
    out, tangent = jvp(f, (primal,), ({"a": 1.0, "b": np.array([10.0, 0.0])},))
    np.testing.assert_array_equal(out["product"], [3.0, 6.0])
    np.testing.assert_array_equal(tangent["product"], [31.0, 2.0])
    assert tangent["sum"] == 20.0


def test_hvp_of_structures():
    def f(p, x):
        return p["a"] ** 2 * (p["b"] * x).sum()

    p, x = {"a": 3.0, "b": np.array([1.0, 2.0])}, np.array([5.0, 7.0])
    v = {"a": 1.0, "b": np.array([0.0, 2.0])}
    by_p, by_x = hvp(f, (p, x), (v, np.zeros(2)))
    assert by_p["a"] == 2 * 19.0 + 6.0 * 14.0
    np.testing.assert_array_equal(by_p["b"], 6.0 * x)
    np.testing.assert_array_equal(by_x, [6.0, 6.0 * 2.0 + 9.0 * 2.0])


def test_jacobians_of_matrices_have_the_shape_of_out_and_in():
    x = np.arange(6.0).reshape(2, 3)
    J = jacobian(lambda t: (t * t).T)(x)
    assert J.shape == (3, 2, 2, 3)
    assert np.count_nonzero(J) == 5
    assert J[2, 1, 1, 2] == 10.0
    H = hessian(lambda t: (t**3).sum())(x)
    assert H.shape == (2, 3, 2, 3)
    assert np.count_nonzero(H) == 5
    assert H[1, 2, 1, 2] == 30.0
    again = jacobian(jacobian(lambda t: (t**3).sum()))(x)
    np.testing.assert_array_equal(again, H)
    third = jacobian(jacobian(lambda t: (t**3).sum(axis=0)))(x)
    assert third.shape == (3, 2, 3, 2, 3)
    assert third[1, 0, 1, 0, 1] == 6.0
    shapes = []
    grad(lambda t: shapes.append(jacobian(lambda u: 2 * u.T)(t).shape) or t.sum())(x)
    assert shapes == [(3, 2, 2, 3)]
    constant, product = jacobian(lambda t: (np.ones(2), t[0]))(np.full(3, 7.0))
    np.testing.assert_array_equal(constant, np.zeros((2, 3)))
    np.testing.assert_array_equal(product, [1.0, 0.0, 0.0])
    assert jacobian(lambda v: v * v)(3.0) == 6.0
    assert jacobian(lambda t: t[:0])(np.ones(2)).shape == (0, 2)
    assert (grad(lambda t: jacobian(lambda u: u[:0])(t).sum() + t.sum())(np.ones(2)) == 1).all()


def test_a_closure_over_an_outer_argument_is_differentiated_again_and_again():
    for _ in range(3):
        assert grad(lambda x: grad(lambda y: x * x * y)(5.0))(3.0) == 6.0
        assert grad(lambda x: grad(lambda y: x * y * y)(np.float64(5.0)))(3.0) == 10.0
        twice = grad(lambda x: grad(lambda y: x * x * y)(5.0) + grad(lambda y: x * x * y)(7.0))
        assert twice(3.0) == 12.0


def test_the_second_derivative_stops_where_the_first_does():
    assert grad(grad(lambda x: ad.floor(x * x) + x**3))(1.5) == 9.0
    t = np.array([1.5, 2.0])
    np.testing.assert_array_equal(
        grad(lambda u: grad(lambda v: (ad.floor(v * v) + v**3).sum())(u).sum())(t), 6 * t
    )


def test_an_unselected_singularity_does_no_harm_in_the_second_derivative():
    def f(x):
        return ad.where(x > 0, ad.sqrt(x), x * x).sum()

    x = np.array([0.0, 4.0, -3.0])
    with np.errstate(invalid="ignore"):  # the forward pass warns of sqrt(-3)
        second = grad(lambda u: grad(f)(u).sum())(x)
    np.testing.assert_array_equal(second, [2.0, -0.25 * 4.0**-1.5, 2.0])


def test_what_was_made_outside_is_a_constant():
    w = Value(2.0)
    outside = w * w
    w.data = 100.0
    assert grad(lambda x: x * outside)(3.0) == 4.0
    assert grad(grad(lambda x: x * x * outside))(3.0) == 8.0


def test_a_leaf_that_is_changed_between_is_refused_in_every_order():
    def f(x):
        w = Value(2.0, name="w")
        y = w * x
        w.data = 3.0
        return y * x

    for derivative in (grad(f), grad(grad(f)), jacobian(f)):
        for x in (1.0, Value(1.0)):
            with pytest.raises(ValueError, match=r"`w` was changed after `\*` had used it"):
                derivative(x)


def test_an_argument_may_be_overwritten_after_it_was_used():
    x = np.array([1.0, 2.0])

    def f(t):
        y = (t * t).sum()
        x[:] = 100.0
        return y

    np.testing.assert_array_equal(grad(f)(x), [2.0, 4.0])


@pytest.mark.parametrize("transform", [jacobian, lambda f: lambda x: vjp(f, x)])
@pytest.mark.parametrize("out", ["text", None, {1, 2}])
def test_an_output_that_is_no_number_is_named(transform, out):
    with pytest.raises(TypeError, match="A function to differentiate returns numbers"):
        transform(lambda x: out)(1.0)


@pytest.mark.parametrize("factor", [0, 1, -1, -2, 2, 3.5])
@temporary_operations()
def test_a_rule_may_give_a_constant(factor):
    @ad.elementwise(f"{factor} * x")
    def scaled(z, x):
        return factor

    def slope(x):
        return grad(lambda y: (scaled(y * y) * y).sum())(x)

    for x in (3.0, np.array([3.0, 3.0])):
        np.testing.assert_array_equal(slope(x), np.full(np.shape(x), 27.0 * factor))
        second = grad(lambda y: slope(y).sum())(x)
        np.testing.assert_array_equal(second, np.full(np.shape(x), 18.0 * factor))


# -- structures, keywords and what comes beside --------------------------------------------


class Layer(NamedTuple):
    weight: object
    bias: object


def test_named_tuples_and_none_leaves():
    def f(layers):
        total = 0.0
        for layer in layers:
            total = total + np.sum(layer.weight**2)
            if layer.bias is not None:
                total = total + 3.0 * layer.bias
        return total

    layers = [Layer(np.array([1.0, 2.0]), None), Layer(5.0, 7.0)]
    first, second = grad(f)(layers)
    assert isinstance(first, Layer)
    assert first.bias is None
    np.testing.assert_array_equal(first.weight, [2.0, 4.0])
    assert second == Layer(10.0, 3.0)
    v = [Layer(np.array([1.0, 0.0]), None), Layer(1.0, 1.0)]
    product = hvp(f, (layers,), (v,))
    np.testing.assert_array_equal(product[0].weight, [2.0, 0.0])
    assert product[1] == Layer(2.0, 0.0)
    assert jvp(f, (layers,), (v,))[1] == 2.0 + 10.0 + 3.0
    assert vjp(f, layers)[1](1.0)[0][1] == Layer(10.0, 3.0)
    H = hessian(lambda p: f([p]))(Layer(5.0, 7.0))
    assert Layer(Layer(2.0, 0.0), Layer(0.0, 0.0)) == H


def test_keyword_arguments_go_through():
    def f(x, *, power=2, scale=1.0):
        return scale * x**power

    assert grad(f)(3.0, power=3, scale=2.0) == 54.0
    assert value_and_grad(f)(3.0, scale=2.0) == (18.0, 12.0)
    assert jacobian(f)(3.0, power=3) == 27.0
    assert hessian(f)(3.0, power=3) == 18.0
    assert grad(lambda x: grad(f)(x, power=4))(2.0) == 48.0
    assert grad(f).__name__ == "f"


@pytest.mark.parametrize("argnums", [(0, -1), (-2, 1), (-2, -1)])
def test_argnums_may_count_from_the_end(argnums):
    def f(x, y):
        return x**2 * y**3

    assert grad(f, argnums)(2.0, 3.0) == (108.0, 108.0)
    assert hessian(f, argnums)(2.0, 3.0) == ((54.0, 108.0), (108.0, 72.0))
    assert jacobian(f, argnums)(2.0, 3.0) == (108.0, 108.0)


@pytest.mark.parametrize("argnums", [2, -3, (0, 2), 1.0, "x", None])
def test_argnums_that_name_no_argument(argnums):
    for transform in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(ValueError, match="counts positional arguments from 0, and there are 2"):
            transform(lambda x, y: x * y, argnums)(2.0, 3.0)


def test_hvp_with_more_beside_it():
    found, more = hvp(lambda x: (x**3, {"half": x / 2}), (2.0,), (10.0,), has_aux=True)
    assert (found, more) == (120.0, {"half": 1.0})
    assert type(more["half"]) is float


@pytest.mark.parametrize("transform", [jvp, hvp])
def test_primals_and_tangents_are_tuples(transform):
    x = np.ones(3)
    for primals, tangents in ((x, x), ((x,), x), (x, (x,)), (2.0, 1.0)):
        with pytest.raises(TypeError, match=r"as a tuple.*\n.*\(f, \(x,\), \(v,\)\)"):
            transform(lambda x: np.sum(x * x), primals, tangents)
    with pytest.raises(TypeError, match="structure"):
        transform(lambda x: np.sum(x * x), (x,), (x, x))
    with pytest.raises(ValueError, match="shape"):
        transform(lambda x: np.sum(x * x), (x,), (np.ones(2),))


# -- one transform inside another ----------------------------------------------------------


def forward(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


def backward(f):
    return lambda x: vjp(f, x)[1](1.0)[0]


SLOPES = {"grad": grad, "jvp": forward, "vjp": backward, "jacobian": jacobian}


@pytest.mark.parametrize("outer", SLOPES)
@pytest.mark.parametrize("inner", SLOPES)
def test_no_perturbation_is_taken_for_another(outer, inner):
    """d/dx of x * d/dy(x + y) is 1, and of x * d/dy(x * y * y) at y = 2 it is 8x."""
    d, e = SLOPES[outer], SLOPES[inner]
    assert d(lambda x: x * e(lambda y: x + y)(1.0))(1.0) == 1.0
    assert d(lambda x: x * e(lambda y: x * y * y)(2.0))(3.0) == 24.0
    assert d(lambda x: e(lambda y: x * y * y)(x))(3.0) == 4 * 3.0
    assert d(e(ad.sin))(0.5) == pytest.approx(-np.sin(0.5))


@pytest.mark.parametrize("third", SLOPES)
@pytest.mark.parametrize("outer", SLOPES)
@pytest.mark.parametrize("inner", SLOPES)
def test_three_of_them(outer, inner, third):
    d, e, g = SLOPES[outer], SLOPES[inner], SLOPES[third]
    assert d(lambda x: e(lambda y: g(lambda z: x * y**2 * z**3)(y))(x))(2.0) == 12 * 4 * 2.0**3


def test_a_pull_back_made_inside_is_used_outside_and_later():
    kept = []

    def f(x):
        out, pull = vjp(lambda y: x * y * y, 3.0)
        kept.append(pull)
        return out * pull(1.0)[0]  # x y^2 * 2 x y

    assert grad(f)(2.0) == 2 * 2.0 * 2 * 27.0
    (late,) = kept[0](10.0)
    assert getattr(late, "data", late) == 10.0 * 2 * 2.0 * 3.0
    _, pull = vjp(lambda x, y: x * y * y, 2.0, 3.0)
    assert grad(lambda s: pull(s)[1] * s)(5.0) == 2 * 5.0 * 12.0
    assert hvp(lambda s: pull(s)[0] ** 2, (1.0,), (1.0,)) == 2 * 81.0


def test_a_node_of_the_callers_is_differentiated_through_a_transform():
    w = Value(2.0)
    for slope in SLOPES.values():
        w.zero_grad()
        y = slope(lambda x: w * w * x**3)(Value(1.0))
        y.backward()
        assert (y.data, w.grad) == (12.0, 12.0)


# -- orders --------------------------------------------------------------------------------


@pytest.mark.parametrize("orders", [(i, j) for i in range(6) for j in range(6 - i)])
@pytest.mark.parametrize(("x", "y"), [(1.3, 2.5), (0.4, -1.2), (2.0, 3.0)])
def test_a_power_by_both_to_the_fifth_order(x, y, orders):
    f = ad.pow
    for which, count in enumerate(orders):
        for _ in range(count):
            f = grad(f, which)
    with mpmath.workdps(60):
        expected = float(mpmath.diff(lambda x, y: x**y, (mpmath.mpf(x), mpmath.mpf(y)), orders))
    assert f(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("f", [ad.tanh, lambda x: ad.exp(-(x**2))], ids=["tanh", "gaussian"])
def test_arrays_have_the_same_derivatives_to_the_fifth_order(f):
    x = np.array([-1.5, -0.2, 0.0, 0.7])
    on_arrays, on_floats = f, f
    for _ in range(5):
        on_arrays = grad(lambda t, g=on_arrays: np.sum(g(t)))
        on_floats = grad(on_floats)
        np.testing.assert_allclose(
            on_arrays(x), [on_floats(v) for v in x.tolist()], rtol=1e-12, atol=1e-13
        )


def test_a_chain_of_different_matrices_to_the_fifth_order():
    """d^n/dx^n of the sum of A(x) B(x) ... with entries linear in x, against its polynomial."""
    rng = np.random.default_rng(3)
    pairs = [
        (rng.normal(size=s), rng.normal(size=s)) for s in [(1, 3), (3, 2), (2, 4), (4, 3), (3, 1)]
    ]

    def f(x):
        product = pairs[0][0] + x * pairs[0][1]
        for constant, linear in pairs[1:]:
            product = product @ (constant + x * linear)
        return product.sum()

    coefficients = np.polynomial.polynomial.polyfit(
        points := np.linspace(-1, 1, 6), [f(p) for p in points], 5
    )
    polynomial = np.polynomial.Polynomial(coefficients)
    for order, g in enumerate(orders(f, 5)):
        expected = polynomial.deriv(order)(0.3) if order else polynomial(0.3)
        assert g(0.3) == pytest.approx(expected, rel=1e-9, abs=1e-9), order


def test_the_memory_of_a_jacobian_is_that_of_its_answer():
    """Beside the answer, as much for 40 rows as for 400."""

    def beside(rows):
        x, count = np.linspace(0.0, 1.0, 1000), np.arange(rows)

        def f(x):
            return np.tanh(x * x)[count]

        jacobian(f)(x)
        tracemalloc.start()
        try:
            answer = jacobian(f)(x)
            return tracemalloc.get_traced_memory()[1] - answer.nbytes
        finally:
            tracemalloc.stop()

    few, many = beside(50), beside(500)
    one_row = 1000 * 8
    assert many - few < 5 * one_row


TAKERS = {
    "grad": grad,
    "value_and_grad": value_and_grad,
    "jacobian": jacobian,
    "hessian": hessian,
    "vjp": lambda f: vjp(f, 1.0),
    "jvp": lambda f: jvp(f, (1.0,), (1.0,)),
    "hvp": lambda f: hvp(f, (1.0,), (1.0,)),
    "derive": lambda f: derive(f, 1.0),
    "compile": compile,
    "check_gradients": lambda f: check_gradients(f, 1.0),
}


@pytest.mark.parametrize("name", TAKERS)
def test_what_is_no_function_is_refused(name):
    with pytest.raises(TypeError, match=rf"`{name}` takes a function, but this is int 3"):
        TAKERS[name](3)
    with pytest.raises(TypeError, match=rf"`{name}` takes a function.*a Value.\n.*backward"):
        TAKERS[name](Value(2.0))


@pytest.mark.parametrize("argnums", [7, -2, "x", [0], (0, 1), 1.0])
def test_argnums_of_no_argument_are_refused_everywhere(argnums):
    for call in (
        lambda: grad(np.tanh, argnums)(1.0),
        lambda: derive(np.tanh, 1.0, argnums=argnums),
        lambda: check_gradients(np.tanh, 1.0, argnums=argnums),
    ):
        with pytest.raises(ValueError, match="`argnums` counts positional arguments from 0"):
            call()


def test_a_gradient_of_several_numbers_names_the_function():
    with pytest.raises(TypeError, match=r"`tanh` returned shape \(2,\)"):
        value_and_grad(np.tanh)(np.ones(2))


@pytest.mark.parametrize(
    "f", [lambda x: x > 0, lambda x: np.any(x > 0), lambda x: True, lambda x: np.isfinite(x)]
)
@pytest.mark.parametrize("x", [2.0, np.array(2.0)])
def test_a_truth_value_has_no_gradient(f, x):
    with pytest.raises(TypeError, match="returned a truth value"):
        grad(f)(x)
