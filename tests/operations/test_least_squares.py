"""Pseudo-inverses, also those that cut singular values which are not 0, ranks, least squares."""

import itertools

import numpy as np
import pytest

import autodiff as ad
from autodiff import grad
from autodiff.testing import finite_differences


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


@pytest.mark.parametrize("kinds", [*itertools.product((np.float32, np.float64, int), repeat=2)])
@pytest.mark.parametrize("rcond", [None, -1, 0.1])
def test_least_squares_are_computed_in_the_type_of_both_sides(kinds, rcond):
    a = np.array([[3, 1], [1, 2], [1, 5]]).astype(kinds[0])
    b = np.array([1, 2, 4]).astype(kinds[1])
    right = np.linalg.lstsq(a, b, rcond)
    for given in ((ad.Tensor(a), b), (a, ad.Tensor(b))):
        for found, numpys in zip(np.linalg.lstsq(*given, rcond), right, strict=True):
            assert getattr(found, "dtype", None) == numpys.dtype
            np.testing.assert_allclose(getattr(found, "data", found), numpys, rtol=1e-5, atol=1e-6)


def test_lapack_has_no_numbers_of_16_bits():
    a = np.eye(2, dtype=np.float16)
    for given in ((ad.Tensor(a), np.ones(2)), (np.eye(2), ad.Tensor(a))):
        with pytest.raises(TypeError, match="16 bits"):
            np.linalg.lstsq(*given)


@pytest.mark.parametrize(
    "options",
    [{}, {"tol": 0.5}, {"tol": np.array([0.5, 5.0])}, {"rtol": 0.4}, {"rtol": np.array([0.1, 0.9])},
     {"hermitian": True}, {"hermitian": True, "tol": 1.0}],
)  # fmt: skip
def test_the_options_of_a_rank_in_every_reading(options):
    x = np.stack([np.diag([2.0, 1.0, 1e-20]), np.diag([1.0, 0.8, 0.1])])
    right = np.linalg.matrix_rank(x, **options)
    np.testing.assert_array_equal(np.linalg.matrix_rank(ad.Tensor(x), **options), right)
    f = lambda x: np.sum(x, (1, 2)) @ np.linalg.matrix_rank(x, **options)  # noqa: E731
    for reading in (grad(f), lambda x: ad.derive(f, x)(x)[1], ad.compile(grad(f))):
        np.testing.assert_array_equal(reading(x), np.broadcast_to(right[:, None, None], x.shape))


def test_a_rank_has_one_tolerance():
    with pytest.raises(ValueError, match=r"both set|not both"):
        np.linalg.matrix_rank(ad.Tensor(np.eye(2)), 0.1, rtol=0.1)
