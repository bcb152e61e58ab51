"""The normal distribution: its integral, that integral's logarithm and inverse, and scaled erfc."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives.declare import elementwise, internal, primitive
from ..primitives.namespaces import helper
from .choices import where
from .exponentials import exp
from .special import _erfc, _float_of
from .zeros import times

SQRT_HALF = math.sqrt(0.5)


def _exp_of_square(x: Any, scale: float) -> Any:
    """exp(scale * x * x), with all its digits: the square's rounding would cost three of them.

    As W. J. Cody does it: the square of `high`, which has few digits, is exact.
    """
    high = np.trunc(16 * x) / 16
    return np.exp(scale * high * high) * np.exp(scale * (x - high) * (x + high))


@helper("scaled_erfc")
def _scaled_erfc(x: Any, n: int = 0) -> Any:
    """exp(x * x) times the n-th of the integrals of erfc from x to infinity, one of another.

    Abramowitz and Stegun, 7.2: far right by the series 7.2.14, near it by the ratios of neighbours
    (7.2.5 backward, where it is stable), and else by 7.2.5 forward from erfc.
    """
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = x.astype(np.float64)
        near = np.clip(work, -30.0, 20.0)
        below, here = 2 / math.sqrt(math.pi), _exp_of_square(near, 1.0) * _erfc(near)
        first = here
        for k in range(1, n + 1):
            below, here = here, (below - 2 * near * here) / (2 * k)
        if n:
            right = np.clip(work, 1.5, 20.0)
            ratio = 1 / (right + np.sqrt(right * right + 2 * (n + 90)))
            product = 1.0
            for k in range(n + 90, 0, -1):
                ratio = 1 / (2 * right + 2 * (k + 1) * ratio)
                product = product * ratio if k <= n else product
            here = np.where(work > 1.5, first * product, here)
        far = 2 * np.maximum(work, 20.0)
        term = total = 2 / math.sqrt(math.pi) / far ** (n + 1)
        for k in range(1, 13):
            term = -term * (2 * k + n - 1) * (2 * k + n) / (k * far * far)
            total = total + term
        result = np.where(work > 20.0, total, here)
    return result.astype(_float_of(x))


@internal
@primitive("scaled_erfc(x, n)")
def scaled_erfc(ct, _, x, n=0):
    """exp(x * x) times the n-th repeated integral of erfc; none of its derivatives cancels."""
    return times(ct, -2 * (n + 1) * scaled_erfc(x, n + 1))


@elementwise("scaled_erfc(x, 0)")
def erfcx(z, x):
    """exp(x * x) * erfc(x), which is neither 0 nor infinite where its factors are."""
    return -2 * scaled_erfc(x, 1)


@helper("ndtr")
def _ndtr(x: Any) -> Any:
    x = np.asarray(x)
    half = math.sqrt(0.5)
    with np.errstate(all="ignore"):
        work = x.astype(np.float64)
        low = np.clip(work, -40.0, 0.0)
        left = 0.5 * _scaled_erfc(-half * low) * _exp_of_square(low, -0.5)
        result = np.where(work < 0, left, 0.5 * _erfc(-half * np.maximum(work, 0.0)))
    return result.astype(_float_of(x))


@elementwise("ndtr(x)")
def ndtr(z, x):
    """The probability that a standard normal variable is below x, with all digits in its tail."""
    return exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@helper("log_ndtr")
def _log_ndtr(x: Any) -> Any:
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = x.astype(np.float64)
        low = np.minimum(work, 0.0)
        left = np.log(0.5 * _scaled_erfc(-math.sqrt(0.5) * low)) - 0.5 * low * low
        result = np.where(work < 0, left, np.log1p(-_ndtr(-np.maximum(work, 0.0))))
    return result.astype(_float_of(x))


@elementwise("log_ndtr(x)")
def log_ndtr(z, x):
    """The logarithm of `ndtr`, exact where that rounds to 0 or to 1."""
    left = math.sqrt(2 / math.pi) / erfcx(-SQRT_HALF * where(x > 0, 0.0, x))
    right = where(x > 0, x, 0.0)  # of which the density is small, and erfcx would be infinite
    return where(x > 0, exp(-0.5 * right * right) / (math.sqrt(2 * math.pi) * ndtr(right)), left)


@elementwise(f"-{math.sqrt(2)!r} * erfcinv(2 * p)")
def ndtri(z, p):
    """The inverse of `ndtr`, for 0 <= p <= 1."""
    return math.sqrt(2 * math.pi) * exp(0.5 * z * z)
