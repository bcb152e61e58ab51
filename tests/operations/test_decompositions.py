"""Decompositions where their factors are not unique, and of a stack with a bad matrix in it."""

import itertools

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


# -- pseudo-inverses that cut singular values which are not 0 -------------------------------------


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (1, 4), (4, 1), (2, 4, 3)])
@pytest.mark.parametrize("rcond", [None, 0.1, 0.3, 0.5])
def test_a_pseudo_inverse_of_what_is_kept(shape, rcond):
    rng = np.random.default_rng(0)
    x, direction = rng.normal(size=(2, *shape))
    weights = np.swapaxes(rng.normal(size=shape), -1, -2)

    def f(x):
        return np.sum(np.sin(np.linalg.pinv(x, rcond)) * weights)

    right, _ = finite_differences(f, x)
    for found in (grad(f)(x), ad.derive(f, x)(x)[1], ad.compile(grad(f))(x)):
        np.testing.assert_allclose(found, right, rtol=1e-8, atol=1e-9 * np.abs(right).max())
    right, _ = finite_differences(lambda x: np.sum(grad(f)(x) * direction), x)
    found = ad.hvp(f, (x,), (direction,))
    np.testing.assert_allclose(found, right, rtol=1e-8, atol=1e-9 * np.abs(right).max())


@pytest.mark.parametrize("rcond", [None, -1, 0.2, 0.5])
@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
@pytest.mark.parametrize("more", [(), (2,)])
def test_least_squares_of_what_is_kept(shape, rcond, more):
    a, b = np.random.default_rng(1).normal(size=shape), np.ones((shape[0], *more))

    for k, f in itertools.product((0, 1, 3), (lambda v: (v, b), lambda v: (a, v))):
        at = a if f(a)[1] is b else b

        def loss(v, k=k, f=f):
            return np.sum(np.sin(np.linalg.lstsq(*f(v), rcond=rcond)[k])) + np.sum(v)

        right, _ = finite_differences(loss, at)
        np.testing.assert_allclose(grad(loss)(at), right, rtol=1e-7, atol=1e-8)
    for found, right in zip(
        np.linalg.lstsq(ad.Tensor(a), b, rcond), np.linalg.lstsq(a, b, rcond), strict=True
    ):
        np.testing.assert_allclose(getattr(found, "data", found), right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{"rcond": 0.3}, {"rtol": 0.3}, {"rtol": None}, {"rcond": 0.3, "hermitian": True}, {},
     {"rcond": np.array([0.5, 0.1])}, {"hermitian": True}],
)  # fmt: skip
def test_the_options_of_a_pseudo_inverse(options):
    x = np.random.default_rng(3).normal(size=(2, 3, 3))
    f = lambda x: np.sum(np.linalg.pinv(x, **options) ** 3)  # noqa: E731
    if "hermitian" in options:  # by the lower triangle alone
        lower = lambda x: np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2)  # noqa: E731
    else:
        lower = lambda x: x  # noqa: E731
    np.testing.assert_allclose(f(ad.Tensor(x)).data, f(lower(x)), rtol=1e-10)
    right, _ = finite_differences(lambda x: f(lower(x)), x)
    np.testing.assert_allclose(grad(f)(x), right, rtol=1e-7, atol=1e-8)


def test_options_of_a_pseudo_inverse_that_contradict_each_other():
    with pytest.raises(ValueError, match="can't be both set"):
        np.linalg.pinv(ad.Tensor(np.eye(2)), 0.1, rtol=0.1)


@pytest.mark.parametrize(
    "shapes", [((2, 3, 3), (3,)), ((3, 2), (2,)), ((3,), (3,)), ((3, 2), (3, 1, 1))]
)
def test_what_is_no_system_of_equations_is_refused(shapes):
    a, b = map(np.ones, shapes)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.lstsq(a, b)
    with pytest.raises(
        np.linalg.LinAlgError, match=r"takes a matrix, and a vector or a matrix with"
    ):
        np.linalg.lstsq(ad.Tensor(a), b)


@pytest.mark.parametrize("order", [2, -2, "nuc"])
def test_norms_of_singular_values_at_a_kink(order):
    norm = lambda x: np.linalg.norm(x, order)  # noqa: E731
    for reading in (grad(norm), ad.compile(grad(norm))):
        np.testing.assert_array_equal(reading(np.zeros((3, 2))), np.zeros((3, 2)))
    half = np.diag([0.5, 0.5]) if order != "nuc" else np.eye(2)
    np.testing.assert_allclose(grad(norm)(3 * np.eye(2)), half, atol=1e-15)  # shared at a tie
