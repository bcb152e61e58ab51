"""jvp and hvp: the same numbers as backward, in the structure of their arguments."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import (
    hvp,
    jacobian,
    jvp,
    vjp,
)


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


def test_hvp_is_of_a_function_with_one_number():
    with pytest.raises(TypeError, match=r"output is one number, but .* returned shape \(3,\)"):
        hvp(lambda x: x * x, (np.ones(3),), (np.ones(3),))
    for whole in (np.ones((1,)), np.ones(())):  # one number, with an axis or without
        found = hvp(lambda x: x**3, (whole,), (whole,))
        np.testing.assert_array_equal(found, 6 * whole)


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
