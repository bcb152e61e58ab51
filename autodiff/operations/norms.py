"""Norms of vectors and matrices, and condition numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import as_numpy, composite, internal, primitive
from .arithmetic import abs
from .choices import where
from .decompositions import svdvals
from .linalg import inv
from .predicates import isnan
from .reductions import Axis, axes_of, max, min, spread, sum
from .rounding import sign
from .shapes import as_entry_of, expand_dims, moveaxis, ravel, reshape
from .zeros import times


@internal
@primitive("linalg.norm(x, axis=axis, keepdims=keepdims)")
def euclidean_norm(ct, z, x, axis=None, keepdims=False):
    """sqrt(sum(x * x)) along an axis, two, or all; at 0 all its derivatives are 0, as of `abs`."""
    size = spread(where(z == 0, np.inf, z), axis, keepdims, x)
    return times(spread(ct, axis, keepdims, x), x / size)


@composite(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of a vector or a matrix, as `numpy.linalg.norm`; at 0 the subgradient 0.

    `ord` is None, a number, inf or -inf; for matrices also "fro" and "nuc".
    """
    axis = _whole(axis)
    if ord is None and not isinstance(axis, tuple):
        return euclidean_norm(x, axis, keepdims)
    axes = axes_of(axis, len(shape_of(x)))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(
        f"A norm is of vectors, along one axis, or of matrices, along two, but not along {axes}.\n"
        "Name them in `axis`; `np.linalg.norm(x)` is the root of the sum of all squares."
    )


def _whole(axis: Any) -> Axis:
    """An axis of whatever form NumPy's norms take as a whole number."""
    return axis if axis is None or isinstance(axis, tuple) else int(axis)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(f"A vector norm's order is a number, but this is {ord!r}.")
    if ord is None or ord == 2:
        return euclidean_norm(x, axis, keepdims)
    size = abs(x)
    if ord == np.inf:
        return _largest(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(sign(where(isnan(size), as_entry_of(size, 1), size)), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    total = sum(size**ord, axis, keepdims)
    at_zero = as_entry_of(total, 0.0 if ord > 0 else np.inf)
    return where(total == 0, at_zero, total ** (1 / ord))


def _largest(sizes: Any, axis: Axis, keepdims: bool = False) -> Any:
    """The largest of sizes, and 0 where there are none."""
    if 0 in [shape_of(sizes)[a] for a in axes_of(axis, len(shape_of(sizes)))]:
        return sum(sizes, axis, keepdims)
    return max(sizes, axis, keepdims)


def _matrix_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    if ord is None or ord == "fro":
        return euclidean_norm(x, axis, keepdims)
    rows = moveaxis(x, axis, (-2, -1))
    if ord in (1, -1):
        columns = sum(abs(rows), -2)
        result = _largest(columns, -1) if ord > 0 else min(columns, -1)
    elif ord in (np.inf, -np.inf):
        sums = sum(abs(rows), -1)
        result = _largest(sums, -1) if ord > 0 else min(sums, -1)
    elif ord in (2, -2):
        values = _above_zero(svdvals(rows))
        result = _largest(values, -1) if ord > 0 else min(values, -1)
    elif ord == "nuc":
        result = sum(_above_zero(svdvals(rows)), -1)
    else:
        raise ValueError(
            f"A matrix norm's order is 1, 2, inf, their negatives, 'fro' or 'nuc', not {ord!r}."
        )
    return expand_dims(result, axes_of(axis, len(shape_of(x)))) if keepdims else result


def _above_zero(values: Any) -> Any:
    """Singular values, which have a kink at 0: the subgradient 0 there."""
    return where(values == 0, 0.0, values)


@as_numpy(np.linalg.matrix_norm)
def _matrix_norm_of(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm(x, ord, (-2, -1), keepdims)


@as_numpy(np.linalg.vector_norm)
def _vector_norm_of(x: Any, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if axis is None:
        flat = norm(ravel(x), ord)
        return reshape(flat, (1,) * len(shape_of(x))) if keepdims else flat
    axes = axes_of(_whole(axis), len(shape_of(x)))
    if len(set(axes)) < len(axes):
        raise ValueError(f"A norm is along different axes, but `axis` is {axis}.")
    keepdims = bool(keepdims)
    if len(axes) == 1:
        return norm(x, ord, axes, keepdims)
    rest = tuple(i for i in range(len(shape_of(x))) if i not in axes)
    moved = moveaxis(x, rest, tuple(range(len(rest))))
    shape = shape_of(moved)[: len(rest)], shape_of(moved)[len(rest) :]
    found = norm(reshape(moved, (*shape[0], math.prod(shape[1]))), ord, -1)
    return expand_dims(found, axes) if keepdims else found


@composite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of a matrix: the norm of order p times that of the inverse."""
    if 0 in shape_of(x):
        raise np.linalg.LinAlgError(
            f"A condition number is of a matrix with entries, but this has shape {shape_of(x)}."
        )
    if p in (None, 2, -2):
        values = svdvals(x)
        large, small = values[..., 0], values[..., -1]
        return small / large if p == -2 else large / small
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))
