"""Operations that choose between entries: extremes, `where`, clipping."""

from __future__ import annotations

import numpy as np

from ..graph.node import shape_of
from ..primitives.declare import (
    as_numpy,
    composite,
    elementwise,
    internal,
    nondifferentiable,
    primitive,
)
from ..support.tree import tree_map
from .predicates import isfinite, isnan, nonzero


@elementwise("maximum(a, b)")
def maximum(z, a, b):
    """The larger of two; a tie shares the derivative equally."""
    return (a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b)


@elementwise("minimum(a, b)")
def minimum(z, a, b):
    """The smaller of two; a tie shares the derivative equally."""
    return (a < b) + 0.5 * (a == b), (b < a) + 0.5 * (a == b)


@elementwise("fmax(a, b)")
def fmax(z, a, b):
    """The larger of two, or the one that is not NaN; a tie shares the derivative equally."""
    return (
        (a > b) + 0.5 * (a == b) + isnan(b) * (a == a),
        (b > a) + 0.5 * (a == b) + isnan(a) * (b == b),
    )


@elementwise("fmin(a, b)")
def fmin(z, a, b):
    """The smaller of two, or the one that is not NaN; a tie shares the derivative equally."""
    return (
        (a < b) + 0.5 * (a == b) + isnan(b) * (a == a),
        (b < a) + 0.5 * (a == b) + isnan(a) * (b == b),
    )


@primitive("where(condition, a, b)")
def where(ct, z, condition, a, b):
    """a where the condition holds, else b; the side not taken has a cotangent of exactly 0.

    >>> import autodiff as ad
    >>> x = ad.Value(-2.0)
    >>> ad.where(x >= 0, x, ad.sqrt(-x)).backward()
    >>> round(x.grad, 4)
    -0.3536
    """
    return None, lambda: where(condition, ct, 0.0), lambda: where(condition, 0.0, ct)


@as_numpy(np.where)
def _numpy_where(condition, x=None, y=None):
    return nonzero(condition) if x is None and y is None else where(condition, x, y)


@internal
@primitive("clip(x, low, high)")
def clip_between(ct, z, x, low, high):
    """x limited to [low, high]: the cotangent goes to x inside and at the bounds, else to one."""
    return (
        lambda: where((x >= low) & (x <= high), ct, 0.0),
        lambda: where((x < low) & (low <= high), ct, 0.0),
        lambda: where((x > high) | (low > high), ct, 0.0),
    )


@composite()
def clip(x, low=None, high=None):
    """x limited to [low, high]; the derivative is 1 inside and at the bounds, else 0.

    A bound may be left out, and may be a Value or Tensor: then it has the derivative outside.

    >>> import autodiff as ad
    >>> t = ad.Tensor([-2.0, 0.5, 7.0])
    >>> t.clip(0.0, 1.0).sum().backward()
    >>> t.grad
    array([0., 1., 0.])
    """
    if low is None is high:
        return identity(x)
    return clip_between(x, -np.inf if low is None else low, np.inf if high is None else high)


@as_numpy(np.clip)
def _numpy_clip(a, a_min=None, a_max=None, *, min=None, max=None):
    return clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


@elementwise("nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)")
def nan_to_num(z, x, nan=0.0, posinf=None, neginf=None):
    """x with 0 for NaN, and the largest numbers for infinities; there the derivative is 0."""
    return isfinite(x) * 1.0


@as_numpy(np.nan_to_num)
def _numpy_nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    return nan_to_num(x, nan, posinf, neginf)


@composite(np.select)
def select(conditions, choices, default=0.0):
    """Entry by entry, the choice whose condition is the first to hold, else the default."""
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result


@composite(np.piecewise)
def piecewise(x, conditions, functions):
    """Entry by entry, the function (or number) whose condition is the last to hold.

    A function more than there are conditions is for where none holds, else that is 0.
    """
    if not isinstance(conditions, (list, tuple)) and len(np.shape(conditions)) <= len(shape_of(x)):
        conditions = [conditions]
    values = [f(x) if callable(f) else f for f in functions]
    default = values.pop() if len(values) == len(conditions) + 1 else 0.0
    result = where(np.zeros(shape_of(x), bool), x, default)  # of the shape and kind of x
    for condition, value in zip(conditions, values, strict=True):
        result = where(condition, value, result)
    return result


@composite(np.choose)
def choose(which, choices):
    """Entry by entry, the choice that the whole number `which` counts, from 0."""
    result = choices[0]
    for i, choice in enumerate(choices):
        result = where(which == i, choice, result)
    return result


@internal
@elementwise("x")
def identity(z, x):
    """The same value as a new node."""
    return 1


@internal
@nondifferentiable("x")
def constant(x):
    """The number or array of x, which no derivative goes through."""


@composite()
def stop_gradient(x):
    """The number or array of x as a constant: no derivative, of any order, goes through it.

    x may be a nested list, tuple or dict. In a program it is computed at each call.

    >>> import autodiff as ad
    >>> ad.grad(lambda x: x * ad.stop_gradient(x))(3.0)
    3.0
    """
    return tree_map(constant, x)
