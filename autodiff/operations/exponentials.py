"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math

import numpy as np

from ..graph.value import Value
from ..primitives.declare import as_numpy, elementwise
from ..primitives.symbol import Symbol
from .arithmetic import abs
from .choices import where
from .predicates import isinf, isnan
from .shapes import astype

LOG_2 = math.log(2.0)


_LEAST = 5.56e-309  # of this, and of smaller numbers, 1 / a is infinite


@elementwise("a ** b")
def pow(z, a, b):
    """Power, as `a ** b` writes it; the derivative of `x**0` is 0 everywhere, also at 0.

    =================  ====================  ==========================================
    where              d/da                  d/db
    =================  ====================  ==========================================
    0 < a              b * a**(b - 1)        z * log(a)
    a < 0              b * a**(b - 1)        nan: of no b near by is there a real power
    a == 0 < b         b * 0**(b - 1)        0, by log(1) in the place of log(0)
    a == 0 == b        0, by 0 * 0**0        0, likewise
    a == 0 > b         -inf or inf           nan
    =================  ====================  ==========================================

    Where b is no node, its 0 alone decides (0 * a**-1 is 0 for every other a), and the exponent
    stays one number, of which NumPy knows the fastest way.
    """
    node = isinstance(b, Value) and not isinstance(b, Symbol)
    zeroth = (
        ((abs(a) <= _LEAST) | isnan(a)) * (b == 0) if node else b == 0
    )  # where the exponent is 0, and not -1
    power = a if type(b) is float and b == 2 else a ** (b - 1 + zeroth)
    return b * power, lambda: z * log(where(a == 0, 1.0, a))


@as_numpy(np.float_power)
def _float_power(a, b):
    return pow(*(o if type(o) is Value else astype(o, np.float64) for o in (a, b)))


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


@elementwise("where(x == 0, 0.0, x * log1p(where(x == 0, 0.0, y)))")
def xlog1py(z, x, y):
    """x * log(1 + y), and 0 where x is 0, also at y = -1."""
    return log1p(y), where(x == 0, 0.0, x / (1 + y))


@elementwise("1 / (1 + exp(-x))", quiet=True)
def sigmoid(f, x):
    """Logistic function, between 0 and 1.

    Its derivative is (1 - f) f, with 1 - f written as 1 / (1 + exp(x)): so it keeps its
    digits where f rounds to 1.
    """
    return f / (1 + exp(x))
