"""Decompositions of matrices, and what comes from them: pseudo-inverses, ranks, least squares.

A decomposition has several outputs. They are computed as one array, one part above the other,
and taken apart by indexing, so that the engine needs only operations of one output.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import as_numpy, composite, internal, nondifferentiable, primitive
from ..primitives.namespaces import helper
from .choices import minimum, where
from .indexing import diagonal, getitem
from .linalg import safe_matrix, solve
from .predicates import not_equal
from .products import adjoint
from .reductions import sum
from .shapes import expand_dims, reshape, tril
from .ties import VALUES, Quotient, of_values, quotients


class EighResult(NamedTuple):
    """The parts of `eigh`, by NumPy's names."""

    eigenvalues: Any
    eigenvectors: Any


class SVDResult(NamedTuple):
    """The parts of `svd`, by NumPy's names."""

    U: Any
    S: Any
    Vh: Any


class QRResult(NamedTuple):
    """The parts of `qr`, by NumPy's names."""

    Q: Any
    R: Any


def _head(stacked: Any) -> Any:
    return getitem(stacked, VALUES)


def _tail(stacked: Any) -> Any:
    return getitem(stacked, (..., slice(1, None), slice(None)))


@helper("eigh_stacked")
def _eigh_stacked(x: Any) -> Any:
    values, vectors = np.linalg.eigh(x)
    return np.concatenate([values[..., None, :], vectors], axis=-2)


@internal
@primitive("eigh_stacked(x)")
def eigh_stacked(ct, z, x):
    """Eigenvalues in the first row, eigenvectors below, of a symmetric matrix.

    Giles (2008), "Collected matrix derivative results", section 3.1; where eigenvalues are equal,
    see `ties.py`. Only the lower triangle is read; the cotangent is symmetric.
    """
    vectors = _tail(z)
    inside = np.eye(shape_of(x)[-1], dtype=np.float32) * expand_dims(_head(ct), -1)
    if not of_values(ct):
        inside = inside + quotients(ct, z, _OF_EIGENVECTORS, _turned_eigenvectors)[0]
    back = vectors @ inside @ adjoint(vectors)
    return safe_matrix(ct, 0.5 * (back + adjoint(back)), instead=0.0)


def _turning(ct: Any, vectors: Any) -> Any:
    """How a loss grows as the vectors (columns) i and j turn into each other, by half."""
    inside = adjoint(vectors) @ ct
    return 0.5 * (inside - adjoint(inside))


_OF_EIGENVECTORS = [
    Quotient(
        lambda ct, z: _turning(_tail(ct), _tail(z)), -1, 1, "Eigenvalues are equal to rounding"
    )
]


def _turned_eigenvectors(z: Any, angles: list[Any], _: Any) -> Any:
    return np.concatenate([z[..., :1, :], z[..., 1:, :] @ _rotation(angles[0])], -2)


def _rotation(angles: Any) -> Any:
    """An orthogonal matrix that turns by about these angles."""
    skew = np.triu(angles, 1) - np.swapaxes(np.triu(angles, 1), -1, -2)
    one = np.eye(angles.shape[-1])
    return np.linalg.solve(2 * one - skew, 2 * one + skew)


@composite(np.linalg.eigh)
def eigh(x: Any, UPLO: str = "L") -> tuple[Any, Any]:
    """Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix.

    `UPLO` says which triangle is read, "L" or "U". Where eigenvalues are equal, to rounding or
    exactly, what is computed from the vectors has its true first and second derivatives if it is
    the same for any basis of them, as V f(w) V.T is. Else these are NaN, and a RuntimeWarning
    names the tie. (A program that is saved, or JAX's, gives NaN at every tie, and no warning.)
    """
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"`UPLO` is 'L' or 'U', but not {UPLO!r}.")
    stacked = eigh_stacked(x if UPLO.upper() == "L" else adjoint(x))
    return EighResult(_head(stacked), _tail(stacked))


@composite(np.linalg.eigvalsh)
def eigvalsh(x: Any, UPLO: str = "L") -> Any:
    """The eigenvalues, ascending, of a symmetric matrix."""
    return eigh(x, UPLO)[0]


@helper("svd_stacked")
def _svd_stacked(x: Any) -> Any:
    finite = np.isfinite(x).all(axis=(-1, -2), keepdims=True)
    if np.isnan(x).any():
        raise np.linalg.LinAlgError("SVD did not converge: an entry is NaN.")
    # Of an infinity LAPACK is not asked, from which it may never return.
    u, s, vh = np.linalg.svd(np.where(finite, x, np.zeros_like(x)), full_matrices=False)
    u, s = np.where(finite, u, np.nan), np.where(finite[..., 0], s, np.nan)
    return np.concatenate([s[..., None, :], u, np.swapaxes(vh, -1, -2)], axis=-2)


@internal
@primitive("svd_stacked(x)")
def svd_stacked(ct, z, x):
    """Singular values in the first row, then U, then V, of the thin decomposition.

    Townsend (2016), "Differentiating the singular value decomposition", with the squares of the
    singular values taken apart, which would overflow; where they are equal or 0, see `ties.py`.
    """
    m, n = shape_of(x)[-2:]
    _, u, v = _svd_parts(z, m)
    middle = np.eye(min(m, n), dtype=np.float32) * expand_dims(_head(ct), -1)
    if of_values(ct):
        return u @ middle @ adjoint(v)
    kinds = _of_singular_vectors(m, n)
    together, apart, *out = quotients(ct, z, kinds, functools.partial(_turned_singular_vectors, m))
    back = u @ (middle + together + apart) @ adjoint(v)
    if m > n:
        back = back + out[0] @ adjoint(v)
    if n > m:
        back = back + u @ adjoint(out[0])
    return back


def _of_singular_vectors(m: int, n: int) -> list[Quotient]:
    """U and V turn together, against each other, and the longer ones out of their span.

    They are the eigenvectors of [[0, x], [x', 0]], whose eigenvalues are s, -s, and |m - n| zeros.
    """

    def together(ct: Any, z: Any) -> Any:
        (_, ct_u, ct_v), (_, u, v) = _svd_parts(ct, m), _svd_parts(z, m)
        return _turning(ct_u, u) + _turning(ct_v, v)

    def apart(ct: Any, z: Any) -> Any:
        (_, ct_u, ct_v), (_, u, v) = _svd_parts(ct, m), _svd_parts(z, m)
        return _turning(ct_u, u) - _turning(ct_v, v)

    def out(ct: Any, z: Any) -> Any:
        side = 1 if m > n else 2
        ct_w, w = _svd_parts(ct, m)[side], _svd_parts(z, m)[side]
        return ct_w - w @ (adjoint(w) @ ct_w)

    kinds = [
        Quotient(together, -1, 1, "Singular values are equal to rounding"),
        Quotient(apart, 1, 1, "Singular values are 0 to rounding"),
    ]
    if m != n:
        kinds.append(
            Quotient(out, 0, 1, "A singular value of a matrix not square is 0 to rounding")
        )
    return kinds


def _turned_singular_vectors(m: int, z: Any, angles: list[Any], rng: Any) -> Any:
    s, *sides = _svd_parts(z, m)
    together, apart, *out = angles
    for side, angle in enumerate((together + apart, together - apart)):
        sides[side] = sides[side] @ _rotation(angle)
    if out:
        longer = int(m == s.shape[-1])
        q, r = np.linalg.qr(sides[longer] + out[0] * rng.normal(size=sides[longer].shape))
        sides[longer] = q * np.sign(np.diagonal(r, 0, -2, -1))[..., None, :]
    return np.concatenate([s[..., None, :], *sides], -2)


def _svd_parts(stacked: Any, m: int) -> tuple[Any, Any, Any]:
    u = getitem(stacked, (..., slice(1, m + 1), slice(None)))
    return _head(stacked), u, getitem(stacked, (..., slice(m + 1, None), slice(None)))


@composite(np.linalg.svd)
def svd(
    x: Any, full_matrices: bool = False, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, the singular values (descending) and V' with x = U diag(s) V', in the thin form.

    With `hermitian`, only the lower triangle is read, for both. Where singular values are equal
    or 0, derivatives are as those of `eigh` at a tie.
    """
    if hermitian:
        x = _of_lower(x)
    if not compute_uv:
        return svdvals(x)
    if full_matrices and shape_of(x)[-1] != shape_of(x)[-2]:
        raise ValueError(
            "The derivative is of the thin singular value decomposition.\n"
            "Pass `full_matrices=False`."
        )
    s, u, v = _svd_parts(svd_stacked(x), shape_of(x)[-2])
    return SVDResult(u, s, adjoint(v))


@composite(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """The singular values, descending."""
    return _head(svd_stacked(x))


@helper("qr_stacked")
def _qr_stacked(x: Any) -> Any:
    q, r = np.linalg.qr(x)
    return np.concatenate([q, r], axis=-2)


@internal
@primitive("qr_stacked(x)")
def qr_stacked(ct, z, x):
    """Q above R, of a matrix with independent columns, at least as many rows as columns.

    Walter and Lehmann (2010), "Algorithmic differentiation of linear algebra functions with
    application in optimum experimental design", section 4.3.
    """
    m = shape_of(x)[-2]
    q, r = z[..., :m, :], z[..., m:, :]
    ct_q, ct_r = ct[..., :m, :], ct[..., m:, :]
    inside = r @ adjoint(ct_r) - adjoint(ct_q) @ q
    symmetric = tril(inside) + adjoint(tril(inside, -1))
    r = safe_matrix(ct, r, suspect=expand_dims(1 / diagonal(r, 0, -2, -1), -1))
    return adjoint(solve(r, adjoint(ct_q + q @ symmetric)))


@composite(np.linalg.qr)
def qr(x: Any) -> tuple[Any, Any]:
    """Q with orthonormal columns and R, upper triangular, with x = Q R."""
    m, n = shape_of(x)[-2:]
    if m < n:
        raise ValueError(
            f"The derivative of `qr` is of matrices with no more columns than rows, not {m} by {n}."
        )
    stacked = qr_stacked(x)
    return QRResult(stacked[..., :m, :], stacked[..., m:, :])


@as_numpy(np.linalg.qr)
def _numpy_qr(a: Any, mode: str = "reduced") -> Any:
    if mode != "reduced":
        raise ValueError(f"The derivative of `qr` is of its mode 'reduced', but not {mode!r}.")
    return qr(a)


@nondifferentiable("linalg.matrix_rank(x)")
def matrix_rank(x):
    """The number of singular values that are not 0 to rounding, as plain data."""


@helper("pseudo_inverse")
def _pseudo_inverse(x: Any, rcond: Any) -> Any:
    if not np.isfinite(x).all():  # LAPACK may never return
        raise np.linalg.LinAlgError("SVD did not converge: an entry is infinite or NaN.")
    return np.linalg.pinv(x, rcond)


@primitive("pseudo_inverse(x, rcond)")
def pinv(ct, z, x, rcond=None):
    """The pseudo-inverse of a matrix, or of each of a stack, where the rank does not change.

    Singular values that are not above `rcond` times the largest (10 units of rounding if not
    given) count as 0. Where these are 0 but for rounding: Golub and Pereyra (1973), "The
    differentiation of pseudo-inverses", equation 4.12. Else a part of x is left out, and the
    slope is that of a function of singular values, 1/s of those kept and 0 of the others.
    """
    if rcond is not None and np.max(rcond) > _negligible(x):
        return _pulled_through_cut(ct, x, np.asarray(rcond)[..., None])
    z_t, ct_t = adjoint(z), adjoint(ct)
    back = -(z_t @ ct @ z_t) + (ct_t - x @ (z @ ct_t)) @ z @ z_t
    return back + z_t @ (z @ (ct_t - (ct_t @ z) @ x))


def _negligible(x: Any) -> float:
    """A part of the largest singular value that may well be rounding."""
    return 100 * max(shape_of(x)[-2:]) * float(np.finfo(getattr(x, "dtype", float)).eps)


def _pulled_through_cut(ct: Any, x: Any, cut: Any) -> Any:
    """What x gets from the cotangent of V diag(f) U', f the inverse of s where it is not cut.

    With h = U' ct' V it is, at (i, j): -f[i] f[j] h[j, i] of two that are kept, nothing of two
    that are not, and of one of each, with r the smaller s over the larger,
    (h[i, j] + r h[j, i]) / s^2 / (1 - r^2).
    """
    m, n = shape_of(x)[-2:]
    s, u, v = _svd_parts(svd_stacked(x), m)
    keep = s > cut * s[..., :1]
    f = where(keep, 1 / where(keep, s, 1.0), 0.0)
    row, column = expand_dims(f, -1), expand_dims(f, -2)
    mixed = not_equal(expand_dims(keep, -1), expand_dims(keep, -2))
    either = row + column  # of the one that is kept
    r = where(mixed, minimum(expand_dims(s, -1), expand_dims(s, -2)) * either, 0.0)
    ct_t = adjoint(ct)
    h = adjoint(u) @ ct_t @ v
    coupled = (h + r * adjoint(h)) * either * either / ((1 - r) * (1 + r))
    back = u @ where(mixed, coupled, -row * adjoint(h) * column) @ adjoint(v)
    if m > n:
        back = back + (ct_t @ v - u @ h) * column * column @ adjoint(v)
    if n > m:
        back = back + u @ (row * row * (adjoint(u) @ ct_t - h @ adjoint(v)))
    return back


@as_numpy(np.linalg.pinv)
def _numpy_pinv(
    a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue
) -> Any:
    if rcond is not None and rtol is not np._NoValue:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None and rtol is None:
        rcond = max(shape_of(a)[-2:]) * float(np.finfo(data_of(a).dtype).eps)
    elif rcond is None and rtol is not np._NoValue:
        rcond = rtol
    return pinv(_of_lower(a) if hermitian else a, rcond)


def _of_lower(x: Any) -> Any:
    """The symmetric matrix whose lower triangle is that of x."""
    return tril(x) + adjoint(tril(x, -1))


@composite(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """The x that makes a @ x closest to b; the squares left over, the rank, singular values.

    As `numpy.linalg.lstsq`: singular values not above `rcond` times the largest count as 0 (the
    longer side times the unit of rounding if it is not given, that unit if it is negative).
    """
    _check_system(a, b)
    m, n = shape_of(a)
    data = data_of(a) if isinstance(a, Value) else np.asarray(a)
    unit = float(np.finfo(data.dtype if data.dtype.kind == "f" else float).eps)
    cut = unit * max(m, n) if rcond is None else rcond if rcond >= 0 else unit
    x = pinv(a, float(cut)) @ b
    values = svdvals(a)
    plain = data_of(values)
    rank = int(np.sum(plain > cut * plain[0])) if plain.size else 0
    over = a @ x - b
    left = sum(over * over, 0) if rank == n < m else np.zeros(0, data_of(x).dtype)
    if rank == n < m and len(shape_of(b)) == 1:
        left = reshape(left, (1,))
    return x, left, rank, values


def _check_system(a: Any, b: Any) -> None:
    """Raise LinAlgError, as NumPy does, for what is no system of equations."""
    if len(shape_of(a)) != 2 or len(shape_of(b)) not in (1, 2) or shape_of(a)[0] != shape_of(b)[0]:
        raise np.linalg.LinAlgError(
            "`lstsq` takes a matrix, and a vector or a matrix with as many rows, but these have "
            f"shapes {shape_of(a)} and {shape_of(b)}.\nSolve the matrices of a stack one by one."
        )
