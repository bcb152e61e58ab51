"""Determinants and inverses where a matrix is singular, and what is refused."""

import itertools

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


SINGULAR = {
    "regular": lambda n, rng: rng.normal(size=(n, n)),
    "of rank n - 2": lambda n, rng: np.diag([1.0] * (n - 2) + [0.0, 0.0]),
    "of rank n - 2, turned": lambda n, rng: (
        rng.normal(size=(n, n - 2)) @ rng.normal(size=(n - 2, n))
    ),
    "of rank 1": lambda n, rng: np.outer(rng.normal(size=n), rng.normal(size=n)),
    "zero": lambda n, rng: np.zeros((n, n)),
}


def minors(x, *along):
    """The derivative of the determinant at x along these: a sum of determinants, row by row."""
    n, total = len(x), 0.0
    for rows in itertools.permutations(range(n), len(along)):
        mixed = x.copy()
        for row, y in zip(rows, along, strict=True):
            mixed[row] = y[row]
        total += np.linalg.det(mixed)
    return total


@pytest.mark.parametrize("name", SINGULAR)
@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_determinant_has_every_derivative_at_a_singular_matrix(name, n):
    rng = np.random.default_rng(n)
    x, directions = SINGULAR[name](n, rng), rng.normal(size=(4, n, n))

    def along(f, direction):
        return lambda x: ad.jvp(f, (x,), (direction,))[1]

    f = np.linalg.det
    for order, direction in enumerate(directions, 1):
        f = along(f, direction)
        right = minors(x, *directions[:order])
        np.testing.assert_allclose(
            f(x), right, rtol=1e-9, atol=1e-9 * np.abs(directions).max() ** order
        )


def test_the_third_derivative_of_det_are_the_levi_civita_products():
    sign = np.zeros((3, 3, 3))
    for places in itertools.permutations(range(3)):
        sign[places] = np.linalg.det(np.eye(3)[list(places)])
    right = np.einsum("ikm,jln->ijklmn", sign, sign)
    f = ad.jacobian(ad.hessian(np.linalg.det))
    for x in (np.diag([1.0, 1.0, 0.0]), np.zeros((3, 3)), np.arange(9.0).reshape(3, 3)):
        np.testing.assert_allclose(f(x), right, atol=1e-12)


def test_a_determinant_of_entries_whose_products_overflow():
    x = np.diag([1e200, 1e-200, 1e200, 1e-200])
    np.testing.assert_allclose(grad(np.linalg.det)(x), np.diag(1 / np.diag(x)), rtol=1e-12, atol=0)


# What is of a matrix of any scale, and scaled so that neither it nor its slope over- or underflows.
OF_SCALE = {
    "inv": lambda x, s: np.linalg.inv(x) * s,
    "solve": lambda x, s: np.linalg.solve(x, s * np.array([1.0, 2, 3])),
    "solve matrices": lambda x, s: np.linalg.solve(x, s * np.arange(6.0).reshape(3, 2)),
    "cholesky": lambda x, s: np.linalg.cholesky(x @ (x.T / s)) / np.sqrt(s),
    "qr, Q": lambda x, s: np.linalg.qr(x)[0],
    "qr, R": lambda x, s: np.linalg.qr(x)[1] / s,
    "slogdet": lambda x, s: np.linalg.slogdet(x)[1] / 3,
    "det": lambda x, s: np.linalg.det(x[:1, :1]) / s,
    "pinv": lambda x, s: np.linalg.pinv(x[:, :2]) * s,
    "pinv, cut": lambda x, s: np.linalg.pinv(x[:, :2], 0.4) * s,
    "lstsq": lambda x, s: np.linalg.lstsq(x[:, :2], s * np.array([1.0, 2, 3]))[0],
    "cond": lambda x, s: np.linalg.cond(x),
    "norm": lambda x, s: np.linalg.norm(x, 2) / s,
    "nuclear norm": lambda x, s: np.linalg.norm(x, "nuc") / s,
}


@pytest.mark.parametrize("name", OF_SCALE)
@pytest.mark.parametrize(
    ("dtype", "exponent"),
    [(np.float64, -510), (np.float64, 510), (np.float32, -62), (np.float32, 62)],
)
def test_derivatives_of_matrices_at_every_scale(name, dtype, exponent):
    scale, f = dtype(2.0**exponent), OF_SCALE[name]
    x = np.array([[4.0, 1, 0.5], [1, 3, 0.2], [0.3, 0.2, 1]], dtype)
    weights = lambda out: np.cos(np.arange(np.size(out)).reshape(np.shape(out))).astype(dtype)  # noqa: E731
    at = lambda s: grad(lambda x: np.sum((out := f(x, s)) * weights(out)))(x * s) * s  # noqa: E731
    tolerance = 1e-4 if dtype is np.float32 else 1e-12
    right = at(dtype(1))
    assert right.dtype == dtype
    np.testing.assert_allclose(
        at(scale), right, rtol=tolerance, atol=tolerance * np.abs(right).max()
    )


NOT_FINITE = {
    "det": np.linalg.det, "slogdet": lambda x: np.linalg.slogdet(x)[1], "inv": np.linalg.inv,
    "solve": lambda x: np.linalg.solve(x, np.ones(len(x.data))), "qr": lambda x: np.linalg.qr(x)[0],
    "svd": lambda x: np.linalg.svd(x)[0], "svdvals": np.linalg.svdvals,
    "eigh": lambda x: np.linalg.eigh(x)[1], "eigvalsh": np.linalg.eigvalsh,
    "pinv": np.linalg.pinv, "pinv, cut": lambda x: ad.pinv(x, 0.5),
    "pinv, cut, by NumPy": lambda x: np.linalg.pinv(x, 0.5),
    "lstsq": lambda x: np.linalg.lstsq(x, np.ones(len(x.data)))[0],
    "cond": np.linalg.cond, "norm": lambda x: np.linalg.norm(x, 2),
    "norm -2": lambda x: np.linalg.norm(x, -2), "nuclear": lambda x: np.linalg.norm(x, "nuc"),
    "power": lambda x: np.linalg.matrix_power(x, -3), "cholesky": np.linalg.cholesky,
    "rank": lambda x: x.sum() * np.linalg.matrix_rank(x),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NOT_FINITE)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_what_is_not_finite_is_refused_or_stays_so_and_comes_to_an_end(name, bad, n):
    rng = np.random.default_rng(n)
    for _ in range(5):  # in some places LAPACK never returned
        x = rng.normal(size=(n, n))
        x[tuple(rng.integers(n, size=(2, 2)))] = bad
        t = Tensor(x)
        try:
            out = np.sum(NOT_FINITE[name](t))
            out.backward()
        except np.linalg.LinAlgError:
            continue
        assert np.shape(t.grad) == (n, n)
