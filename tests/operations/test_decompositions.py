"""Decompositions where their factors are not unique, and of a stack with a bad matrix in it."""

import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff import grad
from autodiff.testing import finite_differences


def test_equal_singular_values_and_eigenvalues_have_a_derivative():
    x = np.diag([2.0, 2.0, -2.0])
    signs = np.diag([1.0, 1.0, -1.0])
    np.testing.assert_allclose(grad(lambda v: np.linalg.norm(v, "nuc"))(x), signs, atol=1e-15)
    np.testing.assert_allclose(
        grad(lambda v: np.linalg.svdvals(v).sum())(np.eye(3)[:2]), np.eye(3)[:2], atol=1e-15
    )
    np.testing.assert_allclose(
        grad(lambda v: np.linalg.eigvalsh(v).sum())(np.eye(3)), np.eye(3), atol=1e-15
    )


@pytest.mark.parametrize("f", [np.linalg.cholesky, np.linalg.eigvalsh])
def test_what_a_symmetric_matrix_gets_is_symmetric(f):
    x = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
    found = grad(lambda m: (f(m) * np.arange(1.0, np.size(f(x)) + 1).reshape(f(x).shape)).sum())(x)
    np.testing.assert_array_equal(found, found.T)
    assert np.ptp(found) > 0.1


OF_MATRICES = {
    "inv": (np.linalg.inv, np.full((2, 2), np.nan)),
    "solve": (lambda x: np.linalg.solve(x, np.ones((2, 1))), np.array([[1.0, np.nan], [1.0, 0.0]])),
    "det": (lambda x: np.linalg.det(x)[:, None, None], np.full((2, 2), np.nan)),
    "logabsdet": (lambda x: np.linalg.slogdet(x)[1][:, None, None], np.ones((2, 2))),
    "cholesky": (np.linalg.cholesky, np.full((2, 2), np.nan)),
    "eigh": (lambda x: np.linalg.eigh(x)[1], np.full((2, 2), np.nan)),
    "eigh of equal values": (lambda x: np.linalg.eigh(x)[1], np.eye(2)),
    "svd": (lambda x: np.linalg.svd(x)[0], np.eye(2)),
    "svd of a column": (
        lambda x: np.linalg.svd(x[..., :1] * [[1.0], [2.0]], full_matrices=False)[0],
        np.zeros((2, 2)),
    ),
    "svd of a row": (
        lambda x: np.linalg.svd(x[..., :1, :] * [[1.0, 2.0]], full_matrices=False)[2],
        np.zeros((2, 2)),
    ),
    "qr": (lambda x: np.linalg.qr(x)[0], np.array([[0.0, 1.0], [0.0, 2.0]])),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OF_MATRICES)
def test_a_matrix_of_a_stack_that_is_not_selected_does_no_harm(name):
    f, bad = OF_MATRICES[name]
    good = np.array([[2.0, 0.5], [0.5, 1.0]])

    def chosen(stack):
        return (f(stack)[0] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum()

    wild, tame = np.stack([good, bad]), np.stack([good, 2 * good])
    for slope in (grad(chosen), grad(lambda s: (grad(chosen)(s)[0] ** 2).sum())):
        np.testing.assert_allclose(slope(wild)[0], slope(tame)[0], rtol=1e-12)
        np.testing.assert_array_equal(slope(wild)[1], np.zeros((2, 2)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OF_MATRICES)
def test_beside_a_bad_matrix_a_cotangent_that_is_zero_by_chance_still_changes(name):
    f, bad = OF_MATRICES[name]
    good = np.array([[2.0, 0.5], [0.5, 1.0]])

    def total(stack):
        return (f(stack)[0] * (stack[0] - good)).sum()

    wild, tame = np.stack([good, bad]), np.stack([good, 2 * good])
    slope = grad(lambda s: (grad(total)(s)[0] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum())
    np.testing.assert_allclose(slope(wild)[0], slope(tame)[0], rtol=1e-12)
    assert np.abs(slope(tame)[0]).max() > 0.1


@pytest.mark.parametrize("values", [np.linalg.eigvalsh, np.linalg.svdvals])
def test_the_slope_at_equal_values_is_there_within_another_derivative(values):
    f = lambda x: (values(x) ** 2).sum()  # noqa: E731
    found, _ = ad.jvp(grad(f), (np.eye(2),), (np.ones((2, 2)),))
    np.testing.assert_allclose(found, 2 * np.eye(2), atol=1e-15)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (3, 3)])
def test_singular_vectors_of_every_shape(shape):
    rng = np.random.default_rng(0)
    x, weights, direction = rng.normal(size=(3, *shape))

    def f(x):
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        return ((u * [1.0, 2.0, 4.0]) @ vh * weights).sum()

    right, _ = finite_differences(f, x)
    np.testing.assert_allclose(grad(f)(x), right, rtol=1e-7, atol=1e-9)
    right, _ = finite_differences(lambda x: (grad(f)(x) * direction).sum(), x)
    np.testing.assert_allclose(ad.hvp(f, (x,), (direction,)), right, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "vectors",
    [
        lambda x: np.linalg.eigh(x + x.T)[1],
        lambda x: np.linalg.svd(x)[0],
        lambda x: np.linalg.inv(x),
        lambda x: np.linalg.qr(x)[0],
        lambda x: np.linalg.cholesky(x @ x.T),
        lambda x: np.linalg.det(x) + 0 * x,
    ],
)
def test_a_cotangent_that_is_zero_by_chance_still_changes(vectors):
    x = np.array([[2.0, 0.3, 0.1], [0.4, 1.0, 0.2], [0.5, 0.6, -1.5]])

    def f(v):  # at x, nothing is pulled back from the vectors, but close to it something is
        return (vectors(v) * (v - x) ** 2 + vectors(v) * (v - x)).sum()

    slope = lambda v: (grad(f)(v) * np.arange(9.0).reshape(3, 3)).sum()  # noqa: E731
    right, _ = finite_differences(slope, x)
    np.testing.assert_allclose(grad(slope)(x), right, rtol=1e-6, atol=1e-8)
    direction = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(ad.jvp(grad(f), (x,), (direction,))[1], right, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        ad.compile(lambda v: ad.hvp(f, (v,), (direction,)))(x), right, rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("order", [2, -2, "nuc"])
def test_norms_of_singular_values_at_a_kink(order):
    norm = lambda x: np.linalg.norm(x, order)  # noqa: E731
    for reading in (grad(norm), ad.compile(grad(norm))):
        np.testing.assert_array_equal(reading(np.zeros((3, 2))), np.zeros((3, 2)))
    half = np.diag([0.5, 0.5]) if order != "nuc" else np.eye(2)
    np.testing.assert_allclose(grad(norm)(3 * np.eye(2)), half, atol=1e-15)  # shared at a tie


# -- square factors of matrices that are not square ----------------------------------------------


def projector(basis):
    return basis @ np.swapaxes(basis, -1, -2)


def of_columns(x):
    return np.eye(len(x)) - x @ np.linalg.inv(x.T @ x) @ x.T


WEIGHTS = np.random.default_rng(5).normal(size=(5, 5))
# The projector on what is orthogonal to the columns of a tall matrix, in a closed form the same.
SQUARE_FACTORS = {
    "svd of tall": lambda x: np.linalg.svd(x)[0][:, 2:],
    "svd of wide": lambda x: np.linalg.svd(x.T)[2][2:].T,
    "qr": lambda x: np.linalg.qr(x, "complete")[0][:, 2:],
}


@pytest.mark.parametrize("name", SQUARE_FACTORS)
@pytest.mark.parametrize("rows", [3, 5])
def test_what_is_the_same_for_any_basis_of_the_rest_has_a_derivative(name, rows):
    x, weights = np.random.default_rng(2).normal(size=(rows, 2)), WEIGHTS[:rows, :rows]
    f = lambda x: np.sum(projector(SQUARE_FACTORS[name](x)) * weights)  # noqa: E731
    right = grad(lambda x: np.sum(of_columns(x) * weights))
    for reading in (grad(f), lambda x: ad.derive(f, x)(x)[1], ad.compile(grad(f))):
        np.testing.assert_allclose(reading(x), right(x), rtol=1e-10, atol=1e-12)
    if rows == 3:  # one vector, which cannot turn
        np.testing.assert_allclose(ad.hessian(f)(x), ad.jacobian(right)(x), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", SQUARE_FACTORS)
def test_what_depends_on_the_basis_of_the_rest_has_none_and_says_so(name):
    x = np.random.default_rng(2).normal(size=(5, 2))
    f = lambda x: np.sum(SQUARE_FACTORS[name](x) * WEIGHTS[:, :3])  # noqa: E731
    with pytest.warns(RuntimeWarning, match="which basis is taken") as caught:
        assert np.isnan(grad(f)(x)).all()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the program asks the function itself
        assert np.isnan(ad.derive(f, x)(x)[1]).all()


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3), (2, 4, 2), (2, 2, 4), (0, 3), (3, 0)])
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_every_mode_and_shape_of_qr(shape, mode):
    x = np.random.default_rng(3).normal(size=shape)
    found, right = np.linalg.qr(ad.Tensor(x), mode), np.linalg.qr(x, mode)
    parts = [(found, right)] if mode == "r" else zip(found, right, strict=True)
    for part, numpys in parts:
        np.testing.assert_allclose(part.data, numpys, rtol=1e-12, atol=1e-13)

    def f(x):  # R is the Cholesky factor of x' x, but for signs
        r = np.linalg.qr(x, mode)[-1] if mode != "r" else np.linalg.qr(x, mode)
        return np.sum(np.sin(np.swapaxes(r, -1, -2) @ r)) + np.sum(r * r)

    if x.size:
        np.testing.assert_allclose(grad(f)(x), finite_differences(f, x)[0], rtol=1e-6, atol=1e-8)


def test_a_mode_of_qr_that_has_no_matrices_is_refused():
    with pytest.raises(ValueError, match="not 'raw'"):
        np.linalg.qr(ad.Tensor(np.eye(2)), "raw")


def test_the_singular_vectors_of_a_symmetric_matrix_are_its_eigenvectors():
    x = np.random.default_rng(4).normal(size=(2, 3, 3))
    for found, right in zip(
        np.linalg.svd(ad.Tensor(x), hermitian=True), np.linalg.svd(x, hermitian=True), strict=True
    ):
        np.testing.assert_allclose(found.data, right, rtol=1e-12, atol=1e-12)
    f = lambda x: sum(np.sum(np.sin(p)) for p in np.linalg.svd(x, hermitian=True))  # noqa: E731
    right, _ = finite_differences(f, x)
    for reading in (grad(f), ad.compile(grad(f))):
        np.testing.assert_allclose(reading(x), right, rtol=1e-7, atol=1e-8)
