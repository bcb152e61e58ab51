"""Square matrices: inverses, equations, determinants, Cholesky factors, powers, traces."""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, composite, internal, nondifferentiable, primitive
from ..primitives.namespaces import helper
from .choices import where
from .indexing import diagonal
from .predicates import all as all_of
from .predicates import any as any_of
from .predicates import either, isfinite
from .products import adjoint
from .reductions import numpy_sum
from .shapes import expand_dims, ravel, reshape, transpose, tril
from .ties import power_of_two
from .zeros import zero_may_meet


class SlogdetResult(NamedTuple):
    """The parts of `slogdet`, by NumPy's names."""

    sign: Any
    logabsdet: Any


@as_numpy(np.linalg.diagonal)
def _linalg_diagonal(x: Any, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@as_numpy(np.linalg.trace)
def _linalg_trace(x: Any, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


@composite(np.trace)
def trace(
    x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None
) -> Any:  # fmt: skip
    """The sum of the entries on a diagonal, computed in `dtype` if one is given."""
    return numpy_sum(diagonal(x, offset, axis1, axis2), -1, dtype)


def refuse_not_square(name: str, x: Any) -> None:
    """Raise LinAlgError for what is no square matrix, nor a stack of them."""
    if len(shape_of(x)) < 2 or shape_of(x)[-1] != shape_of(x)[-2]:
        raise np.linalg.LinAlgError(
            f"`{name}` takes square matrices, but this has shape {shape_of(x)}."
        )


def safe_matrix(ct: Any, x: Any, suspect: Any = None, instead: Any = None) -> Any:
    """x, with the identity (or `instead`) where a zero cotangent meets what is not finite.

    That is for each matrix of a stack whose cotangent is 0 throughout, and of whose `suspect`
    (x itself, if not given) an entry is infinite or NaN: the other matrices go on.
    """
    suspect = x if suspect is None else suspect
    if not zero_may_meet(ct, suspect):
        return x
    fine = either(any_of(ct, (-1, -2), True), all_of(isfinite(suspect), (-1, -2), True))
    instead = np.eye(shape_of(x)[-1], dtype=np.float16) if instead is None else instead
    return where(fine, x, instead)


# -- inverses and determinants -------------------------------------------------------------

_SQUARE = ("square matrices", "Of another matrix take `np.linalg.pinv`, or `lstsq` for equations.")
_SYSTEM = (
    "square matrices and a right side with as many rows",
    "A vector is one right side, a matrix has one in each column; of matrices that are not square "
    "take `np.linalg.lstsq`.",
)


@primitive("linalg.inv(x)", takes=_SQUARE)
def inv(ct, z, x):
    """The inverse of a square matrix, or of each of a stack. Raises LinAlgError if singular."""
    back = adjoint(safe_matrix(ct, z))
    return -(back @ ct @ back)


@primitive("linalg.solve(a, b)", takes=_SYSTEM)
def solve(ct, x, a, b):
    """The x with a @ x = b, for square a; b is a vector, or matrices. LinAlgError if singular."""
    if len(shape_of(b)) == 1:
        column = expand_dims(ct, -1)
        back = solve(adjoint(safe_matrix(column, a)), column)[..., 0]
        return lambda: -(expand_dims(back, -1) * expand_dims(x, -2)), back
    back = solve(adjoint(safe_matrix(ct, a)), ct)
    return lambda: -(back @ adjoint(safe_matrix(ct, x, instead=0.0))), back


@composite(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The x with tensordot(a, x, x.ndim) = b."""
    if axes is not None:
        order = list(range(len(shape_of(a))))
        for axis in axes:  # each goes to the end in its turn
            order.remove(axis)
            order.append(axis)
        a = transpose(a, tuple(order))
    shape = shape_of(a)[len(shape_of(b)) - len(shape_of(a)) :]  # all of it for as many axes
    size = math.prod(shape)
    if math.prod(shape_of(a)) != size**2:
        raise np.linalg.LinAlgError(
            f"`tensorsolve` solves for shape {shape}, of {size} entries, so that its first operand "
            f"is to have {size**2}, but it has shape {shape_of(a)}."
        )
    return reshape(solve(reshape(a, (size, size)), ravel(b)), shape)


@composite(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of `tensordot` with a: its first `ind` axes against the others."""
    shape = shape_of(a)
    if ind <= 0:
        raise ValueError(f"`tensorinv` has one axis or more on the left, but `ind` is {ind}.")
    if not shape:
        raise TypeError("`tensorinv` is of arrays with axes, but this is a number.")
    size = math.prod(shape[ind:])
    return reshape(inv(reshape(a, (-1, size))), shape[ind:] + shape[:ind])


@primitive("linalg.det(x)", takes=_SQUARE)
def det(ct, z, x):
    """The determinant; its derivative is the cofactor matrix, also where x is singular.

    From the singular value decomposition x = U diag(s) V': the cofactors are det(U V') times
    U diag(products of the other s) V' (Jacobi's formula, without dividing by the determinant).
    """
    ct = expand_dims(ct, (-1, -2))
    return ct * cofactors(safe_matrix(ct, x))


def _in_basis(x: Any) -> tuple[Any, Any, Any, Any]:
    """U, s, V' with x = U diag(s) V', in 64 bits, and det(U V'); NaN of what is not finite.

    It is not asked of LAPACK then, which may never return.
    """
    x = np.asarray(x, np.float64)  # float32 would lose half of its digits
    finite = np.isfinite(x).all(axis=(-1, -2), keepdims=True)
    u, s, vh = np.linalg.svd(np.where(finite, x, 0.0))
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return u, np.where(finite[..., 0], s, np.nan), vh, sign[..., None, None]


def _product(s: Any, without: Any) -> Any:
    """The products of the rows of s, but for some entries: no part of one over- or underflows."""
    mantissas, exponents = np.frexp(np.where(without, 1.0, s[..., None, :]))
    return np.ldexp(mantissas.prod(axis=-1), exponents.sum(axis=-1))


@helper("cofactors")
def _cofactors(x: Any) -> Any:
    u, s, vh, sign = _in_basis(x)
    others = _product(s, np.eye(s.shape[-1], dtype=bool))
    return (sign * ((u * others[..., None, :]) @ vh)).astype(x.dtype)


@internal
@primitive("cofactors(x)", takes=_SQUARE)
def cofactors(ct, z, x):
    """The matrix of cofactors: what the determinant grows by with each entry."""
    return det_hvp(safe_matrix(ct, x), ct)


@helper("det_hvp")
def _det_hvp(x: Any, y: Any) -> Any:
    u, s, vh, sign = _in_basis(x)
    one = np.eye(s.shape[-1], dtype=bool)
    pairs = np.stack([_product(s, one | row) for row in one], axis=-2) * ~one
    inside = np.swapaxes(u, -1, -2) @ y @ np.swapaxes(vh, -1, -2)
    own = np.diagonal(inside, axis1=-2, axis2=-1)
    bent = one * (pairs @ own[..., None]) - pairs * np.swapaxes(inside, -1, -2)
    return (sign * (u @ bent @ vh)).astype(np.result_type(x, y))


@internal
@primitive("det_hvp(x, y)")
def det_hvp(ct, z, x, y):
    """The Hessian of the determinant at x, times y: how the cofactors change along y.

    In the basis of the singular value decomposition: with p[i, j] the product of all singular
    values but two, the entry (i, i) is the sum of p[i, j] y[j, j] and (i, j) is -p[i, j] y[j, i].
    """
    return lambda: det_third(safe_matrix(ct, x), y, ct), lambda: det_hvp(safe_matrix(ct, x), ct)


@helper("det_third")
def _det_third(x: Any, y: Any, w: Any) -> Any:
    if np.ndim(x) < 2:
        raise ValueError("A determinant is of a matrix.")
    x, y, w = np.broadcast_arrays(x, y, w)
    u, s, vh, sign = _in_basis(x)
    one = np.eye(s.shape[-1], dtype=bool)
    triples = np.stack(
        [np.stack([_product(s, one | i | j) * ~(i | j) for j in one], -2) for i in one], -3
    ) * ~one[:, :, None]  # fmt: skip
    a, b = (np.swapaxes(u, -1, -2) @ m @ np.swapaxes(vh, -1, -2) for m in (y, w))
    a_own, b_own = (np.diagonal(m, axis1=-2, axis2=-1) for m in (a, b))
    own = np.einsum("...ijk,...i,...j->...k", triples, a_own, b_own)
    own = own - np.einsum("...ijk,...ij,...ji->...k", triples, a, b)
    bent = one * own[..., None]
    bent = bent - np.einsum("...ijk,...ik,...j->...ki", triples, a, b_own)
    bent = bent - np.einsum("...ijk,...i,...jk->...kj", triples, a_own, b)
    bent = bent + np.einsum("...ijk,...ij,...jk->...ki", triples, a, b)
    bent = bent + np.einsum("...ijk,...ik,...ji->...kj", triples, a, b)
    return (sign * (u @ bent @ vh)).astype(np.result_type(x, y, w))


@internal
@primitive("det_third(x, y, w)")
def det_third(ct, z, x, y, w):
    """The third derivative of the determinant at x, along y and w.

    As `det_hvp`, with the products of all singular values but three: the sum over i, j, k and
    the orders of three columns of the sign times p[i, j, k] y[i, .] w[j, .], at the entry (k, .).
    Along a line it is a polynomial of degree n - 3, of which some values tell the slope.
    """

    def by_x() -> Any:
        count = shape_of(x)[-1] - 2
        if count < 2:
            return None
        step = _size(x) / _size(ct)
        places = np.cos(np.pi * (np.arange(count) + 0.5) / count)  # Chebyshev's
        weights = np.linalg.inv(np.vander(places, increasing=True))[1]
        values = [
            det_third(x + float(t) * step * ct, y, w) * float(c)
            for t, c in zip(places, weights, strict=True)
        ]
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total / step

    return (
        by_x,
        lambda: det_third(safe_matrix(ct, x), w, ct),
        lambda: det_third(safe_matrix(ct, x), y, ct),
    )


def _size(x: Any) -> Any:
    """About the largest entry of each matrix, as plain data."""
    return power_of_two(reshape(x, (*shape_of(x)[:-2], 1, -1)))


@internal
@primitive("linalg.slogdet(x)[1]", takes=_SQUARE)
def logabsdet(ct, z, x):
    """The logarithm of the absolute value of the determinant, without overflow."""
    ct, z = expand_dims(ct, (-1, -2)), expand_dims(z, (-1, -2))
    return ct * adjoint(inv(safe_matrix(ct, x, suspect=z)))


@internal
@nondifferentiable("linalg.slogdet(x)[0]")
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
    z = safe_matrix(ct, z)
    phi = tril(adjoint(z) @ ct)
    phi = phi * (1 - 0.5 * np.eye(shape_of(x)[-1], dtype=np.float32))
    back = solve(adjoint(z), adjoint(solve(adjoint(z), adjoint(phi))))
    return 0.5 * (back + adjoint(back))


@composite(np.linalg.matrix_power)
def matrix_power(x: Any, n: int) -> Any:
    """A square matrix times itself n times; of the inverse for negative n."""
    refuse_not_square("matrix_power", x)
    n = operator.index(n)
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        return where(np.zeros(shape_of(x), bool), x, np.eye(shape_of(x)[-1], dtype=np.float16))
    half = matrix_power(x, n // 2) if n > 1 else None
    square = x if half is None else half @ half
    return square @ x if n > 1 and n % 2 else square
