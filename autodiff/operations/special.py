"""Special functions, right to the last digits."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..primitives.declare import composite, elementwise, internal, primitive
from ..primitives.namespaces import helper
from .exponentials import exp
from .zeros import times


def _by_entry(function: Any, x: Any) -> Any:
    x = np.asarray(x)
    return np.fromiter(map(function, x.flat), _float_of(x), x.size).reshape(x.shape)


def _float_of(x: Any) -> Any:
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)


# NumPy has no error function; the C library's is right to the last digit.


@helper("erf", jax="jax.scipy.special.erf(x)")
def _erf(x: Any) -> Any:
    return _by_entry(math.erf, x)


@helper("erfc", jax="jax.scipy.special.erfc(x)")
def _erfc(x: Any) -> Any:
    return _by_entry(math.erfc, x)


@elementwise("erf(x)")
def erf(z, x):
    """Error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x."""
    return 2 / math.sqrt(math.pi) * exp(-x * x)


@elementwise("erfc(x)")
def erfc(z, x):
    """1 - erf(x), accurate where erf(x) is near 1."""
    return -2 / math.sqrt(math.pi) * exp(-x * x)


@helper("erfinv", jax="jax.scipy.special.erfinv(y)")
def _erfinv(y: Any) -> Any:
    """A first guess (Winitzki 2008), made right by three steps of Halley's method."""
    y = np.asarray(y)
    with np.errstate(all="ignore"):
        work = y.astype(np.float64)
        tail = 1 - np.abs(work)
        log = np.log(tail * (2 - tail))
        part = 2 / (math.pi * 0.147) + log / 2
        x = np.sqrt(np.sqrt(part * part - log / 0.147) - part)
        for _ in range(3):
            far = np.where(tail < 0.5, tail - _erfc(x), _erf(x) - np.abs(work))
            far = far / (2 / math.sqrt(math.pi) * np.exp(-x * x))
            x = x - far / (1 + x * far)
        x = np.where(tail == 0, np.inf, x)
    return np.copysign(x, work).astype(_float_of(y))


@elementwise("erfinv(y)")
def erfinv(x, y):
    """Inverse of `erf`, for |y| <= 1."""
    return 0.5 * math.sqrt(math.pi) * exp(x * x)


# -- the gamma function and its kin --------------------------------------------------------


def _gamma_entry(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:  # a pole, or -inf
        return math.copysign(math.inf, x) if x == 0 else math.nan


def _gammaln_entry(x: float) -> float:
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):
        return math.inf


@helper("gamma", jax="jax.scipy.special.gamma(x)")
def _gamma(x: Any) -> Any:
    return _by_entry(_gamma_entry, x)


@helper("gammaln", jax="jax.scipy.special.gammaln(x)")
def _gammaln(x: Any) -> Any:
    return _by_entry(_gammaln_entry, x)


@helper(
    "polygamma",
    jax="jax.scipy.special.polygamma(n, x) if n else jax.scipy.special.digamma(x)",
)
def _polygamma(x: Any, n: int) -> Any:
    """By the asymptotic series at x + m >= 16, and the recurrence back to x.

    Abramowitz and Stegun, 6.4.6 and 6.4.11 (6.3.5 and 6.3.18 for n = 0); left of 0, where the
    recurrence is long, by reflection for n = 0 (6.3.7).
    """
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = x.astype(np.float64)
        turned = (work < 0) & (n == 0)
        start = np.where(turned, 1 - work, work)
        sign = -1.0 if n % 2 == 0 else 1.0
        moved, total = start.copy(), np.zeros_like(start)
        while np.any(low := (moved < 16) & np.isfinite(moved)):
            total += np.where(low, sign * math.factorial(n) / moved ** (n + 1), 0.0)
            moved += low
        total += sign * _asymptotic(moved, n)
        result = np.where(turned, total - math.pi / np.tan(math.pi * work), total)
        pole = (work <= 0) & (work == np.floor(work))
        result = np.where(pole, np.nan if n % 2 == 0 else np.inf, result)
    return result.astype(_float_of(x))


def _asymptotic(x: Any, n: int) -> Any:
    """(-1)**(n + 1) times the n-th derivative of digamma, for large x."""
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    head = -np.log(x) if n == 0 else math.factorial(n - 1) / x**n
    total = head + math.factorial(n) / (2 * x ** (n + 1))
    for k, b in enumerate(bernoulli, 1):
        total = total + b * (math.factorial(2 * k + n - 1) / math.factorial(2 * k)) / x ** (
            2 * k + n
        )
    return total


@elementwise("gamma(x)")
def gamma(z, x):
    """The gamma function, (x - 1)! at whole numbers."""
    return z * digamma(x)


@elementwise("gammaln(x)")
def gammaln(z, x):
    """The logarithm of the absolute value of the gamma function."""
    return digamma(x)


@elementwise("polygamma(x, 0)")
def digamma(z, x):
    """The derivative of `gammaln`."""
    return polygamma(x, 1)


@primitive("polygamma(x, n)")
def polygamma(ct, z, x, n=1):
    """The n-th derivative of `digamma`, for a whole number n >= 0 (note the order: x, n)."""
    return times(ct, polygamma(x, n + 1))


@composite()
def betaln(a, b):
    """The logarithm of the beta function, gamma(a) gamma(b) / gamma(a + b), for positive a, b."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


@composite()
def beta(a, b):
    """The beta function, gamma(a) gamma(b) / gamma(a + b), for positive a, b."""
    return exp(betaln(a, b))


# -- Bessel functions ----------------------------------------------------------------------


@helper(
    "bessel_i",
    jax="""
    first = (x / 2) ** n / jax.scipy.special.factorial(n)
    step = lambda k, s: (s[0] * (x * x / 4) / (k * (k + n)), s[1] + s[0])
    jax.lax.fori_loop(1, 500, step, (first, 0.0 * first))[1]
    """,
)
def _bessel_i(x: Any, n: int) -> Any:
    """The series of (x/2)**(2k+n) / (k! (k+n)!): its terms have one sign, so none cancel."""
    x = np.asarray(x)
    half = x.astype(np.float64) / 2
    with np.errstate(all="ignore"):
        term, k = half**n / math.factorial(n), 0
        total = np.array(term)
        while np.any(np.isfinite(total) & (np.abs(term) > 1e-17 * np.abs(total))):
            k += 1
            term = term * half * half / (k * (k + n))
            total = total + term
    return total.astype(_float_of(x))


@elementwise("i0(x)")
def i0(z, x):
    """The modified Bessel function of order 0."""
    return bessel_i(x, 1)


@internal
@primitive("bessel_i(x, n)")
def bessel_i(ct, z, x, n=1):
    """The modified Bessel function of the first kind, of the order of a whole number n >= 0."""
    lower = bessel_i(x, builtins.abs(n - 1))
    return times(ct, 0.5 * (lower + bessel_i(x, n + 1)))
