"""jacobian and hessian: the shapes of out and in, structures, and memory."""

import tracemalloc

import numpy as np

from autodiff import (
    grad,
    hessian,
    hvp,
    jacobian,
)
from autodiff.transforms import stacked


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


def test_argnums_of_jacobian_and_hessian():
    def f(x, y):
        return x**2 * y**3

    assert jacobian(f, 1)(2.0, 3.0) == 4.0 * 27.0
    assert hessian(f, 1)(2.0, 3.0) == 4.0 * 18.0
    assert hessian(f, (0, 1))(2.0, 3.0) == ((54.0, 108.0), (108.0, 72.0))


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


def test_the_memory_of_a_jacobian_is_that_of_its_answer(monkeypatch):
    """Beside the answer, as much for 100 rows as for 1000: they go in blocks."""
    monkeypatch.setattr(stacked, "LARGEST", 50 * 1000)

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

    few, many = beside(100), beside(1000)
    block = 50 * 1000 * 8
    assert many - few < 2 * block
