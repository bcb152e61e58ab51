"""Determinants and inverses where a matrix is singular, and what is refused."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, grad
from autodiff.extend import operation
from autodiff.testing import finite_differences


@pytest.mark.parametrize("f", [np.linalg.det, np.linalg.inv, np.linalg.cholesky])
def test_matrices_of_float32_have_gradients_of_float32(f):
    t = Tensor(np.float32([[2.0, 0.5], [0.5, 1.0]]))
    out = f(t)
    assert out.dtype == np.float32
    out.sum().backward()
    assert t.grad.dtype == np.float32


@pytest.mark.parametrize(
    "x", [np.ones((2, 2)), np.zeros((3, 3)), np.diag([2, 0, 0]), np.outer([1, 2, 3], [1, 1, 2])]
)
def test_a_determinant_bends_where_the_matrix_is_singular(x):
    weights, x = np.random.default_rng(0).normal(size=x.shape), x.astype(float)
    slope = grad(lambda m: (grad(np.linalg.det)(m) * weights).sum())
    right, _ = finite_differences(lambda m: np.sum(grad(np.linalg.det)(m) * weights), x)
    np.testing.assert_allclose(slope(x), right, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ad.hvp(np.linalg.det, (x,), (weights,)), right, rtol=1e-7, atol=1e-9)


def test_a_determinant_to_the_third_order():
    x, u, v = np.random.default_rng(0).normal(size=(3, 4, 4))  # of 3 by 3 it is the same everywhere

    def bend(m):
        return (ad.hvp(np.linalg.det, (m,), (u,)) * v).sum()

    right, _ = finite_differences(bend, x)
    np.testing.assert_allclose(grad(bend)(x), right, rtol=1e-7, atol=1e-9)


def test_stacks_of_stacks_are_spared_too():
    good = np.diag([2.0, 1.0, 0.5])
    stack = np.stack([good, np.full((3, 3), np.nan)])[None]
    found = grad(lambda s: np.linalg.inv(s)[0, 0].sum())(stack)
    np.testing.assert_array_equal(found[0, 1], np.zeros((3, 3)))
    np.testing.assert_allclose(found[0, 0], grad(lambda s: np.linalg.inv(s).sum())(good))


def test_a_program_looks_only_where_a_branch_is_chosen():
    x = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert "where" not in ad.derive(lambda x: (np.linalg.inv(x) ** 2).sum(), x).source
    chosen = ad.derive(lambda x: ad.where(x > 1, np.linalg.inv(x), 0.0).sum(), x)
    assert "isfinite" in chosen.source


def test_a_branch_with_a_singular_matrix_is_left_alone_to_second_order():
    def f(x):
        return ad.where(x[0, 0] > 5, np.linalg.slogdet(x)[1], (x * x).sum())

    x, right = np.ones((2, 2)), 2 * np.eye(4).reshape(2, 2, 2, 2)
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(ad.hessian(f)(x), right)
        np.testing.assert_array_equal(ad.derive(ad.hessian(f), x, argnums=())(x), right)
        np.testing.assert_array_equal(ad.compile(ad.hessian(f))(x), right)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: np.linalg.inv(Tensor(np.ones((2, 3)))), r"`inv` takes square .* \(2, 3\)"),
        (lambda: np.linalg.det(Tensor(np.ones(3))), r"`det` takes square .* \(3,\)"),
        (lambda: np.linalg.solve(Tensor(np.eye(2)), np.ones(3)), r"as many rows, .* and \(3,\)"),
        (lambda: np.linalg.solve(Tensor(np.ones((2, 3))), np.ones(2)), r"\(2, 3\) and \(2,\)"),
    ],
)
def test_matrices_of_other_shapes_are_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_singular_matrix_has_no_inverse():
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        np.linalg.inv(Tensor(np.ones((2, 2))))


def test_the_third_order_of_det_keeps_the_digits_of_float32():
    x, y, weights = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    x[2] = x[0] + x[1] + np.float32([0, 0, 1e-3])  # close to singular
    slope = grad(lambda x, y: (operation("det_hvp").call(x, y) * weights).sum())
    found, exact = slope(x, y), slope(x.astype(np.float64), y.astype(np.float64))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6 * np.abs(exact).max())
