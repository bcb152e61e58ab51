"""ravel_tree: a nested structure of numbers as one vector, for optimisers that know only these."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..graph.node import data_of, shape_of
from ..graph.tensor import as_array
from ..graph.value import Value
from ..operations.joining import concatenate
from ..operations.shapes import astype, ravel, reshape
from ..support.tree import leaves, unflatten


def ravel_tree(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All numbers of nested lists, tuples and dicts as one vector, and the way back.

    Returns the vector, of shape (n,), and `unravel(vector)`, which gives the structure of
    `tree` with each leaf in its shape and dtype (a Python number as a float). Both go through
    nodes, so that a gradient by the vector is one by the tree. A leaf of whole numbers becomes
    one of floats. `unravel` raises ValueError for what is no vector of n numbers.

    >>> import autodiff as ad
    >>> vector, unravel = ad.ravel_tree({"w": np.ones((2, 2)), "b": 3.0})
    >>> vector
    array([1., 1., 1., 1., 3.])
    >>> ad.grad(lambda v: np.sum(unravel(v)["w"] ** 2) * unravel(v)["b"])(vector)
    array([6., 6., 6., 6., 4.])

    So SciPy minimises over a dict of arrays: with `f = value_and_grad(lambda v: loss(unravel(v)))`,
    `unravel(scipy.optimize.minimize(f, vector, jac=True).x)`.
    """
    parts = [part if isinstance(part, Value) else _floats(part) for part in leaves(tree)]
    shapes, dtypes = [shape_of(part) for part in parts], [_dtype_of(part) for part in parts]
    bounds = list(accumulate(map(math.prod, shapes), initial=0))
    numbers = [type(leaf) in (float, int, bool) for leaf in leaves(tree)]

    def unravel(vector: Any) -> Any:
        if shape_of(vector) != (bounds[-1],):
            raise ValueError(
                f"The vector of this structure has shape ({bounds[-1]},), but this one has shape "
                f"{shape_of(vector)}.\nPass one as `ravel_tree` gave it."
            )
        found = []
        for (start, stop), shape, dtype, number in zip(pairwise(bounds), shapes, dtypes, numbers):
            part = astype(reshape(vector[start:stop], shape), dtype)
            found.append(float(part) if number and not isinstance(part, Value) else part)
        return unflatten(tree, found)

    return concatenate([ravel(part) for part in parts]) if parts else np.zeros(0), unravel


def _floats(leaf: Any) -> Any:
    return as_array(leaf, copy=False, promote=True)


def _dtype_of(part: Any) -> Any:
    return np.asarray(data_of(part)).dtype
