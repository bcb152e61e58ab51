"""Arithmetic: sums, products, quotients, negatives, absolute values.

A declaration's text is its formula. Its rule is given the output z and the operands, and returns
the partial derivative of z by each operand. (`elementwise` is in primitives/declare.py.)
"""

from __future__ import annotations

from ..primitives.declare import elementwise, primitive
from .rounding import sign


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


@primitive("ldexp(x, n)")
def ldexp(ct, _, x, n=0):
    """x times 2 to the power of n, whole numbers that are no nodes: there is no slope by them."""
    return ldexp(ct, n)
