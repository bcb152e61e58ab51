"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

import math

import numpy as np

from ..primitives.declare import as_numpy, composite, elementwise
from .arithmetic import abs
from .choices import where
from .exponentials import sqrt
from .predicates import isnan, signbit
from .shapes import as_entry_of


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


def _one_less_square(x):
    """1 - x * x, with all its digits near 1, and all of its derivative's near 0."""
    return where(abs(x) < 0.5, 1 - x * x, (1 - x) * (1 + x))


@elementwise("arcsin(x)")
def arcsin(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose sine is x."""
    return 1 / sqrt(_one_less_square(x))


@elementwise("arccos(x)")
def arccos(z, x):
    """The angle in radians, from 0 to pi, whose cosine is x."""
    return -1 / sqrt(_one_less_square(x))


@elementwise("arctan(x)")
def arctan(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose tangent is x."""
    return 1 / (1 + x * x)


@elementwise("arctan2(y, x)")
def arctan2(z, y, x):
    """The angle in radians, from -pi to pi, of the point (x, y)."""
    return x / hypot(x, y) / hypot(x, y), -(y / hypot(x, y)) / hypot(x, y)


@elementwise("hypot(a, b)")
def hypot(z, a, b):
    """sqrt(a * a + b * b) without overflow; its derivatives at (0, 0) are the subgradient 0."""
    return a / where(z == 0, np.inf, z), b / where(z == 0, np.inf, z)


@composite(np.angle)
def angle(x, deg=False):
    """The angle of real numbers: 0, or pi (or 180) of those with a minus sign."""
    half = as_entry_of(x, 180.0 if deg else np.pi)
    return where(isnan(x), x, where(signbit(x), half, 0 * half))


@elementwise("deg2rad(x)")
def deg2rad(z, x):
    """Degrees as radians."""
    return math.pi / 180


as_numpy(np.radians)(deg2rad)


@elementwise("rad2deg(x)")
def rad2deg(z, x):
    """Radians as degrees."""
    return 180 / math.pi


as_numpy(np.degrees)(rad2deg)


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
    """Hyperbolic tangent, whose derivative, 1 - z * z, is fast and has no digits below 1e-16."""
    return 1 - z * z


@elementwise("arcsinh(x)")
def arcsinh(z, x):
    """Inverse of the hyperbolic sine."""
    return 1 / hypot(1.0, x)


@elementwise("arccosh(x)")
def arccosh(z, x):
    """Inverse of the hyperbolic cosine, for x >= 1."""
    return 1 / (sqrt(x - 1) * sqrt(x + 1))


@elementwise("arctanh(x)")
def arctanh(z, x):
    """Inverse of the hyperbolic tangent, for |x| < 1."""
    return 1 / _one_less_square(x)


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


# -- reciprocals, and their inverses -------------------------------------------------------


@elementwise("1 / cos(x)")
def sec(z, x):
    """Secant of an angle in radians."""
    return z * tan(x)


@elementwise("1 / sin(x)")
def csc(z, x):
    """Cosecant of an angle in radians."""
    return -z / tan(x)


@elementwise("1 / tan(x)")
def cot(z, x):
    """Cotangent of an angle in radians."""
    return -1 - z * z


@elementwise("1 / cosh(x)", quiet=True)
def sech(z, x):
    """Hyperbolic secant."""
    return -z * tanh(x)


@elementwise("1 / sinh(x)", quiet=True)
def csch(z, x):
    """Hyperbolic cosecant."""
    return -z / tanh(x)


@elementwise("1 / tanh(x)")
def coth(z, x):
    """Hyperbolic cotangent; its derivative is -1 / sinh(x)**2, which does not cancel."""
    return -csch(x) * csch(x)


@elementwise("arccos(1 / x)")
def arcsec(z, x):
    """The angle in radians, from 0 to pi, whose secant is x, for |x| >= 1."""
    return 1 / (abs(x) * sqrt((x - 1) * (x + 1)))


@elementwise("arcsin(1 / x)")
def arccsc(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose cosecant is x, for |x| >= 1."""
    return -1 / (abs(x) * sqrt((x - 1) * (x + 1)))


@elementwise("where(x == 0, pi / 2, arctan(1 / where(x == 0, 1.0, x)))")
def arccot(z, x):
    """The angle in radians, from -pi/2 to pi/2, whose cotangent is x; pi/2 at 0."""
    return -1 / (1 + x * x)


@elementwise("arccosh(1 / x)")
def arcsech(z, x):
    """Inverse of the hyperbolic secant, for 0 < x <= 1."""
    return -1 / (x * sqrt((1 - x) * (1 + x)))


@elementwise("arcsinh(1 / x)")
def arccsch(z, x):
    """Inverse of the hyperbolic cosecant."""
    return -1 / (abs(x) * sqrt(1 + x * x))


@elementwise("arctanh(1 / x)")
def arccoth(z, x):
    """Inverse of the hyperbolic cotangent, for |x| > 1."""
    return 1 / ((1 - x) * (1 + x))
