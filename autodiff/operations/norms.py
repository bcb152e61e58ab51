"""Norms of vectors and matrices, and condition numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, composite, internal, primitive
from .arithmetic import abs
from .choices import where
from .decompositions import svdvals
from .linalg import inv
from .reductions import Axis, axes_of, max, min, spread, sum
from .rounding import sign
from .shapes import expand_dims, moveaxis, ravel, reshape
from .zeros import times


@internal
@primitive("linalg.norm(x, axis=axis, keepdims=keepdims)")
def euclidean_norm(ct, z, x, axis=None, keepdims=False):
    """sqrt(sum(x * x)) along an axis, two, or all; at 0 the subgradient 0."""
    size = spread(where(z == 0, 1.0, z), axis, keepdims)
    return times(spread(ct, axis, keepdims), x / size)


@composite(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of a vector or a matrix, as `numpy.linalg.norm`; at 0 the subgradient 0.

    `ord` is None, a number, inf or -inf; for matrices also "fro" and "nuc".
    """
    matrix = len(shape_of(x)) == 2 if axis is None else isinstance(axis, tuple)
    if ord is None or (ord == 2 and not matrix) or (ord == "fro" and matrix):
        return euclidean_norm(x, axis, keepdims)
    if not matrix:
        return _vector_norm(x, ord, axis, keepdims)
    return _matrix_norm(x, ord, axis or (0, 1), keepdims)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(f"A vector norm's order is a number, but this is {ord!r}.")
    size = abs(x)
    if ord == np.inf:
        return max(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(sign(size), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    total = sum(size**ord, axis, keepdims)
    return where(total == 0, 0.0, total ** (1 / ord))


def _matrix_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    rows = moveaxis(x, axis, (-2, -1))
    if ord in (1, -1):
        columns = sum(abs(rows), -2)
        result = max(columns, -1) if ord > 0 else min(columns, -1)
    elif ord in (np.inf, -np.inf):
        sums = sum(abs(rows), -1)
        result = max(sums, -1) if ord > 0 else min(sums, -1)
    elif ord in (2, -2):
        values = svdvals(rows)
        result = max(values, -1) if ord > 0 else min(values, -1)
    elif ord == "nuc":
        result = sum(svdvals(rows), -1)
    else:
        raise ValueError(
            f"A matrix norm's order is 1, 2, inf, their negatives, 'fro' or 'nuc', not {ord!r}."
        )
    return expand_dims(result, axes_of(axis, len(shape_of(x)))) if keepdims else result


@as_numpy(np.linalg.matrix_norm)
def _matrix_norm_of(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm(x, ord, (-2, -1), keepdims)


@as_numpy(np.linalg.vector_norm)
def _vector_norm_of(x: Any, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if axis is None:
        flat = norm(ravel(x), ord)
        return reshape(flat, (1,) * len(shape_of(x))) if keepdims else flat
    if isinstance(axis, tuple):
        axes = axes_of(axis, len(shape_of(x)))
        rest = tuple(i for i in range(len(shape_of(x))) if i not in axes)
        moved = moveaxis(x, rest, tuple(range(len(rest))))
        found = norm(reshape(moved, (*shape_of(moved)[: len(rest)], -1)), ord, -1)
        return expand_dims(found, axes) if keepdims else found
    return norm(x, ord, axis, keepdims)


@composite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of a matrix: the norm of order p times that of the inverse."""
    if p in (None, 2, -2):
        values = svdvals(x)
        large, small = values[..., 0], values[..., -1]
        return small / large if p == -2 else large / small
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))
