"""Derivatives of eigenvectors and singular vectors where values are equal, and nearly so."""

import warnings

import numpy as np
import pytest
import scipy.linalg

import autodiff as ad
from autodiff import Tensor, compile, derive, grad, hessian, hvp, jvp

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(5, 5))
TIED = ([1, 1, 2], [1, 1, 1], [0, 0, 0], [1, 1, 2, 2], [0, 0, 1, 1e-3, 2], [-1, -1, -1, 3, 3])


def rotated(values):
    """A symmetric matrix with these eigenvalues, which are tied to rounding alone."""
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(len(values),) * 2))[0]
    matrix = basis @ np.diag(np.array(values, float)) @ basis.T
    return (matrix + matrix.T) / 2


MATRICES = [m(np.array(v, float)) for v in TIED for m in (np.diag, rotated)]


def wave(matrix):
    """A number that is not linear in a matrix."""
    m, n = matrix.shape
    return np.sum(np.sin(matrix) * WEIGHTS[:m, :n])


def through(f):
    """`wave` of a function of a symmetric matrix, by its eigenvectors."""

    def loss(x):
        w, v = np.linalg.eigh(x)
        return wave((v * f(w)) @ v.T)

    return loss


def slope_of_expm(x):
    """The gradient of `wave(expm(x))`, by SciPy."""
    n = len(x)
    ct = np.cos(scipy.linalg.expm(x)) * WEIGHTS[:n, :n]
    return scipy.linalg.expm_frechet(x, (ct + ct.T) / 2, compute_expm=False)


@pytest.mark.parametrize("x", MATRICES)
def test_a_function_of_a_matrix_has_its_true_slope_at_a_tie(x):
    right = slope_of_expm(x)
    size = np.abs(right).max()
    for slope in (grad(through(np.exp)), compile(grad(through(np.exp)))):
        np.testing.assert_allclose(slope(x), right, rtol=0, atol=5e-12 * size)
    program = derive(through(np.exp), rotated(np.arange(1.0, len(x) + 1)))
    np.testing.assert_allclose(program(x)[1], right, rtol=0, atol=5e-12 * size)
    t = Tensor(x)
    through(np.exp)(t).backward()
    np.testing.assert_allclose(t.grad, right, rtol=0, atol=5e-12 * size)


@pytest.mark.parametrize("x", [MATRICES[1], MATRICES[4]])
def test_and_its_true_second_derivative(x):
    direction = np.random.default_rng(2).normal(size=x.shape)
    direction = direction + direction.T
    step = 1e-3
    around = [slope_of_expm(x + k * step * direction) for k in (-2, -1, 1, 2)]
    right = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
    f = through(np.exp)
    for found in (
        hvp(f, (x,), (direction,)),
        jvp(grad(f), (x,), (direction,))[1],
        grad(lambda x: np.sum(grad(f)(x) * direction))(x),
    ):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-8 * np.abs(right).max())


@pytest.mark.parametrize("exponent", range(-17, 0, 2))
def test_digits_are_kept_however_close_two_values_are(exponent):
    gap = 10.0**exponent
    x = rotated([1, 1 + gap, 2, 2 + 3 * gap, 3])
    right = slope_of_expm(x)
    np.testing.assert_allclose(grad(through(np.exp))(x), right, rtol=0, atol=2e-8)
    single = grad(through(np.exp))(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, right, rtol=0, atol=2e-3 * np.abs(right).max())


def test_a_third_derivative_at_a_tie_is_not_a_number():
    x, y, z = np.eye(2), np.array([[1.0, 2.0], [2.0, -1.0]]), np.array([[0.5, 1.0], [1.0, 3.0]])

    def cube(x):
        w, v = np.linalg.eigh(x)
        return np.sum((v * w**3) @ v.T * WEIGHTS[:2, :2])

    with pytest.warns(RuntimeWarning, match="Eigenvalues are equal to rounding: 1 and 1"):
        assert np.isnan(grad(lambda x: np.sum(hvp(cube, (x,), (y,)) * z))(x)).all()


@pytest.mark.parametrize("x", [np.eye(2), np.zeros((2, 2)), np.diag([2.0, 2.0])])
def test_the_squares_of_all_eigenvalues_bend_alike_everywhere(x):
    f = hessian(lambda x: np.sum(np.linalg.eigvalsh(x) ** 2))
    right = np.zeros((2, 2, 2, 2))
    for i, j in np.ndindex(2, 2):  # of the symmetric part, whose squares they are
        right[i, j, i, j] += 1
        right[i, j, j, i] += 1
    for reading in (f, compile(f), derive(f, np.diag([1.0, 2.0]))):
        np.testing.assert_allclose(reading(x), right, atol=1e-14)


SINGULAR = [
    (3, 3, [2, 2, 1]), (3, 3, [1, 1, 1]), (3, 3, [2, 0, 0]), (3, 3, [0, 0, 0]), (3, 3, [3, 2, 0]),
    (4, 2, [1, 1]), (4, 2, [1, 0]), (4, 2, [0, 0]), (2, 4, [1, 1]), (2, 4, [1, 0]),
    (4, 3, [1, 1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("m", "n", "values"), SINGULAR)
@pytest.mark.parametrize("turn", [False, True])
def test_an_odd_function_of_singular_values(m, n, values, turn):
    x, direction = np.zeros((m, n)), np.random.default_rng(2).normal(size=(m, n))
    x[range(len(values)), range(len(values))] = values
    if turn:
        left, right = (
            np.linalg.qr(np.random.default_rng(k).normal(size=(k, k)))[0] for k in (m, n)
        )
        x = left @ x @ right.T

    def by_svd(x):
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        return wave((u * (s**3 - s)) @ vh)

    def closed(x):
        return wave(x @ x.T @ x - x)

    for found, right in (
        (grad(by_svd)(x), grad(closed)(x)),
        (hvp(by_svd, (x,), (direction,)), hvp(closed, (x,), (direction,))),
    ):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-11)


DEPENDS_ON_THE_BASIS = [
    lambda x: np.sum(np.linalg.eigh(x)[1] * WEIGHTS[:3, :3]),
    lambda x: np.sum(np.linalg.eigh(x)[1] ** 4),  # of the axes, its slope is 0 by chance
    lambda x: np.linalg.eigh(x)[1][0, 0] ** 2,
    lambda x: np.sum(np.linalg.eigh(x)[1] * [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]),
]


@pytest.mark.parametrize("x", [np.diag([1.0, 1, 2]), rotated([1, 1, 2]), np.eye(3)])
@pytest.mark.parametrize("f", DEPENDS_ON_THE_BASIS)
def test_what_depends_on_the_basis_has_no_derivative_and_says_so(f, x):
    for slope in (grad(f), compile(grad(f)), derive(grad(f), x)):
        with pytest.warns(RuntimeWarning, match="Eigenvalues are equal to rounding: 1 and 1, num"):
            assert np.isnan(slope(x)).all()


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.eye(2), "Singular values are equal to rounding: 1 and 1, number 0 and 1"),
        (np.zeros((2, 2)), "are 0 to rounding: 0 and 0, number 0 and 1"),
        (np.array([[0.0], [0.0]]), "matrix not square is 0 to rounding: 0, number 0"),
        (np.stack([np.diag([2.0, 1.0]), np.eye(2)]), r"number 0 and 1 of matrix \(1,\)"),
    ],
)
def test_a_warning_names_the_tie_of_singular_values(x, said):
    weights = np.arange(1.0, 1 + np.size(x)).reshape(x.shape)
    f = lambda x: np.sum(np.linalg.svd(x, full_matrices=False)[0] * weights)  # noqa: E731
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = grad(f)(x)
    assert said.replace("\\", "") in " ".join(str(w.message) for w in caught)
    assert all(w.filename == __file__ for w in caught)
    assert np.isnan(found[-1]).all()
    assert np.isfinite(found[0]).all() == (x.ndim == 3)  # of a stack, the other matrix has one


def test_two_close_values_that_are_no_tie_have_their_own_slope():
    x = np.diag([1.0, 1.0 + 1e-9])
    found = grad(lambda x: np.linalg.eigh(x)[1][0, 1] * np.sign(np.linalg.eigh(x)[1][1, 1]))(x)
    np.testing.assert_allclose(found, [[0, 5e8], [5e8, 0]], rtol=1e-6)


def test_a_branch_with_a_tie_is_left_alone():
    f = lambda x: ad.where(x[0, 0] > 5, np.linalg.eigh(x)[1][0, 0], np.sum(x * x))  # noqa: E731
    for reading in (grad(f), compile(grad(f)), derive(grad(f), np.diag([1.0, 2.0]))):
        np.testing.assert_array_equal(reading(np.eye(2)), 2 * np.eye(2))


def test_a_stack_with_ties_in_some():
    stack = np.stack([np.diag([1.0, 2.0]), np.eye(2), rotated([3, 3])])

    def f(x):
        w, v = np.linalg.eigh(x)
        return np.sum((v * np.exp(w)[:, None, :]) @ v.mT * WEIGHTS[:2, :2])

    each = [
        scipy.linalg.expm_frechet(x, (WEIGHTS[:2, :2] + WEIGHTS[:2, :2].T) / 2, compute_expm=False)
        for x in stack
    ]
    np.testing.assert_allclose(grad(f)(stack), each, rtol=1e-12, atol=1e-12)


def slope_of_cubes(x):
    """The slope of the sum of the entries of 2 x @ x @ x, for symmetric x."""
    one = np.ones_like(x)
    return 2 * (x @ x @ one + x @ one @ x + one @ x @ x)


def test_a_pull_with_a_cotangent_that_depends_on_the_output():
    x = np.eye(2)

    def f(x):
        w, v = np.linalg.eigh(x)
        return (v * w**2) @ v.T

    def g(x):  # sum(out * out) / 2, by its own slope
        out, pull = ad.vjp(f, x)
        return np.sum(pull(out)[0])

    for at in (x, x + np.array([[0, 0.1], [0.1, 0]])):  # the slope of x @ x along x @ x is 2 x^3
        np.testing.assert_allclose(grad(g)(at), slope_of_cubes(at), rtol=1e-12)


# -- at any scale ----------------------------------------------------------------------------

FACTORS = {
    "eigh": lambda x: np.linalg.eigh(x)[1],
    "svd": lambda x: np.linalg.svd(x, full_matrices=False)[0],
    "svd of tall": lambda x: np.linalg.svd(x[:, :2], full_matrices=False)[2],
    "svd of wide": lambda x: np.linalg.svd(x[:2], full_matrices=False)[0],
}
SCALES = [(np.float64, s) for s in (1e-300, 1e-160, 1e155)]
SCALES += [(np.float32, s) for s in (1e-30, 1e-20, 1e19)]


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_vectors_have_slopes_at_every_scale(name, dtype, scale):
    x = np.array([[1.0, 0.2, 0.1], [0.2, 3.0, -0.4], [0.1, -0.4, 2.0]], dtype)
    direction = np.arange(9.0).reshape(3, 3).astype(dtype)
    scale = dtype(2.0 ** np.round(np.log2(scale)))

    def f(x):
        out = FACTORS[name](x)
        return np.sum(out * WEIGHTS[: out.shape[0], : out.shape[1]].astype(dtype))

    tolerance = {"rtol": 0, "atol": 1e-3 if dtype is np.float32 else 1e-11}
    found = grad(f)(x * scale)
    assert found.dtype == dtype
    np.testing.assert_allclose(found * scale, grad(f)(x), **tolerance)
    np.testing.assert_allclose(compile(grad(f))(x * scale) * scale, grad(f)(x), **tolerance)
    # The second derivative along a direction of that scale is of the scale of the first.
    for bent in (hvp, compile(lambda f, x, d: hvp(f, x, d), static="f")):
        found = bent(f, (x * scale,), (direction * scale,))
        np.testing.assert_allclose(found * scale, hvp(f, (x,), (direction,)), **tolerance)
