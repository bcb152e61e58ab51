"""Operations that are flat, or have slope 1, between their jumps: signs, rounding, remainders."""

from __future__ import annotations

import numpy as np

from ..primitives.declare import as_numpy, composite, elementwise


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


as_numpy(np.fix)(trunc)


@composite(np.modf)
def modf(x):
    """The fraction of x and its whole part, both with the sign of x."""
    return x - trunc(x), trunc(x)


@elementwise("rint(x)")
def rint(z, x):
    """The nearest whole number, ties to even; its derivative is 0."""
    return 0


@elementwise("round(x, decimals)")
def round(z, x, decimals=0):
    """x rounded to that many decimals, ties to even; its derivative is 0."""
    return 0


as_numpy(np.around)(round)


@elementwise("a // b")
def floor_divide(z, a, b):
    """floor(a / b), as `a // b` writes it; its derivative is 0."""
    return 0, 0


@elementwise("heaviside(x, at_zero)")
def heaviside(z, x, at_zero):
    """0 below zero, 1 above, `at_zero` at zero; its derivative by x is 0."""
    return 0, x == 0


@elementwise("copysign(a, b)")
def copysign(z, a, b):
    """The size of a with the sign of b."""
    return copysign(1.0, b) * sign(a), 0


@elementwise("a % b")
def remainder(z, a, b):
    """a - b * floor(a / b), which has the sign of b, as `a % b` writes it."""
    return 1, -floor_divide(a, b)


@elementwise("fmod(a, b)")
def fmod(z, a, b):
    """a - b * trunc(a / b), which has the sign of a."""
    return 1, -rint((a - z) / b)


@composite(np.divmod)
def divmod(a, b):
    """`floor_divide` and `remainder`, as `divmod(a, b)` writes them."""
    return floor_divide(a, b), remainder(a, b)
