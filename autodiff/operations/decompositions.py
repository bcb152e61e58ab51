"""Decompositions of matrices: eigenvectors, singular values and vectors, Q and R.

A decomposition has several outputs. They are computed as one array, one part above the other,
and taken apart by indexing, so that the engine needs only operations of one output.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.apply import apply
from ..primitives.declare import composite, internal, nondifferentiable, primitive
from ..primitives.namespaces import helper
from ..primitives.primitive import Primitive
from ..support.frames import warn_user
from .arithmetic import abs
from .choices import where
from .indexing import diagonal, getitem, take_along_axis
from .joining import concatenate
from .linalg import refuse_not_square, safe_matrix, solve
from .predicates import all as all_of
from .predicates import argsort
from .products import adjoint
from .reductions import max
from .rounding import sign
from .shapes import expand_dims, flip, tril
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
    _, u, v = svd_parts(z, m)
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
        (_, ct_u, ct_v), (_, u, v) = svd_parts(ct, m), svd_parts(z, m)
        return _turning(ct_u, u) + _turning(ct_v, v)

    def apart(ct: Any, z: Any) -> Any:
        (_, ct_u, ct_v), (_, u, v) = svd_parts(ct, m), svd_parts(z, m)
        return _turning(ct_u, u) - _turning(ct_v, v)

    def out(ct: Any, z: Any) -> Any:
        side = 1 if m > n else 2
        ct_w, w = svd_parts(ct, m)[side], svd_parts(z, m)[side]
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
    s, *sides = svd_parts(z, m)
    together, apart, *out = angles
    for side, angle in enumerate((together + apart, together - apart)):
        sides[side] = sides[side] @ _rotation(angle)
    if out:
        longer = int(m == s.shape[-1])
        q, r = np.linalg.qr(sides[longer] + out[0] * rng.normal(size=sides[longer].shape))
        sides[longer] = q * np.sign(np.diagonal(r, 0, -2, -1))[..., None, :]
    return np.concatenate([s[..., None, :], *sides], -2)


def svd_parts(stacked: Any, m: int) -> tuple[Any, Any, Any]:
    u = getitem(stacked, (..., slice(1, m + 1), slice(None)))
    return _head(stacked), u, getitem(stacked, (..., slice(m + 1, None), slice(None)))


@composite(np.linalg.svd)
def svd(
    x: Any, full_matrices: bool = False, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, the singular values (descending) and V' with x = U diag(s) V', in the thin form.

    `full_matrices` makes U and V square, by a basis of what is orthogonal to them: only what is
    the same for any basis has a derivative. With `hermitian`, only the lower triangle is read,
    for both. Where singular values are equal or 0, derivatives are as those of `eigh` at a tie.
    """
    if hermitian:
        return _svd_of_symmetric(of_lower("svd", x), compute_uv)
    if not compute_uv:
        return svdvals(x)
    stacked = svd_stacked(x)
    m, n = shape_of(x)[-2:]
    s, u, v = svd_parts(stacked, m)
    if full_matrices and m > n:
        u = _completed(u, rest_of_svd(x))
    if full_matrices and n > m:
        v = _completed(v, rest_of_svd(x))
    return SVDResult(u, s, adjoint(v))


def of_lower(name: str, x: Any) -> Any:
    """The symmetric matrix whose lower triangle is that of x, of which `name` reads no more."""
    refuse_not_square(name, x)
    return tril(x) + adjoint(tril(x, -1))


def _svd_of_symmetric(x: Any, compute_uv: bool) -> Any:
    values, vectors = eigh(x)
    order = flip(argsort(abs(values), -1), -1)
    s, sign_of = (take_along_axis(part, order, -1) for part in (abs(values), sign(values)))
    if not compute_uv:
        return s
    u = take_along_axis(vectors, expand_dims(order, -2), -1)
    return SVDResult(u, s, adjoint(u * expand_dims(sign_of, -2)))


@composite(np.linalg.svdvals)
def svdvals(x: Any) -> Any:
    """The singular values, descending."""
    return _head(svd_stacked(x))


# -- bases of what is orthogonal to some vectors ---------------------------------------------


@helper("rest_of_svd")
def _rest_of_svd(x: Any) -> Any:
    m, n = x.shape[-2:]
    finite = np.isfinite(x).all(axis=(-1, -2), keepdims=True)
    u, _, vh = np.linalg.svd(np.where(finite, x, np.zeros_like(x)))
    longer = u if m > n else np.swapaxes(vh, -1, -2)
    return np.where(finite, longer[..., min(m, n) :], np.nan)


@internal
@nondifferentiable("rest_of_svd(x)")
def rest_of_svd(x):
    """The vectors that the full decomposition of a matrix has beside the thin one."""


@internal
@nondifferentiable("linalg.qr(x, 'complete')[0][..., x.shape[-1]:]")
def rest_of_qr(x):
    """The columns that the complete Q of a matrix has beside the reduced one."""


def _unturned(ct, z, x):
    """The basis x again, of a space: as its vectors turn into each other, nothing may change.

    What does has no derivative: NaN, and a warning. Nor has a second derivative, which is no
    more the same for every basis, where there are two vectors or more.
    """
    turning = adjoint(z) @ ct
    noise = 64 * shape_of(z)[-2] * float(np.finfo(data_of(z).dtype).eps)
    least = noise * max(abs(ct), (-1, -2), True)
    free = all_of(abs(turning - adjoint(turning)) <= least, (-1, -2), True)
    if not isinstance(free, Value) and not np.all(free):
        warn_user(
            "What is differentiated depends on which basis is taken for the space orthogonal to "
            "the first vectors, or is a second derivative: that has none there, it is NaN.\n"
            "Use what is the same for any basis V of it, as V V.T is, or the thin decomposition."
        )
    return where(free, ct, np.nan)


# Its rule is not the derivative of its formula, of which there is none.
_UNTURNED = Primitive(_unturned, "positive(x)")


def _completed(vectors: Any, rest: Any) -> Any:
    """A square matrix of orthonormal columns, the last ones those of `rest`, which is constant.

    They stay orthogonal to the vectors v by turning as -v dv' rest. With w = v' rest, which is 0
    but has a slope, rest - v w is so, and (1 + w' w / 2) keeps it orthonormal, to third order.
    """
    w = adjoint(vectors) @ rest
    basis = rest - vectors @ w
    basis = basis + 0.5 * basis @ (adjoint(w) @ w)
    return concatenate([vectors, apply(_UNTURNED, (basis,), ())], -1)


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
def qr(x: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and R, upper triangular, with x = Q R.

    The mode "r" is of R alone, "complete" of a square Q, whose last columns are a basis of what
    is orthogonal to the others: only what is the same for any basis has a derivative.
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"`qr` has the modes reduced, complete and r, but not {mode!r}.")
    m, n = shape_of(x)[-2:]
    first, others = (x, None) if m >= n else (x[..., :m], x[..., m:])
    stacked = qr_stacked(first)
    q, r = stacked[..., :m, :], stacked[..., m:, :]
    if others is not None:
        r = concatenate([r, adjoint(q) @ others], -1)
    if mode == "r":
        return r
    if mode == "complete" and m > n:
        r = concatenate([r, np.zeros((*shape_of(r)[:-2], m - n, n), data_of(r).dtype)], -2)
        q = _completed(q, rest_of_qr(x))
    return QRResult(q, r)
