"""Linear algebra: inverses, determinants, factorisations, eigenvalues."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .declare import as_numpy, composite, plain, primitive
from .formula import helper
from .indexing import diagonal, getitem
from .norms import norm
from .ops import where
from .primitive import shape_of
from .products import adjoint
from .reductions import sum
from .shapes import expand_dims, moveaxis, ravel, reshape, tril
from .value import Value
from .value import plain as plain_data


class SlogdetResult(NamedTuple):
    """The parts of `slogdet`, by NumPy's names."""

    sign: Any
    logabsdet: Any


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


@as_numpy(np.linalg.diagonal)
def _linalg_diagonal(x: Any, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@as_numpy(np.linalg.trace)
def _linalg_trace(x: Any, offset: int = 0) -> Any:
    return trace(x, offset, -2, -1)


@composite(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the entries on a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


# -- inverses and determinants -------------------------------------------------------------


@primitive("linalg.inv(x)")
def inv(ct, z, x):
    """The inverse of a square matrix, or of each of a stack. Raises LinAlgError if singular."""
    return -(adjoint(z) @ ct @ adjoint(z))


@primitive("linalg.solve(a, b)")
def solve(ct, x, a, b):
    """The x with a @ x = b, for square a; b is a vector, or matrices. LinAlgError if singular."""
    if len(shape_of(b)) == 1:
        back = solve(adjoint(a), expand_dims(ct, -1))[..., 0]
        return lambda: -(expand_dims(back, -1) * expand_dims(x, -2)), back
    back = solve(adjoint(a), ct)
    return lambda: -(back @ adjoint(x)), back


@composite(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The x with tensordot(a, x, x.ndim) = b."""
    if axes is not None:
        ndim = len(shape_of(a))
        a = moveaxis(a, axes, tuple(range(ndim - len(axes), ndim)))
    shape = shape_of(a)[len(shape_of(b)) :]
    size = math.prod(shape)
    return reshape(solve(reshape(a, (-1, size)), ravel(b)), shape)


@composite(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of `tensordot` with a: its first `ind` axes against the others."""
    shape = shape_of(a)
    size = math.prod(shape[ind:])
    return reshape(inv(reshape(a, (-1, size))), shape[ind:] + shape[:ind])


@primitive("linalg.pinv(x, rcond)")
def pinv(ct, z, x, rcond=None):
    """The pseudo-inverse of a matrix, or of each of a stack, where the rank does not change.

    Golub and Pereyra (1973), "The differentiation of pseudo-inverses", equation 4.12. Singular
    values below `rcond` times the largest count as 0 (10 units of rounding if not given).
    """
    z_t, ct_t = adjoint(z), adjoint(ct)
    return -(z_t @ ct @ z_t) + (ct_t - x @ (z @ ct_t)) @ z @ z_t + z_t @ z @ (ct_t - (ct_t @ z) @ x)


@composite(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """The x that makes a @ x closest to b; the squares left over, the rank, singular values.

    As `numpy.linalg.lstsq`, for an `a` whose rank does not change with its entries.
    """
    m, n = shape_of(a)
    data = a.data if isinstance(a, Value) else np.asarray(a)
    values = np.linalg.svdvals(data)
    cut = np.finfo(data.dtype if data.dtype.kind == "f" else float).eps * max(m, n)
    cut = cut if rcond is None else rcond
    rank = int(np.sum(values > cut * values[0])) if values.size else 0
    x = pinv(a, float(cut)) @ b
    over = a @ x - b
    left = sum(over * over, 0) if rank == n < m else np.zeros(0)
    if rank == n < m and len(shape_of(b)) == 1:
        left = reshape(left, (1,))
    return x, left, rank, svdvals(a)


@composite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of a matrix: the norm of order p times that of the inverse."""
    if p in (None, 2, -2):
        values = svdvals(x)
        large, small = values[..., 0], values[..., -1]
        return small / large if p == -2 else large / small
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


@plain("linalg.matrix_rank(x)")
def matrix_rank(x):
    """The number of singular values that are not 0 to rounding, as plain data."""


@primitive("linalg.det(x)")
def det(ct, z, x):
    """The determinant; its derivative is the cofactor matrix, also where x is singular.

    From the singular value decomposition x = U diag(s) V': the cofactors are det(U V') times
    U diag(products of the other s) V' (Jacobi's formula, without dividing by the determinant).
    """
    return expand_dims(ct, (-1, -2)) * cofactors(x)


@helper("cofactors")
def _cofactors(x: Any) -> Any:
    n = np.shape(x)[-1]
    if np.shape(x)[-2:] != (n, n):
        raise np.linalg.LinAlgError(f"A determinant is of a square matrix, but this has {x.shape}.")
    u, s, vh = np.linalg.svd(x)
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :]).prod(axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (sign[..., None, None] * ((u * others[..., None, :]) @ vh)).astype(x.dtype)


@primitive("cofactors(x)")
def cofactors(ct, z, x):
    """The matrix of cofactors: what the determinant grows by with each entry.

    Differentiated as det(x) inv(x)', for x that is not singular.
    """
    back = adjoint(inv(x))
    scale = sum(ct * back, (-1, -2), True)
    return z * scale - back @ adjoint(ct) @ z


@primitive("linalg.slogdet(x)[1]")
def logabsdet(ct, z, x):
    """The logarithm of the absolute value of the determinant, without overflow."""
    return expand_dims(ct, (-1, -2)) * adjoint(inv(x))


@plain("linalg.slogdet(x)[0]")
def det_sign(x):
    """The sign of the determinant, as plain data."""


@composite(np.linalg.slogdet)
def slogdet(x: Any) -> tuple[Any, Any]:
    """The sign of the determinant (plain) and the logarithm of its absolute value."""
    return SlogdetResult(det_sign(x), logabsdet(x))


@as_numpy(np.linalg.cholesky)
def _numpy_cholesky(a: Any, *, upper: bool = False) -> Any:
    return adjoint(cholesky(adjoint(a))) if upper else cholesky(a)


@primitive("linalg.cholesky(x)")
def cholesky(ct, z, x):
    """The lower triangular L with L @ L.T = x, of a symmetric positive definite matrix.

    Pulled back by Murray (2016), arXiv:1602.07527, equation 10; the cotangent is symmetric.
    Raises LinAlgError for a matrix that is not positive definite.
    """
    phi = tril(adjoint(z) @ ct)
    phi = phi * (1 - 0.5 * np.eye(shape_of(x)[-1], dtype=np.float32))
    back = solve(adjoint(z), adjoint(solve(adjoint(z), adjoint(phi))))
    return 0.5 * (back + adjoint(back))


# -- eigenvalues and singular values -------------------------------------------------------
# A decomposition has several outputs. They are computed as one array, one part above the
# other, and taken apart by indexing, so that the engine needs only operations of one output.


def _differences(values: Any) -> Any:
    """1 / (values[j] - values[i]) at (i, j), and 0 on the diagonal."""
    gap = expand_dims(values, -2) - expand_dims(values, -1)
    eye = np.eye(shape_of(values)[-1], dtype=bool)
    return where(eye, 0.0, 1 / where(eye, 1.0, gap))


def _is_zero(ct: Any) -> bool:
    """Whether a cotangent is known to be 0, so that equal values do no harm."""
    return not (getattr(ct, "traced", False) or np.any(np.asarray(plain_data(ct))))


@helper("eigh_stacked")
def _eigh_stacked(x: Any) -> Any:
    values, vectors = np.linalg.eigh(x)
    return np.concatenate([values[..., None, :], vectors], axis=-2)


@primitive("eigh_stacked(x)")
def eigh_stacked(ct, z, x):
    """Eigenvalues in the first row, eigenvectors below, of a symmetric matrix.

    Giles (2008), "Collected matrix derivative results", section 3.1; vectors have a derivative
    where the eigenvalues differ. Only the lower triangle is read; the cotangent is symmetric.
    """
    values, vectors = _head(z), _tail(z)
    ct_values, ct_vectors = _head(ct), _tail(ct)
    eye = np.eye(shape_of(x)[-1], dtype=np.float32)
    inside = eye * expand_dims(ct_values, -1)
    if not _is_zero(ct_vectors):
        inside = inside + _differences(values) * (adjoint(vectors) @ ct_vectors)
    back = vectors @ inside @ adjoint(vectors)
    return 0.5 * (back + adjoint(back))


def _head(stacked: Any) -> Any:
    return getitem(stacked, (..., 0, slice(None)))


def _tail(stacked: Any) -> Any:
    return getitem(stacked, (..., slice(1, None), slice(None)))


@composite(np.linalg.eigh)
def eigh(x: Any, UPLO: str = "L") -> tuple[Any, Any]:
    """Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix.

    `UPLO` says which triangle is read, "L" or "U".
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
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([s[..., None, :], u, np.swapaxes(vh, -1, -2)], axis=-2)


@primitive("svd_stacked(x)")
def svd_stacked(ct, z, x):
    """Singular values in the first row, then U, then V, of the thin decomposition.

    Townsend (2016), "Differentiating the singular value decomposition", for singular values
    that differ and are not zero.
    """
    m = shape_of(x)[-2]
    s, u, v = _svd_parts(z, m)
    ct_s, ct_u, ct_v = _svd_parts(ct, m)
    k = shape_of(s)[-1]
    eye = np.eye(k, dtype=np.float32)
    row, column = expand_dims(s, -2), expand_dims(s, -1)
    middle = eye * expand_dims(ct_s, -1)
    if _is_zero(_tail(ct)):
        return u @ middle @ adjoint(v)
    gaps = _differences(s * s)
    skew_u, skew_v = adjoint(u) @ ct_u, adjoint(v) @ ct_v
    middle = (
        middle
        + (gaps * (skew_u - adjoint(skew_u))) * row
        + column * (gaps * (skew_v - adjoint(skew_v)))
    )
    back = u @ middle @ adjoint(v)
    if shape_of(x)[-2] > k:
        back = back + ((ct_u - u @ skew_u) / row) @ adjoint(v)
    if shape_of(x)[-1] > k:
        back = back + u @ adjoint((ct_v - v @ skew_v) / row)
    return back


def _svd_parts(stacked: Any, m: int) -> tuple[Any, Any, Any]:
    u = getitem(stacked, (..., slice(1, m + 1), slice(None)))
    return _head(stacked), u, getitem(stacked, (..., slice(m + 1, None), slice(None)))


@composite(np.linalg.svd)
def svd(
    x: Any, full_matrices: bool = False, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, the singular values (descending) and V' with x = U diag(s) V', in the thin form.

    With `hermitian`, only the lower triangle is read, for both.
    """
    if hermitian:
        x = tril(x) + adjoint(tril(x, -1))
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


@composite(np.linalg.matrix_power)
def matrix_power(x: Any, n: int) -> Any:
    """A square matrix times itself n times; of the inverse for negative n."""
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return where(np.zeros(shape_of(x), bool), x, np.eye(shape_of(x)[-1], dtype=np.float16))
    half = matrix_power(x, n // 2) if n > 1 else None
    square = x if half is None else half @ half
    return square @ x if n > 1 and n % 2 else square


@helper("qr_stacked")
def _qr_stacked(x: Any) -> Any:
    q, r = np.linalg.qr(x)
    return np.concatenate([q, r], axis=-2)


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
