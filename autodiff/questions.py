"""Questions about numbers, which have no derivative: their answers are plain data."""

from __future__ import annotations

from .declare import plain


@plain("a > b")
def greater(a, b):
    """Where a is greater than b, as plain data; so for the other comparisons."""


@plain("a >= b")
def greater_equal(a, b):
    """Where a is at least b, as plain data."""


@plain("a < b")
def less(a, b):
    """Where a is less than b, as plain data."""


@plain("a <= b")
def less_equal(a, b):
    """Where a is at most b, as plain data."""


@plain("a == b")
def equal(a, b):
    """Where a equals b, as plain data."""


@plain("a != b")
def not_equal(a, b):
    """Where a differs from b, as plain data."""


@plain("a & b")
def both(a, b):
    """Where two conditions hold, as plain data."""


@plain("a | b")
def either(a, b):
    """Where one of two conditions holds, as plain data."""


@plain("logical_not(x)")
def logical_not(x):
    """Where a condition does not hold, as plain data."""


@plain("isfinite(x)")
def isfinite(x):
    """Whether each entry is neither infinite nor NaN, as plain data."""


@plain("isnan(x)")
def isnan(x):
    """Whether each entry is NaN, as plain data."""


@plain("isinf(x)")
def isinf(x):
    """Whether each entry is infinite, as plain data."""


@plain("signbit(x)")
def signbit(x):
    """Whether each entry has a minus sign, as plain data."""


@plain("argsort(x, axis=axis, stable=True)")
def argsort(x, axis=-1):
    """The indices that would sort x, as a plain array."""


@plain("argmax(x, axis=axis)")
def argmax(x, axis=None):
    """The index of the largest entry, as plain data."""


@plain("argmin(x, axis=axis)")
def argmin(x, axis=None):
    """The index of the smallest entry, as plain data."""


@plain("nonzero(x)")
def nonzero(x):
    """The indices of the entries that are not zero, as plain arrays."""


@plain("searchsorted(x, v)")
def searchsorted(x, v):
    """The indices at which v would keep x sorted, as plain data."""
