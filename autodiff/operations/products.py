"""Products of vectors, matrices and arrays of any rank."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, composite, internal, primitive
from .choices import where
from .joining import stack
from .predicates import isfinite, logical_not
from .reductions import sum
from .shapes import as_operand, expand_dims, moveaxis, ravel, reshape, swapaxes, transpose
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
    if type(a) is ndarray is type(b) is type(ct):
        # The plain walk looks at no number; `dot` reaches BLAS in less time.
        if a.ndim == b.ndim == 2:
            if ct.ndim == 2:
                return lambda: ct.dot(b.T), lambda: a.T.dot(ct)
            return lambda: ct @ b.T, lambda: a.T @ ct
        if a.ndim == 2 == b.ndim + 1:
            return lambda: ct[..., None] * b, lambda: ct.dot(a)
        if a.ndim + 1 == 2 == b.ndim:
            return lambda: ct.dot(b.T), lambda: a[:, None] * ct[..., None, :]
    return _pulled(ct, a, b)


def _pulled(ct: Any, a: Any, b: Any) -> Any:
    """What a and b get from the cotangent of a @ b."""
    a_ndim, b_ndim = len(shape_of(a)), len(shape_of(b))
    if a_ndim == b_ndim == 1:
        ct = expand_dims(ct, -1) if shape_of(ct) else ct
        return lambda: times(ct, b), lambda: times(ct, a)
    if a_ndim == 1:  # ct has no axis of rows
        return lambda: _ct_by_rows(ct, adjoint(b)), lambda: times(
            expand_dims(ct, -2), expand_dims(a, -1)
        )
    if b_ndim == 1:  # ct has no axis of columns
        return lambda: times(expand_dims(ct, -1), b), lambda: _ct_by_rows(ct, a)
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


def times_in_sum(product: Callable[[Any, Any], Any], ct: Any, x: Any) -> Any:
    """product(ct, x), sums of products of a cotangent with x: of its zeros it has exactly 0.

    Else a zero of ct would give NaN where it meets what is not finite in x.
    """
    if not zero_may_meet(ct, x):
        return product(ct, x)
    finite = isfinite(x)
    met = product((ct != 0) * 1.0, logical_not(finite) * 1.0)
    return where(met > 0, product(ct, x), product(ct, where(finite, x, 0.0)))


def _ct_matmul(ct: Any, x: Any) -> Any:
    """ct @ x, where zeros of the cotangent stop at what is not finite in x."""
    return times_in_sum(matmul, ct, x)


def _matmul_ct(x: Any, ct: Any) -> Any:
    """x @ ct, likewise."""
    if not zero_may_meet(ct, x):
        return matmul(x, ct)
    if len(shape_of(ct)) == 1:
        return _ct_matmul(ct, adjoint(x))
    return adjoint(_ct_matmul(adjoint(ct), adjoint(x)))


def _ct_by_rows(ct: Any, x: Any) -> Any:
    """ct @ x, likewise, for a vector or a stack of them: the sum of x's rows by its entries."""
    if len(shape_of(x)) == 2:
        return _ct_matmul(ct, x)
    return _ct_matmul(expand_dims(ct, -2), x)[..., 0, :]


def _ct_matmul_transposed(ct: Any, x: Any) -> Any:
    """ct @ x.mT, likewise."""
    return _ct_matmul(ct, adjoint(x)) if zero_may_meet(ct, x) else matmul_transposed(ct, x)


def _transposed_matmul_ct(x: Any, ct: Any) -> Any:
    """x.mT @ ct, likewise."""
    return _matmul_ct(adjoint(x), ct) if zero_may_meet(ct, x) else transposed_matmul(x, ct)


as_numpy(np.linalg.matmul)(matmul)


def _scaled(a: Any, b: Any) -> Any:
    """a * b, where a number beside an array has the dtype that it has as an array."""
    if shape_of(a) or shape_of(b):
        a, b = as_operand(a), as_operand(b)
    return a * b


@composite(np.dot)
def dot(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of a and the second to last of b."""
    if not shape_of(a) or not shape_of(b):
        return _scaled(a, b)
    if len(shape_of(b)) == 1 or len(shape_of(a)) <= 2 >= len(shape_of(b)):
        return matmul(a, b)
    return tensordot(a, b, ((-1,), (-2,)))


def _last(x: Any, axis: int) -> Any:
    """x with one axis moved to the end."""
    return moveaxis(x, normalize_axis_index(axis, len(shape_of(x))), -1)


def _refuse_core(name: str, *operands: tuple[str, Any, int]) -> None:
    """Raise ValueError for an operand of fewer axes than the product needs."""
    for kind, x, ndim in operands:
        if len(shape_of(x)) < ndim:
            raise ValueError(
                f"`{name}` takes {' and '.join(k for k, _, _ in operands)}, or stacks of them, but "
                f"where {kind} is to be, the shape is {shape_of(x)}."
            )


@composite()
def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """The sum of products along an axis that both have, the others broadcast."""
    _refuse_core("vecdot", ("a vector", a, 1), ("a vector", b, 1))
    a, b = _last(a, axis), _last(b, axis)
    if shape_of(a)[-1] != shape_of(b)[-1]:
        raise ValueError(
            "`vecdot` is of vectors of one length, but these have shapes "
            f"{shape_of(a)} and {shape_of(b)}.\nWrite `*` and `sum` where one is to be repeated."
        )
    return sum(a * b, -1)


@composite()
def matvec(a: Any, b: Any) -> Any:
    """The product of matrices with vectors, the other axes broadcast."""
    _refuse_core("matvec", ("a matrix", a, 2), ("a vector", b, 1))
    return matmul(a, expand_dims(b, -1))[..., 0]


@composite()
def vecmat(a: Any, b: Any) -> Any:
    """The product of vectors with matrices, the other axes broadcast."""
    _refuse_core("vecmat", ("a vector", a, 1), ("a matrix", b, 2))
    return matmul(expand_dims(a, -2), b)[..., 0, :]


for _function in (vecdot, matvec, vecmat):
    if hasattr(np, _function.__name__):  # from NumPy 2.0 and 2.2 on
        as_numpy(getattr(np, _function.__name__))(_function)
as_numpy(np.linalg.vecdot)(vecdot)


@composite(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of a chain of matrices, in the cheapest order; its ends may be vectors."""
    if len(arrays) < 2:
        raise ValueError(f"`multi_dot` is of two arrays or more, but was given {len(arrays)}.")
    if len(arrays) == 2:
        return dot(*arrays)
    first, *inner, last = map(shape_of, arrays)
    ends = (1, *first) if len(first) == 1 else first, (*last, 1) if len(last) == 1 else last
    for shape in (matrices := [ends[0], *inner, ends[1]]):
        if len(shape) != 2:
            raise np.linalg.LinAlgError(
                "`multi_dot` is of matrices, and of vectors at its ends, but one array here has "
                f"{len(shape)} axes.\nOf stacks of matrices write `a @ b @ c`."
            )
    splits = _cheapest_splits([*(shape[0] for shape in matrices), ends[1][1]])

    def product(first: int, last: int) -> Any:
        if first == last:
            return arrays[first]
        split = splits[first, last]
        return matmul(product(first, split), product(split + 1, last))

    return product(0, len(arrays) - 1)


def _cheapest_splits(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Where each stretch of a chain is cut last: Cormen et al., Introduction to Algorithms, 15.2.

    Matrix i has the shape (lengths[i], lengths[i + 1]); a product costs its multiplications.
    """
    count = len(lengths) - 1
    cost, splits = {(i, i): 0 for i in range(count)}, {}
    for i, j in ((i, i + span) for span in range(1, count) for i in range(count - span)):
        cost[i, j], splits[i, j] = min(
            (cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
            for k in range(i, j)
        )
    return splits


@composite(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of products of all entries."""
    return matmul(ravel(a), ravel(b))


@composite(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of both."""
    if not shape_of(a) or not shape_of(b):
        return _scaled(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


@composite(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every product of an entry of a with an entry of b."""
    return expand_dims(ravel(as_operand(a)), 1) * ravel(as_operand(b))


@as_numpy(np.linalg.outer)
def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    if len(shape_of(x1)) != 1 or len(shape_of(x2)) != 1:
        raise ValueError(
            "`np.linalg.outer` is of vectors, but these have shapes "
            f"{shape_of(x1)} and {shape_of(x2)}.\n`np.outer` takes arrays of any shape."
        )
    return outer(x1, x2)


@composite(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector product of vectors along an axis, the last if none is given.

    They have three entries, or two in a plane; of two in a plane it is the third component.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _last(a, axisa), _last(b, axisb)
    if not {shape_of(a)[-1], shape_of(b)[-1]} <= {2, 3}:
        raise ValueError(
            "`cross` is of vectors with 3 entries along an axis, or with 2 in a plane, but these "
            f"have shapes {shape_of(a)} and {shape_of(b)}.\nSay along which axis, as in `axis=0`."
        )
    a1, a2, a3 = _components(a)
    b1, b2, b3 = _components(b)
    last = a1 * b2 - a2 * b1
    if a3 is b3 is None:
        return last
    first = a2 * b3 if a3 is None else -(a3 * b2) if b3 is None else a2 * b3 - a3 * b2
    middle = -(a1 * b3) if a3 is None else a3 * b1 if b3 is None else a3 * b1 - a1 * b3
    return stack([first, middle, last], axisc)


def _components(x: Any) -> tuple[Any, ...]:
    """The three components of vectors along the last axis; the third is None in a plane."""
    parts = [x[..., i] for i in range(shape_of(x)[-1])]
    return (*parts, None)[:3]


@as_numpy(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, axis: int = -1) -> Any:
    if not shape_of(x1)[axis] == shape_of(x2)[axis] == 3:
        raise ValueError(
            "`np.linalg.cross` is of vectors with 3 entries, but these have shapes "
            f"{shape_of(x1)} and {shape_of(x2)}.\n`np.cross` takes those in a plane, too."
        )
    return cross(x1, x2, axis=axis)


@composite(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The product of each entry of a with the whole of b, as blocks."""
    a, b = as_operand(a), as_operand(b)
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
    a_axes, b_axes = _paired_axes(a, b, axes)
    a_free = tuple(i for i in range(len(shape_of(a))) if i not in a_axes)
    b_free = tuple(i for i in range(len(shape_of(b))) if i not in b_axes)
    inside = math.prod(shape_of(a)[i] for i in a_axes)
    free = [shape_of(a)[i] for i in a_free], [shape_of(b)[i] for i in b_free]
    left = reshape(transpose(a, (*a_free, *a_axes)), (math.prod(free[0]), inside))
    right = reshape(transpose(b, (*b_axes, *b_free)), (inside, math.prod(free[1])))
    return reshape(matmul(left, right), (*free[0], *free[1]))


def _paired_axes(a: Any, b: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of each, counted from the front, that are summed over. ValueError if unlike."""
    by_count = not np.iterable(axes)
    a_axes, b_axes = (range(-axes, 0), range(axes)) if by_count else axes
    a_axes = normalize_axis_tuple(a_axes, len(shape_of(a)))
    b_axes = normalize_axis_tuple(b_axes, len(shape_of(b)))
    if [shape_of(a)[i] for i in a_axes] != [shape_of(b)[i] for i in b_axes]:
        raise ValueError(
            f"`tensordot` sums over axes of the same lengths, but of shapes {shape_of(a)} and "
            f"{shape_of(b)} it was given the axes {a_axes} and {b_axes}.\n"
            "Name each pair in its order, as in `axes=([1, 2], [1, 0])`."
        )
    return a_axes, b_axes
