"""Functions that are written in operations: NumPy's values, and gradients by finite differences.

Each case is a function of arrays that calls NumPy; on Tensors, NumPy hands the call to this
project's own.
"""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, grad
from autodiff.primitives.registry import registry
from autodiff.testing import finite_differences

VECTOR, MATRIX, SQUARE, STACK = (3,), (3, 4), (3, 3), (2, 3, 4)

COMPOSITES = {n: o for n, o in registry.operations.items() if o.kind == "composite"}


def symmetric(x):
    return x + np.swapaxes(x, -1, -2)


# The shapes of the operands, and functions of them.
CASES = [
    (
        [MATRIX],
        [
            lambda x: np.take(x, [5, 0, 5]),
            lambda x: np.clip(x, -0.5, 0.5),
            lambda x: np.ravel(x),
            lambda x: x.flatten("F"),
            lambda x: ad.astype(x, np.float64),
            lambda x: ad.glu(x),
            lambda x: np.linalg.qr(x.T)[0],
            lambda x: np.linalg.qr(x.T)[1],
            lambda x: np.take(x, [[2, 0], [2, 1]], axis=1),
            lambda x: np.take(x, [2, 0], axis=-2),
            lambda x: np.diagonal(x, 1),
            lambda x: np.diag(x, -1),
            lambda x: np.diff(x),
            lambda x: np.diff(x, 2, axis=0),
            lambda x: np.concatenate(np.split(x, 2, axis=-1)),
            lambda x: np.split(x, [1, 2], axis=0)[2],
            lambda x: np.array_split(x, 3)[1],
            lambda x: np.tile(x, (2, 1, 2)),
            lambda x: np.repeat(x, 2),
            lambda x: np.repeat(x, [2, 0, 1], axis=0),
            lambda x: np.rot90(x),
            lambda x: np.rot90(x, 2, axes=(1, 0)),
            lambda x: np.flipud(x),
            lambda x: np.fliplr(x),
            lambda x: np.pad(x, 1),
            lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=3.0),
            lambda x: np.pad(x, 2, mode="edge"),
            lambda x: np.pad(x, 2, mode="reflect"),
            lambda x: np.pad(x, ((1, 2), (0, 3)), mode="symmetric"),
            lambda x: np.pad(x, 1, mode="wrap"),
            lambda x: np.ptp(x),
            lambda x: np.ptp(x, axis=1, keepdims=True),
            lambda x: np.average(x),
            lambda x: np.average(x, axis=1),
            lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 0.0, 4.0]),
            lambda x: np.average(x, axis=0, weights=[1.0, 2.0, 4.0]),
            lambda x: np.average(x, axis=0, weights=np.arange(12.0).reshape(3, 4) + 1),
            lambda x: np.average(x, weights=np.arange(12.0).reshape(3, 4)),
            lambda x: np.atleast_1d(x),
            lambda x: np.atleast_2d(x),
            lambda x: np.trace(x),
            lambda x: np.trace(x, 1),
            lambda x: np.linalg.svdvals(x),
            lambda x: np.linalg.svd(x, compute_uv=False),
            lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[0]),
            lambda x: np.linalg.svd(x, full_matrices=False)[1],
            lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[2]),
            lambda x: np.linalg.norm(x),
            lambda x: np.linalg.norm(x, axis=0),
            lambda x: np.linalg.norm(x, axis=(0, 1), keepdims=True),
            lambda x: np.linalg.norm(x, "fro"),
            lambda x: np.linalg.norm(x, 1, axis=1),
            lambda x: np.linalg.norm(x, 2, axis=1),
            lambda x: np.linalg.norm(x, 3, axis=0, keepdims=True),
            lambda x: np.linalg.norm(x, -2.5, axis=1),
            lambda x: np.linalg.norm(x, 0, axis=1),
            lambda x: np.linalg.norm(x, np.inf, axis=1),
            lambda x: np.linalg.norm(x, -np.inf, axis=0, keepdims=True),
            *[
                (lambda x, order=order: np.linalg.norm(x, order))
                for order in (1, -1, 2, -2, np.inf, -np.inf, "nuc")
            ],
        ],
    ),
    (
        [STACK],
        [
            lambda x: np.take(x, [1, 0], axis=1),
            lambda x: np.diagonal(x, 0, 1, 2),
            lambda x: np.diagonal(x, -1, 2, 0),
            lambda x: np.diff(x, axis=1),
            lambda x: np.split(x, 3, axis=-2)[1],
            lambda x: np.rot90(x, -1, axes=(1, 2)),
            lambda x: np.repeat(x, 2, axis=-1),
            lambda x: np.trace(x),
            lambda x: np.trace(x, -1, 2, 0),
            lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0]),
            lambda x: np.linalg.svdvals(x),
            lambda x: np.linalg.norm(x, axis=(0, 2)),
            *[
                (lambda x, order=order, keep=keep: np.linalg.norm(x, order, (2, 0), keep))
                for order in (1, -1, 2, -2, np.inf, -np.inf, "nuc", "fro")
                for keep in (False, True)
            ],
            lambda x: np.linalg.norm(x, "nuc", axis=(-1, 1)),
        ],
    ),
    (
        [VECTOR],
        [
            lambda x: np.diag(x),
            lambda x: np.diag(x, 2),
            lambda x: np.diag(x, -1),
            lambda x: np.diff(x),
            lambda x: np.atleast_1d(x),
            lambda x: np.atleast_2d(x),
            lambda x: np.pad(x, (1, 2)),
            lambda x: np.tile(x, 2),
            lambda x: np.linalg.norm(x),
            lambda x: np.linalg.norm(x, 1),
            lambda x: np.linalg.norm(x, 3),
            lambda x: np.linalg.norm(x, np.inf),
            lambda x: np.linalg.norm(x, -np.inf),
            lambda x: np.linalg.norm(x, 0),
        ],
    ),
    (
        [()],
        [
            lambda x: np.atleast_1d(x),
            lambda x: np.atleast_2d(x),
        ],
    ),
    (
        [SQUARE],
        [
            lambda x: np.linalg.matrix_power(x, 0),
            lambda x: np.linalg.matrix_power(x, 1),
            lambda x: np.linalg.matrix_power(x, 2),
            lambda x: np.linalg.matrix_power(x, 5),
            lambda x: np.linalg.matrix_power(x, 6),
            lambda x: np.linalg.matrix_power(x, -1),
            lambda x: np.linalg.matrix_power(x, -3),
            lambda x: np.linalg.slogdet(x)[1],
            lambda x: np.linalg.slogdet(x)[0] * np.linalg.slogdet(x)[1],
            lambda x: np.linalg.eigvalsh(symmetric(x)),
            lambda x: np.linalg.eigh(symmetric(x))[0],
            lambda x: np.abs(np.linalg.eigh(symmetric(x))[1]),
            lambda x: np.abs(np.linalg.svd(x)[2]),
            lambda x: np.einsum("ii", x),
            lambda x: np.einsum("iii->i", x[:, :, None] * x),
            lambda x: np.einsum("iijj->ij", x[:, :, None, None] * x),
            lambda x: np.einsum("ii->i", x),
            lambda x: np.einsum("ij->ji", x),
            lambda x: np.einsum("ij", x),
            lambda x: np.einsum("ba", x),
        ],
    ),
    (
        [(2, 3, 3)],
        [
            lambda x: np.linalg.slogdet(x)[1],
            lambda x: np.linalg.eigvalsh(symmetric(x)),
            lambda x: np.linalg.matrix_power(x, 3),
            lambda x: np.einsum("...ii->...i", x),
            lambda x: np.einsum("i...->...", x),
            lambda x: np.einsum("...", x),
        ],
    ),
    (
        [(2, 3, 2)],
        [lambda x: np.linalg.svd(x, full_matrices=False)[1], lambda x: np.fliplr(x)],
    ),
    (
        [VECTOR, VECTOR],
        [
            lambda a, b: np.hstack([a, b, a]),
            lambda a, b: ad.beta(np.exp(a), np.exp(b)),
            lambda a, b: ad.betaln(np.exp(a), np.exp(b)),
            lambda a, b: np.vstack([a, b]),
            lambda a, b: np.column_stack([a, b]),
            lambda a, b: np.dot(a, b),
            lambda a, b: np.vdot(a, b),
            lambda a, b: np.inner(a, b),
            lambda a, b: np.outer(a, b),
            lambda a, b: np.cross(a, b),
            lambda a, b: np.kron(a, b),
            lambda a, b: np.tensordot(a, b, 0),
            lambda a, b: np.tensordot(a, b, 1),
            lambda a, b: np.einsum("i,i", a, b),
            lambda a, b: np.einsum("j,i", a, b),
            lambda a, b: np.einsum("i,i->i", a, b),
        ],
    ),
    (
        [MATRIX, MATRIX],
        [
            lambda a, b: np.hstack([a, b]),
            lambda a, b: np.vstack((a, b)),
            lambda a, b: np.column_stack([a, b]),
            lambda a, b: np.vdot(a, b),
            lambda a, b: np.inner(a, b),
            lambda a, b: np.outer(a, b),
            lambda a, b: np.kron(a, b),
            lambda a, b: np.dot(a, b.T),
            lambda a, b: np.average(a, weights=np.exp(b)),
            lambda a, b: np.average(a, axis=1, weights=np.exp(b)),
            lambda a, b: np.tensordot(a, b),
            lambda a, b: np.tensordot(a, b, ((0,), (0,))),
            lambda a, b: np.tensordot(a, b, (1, -1)),
            lambda a, b: np.tensordot(a, b, ([0, 1], [0, 1])),
            lambda a, b: np.einsum("ij,ij", a, b),
            lambda a, b: np.einsum("ij, kj -> ki", a, b),
            lambda a, b: np.einsum("i...,i...->...", a, b),
        ],
    ),
    (
        [STACK, (4, 2)],
        [
            lambda a, b: np.dot(a, b),
            lambda a, b: np.tensordot(a, b, 1),
            lambda a, b: np.tensordot(a, b, ((2, 0), (0, 1))),
            lambda a, b: np.kron(a, b),
            lambda a, b: np.einsum("...i,ij", a, b),
            lambda a, b: np.einsum("abc,cd->dba", a, b),
            lambda a, b: np.inner(a, b.T),
        ],
    ),
    ([(4, 2), STACK], [lambda a, b: np.kron(a, b), lambda a, b: np.inner(b, a.T)]),
    ([STACK, (4,)], [lambda a, b: np.dot(a, b), lambda a, b: np.inner(a, b)]),
    ([(3,), STACK], [lambda a, b: np.dot(a, b), lambda a, b: np.kron(a, b)]),
    ([STACK, (2, 4, 3)], [lambda a, b: np.dot(a, b), lambda a, b: np.einsum("aij,bjk", a, b)]),
    ([(4, 3), VECTOR], [lambda a, b: np.cross(a, b), lambda a, b: np.column_stack([a.T, b])]),
    (
        [(), MATRIX],
        [
            lambda a, b: np.dot(a, b),
            lambda a, b: np.dot(b, a),
            lambda a, b: np.inner(a, b),
            lambda a, b: np.inner(b, a),
            lambda a, b: np.outer(a, b),
            lambda a, b: np.kron(a, b),
            lambda a, b: np.hstack([a, b.ravel()]),
        ],
    ),
    ([(), ()], [lambda a, b: np.hstack([a, b]), lambda a, b: np.vstack([a, b])]),
    ([STACK], [lambda a: ad.stack(ad.unstack(a)[::-1])]),
    ([(3,)], [lambda a: ad.stop_gradient(np.arange(3.0)) * a]),
    ([STACK], [lambda a: ad.avg_pool(a, (2, 3)), lambda a: ad.avg_pool(a, 2, 1, 1, True, False)]),
    ([STACK, (4,)], [lambda a, b: ad.matvec(a, b)]),
    ([(3,), STACK], [lambda a, b: ad.vecmat(a, b)]),
]


def name(f):
    """The last of NumPy's names in a case, with what it was given: what names its test."""
    known = [n for n in f.__code__.co_names if n in COMPOSITES or n == "array_split"]
    return ", ".join(map(str, [*known[:1], *(f.__defaults__ or ())]))


CALLS = [pytest.param(shapes, f, id=name(f)) for shapes, functions in CASES for f in functions]


def test_every_one_has_a_case():
    """Here, or as a function of NumPy's, which are found and tested in test_numpy_protocol.py."""
    called = {n for _, functions in CASES for f in functions for n in f.__code__.co_names}
    assert {n for n, o in COMPOSITES.items() if not registry.numpy_functions(o)} <= called


@pytest.mark.parametrize(("shapes", "f"), CALLS)
def test_values_and_gradients(shapes, f):
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=shape) for shape in shapes]
    expected = f(*arrays)
    out = f(*map(Tensor, arrays))
    assert isinstance(out, Tensor)
    assert out.shape == np.shape(expected)
    np.testing.assert_allclose(out.data, expected, rtol=1e-12, atol=1e-12)

    weights = rng.normal(size=np.shape(expected))
    for i in range(len(arrays)):

        def weighted(*operands):
            return np.sum(weights * f(*operands))

        right, error = finite_differences(weighted, *arrays, argnums=i)
        np.testing.assert_allclose(
            grad(weighted, i)(*arrays), right, rtol=1e-7, atol=1e-7 + 10 * np.max(error)
        )


@pytest.mark.parametrize(
    "f",
    [
        np.nanmean,
        np.nanvar,
        np.nanstd,
        np.gradient,
        np.median,
        np.angle,
        lambda t: np.insert(t, 1, [2.0]),
        lambda t: np.ediff1d(t, to_end=[1.0]),
        lambda t: np.linalg.matrix_power(np.outer(t, t), 0),
        lambda t: np.quantile(t, 0.2),
    ],
)
def test_float32_stays_float32(f):
    assert f(Tensor(np.arange(3, dtype=np.float32))).dtype == np.float32


def test_a_norm_of_float32_stays_float32():
    for order in (None, 0, 1, 2, 3, np.inf):
        assert np.linalg.norm(Tensor(np.ones(3, np.float32)), order).dtype == np.float32


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda t: np.cross(t, t), "3 entries along an axis"),
        (lambda t: np.linalg.norm(t, "nuc", axis=1), "vector norm's order is a number"),
        (lambda t: np.linalg.norm(t, 3), "not 3"),
        (lambda t: np.einsum("ij,jk", t), "2 operands"),
    ],
)
def test_what_is_refused(f, message):
    with pytest.raises(ValueError, match=message):
        f(Tensor(np.ones(MATRIX)))
