"""Products of matrices and linear algebra."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from .declare import composite, plain, primitive
from .formula import helper
from .ops import where
from .primitive import shape_of
from .reductions import sum
from .shapes import expand_dims, getitem, ravel, reshape, swapaxes, transpose, tril
from .value import plain as plain_data


def adjoint(x: Any) -> Any:
    """The last two axes exchanged: the transpose of each matrix of a stack."""
    return x.T if len(shape_of(x)) == 2 else swapaxes(x, -1, -2)


# -- products ------------------------------------------------------------------------------


@primitive("a @ b")
def matmul(ct, z, a, b):
    """Matrix product, as `a @ b` writes it: of vectors, matrices, and stacks of matrices.

    >>> import autodiff as ad
    >>> A, x = ad.Tensor([[1.0, 2.0], [3.0, 4.0]]), ad.Tensor([1.0, 1.0])
    >>> (A @ x).sum().backward()
    >>> x.grad
    array([4., 6.])
    """
    if type(a) is np.ndarray is type(b) is type(ct) and ct.ndim == a.ndim == 2:
        # `dot` reaches BLAS in less time.
        return lambda: ct.dot(b.T), lambda: a.T.dot(ct)
    a_ndim, b_ndim = len(shape_of(a)), len(shape_of(b))
    if a_ndim == b_ndim == 1:
        return lambda: ct * b, lambda: ct * a
    if a_ndim == 1:  # ct has no axis of rows
        return (
            lambda: (b @ expand_dims(ct, -1))[..., 0],
            lambda: expand_dims(a, -1) * expand_dims(ct, -2),
        )
    if b_ndim == 1:  # ct has no axis of columns
        return (
            lambda: expand_dims(ct, -1) * b,
            lambda: (adjoint(a) @ expand_dims(ct, -1))[..., 0],
        )
    return lambda: ct @ adjoint(b), lambda: adjoint(a) @ ct


@composite(np.dot)
def dot(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of a and the second to last of b."""
    if not shape_of(a) or not shape_of(b):
        return a * b
    if len(shape_of(b)) == 1 or len(shape_of(a)) <= 2 >= len(shape_of(b)):
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


@composite(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of products of all entries."""
    return matmul(ravel(a), ravel(b))


@composite(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of both."""
    if not shape_of(a) or not shape_of(b):
        return a * b
    return tensordot(a, b, ((-1,), (-1,)))


@composite(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every product of an entry of a with an entry of b."""
    return expand_dims(ravel(a), 1) * ravel(b)


@composite(np.cross)
def cross(a: Any, b: Any) -> Any:
    """The vector product along the last axis, of length 3."""
    if shape_of(a)[-1:] != (3,) or shape_of(b)[-1:] != (3,):
        raise ValueError(
            "`cross` is of vectors with 3 entries along the last axis, but these have shapes "
            f"{shape_of(a)} and {shape_of(b)}."
        )
    turned, back = (..., np.array([1, 2, 0])), (..., np.array([2, 0, 1]))
    return getitem(a, turned) * getitem(b, back) - getitem(a, back) * getitem(b, turned)


@composite(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The product of each entry of a with the whole of b, as blocks."""
    ndim = max(len(shape_of(a)), len(shape_of(b)))
    a = reshape(a, (1,) * (ndim - len(shape_of(a))) + shape_of(a))
    b = reshape(b, (1,) * (ndim - len(shape_of(b))) + shape_of(b))
    blocks = expand_dims(a, tuple(range(1, 2 * ndim, 2))) * expand_dims(
        b, tuple(range(0, 2 * ndim, 2))
    )
    return reshape(blocks, tuple(m * n for m, n in zip(shape_of(a), shape_of(b), strict=True)))


@composite(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes, as `numpy.tensordot`."""
    a_ndim, b_ndim = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        a_axes, b_axes = tuple(range(a_ndim - axes, a_ndim)), tuple(range(axes))
    else:
        a_axes, b_axes = (tuple(np.atleast_1d(x).tolist()) for x in axes)
    a_axes, b_axes = tuple(i % a_ndim for i in a_axes), tuple(i % b_ndim for i in b_axes)
    a_free = tuple(i for i in range(a_ndim) if i not in a_axes)
    b_free = tuple(i for i in range(b_ndim) if i not in b_axes)
    inside = int(np.prod([shape_of(a)[i] for i in a_axes], dtype=int))
    free = [shape_of(a)[i] for i in a_free], [shape_of(b)[i] for i in b_free]
    left = reshape(transpose(a, (*a_free, *a_axes)), (int(np.prod(free[0], dtype=int)), inside))
    right = reshape(transpose(b, (*b_axes, *b_free)), (inside, int(np.prod(free[1], dtype=int))))
    return reshape(matmul(left, right), (*free[0], *free[1]))


@helper("einsum_of")
def _einsum_of(operands: Any, subscripts: str) -> Any:
    return np.einsum(subscripts, *operands)


@primitive("einsum_of(operands, subscripts)")
def einsum_of(ct, z, *operands, subscripts=""):
    """`einsum` of operands whose subscripts are spelled out, with `->`."""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    return tuple(
        _einsum_back(ct, i, terms, output, operands) for i in range(len(operands))
    )  # fmt: skip


def _einsum_back(ct: Any, i: int, terms: list[str], output: str, operands: Any) -> Any:
    def pull() -> Any:
        letters, shape = terms[i], shape_of(operands[i])
        others = [operands[k] for k in range(len(terms)) if k != i]
        given = [terms[k] for k in range(len(terms)) if k != i] + [output]
        # A letter that only this operand has was summed over: its cotangent is repeated along
        # it. A letter twice in one operand is a diagonal: only its entries were used.
        known = "".join(given)
        once = "".join(dict.fromkeys(letters))
        kept = "".join(c for c in once if c in known)
        pulled = einsum_of([*others, ct], ",".join(given) + "->" + kept)
        gone = tuple(i for i, c in enumerate(once) if c not in kept)
        pulled = expand_dims(pulled, gone) if gone else pulled
        if once == letters:
            return pulled
        eye = np.ones(())
        for place, c in enumerate(letters):
            first = letters.index(c)
            if first != place:
                grid = np.ogrid[tuple(slice(n) for n in shape)]
                eye = eye * (grid[first] == grid[place])
        aligned = [slice(None) if letters.index(c) == p else None for p, c in enumerate(letters)]
        return getitem(pulled, tuple(aligned)) * eye

    return pull


@composite(np.einsum)
def einsum(subscripts: str, *operands: Any, **keywords: Any) -> Any:
    """Einstein's sum over named axes, as `numpy.einsum` in its form with a string.

    >>> import autodiff as ad
    >>> ad.einsum("ij,j->i", ad.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0]).data
    array([3., 7.])
    """
    if not isinstance(subscripts, str):
        raise TypeError('`einsum` takes its subscripts as a string, as in einsum("ij,j->i", A, x).')
    for name in keywords:
        if name not in ("optimize", "out") or keywords[name] not in (None, False, True):
            raise TypeError(f"`einsum` of a Tensor has no argument `{name}`.")
    return einsum_of(operands, _spelled_out(subscripts.replace(" ", ""), operands))


def _spelled_out(subscripts: str, operands: Any) -> str:
    """Subscripts with the letters that an ellipsis stands for, and with their output."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ValueError(
            f"`einsum` has subscripts for {len(terms)} operands in {subscripts!r}, but was given "
            f"{len(operands)}."
        )
    free = [c for c in string.ascii_letters if c not in subscripts]
    hidden = [
        len(shape_of(o)) - len(t.replace("...", "")) if "..." in t else 0
        for t, o in zip(terms, operands, strict=True)
    ]
    dots = "".join(free[: max(hidden, default=0)])
    terms = [t.replace("...", dots[len(dots) - n :]) for t, n in zip(terms, hidden, strict=True)]
    if not arrow:
        every = "".join(terms)
        output = dots + "".join(
            sorted(c for c in set(every) if every.count(c) == 1 and c not in dots)
        )
    return ",".join(terms) + "->" + output.replace("...", dots)


@composite(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the entries on a diagonal."""
    from .shapes import diagonal

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
    return det_sign(x), logabsdet(x)


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
def eigh(x: Any) -> tuple[Any, Any]:
    """Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix."""
    stacked = eigh_stacked(x)
    return _head(stacked), _tail(stacked)


@composite(np.linalg.eigvalsh)
def eigvalsh(x: Any) -> Any:
    """The eigenvalues, ascending, of a symmetric matrix."""
    return eigh(x)[0]


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
def svd(x: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """U, the singular values (descending) and V' with x = U diag(s) V', in the thin form."""
    if not compute_uv:
        return svdvals(x)
    if full_matrices and shape_of(x)[-1] != shape_of(x)[-2]:
        raise ValueError(
            "The derivative is of the thin singular value decomposition.\n"
            "Pass `full_matrices=False`."
        )
    s, u, v = _svd_parts(svd_stacked(x), shape_of(x)[-2])
    return u, s, adjoint(v)


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
        return 0.0 * x + np.eye(shape_of(x)[-1])
    half = matrix_power(x, n // 2) if n > 1 else None
    square = x if half is None else half @ half
    return square @ x if n > 1 and n % 2 else square
