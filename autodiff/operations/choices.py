"""Operations that choose between entries: extremes, `where`, clipping."""

from __future__ import annotations

import math

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of, shape_of
from ..graph.value import Value
from ..primitives.declare import (
    as_numpy,
    composite,
    elementwise,
    internal,
    nondifferentiable,
    primitive,
)
from ..support.tree import tree_map
from .predicates import isfinite, isnan, logical_and, mask, nonzero
from .shapes import as_type, kind_of, like, reshape


@elementwise("maximum(a, b)")
def maximum(z, a, b):
    """The larger of two; a tie shares the derivative equally.

    Where one is NaN so is the value, and as neither is the larger, both derivatives are 0.
    """
    return (a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b)


@elementwise("minimum(a, b)")
def minimum(z, a, b):
    """The smaller of two; a tie shares the derivative equally, and of NaN it is 0."""
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
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("`where` is given both `x` and `y`, or neither.")
    return where(condition, x, y)


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
def _numpy_clip(a, a_min=np._NoValue, a_max=np._NoValue, *, min=np._NoValue, max=np._NoValue):
    if a_min is a_max is np._NoValue:
        return clip(a, *(None if bound is np._NoValue else bound for bound in (min, max)))
    if a_min is np._NoValue or a_max is np._NoValue or not min is max is np._NoValue:
        raise TypeError("`clip` is given both `a_min` and `a_max`, or `min` and `max`, or one.")
    return clip(a, a_min, a_max)


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
    if len(conditions) != len(choices) or not len(choices):
        raise ValueError(
            "`select` has a choice to each condition, of which there is one or more, but here are "
            f"{len(conditions)} conditions and {len(choices)} choices."
        )
    for condition in conditions:
        if np.asarray(data_of(condition)).dtype != bool:
            raise TypeError(f"A condition is of booleans, but this is {describe(condition)}.")
    dtype = np.result_type(*map(kind_of, [*choices, default]))
    result = as_type(default, dtype)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(condition, as_type(choice, dtype), result)
    return result


@composite(np.piecewise)
def piecewise(x, condlist, funclist, *args, **keywords):
    """Entry by entry, the function (or number) whose condition is the last to hold.

    A function more than there are conditions is for where none holds, else that is 0. Functions
    are called with what else is given here.
    """
    conditions = _listed(condlist, shape_of(x))
    if len(funclist) - len(conditions) not in (0, 1):
        raise ValueError(
            "`piecewise` has a function to each condition, and may have one more, but here are "
            f"{len(conditions)} conditions and {len(funclist)} functions."
        )
    values = [f(x, *args, **keywords) if callable(f) else f for f in funclist]
    default = values.pop() if len(values) > len(conditions) else 0.0
    result = where(np.zeros(shape_of(x), bool), x, default)  # of the shape and kind of x
    for condition, value in zip(conditions, values, strict=True):
        result = where(_beside(x, condition), value, result)
    return like(result, x)


def _listed(conditions, shape):
    """The conditions in a list, in which one need not stand."""
    if isinstance(conditions, (list, tuple)):
        one = not isinstance(conditions[0], (list, Value, np.ndarray)) and shape
    else:
        one = len(shape_of(conditions)) < 1 + bool(shape)
        if shape_of(conditions)[:1] == (0,):
            raise IndexError("`piecewise` has one condition or more, but here are none.")
    return [conditions] if one else conditions


def _beside(x, condition):
    """A condition that broadcasts against x: as an index may, it may have the first axes alone."""
    condition = mask(condition)
    own, shape = shape_of(condition), shape_of(x)
    if own and own != shape[: len(own)]:
        raise IndexError(
            f"A condition of `piecewise` has the shape of x, {shape}, but this one has {own}."
        )
    return reshape(condition, own + (1,) * (len(shape) - len(own)))


@composite(np.choose)
def choose(which, choices, mode="raise"):
    """Entry by entry, the choice that the whole number `which` counts, from 0.

    What counts no choice raises ValueError, or with mode "wrap" or "clip" is brought inside.
    """
    count = len(choices)
    if not count:
        raise ValueError("`choose` is of one choice or more, but here are none.")
    which = _whole(which)
    shape = np.broadcast_shapes(shape_of(which), *(shape_of(choices[i]) for i in range(count)))
    which = _counting(which, count, mode, some=math.prod(shape) > 0)
    result = choices[0]
    for i in range(count):
        result = where(which == i, choices[i], result)
    if getattr(which, "traced", False):  # its program gives NaN where this raises
        result = where(logical_and(which >= 0, which < count), result, result * np.nan)
    return result


def _whole(which):
    """What counts, which is whole numbers or booleans."""
    found = which if isinstance(which, Value) else np.asarray(which)
    if np.asarray(data_of(found)).dtype.kind not in "biu":
        raise TypeError(f"`choose` counts by whole numbers, but was given {describe(which)}.")
    return found


def _counting(which, count, mode, some):
    """Whole numbers from 0 that count so many choices, if there are some to count."""
    if mode == "wrap":
        return which % count
    if mode == "clip":
        return clip(which, 0, count - 1)
    if mode not in ("raise", None):
        raise ValueError(f"`choose` has the modes raise, wrap and clip, but not {mode!r}.")
    numbers = data_of(which)
    if some and not np.all((numbers >= 0) & (numbers < count)):
        raise ValueError(f"There are {count} choices, counted from 0, but `which` has others.")
    return which


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
