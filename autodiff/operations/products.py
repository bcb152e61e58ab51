"""Products of vectors, matrices and arrays of any rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, composite, internal, primitive
from .choices import where
from .joining import stack
from .predicates import isfinite, logical_not
from .reductions import sum
from .shapes import expand_dims, moveaxis, ravel, reshape, swapaxes, transpose
from .zeros import times, zero_may_meet

ndarray = np.ndarray


def adjoint(x: Any) -> Any:
    """The last two axes exchanged: the transpose of each matrix of a stack."""
    return x.T if len(shape_of(x)) == 2 else swapaxes(x, -1, -2)


@primitive(
    "a @ b",
    takes=(
        "vectors and matrices, the last axis of the first as long as the one but last (or only) "
        "axis of the second",
        "Turn a matrix by `.T` or `.mT`, or write `*` for the product entry by entry.",
    ),
)
def matmul(ct, _, a, b):
    """Matrix product, as `a @ b` writes it: of vectors, matrices, and stacks of matrices.

    >>> import autodiff as ad
    >>> A, x = ad.Tensor([[1.0, 2.0], [3.0, 4.0]]), ad.Tensor([1.0, 1.0])
    >>> (A @ x).sum().backward()
    >>> x.grad
    array([4., 6.])
    """
    if type(a) is ndarray is type(b) is type(ct) and ct.ndim == a.ndim == 2:
        # The plain walk: `dot` reaches BLAS in less time.
        return lambda: ct.dot(b.T), lambda: a.T.dot(ct)
    return _pulled(ct, a, b)


def _pulled(ct: Any, a: Any, b: Any) -> Any:
    """What a and b get from the cotangent of a @ b."""
    a_ndim, b_ndim = len(shape_of(a)), len(shape_of(b))
    if a_ndim == b_ndim == 1:
        return lambda: times(ct, b), lambda: times(ct, a)
    if a_ndim == 1:  # ct has no axis of rows
        return lambda: _matvec_ct(b, ct), lambda: times(expand_dims(ct, -2), expand_dims(a, -1))
    if b_ndim == 1:  # ct has no axis of columns
        return lambda: times(expand_dims(ct, -1), b), lambda: _matvec_ct(adjoint(a), ct)
    return lambda: _ct_matmul_transposed(ct, b), lambda: _transposed_matmul_ct(a, ct)


# A product with a transposed matrix is an operation of its own: its cotangents are such products
# again, in the layout of what they are added to, and there are fewer nodes.


@internal
@primitive("a @ b.mT")
def matmul_transposed(ct, _, a, b):
    """Matrices a times the transposes of matrices b."""
    if len(shape_of(a)) == 1:
        return _pulled(ct, b, a)[::-1]

    def by_b() -> Any:
        if zero_may_meet(ct, a):
            return adjoint(_transposed_matmul_ct(a, ct))
        return transposed_matmul(ct, a)

    return lambda: _ct_matmul(ct, b), by_b


@internal
@primitive("a.mT @ b")
def transposed_matmul(ct, _, a, b):
    """The transposes of matrices a times matrices b."""
    if len(shape_of(b)) == 1:
        return _pulled(ct, b, a)[::-1]

    def by_a() -> Any:
        if zero_may_meet(ct, b):
            return adjoint(_ct_matmul_transposed(ct, b))
        return matmul_transposed(b, ct)

    return by_a, lambda: _matmul_ct(a, ct)


def _ct_matmul(ct: Any, x: Any) -> Any:
    """ct @ x, where zeros of the cotangent stop at what is not finite in x."""
    if not zero_may_meet(ct, x):
        return matmul(ct, x)
    finite = isfinite(x)
    met = matmul((ct != 0) * 1.0, logical_not(finite) * 1.0)
    return where(met > 0, matmul(ct, x), matmul(ct, where(finite, x, 0.0)))


def _matmul_ct(x: Any, ct: Any) -> Any:
    """x @ ct, likewise."""
    if not zero_may_meet(ct, x):
        return matmul(x, ct)
    if len(shape_of(ct)) == 1:
        return _ct_matmul(ct, adjoint(x))
    return adjoint(_ct_matmul(adjoint(ct), adjoint(x)))


def _matvec_ct(x: Any, ct: Any) -> Any:
    """x @ ct, likewise, for a vector or a stack of them."""
    if len(shape_of(x)) == 2:
        return _matmul_ct(x, ct)
    return _matmul_ct(x, expand_dims(ct, -1))[..., 0]


def _ct_matmul_transposed(ct: Any, x: Any) -> Any:
    """ct @ x.mT, likewise."""
    return _ct_matmul(ct, adjoint(x)) if zero_may_meet(ct, x) else matmul_transposed(ct, x)


def _transposed_matmul_ct(x: Any, ct: Any) -> Any:
    """x.mT @ ct, likewise."""
    return _matmul_ct(adjoint(x), ct) if zero_may_meet(ct, x) else transposed_matmul(x, ct)


as_numpy(np.linalg.matmul)(matmul)


@composite(np.dot)
def dot(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of a and the second to last of b."""
    if not shape_of(a) or not shape_of(b):
        return a * b
    if len(shape_of(b)) == 1 or len(shape_of(a)) <= 2 >= len(shape_of(b)):
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


@composite()
def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """The sum of products along an axis that both have, the others broadcast."""
    return sum(moveaxis(a, axis, -1) * moveaxis(b, axis, -1), -1)


@composite()
def matvec(a: Any, b: Any) -> Any:
    """The product of matrices with vectors, the other axes broadcast."""
    return matmul(a, expand_dims(b, -1))[..., 0]


@composite()
def vecmat(a: Any, b: Any) -> Any:
    """The product of vectors with matrices, the other axes broadcast."""
    return matmul(expand_dims(a, -2), b)[..., 0, :]


for _function in (vecdot, matvec, vecmat):
    if hasattr(np, _function.__name__):  # from NumPy 2.0 and 2.2 on
        as_numpy(getattr(np, _function.__name__))(_function)
as_numpy(np.linalg.vecdot)(vecdot)


@composite(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of a chain of matrices, from the left; its ends may be vectors."""
    product, *rest = arrays
    for matrix in rest:
        product = matmul(product, matrix)
    return product


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


@composite(np.outer, np.linalg.outer)
def outer(a: Any, b: Any) -> Any:
    """Every product of an entry of a with an entry of b."""
    return expand_dims(ravel(a), 1) * ravel(b)


@composite(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector product of vectors of length 3 along an axis, the last if none is given."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if shape_of(a)[-1:] != (3,) or shape_of(b)[-1:] != (3,):
        raise ValueError(
            "`cross` is of vectors with 3 entries along the last axis, but these have shapes "
            f"{shape_of(a)} and {shape_of(b)}.\nGive vectors in a plane a third entry of 0."
        )
    a1, a2, a3 = (a[..., i] for i in range(3))
    b1, b2, b3 = (b[..., i] for i in range(3))
    return stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], axisc)


@as_numpy(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, axis: int = -1) -> Any:
    return cross(x1, x2, axis=axis)


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


@composite(np.tensordot, np.linalg.tensordot)
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
