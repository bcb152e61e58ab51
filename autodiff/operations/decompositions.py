"""Decompositions of matrices, and what comes from them: pseudo-inverses, ranks, least squares.

A decomposition has several outputs. They are computed as one array, one part above the other,
and taken apart by indexing, so that the engine needs only operations of one output.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..graph.node import shape_of
from ..graph.value import Value
from ..primitives.declare import as_numpy, composite, internal, nondifferentiable, primitive
from ..primitives.namespaces import helper
from .choices import where
from .indexing import diagonal, getitem
from .linalg import safe_matrix, solve
from .products import adjoint
from .reductions import sum
from .shapes import expand_dims, reshape, tril
from .zeros import times


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


def _differences(values: Any) -> Any:
    """1 / (values[j] - values[i]) at (i, j), and 0 on the diagonal."""
    gap = expand_dims(values, -2) - expand_dims(values, -1)
    eye = np.eye(shape_of(values)[-1], dtype=bool)
    return where(eye, 0.0, 1 / where(eye, 1.0, gap))


def _is_zero(ct: Any) -> bool:
    """Whether a cotangent is plainly 0; that of a node is only so by its numbers."""
    return not (isinstance(ct, Value) or np.any(ct))


def _head(stacked: Any) -> Any:
    return getitem(stacked, (..., 0, slice(None)))


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

    Giles (2008), "Collected matrix derivative results", section 3.1; vectors have a derivative
    where the eigenvalues differ. Only the lower triangle is read; the cotangent is symmetric.
    """
    values, vectors = _head(z), _tail(z)
    ct_values, ct_vectors = _head(ct), _tail(ct)
    eye = np.eye(shape_of(x)[-1], dtype=np.float32)
    inside = eye * expand_dims(ct_values, -1)
    if not _is_zero(ct_vectors):
        inside = inside + times(adjoint(vectors) @ ct_vectors, _differences(values))
    back = vectors @ inside @ adjoint(vectors)
    return safe_matrix(ct, 0.5 * (back + adjoint(back)), instead=0.0)


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


@internal
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
        + times(skew_u - adjoint(skew_u), gaps) * row
        + column * times(skew_v - adjoint(skew_v), gaps)
    )
    back = u @ middle @ adjoint(v)
    if shape_of(x)[-2] > k:
        back = back + times(ct_u - u @ skew_u, 1 / row) @ adjoint(v)
    if shape_of(x)[-1] > k:
        back = back + u @ adjoint(times(ct_v - v @ skew_v, 1 / row))
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


@primitive("linalg.pinv(x, rcond)")
def pinv(ct, z, x, rcond=None):
    """The pseudo-inverse of a matrix, or of each of a stack, where the rank does not change.

    Golub and Pereyra (1973), "The differentiation of pseudo-inverses", equation 4.12. Singular
    values below `rcond` times the largest count as 0 (10 units of rounding if not given).
    """
    z_t, ct_t = adjoint(z), adjoint(ct)
    back = -(z_t @ ct @ z_t) + (ct_t - x @ (z @ ct_t)) @ z @ z_t
    return back + z_t @ z @ (ct_t - (ct_t @ z) @ x)


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
