"""Operations that work entry by entry: their formulas and their partial derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph.modes import CARE, current_mode
from ..graph.value import Value, shape_of
from ..primitives.declare import as_numpy, composite, elementwise, internal, primitive
from ..primitives.formula import helper
from ..primitives.symbol import Symbol
from .predicates import isfinite, isinf, isnan, nonzero
from .rounding import sign

LOG_2 = math.log(2.0)

# -- arithmetic ----------------------------------------------------------------------------


@elementwise("a + b")
def add(z, a, b):
    """Sum, as `a + b` writes it."""
    return 1, 1


@elementwise("a - b")
def sub(z, a, b):
    """Difference, as `a - b` writes it."""
    return 1, -1


@elementwise("a * b")
def mul(z, a, b):
    """Product, as `a * b` writes it."""
    return b, a


@elementwise("a / b")
def div(z, a, b):
    """Quotient, as `a / b` writes it."""
    return 1 / b, -z / b


@elementwise("a ** b")
def pow(z, a, b):
    """Power, as `a ** b` writes it; the derivative of `x**0` is 0 everywhere, also at 0.

    Where both are 0 the exponent is kept from -1, and the first partial so from 0 * 0**-1; the
    `where` keeps the second from 0 * log 0. Where b is no node, a**-1 is wanted by no one, and
    the exponent stays one number, of which NumPy knows the fastest way.
    """
    node = isinstance(b, Value) and not isinstance(b, Symbol)
    kept = (a == 0) * (b == 0) if node else b == 0
    power = a if type(b) is float and b == 2 else a ** (b - 1 + kept)
    return b * power, lambda: z * log(where(a == 0, 1.0, a))


as_numpy(np.float_power)(pow)


@elementwise("-x")
def neg(z, x):
    """Negative, as `-x` writes it."""
    return -1


@elementwise("abs(x)")
def abs(z, x):
    """Absolute value; its derivative at 0 is the subgradient 0."""
    return sign(x)


@elementwise("fabs(x)")
def fabs(z, x):
    """Absolute value; its derivative at 0 is the subgradient 0."""
    return sign(x)


@elementwise("+x")
def positive(z, x):
    """The same value: NumPy's `positive`."""
    return 1


@elementwise("square(x)")
def square(z, x):
    """x * x."""
    return 2 * x


@elementwise("reciprocal(x)")
def reciprocal(z, x):
    """1 / x."""
    return -z * z


@composite(np.ldexp)
def ldexp(x, n):
    """x times 2 to the power of the whole number n."""
    return x * np.ldexp(1.0, n)


# -- exponentials and logarithms -----------------------------------------------------------


@elementwise("exp(x)")
def exp(z, x):
    """e to the power x."""
    return z


@elementwise("exp2(x)")
def exp2(z, x):
    """2 to the power x."""
    return z * LOG_2


@elementwise("expm1(x)")
def expm1(z, x):
    """exp(x) - 1, accurate near 0."""
    return exp(x)


@elementwise("log(x)")
def log(z, x):
    """Natural logarithm."""
    return 1 / x


@elementwise("log2(x)")
def log2(z, x):
    """Logarithm to base 2."""
    return 1 / (LOG_2 * x)


@elementwise("log10(x)")
def log10(z, x):
    """Logarithm to base 10."""
    return 1 / (math.log(10.0) * x)


@elementwise("log1p(x)")
def log1p(z, x):
    """log(1 + x), accurate near 0."""
    return 1 / (1 + x)


@elementwise("sqrt(x)")
def sqrt(z, x):
    """Square root; its derivative at 0 is inf, unless the cotangent is 0."""
    return 0.5 / z


@elementwise("cbrt(x)")
def cbrt(z, x):
    """Cube root, also of a negative number."""
    return 1 / (3 * z * z)


@elementwise("logaddexp(a, b)")
def logaddexp(z, a, b):
    """log(exp(a) + exp(b)) without overflow; two equal infinities share the derivative."""
    alike = (a == b) & isinf(a)
    return where(alike, 0.5, sigmoid(a - b)), where(alike, 0.5, sigmoid(b - a))


@elementwise("logaddexp2(a, b)")
def logaddexp2(z, a, b):
    """log2(2**a + 2**b) without overflow; two equal infinities share the derivative."""
    alike = (a == b) & isinf(a)
    return (
        where(alike, 0.5, sigmoid(LOG_2 * (a - b))),
        where(alike, 0.5, sigmoid(LOG_2 * (b - a))),
    )


@elementwise("where(x == 0, 0.0, x * log(where(x == 0, 1.0, y)))")
def xlogy(z, x, y):
    """x * log(y), and 0 where x is 0, also at y = 0."""
    return log(y), where(x == 0, 0.0, x / y)


@elementwise("1 / (1 + exp(-x))", quiet=True)
def sigmoid(f, x):
    """Logistic function, between 0 and 1.

    Its derivative is (1 - f) f, with 1 - f written as 1 / (1 + exp(x)): so it keeps its
    digits where f rounds to 1.
    """
    return f / (1 + exp(x))


# -- choices -------------------------------------------------------------------------------


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


# -- what the engine itself needs ----------------------------------------------------------


@internal
@elementwise("x")
def identity(z, x):
    """The same value as a new node."""
    return 1


@helper("chosen_product")
def chosen_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where the partial is, though ct be infinite."""
    return np.where(partial == 0, 0.0, ct * partial)


@helper("safe_product")
def safe_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN."""
    return np.where(np.isfinite(partial) | (ct != 0), ct * partial, 0.0)


@internal
@elementwise("safe_product(x, partial)")
def safe_mul(z, x, partial):
    """A cotangent x times a partial; a zero cotangent stops there, even at a singularity."""
    return where(isfinite(partial) | (x != 0), partial, 0.0), x


def needs_care(ct: Any, factor: Any) -> bool:
    """Whether a zero cotangent may meet what is not finite here, and must stop it."""
    if isinstance(ct, Symbol) or isinstance(factor, Symbol):
        return False
    if not (isinstance(ct, Value) or isinstance(factor, Value)):
        return CARE.taken
    return current_mode().interpreter.zero_may_meet(ct, factor)


def times(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN.

    Arrays are looked at only in a careful walk, which is taken where a plain one gave a NaN.
    """
    return safe_mul(ct, partial) if needs_care(ct, partial) else ct * partial


def times_choice(ct: Any, partial: Any) -> Any:
    """ct * partial, where the partial's 0 says that a branch is not taken: see `is_choice`."""
    if current_mode().interpreter.infinity_may_meet(ct):
        return where(partial != 0, ct * partial, 0.0)
    return ct * partial
