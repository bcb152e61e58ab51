"""One transform inside another: none takes the variable of the other for its own."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import (
    Tensor,
    Value,
    grad,
    hvp,
    jacobian,
    jvp,
    vjp,
)


def test_no_perturbation_confusion():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    inner = jvp(lambda x: jvp(lambda y: x * y, (1.0,), (1.0,))[1] * x, (3.0,), (1.0,))
    assert inner == (9.0, 6.0)


def test_transforms_take_tensors_and_keep_the_callers_graph():
    w = Tensor([1.0, 2.0])
    inner = grad(lambda x: (w * x * x).sum())(Tensor([3.0, 4.0]))
    inner.sum().backward()
    np.testing.assert_array_equal(w.grad, [6.0, 8.0])


def test_a_pull_back_is_differentiated_by_its_cotangent():
    _, pull = vjp(lambda x: x**3, 2.0)
    assert grad(lambda ct: pull(ct)[0] ** 2)(5.0) == 2 * 12.0 * 12.0 * 5.0


def test_a_closure_over_an_outer_argument_is_differentiated_again_and_again():
    for _ in range(3):
        assert grad(lambda x: grad(lambda y: x * x * y)(5.0))(3.0) == 6.0
        assert grad(lambda x: grad(lambda y: x * y * y)(np.float64(5.0)))(3.0) == 10.0
        twice = grad(lambda x: grad(lambda y: x * x * y)(5.0) + grad(lambda y: x * x * y)(7.0))
        assert twice(3.0) == 12.0


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
