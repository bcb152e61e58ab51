"""The oracles against closed forms: they are right, and know how far they may be off."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import (
    adjoint_gap,
    complex_step,
    finite_differences,
    taylor_order,
)


def test_every_structure_and_argument():
    def f(p, x):
        return p["a"] * np.sum(p["b"][0] ** 2) + x

    p = {"a": 2.0, "b": [np.array([1.0, 3.0])]}
    value, error = finite_differences(f, p, 5.0)
    assert value["a"] == pytest.approx(10.0)
    np.testing.assert_allclose(value["b"][0], [4.0, 12.0])
    assert error["b"][0].shape == (2,)
    both = finite_differences(f, p, 5.0, argnums=(1, 0)).value
    assert both[0] == pytest.approx(1.0)
    assert finite_differences(f, p, 5.0, argnums=None).value[1] == pytest.approx(1.0)


@given(st.floats(-3, 3))
def test_the_complex_step_is_exact_to_rounding(x):
    found = complex_step(lambda x: np.sin(x) * np.exp(x), x)
    expected = math.exp(x) * (math.sin(x) + math.cos(x))
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-15 * math.exp(x))


@pytest.mark.parametrize(
    "f", [np.abs, np.real, lambda x: abs(x) * x, lambda x: x if x.imag else 0.0]
)
def test_the_complex_step_is_refused_where_it_is_wrong(f):
    with pytest.raises(ValueError, match=r"analytic[\s\S]*finite_differences"):
        complex_step(f, -2.0)


def test_the_complex_step_of_what_it_does_not_depend_on_is_zero():
    np.testing.assert_array_equal(complex_step(lambda x: x[0] ** 2, np.array([3.0, 1.0])), [6, 0])


@pytest.mark.parametrize(
    ("f", "order"),
    [
        (np.sin, 2),
        (lambda x: x**2, 2),
        (lambda x: 3 * x + 1, math.inf),
        (lambda x: 7.0 + 0 * x, math.inf),
        (lambda x: x**2 + 1e6, 2),
        (lambda x: (x - 0.8) ** 3, 3),
    ],
)
def test_the_taylor_order_of_a_right_gradient(f, order):
    assert taylor_order(f, 0.8) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("wrong", [0.0, -1.0, 2.0, 1.001, 0.999])
@pytest.mark.parametrize("f", [np.sin, lambda x: x**2, lambda x: 3 * x])
def test_the_taylor_order_of_a_wrong_gradient_is_one(f, wrong):
    found = taylor_order(f, 0.8, gradient=lambda x: wrong * ad.grad(f)(x))
    assert found == pytest.approx(1.0, abs=0.05)


def test_the_taylor_order_at_a_kink_is_one():
    assert taylor_order(np.abs, 0.0) == pytest.approx(1.0)


def test_the_taylor_order_in_float32_and_of_structures():
    assert taylor_order(lambda x: np.sum(np.tanh(x)), np.ones(3, np.float32)) > 1.8
    assert (
        taylor_order(lambda p: {"y": p["x"] ** 2, "z": [np.exp(p["x"])]}, {"x": np.ones(2)}) > 1.9
    )


def test_the_adjoint_gap_tells_a_wrong_transpose():
    a = np.arange(6.0).reshape(2, 3)
    x = np.array([1.0, -1.0, 2.0])
    assert adjoint_gap(lambda x: np.tanh(a @ x), x) < 1e-14
    assert adjoint_gap(lambda x, y: [x * y, x + y], 2.0, 3.0) < 1e-14

    def untransposed(f, *primals):
        out, pull = ad.vjp(f, *primals)
        return out, lambda ct: tuple(p[::-1] for p in pull(ct))

    assert adjoint_gap(lambda x: a @ x, x, vjp=untransposed) > 1e-3


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"gives one number[\s\S]*Reduce it"):
        finite_differences(lambda x: x, np.ones(2))
    with pytest.raises(TypeError, match=r"by real numbers[\s\S]*argnums"):
        finite_differences(lambda x: 1.0, "text")
    with pytest.raises(ValueError, match="counts positional arguments"):
        finite_differences(np.sin, 1.0, argnums=2)
    with pytest.raises(ValueError, match=r"by floats[\s\S]*2\.0 for 2"):
        taylor_order(lambda n: n, 3)
    with pytest.raises(ValueError, match="one number for each"):
        taylor_order(np.sum, np.ones(2), gradient=lambda x: np.ones(3))
