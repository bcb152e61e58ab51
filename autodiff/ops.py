"""Every operation that works entry by entry: its formula and its partial derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .declare import elementwise, primitive
from .formula import helper
from .questions import isfinite, isnan

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

    The added `b == 0` keeps the first partial from 0 * 0**-1, and the `where` the second from
    0 * log 0.
    """
    return b * a ** (b - 1 + (b == 0)), lambda: z * log(where(a == 0, 1.0, a))


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


@elementwise("positive(x)")
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


@elementwise("remainder(a, b)")
def remainder(z, a, b):
    """a - b * floor(a / b), which has the sign of b."""
    return 1, -floor(a / b)


@elementwise("fmod(a, b)")
def fmod(z, a, b):
    """a - b * trunc(a / b), which has the sign of a."""
    return 1, -trunc(a / b)


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
    """log(exp(a) + exp(b)) without overflow."""
    return sigmoid(a - b), sigmoid(b - a)


@elementwise("logaddexp2(a, b)")
def logaddexp2(z, a, b):
    """log2(2**a + 2**b) without overflow."""
    return sigmoid(LOG_2 * (a - b)), sigmoid(LOG_2 * (b - a))


@elementwise("where(x == 0, 0.0, x * log(where(x == 0, 1.0, y)))")
def xlogy(z, x, y):
    """x * log(y), and 0 where x is 0, also at y = 0."""
    return log(y), where(x == 0, 0.0, x / y)


# -- trigonometry --------------------------------------------------------------------------


@elementwise("sin(x)")
def sin(z, x):
    """Sine of an angle in radians."""
    return cos(x)


@elementwise("cos(x)")
def cos(z, x):
    """Cosine of an angle in radians."""
    return -sin(x)


@elementwise("tan(x)")
def tan(z, x):
    """Tangent of an angle in radians."""
    return 1 + z * z


@elementwise("arcsin(x)")
def arcsin(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose sine is x."""
    return 1 / sqrt((1 - x) * (1 + x))


@elementwise("arccos(x)")
def arccos(z, x):
    """The angle in radians, from 0 to pi, whose cosine is x."""
    return -1 / sqrt((1 - x) * (1 + x))


@elementwise("arctan(x)")
def arctan(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose tangent is x."""
    return 1 / (1 + x * x)


@elementwise("arctan2(y, x)")
def arctan2(z, y, x):
    """The angle in radians, from -pi to pi, of the point (x, y)."""
    return x / (x * x + y * y), -y / (x * x + y * y)


@elementwise("hypot(a, b)")
def hypot(z, a, b):
    """sqrt(a * a + b * b) without overflow; its derivative at (0, 0) is the subgradient 0."""
    return a / where(z == 0, 1.0, z), b / where(z == 0, 1.0, z)


@elementwise("deg2rad(x)")
def deg2rad(z, x):
    """Degrees as radians."""
    return math.pi / 180


@elementwise("rad2deg(x)")
def rad2deg(z, x):
    """Radians as degrees."""
    return 180 / math.pi


@elementwise("sinh(x)")
def sinh(z, x):
    """Hyperbolic sine."""
    return cosh(x)


@elementwise("cosh(x)")
def cosh(z, x):
    """Hyperbolic cosine."""
    return sinh(x)


@elementwise("tanh(x)")
def tanh(z, x):
    """Hyperbolic tangent."""
    return 1 - z * z


@elementwise("arcsinh(x)")
def arcsinh(z, x):
    """Inverse of the hyperbolic sine."""
    return 1 / sqrt(1 + x * x)


@elementwise("arccosh(x)")
def arccosh(z, x):
    """Inverse of the hyperbolic cosine, for x >= 1."""
    return 1 / sqrt((x - 1) * (x + 1))


@elementwise("arctanh(x)")
def arctanh(z, x):
    """Inverse of the hyperbolic tangent, for |x| < 1."""
    return 1 / ((1 - x) * (1 + x))


@elementwise("sinc(x)")
def sinc(z, x):
    """sin(pi x) / (pi x), and 1 at 0.

    Its derivative (cos(pi x) - sinc x) / x cancels near 0; there it is the Taylor series,
    the sum over k of (-1)^k 2k u^(2k-1) / (2k+1)! times pi, with u = pi x.
    """
    near = abs(x) < 0.2
    u = math.pi * where(near, x, 0.0)
    series = 0.0
    for k in range(9, 0, -1):
        series = (-1) ** k * 2 * k / math.factorial(2 * k + 1) + series * u * u
    far = where(near, 1.0, x)
    return where(near, math.pi * u * series, (cos(math.pi * far) - sinc(far)) / far)


@elementwise("1 / (1 + exp(-x))", quiet=True)
def sigmoid(f, x):
    """Logistic function, between 0 and 1.

    Its derivative is (1 - f) f, with 1 - f written as 1 / (1 + exp(x)): so it keeps its
    digits where f rounds to 1.
    """
    return f / (1 + exp(x))


# -- choices and steps ---------------------------------------------------------------------


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


@primitive("clip(x, low, high)")
def clip(ct, z, x, low=None, high=None):
    """x limited to [low, high]; the derivative is 1 inside and at the bounds, else 0."""
    above = True if low is None else x >= low
    below = True if high is None else x <= high
    return where(above & below, ct, 0.0)


@elementwise("sign(x)")
def sign(z, x):
    """-1, 0 or 1; its derivative is 0 everywhere."""
    return 0


@elementwise("floor(x)")
def floor(z, x):
    """The largest whole number that is not above x; its derivative is 0."""
    return 0


@elementwise("ceil(x)")
def ceil(z, x):
    """The smallest whole number that is not below x; its derivative is 0."""
    return 0


@elementwise("trunc(x)")
def trunc(z, x):
    """x without its fraction; its derivative is 0."""
    return 0


@elementwise("rint(x)")
def rint(z, x):
    """The nearest whole number, ties to even; its derivative is 0."""
    return 0


@elementwise("round(x, decimals)")
def round(z, x, decimals=0):
    """x rounded to that many decimals, ties to even; its derivative is 0."""
    return 0


@elementwise("floor_divide(a, b)")
def floor_divide(z, a, b):
    """floor(a / b); its derivative is 0."""
    return 0, 0


@elementwise("heaviside(x, at_zero)")
def heaviside(z, x, at_zero):
    """0 below zero, 1 above, `at_zero` at zero; its derivative by x is 0."""
    return 0, x == 0


@elementwise("copysign(a, b)")
def copysign(z, a, b):
    """The size of a with the sign of b."""
    return copysign(1.0, b) * sign(a), 0


# -- what the engine itself needs ----------------------------------------------------------


@elementwise("x")
def identity(z, x):
    """The same value as a new node."""
    return 1


@helper("safe_product")
def safe_product(ct: Any, partial: Any) -> Any:
    """ct * partial, and exactly 0 where ct is 0, though the partial be infinite or NaN."""
    return np.where(np.isfinite(partial) | (ct != 0), ct * partial, 0.0)


@elementwise("safe_product(x, partial)")
def safe_mul(z, x, partial):
    """A cotangent x times a partial; a zero cotangent stops there, even at a singularity."""
    return where(isfinite(partial) | (x != 0), partial, 0.0), x
