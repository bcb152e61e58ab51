"""Predicates: comparisons, conditions, counts and places, which have no derivative."""

from __future__ import annotations

import numpy as np

from ..graph.value import Value
from ..primitives.declare import as_numpy, internal, nondifferentiable


@nondifferentiable("a > b")
def greater(a, b):
    """Where a is greater than b, as plain data; so for the other comparisons."""


@nondifferentiable("a >= b")
def greater_equal(a, b):
    """Where a is at least b, as plain data."""


@nondifferentiable("a < b")
def less(a, b):
    """Where a is less than b, as plain data."""


@nondifferentiable("a <= b")
def less_equal(a, b):
    """Where a is at most b, as plain data."""


@nondifferentiable("a == b")
def equal(a, b):
    """Where a equals b, as plain data."""


@nondifferentiable("a != b")
def not_equal(a, b):
    """Where a differs from b, as plain data."""


# What is of bits: of whole numbers, or conditions.
_WHOLE = (
    "whole numbers or conditions",
    "A number that a program is given is a float: give it `np.array(n)`, or make n static.",
)


@internal
@nondifferentiable("a & b", takes=_WHOLE)
def both(a, b):
    """Where two conditions hold, as plain data."""


@internal
@nondifferentiable("a | b", takes=_WHOLE)
def either(a, b):
    """Where one of two conditions holds, as plain data."""


@internal
@nondifferentiable("a ^ b", takes=_WHOLE)
def one_alone(a, b):
    """Where one of two conditions holds and not the other, as plain data."""


@internal
@nondifferentiable("invert(a)", takes=_WHOLE)
def inverted(a):
    """Where a condition does not hold, as plain data."""


@internal
@nondifferentiable("left_shift(a, b)", takes=_WHOLE)
def left_shift(a, b):
    """Whole numbers times powers of two, as plain data."""


@internal
@nondifferentiable("right_shift(a, b)", takes=_WHOLE)
def right_shift(a, b):
    """Whole numbers by powers of two, rounded down, as plain data."""


@nondifferentiable("logical_and(a, b)")
def logical_and(a, b):
    """Where both are not zero, as plain data."""


@nondifferentiable("logical_or(a, b)")
def logical_or(a, b):
    """Where one of two is not zero, as plain data."""


@nondifferentiable("logical_xor(a, b)")
def logical_xor(a, b):
    """Where just one of two is not zero, as plain data."""


@nondifferentiable("logical_not(x)")
def logical_not(x):
    """Where a condition does not hold, as plain data."""


@nondifferentiable("isfinite(x)")
def isfinite(x):
    """Whether each entry is neither infinite nor NaN, as plain data."""


@nondifferentiable("isnan(x)")
def isnan(x):
    """Whether each entry is NaN, as plain data."""


@nondifferentiable("isinf(x)")
def isinf(x):
    """Whether each entry is infinite, as plain data."""


@nondifferentiable("signbit(x)")
def signbit(x):
    """Whether each entry has a minus sign, as plain data."""


@nondifferentiable("isposinf(x)")
def isposinf(x):
    """Whether each entry is inf, as plain data."""


@nondifferentiable("isneginf(x)")
def isneginf(x):
    """Whether each entry is -inf, as plain data."""


@nondifferentiable("isreal(x)")
def isreal(x):
    """Whether each entry is a real number, as plain data."""


@nondifferentiable("iscomplex(x)")
def iscomplex(x):
    """Whether each entry has an imaginary part, as plain data."""


# -- of a whole array ----------------------------------------------------------------------


@nondifferentiable("any(x, axis=axis, keepdims=keepdims)")
def any(x, axis=None, keepdims=False):
    """Whether an entry is not zero, as plain data."""


@nondifferentiable("all(x, axis=axis, keepdims=keepdims)")
def all(x, axis=None, keepdims=False):
    """Whether every entry is not zero, as plain data."""


def mask(condition):
    """A condition as NumPy's `where=` has it: of truths alone."""
    return condition if isinstance(condition, Value) else np.asarray(condition, bool)


@as_numpy(np.any)
def _numpy_any(a, axis=None, keepdims=False, where=True):
    return any(a if where is True else logical_and(a, mask(where)), axis, keepdims)


@as_numpy(np.all)
def _numpy_all(a, axis=None, keepdims=False, where=True):
    return all(a if where is True else logical_or(a, logical_not(mask(where))), axis, keepdims)


@nondifferentiable("count_nonzero(x, axis=axis, keepdims=keepdims)")
def count_nonzero(x, axis=None, keepdims=False):
    """How many entries are not zero, as plain data."""


@nondifferentiable("array_equal(a, b, equal_nan=equal_nan)")
def array_equal(a, b, equal_nan=False):
    """Whether two arrays have the same shape and entries, as plain data."""


@nondifferentiable("array_equiv(a, b)")
def array_equiv(a, b):
    """Whether two arrays have the same entries once broadcast, as plain data."""


@nondifferentiable("isclose(a, b, rtol, atol, equal_nan)")
def isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Where two are nearly equal, as plain data."""


@nondifferentiable("allclose(a, b, rtol, atol, equal_nan)")
def allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all are nearly equal, as plain data."""


@nondifferentiable("isin(x, values, assume_unique=assume_unique, invert=invert)")
def isin(x, values, assume_unique=False, invert=False):
    """Where an entry of x is one of `values`, as plain data."""


# -- where something is --------------------------------------------------------------------


@nondifferentiable("argsort(x, axis=axis, stable=True)")
def argsort(x, axis=-1):
    """The indices that would sort x, as a plain array; equal entries keep their order."""


@nondifferentiable("argpartition(x, kth, axis=axis)")
def argpartition(x, kth=0, axis=-1):
    """The indices that would put the kth entry in its place, as a plain array."""


@nondifferentiable("lexsort(keys, axis=axis)")
def lexsort(*keys, axis=-1):
    """The indices that would sort by the last key, then by those before, as a plain array."""


@nondifferentiable("argmax(x, axis=axis, keepdims=keepdims)")
def argmax(x, axis=None, keepdims=False):
    """The index of the largest entry, as plain data."""


@nondifferentiable("argmin(x, axis=axis, keepdims=keepdims)")
def argmin(x, axis=None, keepdims=False):
    """The index of the smallest entry, as plain data."""


@nondifferentiable("nanargmax(x, axis=axis, keepdims=keepdims)")
def nanargmax(x, axis=None, keepdims=False):
    """The index of the largest entry that is a number, as plain data."""


@nondifferentiable("nanargmin(x, axis=axis, keepdims=keepdims)")
def nanargmin(x, axis=None, keepdims=False):
    """The index of the smallest entry that is a number, as plain data."""


@nondifferentiable("nonzero(x)")
def nonzero(x):
    """The indices of the entries that are not zero, as plain arrays."""


@nondifferentiable("flatnonzero(x)")
def flatnonzero(x):
    """The places of the entries that are not zero, all axes in a row, as a plain array."""


@nondifferentiable("argwhere(x)")
def argwhere(x):
    """The indices of the entries that are not zero, one in each row, as a plain array."""


@nondifferentiable("searchsorted(x, v, side=side, sorter=sorter)")
def searchsorted(x, v, side="left", sorter=None):
    """The indices at which v would keep x sorted, as plain data."""


@nondifferentiable("digitize(x, bins, right=right)")
def digitize(x, bins, right=False):
    """The number of the bin that each entry falls into, as plain data."""
