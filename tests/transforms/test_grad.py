"""grad, value_and_grad and vjp: structures, what they are called with, and what is refused."""

from typing import NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import (
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


def test_an_output_given_twice_pulls_back_twice():
    def f(x):
        y = x * x
        return y, y

    _, pull = vjp(f, 3.0)
    assert pull((1.0, 10.0)) == (66.0,)
    slope = grad(lambda x: vjp(f, x)[1]((1.0, 10.0))[0])
    assert slope(3.0) == 22.0


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


def test_what_was_made_outside_is_a_constant():
    w = Value(2.0)
    outside = w * w
    w.data = 100.0
    assert grad(lambda x: x * outside)(3.0) == 4.0
    assert grad(grad(lambda x: x * x * outside))(3.0) == 8.0


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
