"""What singular values tell of matrices: ranks, pseudo-inverses, least squares."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..primitives.declare import as_numpy, composite, primitive
from ..primitives.namespaces import helper
from .choices import minimum, where
from .decompositions import of_lower, svd, svd_parts, svd_stacked, svdvals
from .predicates import any, count_nonzero, not_equal
from .products import adjoint
from .reductions import numpy_max, sum
from .shapes import astype, expand_dims, reshape


@composite(np.linalg.matrix_rank)
def matrix_rank(x: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above `tol`, or above `rtol` times the largest: plain data."""
    if tol is not None and rtol is not None:
        raise ValueError("`matrix_rank` takes `tol` or `rtol`, but not both.")
    if len(shape_of(x)) < 2:
        return astype(any(x), int)
    s = svd(x, compute_uv=False, hermitian=hermitian)
    if tol is None:
        unit = builtins.max(shape_of(x)[-2:]) * float(np.finfo(data_of(s).dtype).eps)
        rtol = unit if rtol is None else np.asarray(rtol)[..., None]
        above = s > numpy_max(s, -1, True, initial=0.0) * rtol
    else:
        above = s > np.asarray(tol)[..., None]
    return count_nonzero(above, -1)


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
    s, u, v = svd_parts(svd_stacked(x), m)
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
    if hermitian and 0 not in shape_of(a):
        a = of_lower("pinv", a)
    return pinv(a, rcond)


@composite(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """The x that makes a @ x closest to b; the squares left over, the rank, singular values.

    As `numpy.linalg.lstsq`: singular values not above `rcond` times the largest count as 0 (the
    longer side times the unit of rounding if it is not given, that unit if it is negative).
    """
    _check_system(a, b)
    m, n = shape_of(a)
    types = [_inexact(np.asarray(data_of(part)).dtype) for part in (a, b)]
    a, b = [astype(part, np.result_type(*types)) for part in (a, b)]
    unit = float(np.finfo(data_of(a).dtype).eps)
    cut = unit * max(m, n) if rcond is None else rcond if rcond >= 0 else unit
    x = pinv(a, float(cut)) @ b
    values = svdvals(a)
    plain = data_of(values)
    rank = np.int32(np.sum(plain > cut * plain[0]) if plain.size else 0)
    over = a @ x - b
    left = sum(over * over, 0) if rank == n < m else np.zeros(0, data_of(x).dtype)
    if rank == n < m and len(shape_of(b)) == 1:
        left = reshape(left, (1,))
    return x, left, rank, values


def _inexact(dtype: np.dtype[Any]) -> Any:
    """The type that LAPACK computes in: floats for whole numbers, and not of 16 bits."""
    if dtype == np.float16:
        raise TypeError("LAPACK has no numbers of 16 bits.\nConvert them by `.astype(np.float32)`.")
    return dtype if dtype.kind == "f" else np.float64


def _check_system(a: Any, b: Any) -> None:
    """Raise LinAlgError, as NumPy does, for what is no system of equations."""
    if len(shape_of(a)) != 2 or len(shape_of(b)) not in (1, 2) or shape_of(a)[0] != shape_of(b)[0]:
        raise np.linalg.LinAlgError(
            "`lstsq` takes a matrix, and a vector or a matrix with as many rows, but these have "
            f"shapes {shape_of(a)} and {shape_of(b)}.\nSolve the matrices of a stack one by one."
        )
