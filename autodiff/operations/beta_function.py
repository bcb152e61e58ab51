"""The beta function and its logarithm, right where the gammas that they are of would cancel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives.declare import elementwise, internal, primitive
from ..primitives.namespaces import helper
from .special import _asymptotic, _float_of, _polygamma, _stirling_rest, polygamma
from .zeros import times


def _by_pair(function: Any, a: Any, b: Any) -> Any:
    pairs, dtype = np.broadcast(a, b), _float_of(np.empty(0, np.result_type(a, b)))
    return np.fromiter((function(*map(float, p)) for p in pairs), dtype, pairs.size).reshape(
        pairs.shape
    )


@helper("poles_of_beta")
def _poles_of_beta(a: Any, b: Any) -> Any:
    """Whether the gammas of one and of the sum have poles, and their quotient is a number."""
    whole = (np.floor(a) == a) & (np.floor(b) == b)
    return whole & (np.maximum(a, b) > 0) & (a + b <= 0)


@helper(
    "betaln",
    jax="""
    by_gammas = lambda a, b: gammaln(a) + gammaln(b) - gammaln(a + b)
    of_all = by_gammas(a, b)
    alike = ((a > 0) == (b > 0)) & (a + b == a + b)  # then inf - inf is not a pole over a pole
    ends = jnp.where(a + b > 0, -jnp.inf, jnp.inf)
    of_all = jnp.where(jnp.isnan(of_all) & alike, ends, of_all)
    off = jnp.isinf(a + b) & ((a <= 0) | (b <= 0))
    of_poles = by_gammas(jnp.maximum(a, b), 1 - a - b)
    left = jnp.where(off, jnp.nan, jnp.where(poles_of_beta(a, b), of_poles, of_all))
    far = (a > 0) & (b > 0) & (jnp.maximum(a, b) >= 10) & jnp.isfinite(a + b)
    jnp.where(far, jax.scipy.special.betaln(a, b), left)
    """,
    javascript="return _betaln_entry(a, b);",
)
def _betaln(a: Any, b: Any) -> Any:
    return _by_pair(_betaln_entry, a, b)


@helper(
    "beta",
    jax="""
    sign = jax.scipy.special.gammasgn
    signs = sign(a) * sign(b) * sign(a + b)
    of_poles = jnp.where(poles_of_beta(a, b) & (jnp.maximum(a, b) % 2 == 1), -1.0, 1.0)
    size = jnp.exp(betaln(a, b))
    size * jnp.where(jnp.isinf(size), 1.0, jnp.where(jnp.isnan(signs), of_poles, signs))
    """,
    javascript="return _beta_entry(a, b);",
)
def _beta(a: Any, b: Any) -> Any:
    return _by_pair(_beta_entry, a, b)


def _beta_entry(a: float, b: float) -> float:
    log = _betaln_entry(a, b)
    size = math.inf if log > 709.78 else math.exp(log)
    if (a > 0 and b > 0) or math.isinf(log) or math.isnan(log):
        return size
    low, high = min(a, b), max(a, b)
    if low == math.floor(low) <= 0:  # then so is low + high
        return size if high % 2 == 0 else -size
    below = [x for x in (low, high, low + high) if x < 0 and math.floor(x) % 2]
    return -size if len(below) % 2 else size


def _betaln_entry(a: float, b: float) -> float:
    """log |B(a, b)|, with Stirling's formula where logarithms of gamma would cancel.

    Didonato and Morris 1992, algorithm 708.
    """
    low, high = min(a, b), max(a, b)
    if a != a or b != b:
        return math.nan
    if low <= 0:
        return _betaln_left(low, high)
    if high == math.inf:
        return -math.inf
    if high < 10:
        return math.lgamma(low) + math.lgamma(high) - math.lgamma(low + high)
    part = low / high
    rest: float = _stirling_rest(high) - _stirling_rest(low + high)
    if low < 10:
        rest += math.lgamma(low) - low * (math.log(high) - 1)
        return rest - (high + (low - 0.5)) * math.log1p(part)
    rest += _stirling_rest(low) + 0.5 * math.log(2 * math.pi / high)
    return rest + (low - 0.5) * math.log(part / (1 + part)) - high * math.log1p(part)


def _betaln_left(low: float, high: float) -> float:
    """The same where one is not above 0, by the reflection of each gamma that is of such a one."""
    total = low + high
    if low == -math.inf or high == math.inf:
        return math.nan
    by_low, by_high = _sine(low), _sine(high)
    by_total = _sine(low - math.floor(low) + high - math.floor(high))  # but for its sign
    if _poles_of_beta(low, high):
        return _betaln_entry(high, 1 - total)  # a pole over a pole
    if by_low == 0 or (high <= 0 and by_high == 0):
        return math.inf
    if total <= 0 and by_total == 0:
        return -math.inf
    if high <= 0:
        left = math.log(math.pi * by_total / by_low / by_high / (1 - total))
        return left - _betaln_entry(1 - low, 1 - high)
    if total <= 0:
        return math.log(by_total / by_low) + _betaln_entry(high, 1 - total)
    return math.log(math.pi / by_low / high) - _betaln_entry(1 - low, total)


def _sine(x: float) -> float:
    """|sin(pi x)|, exactly 0 for whole numbers."""
    return abs(math.sin(math.pi * (x - round(x))))


@helper("polygamma_rise")
def _polygamma_rise(a: Any, b: Any, n: int = 0) -> Any:
    """Term by term as `_polygamma`, where both are above 0: no difference of theirs cancels."""
    with np.errstate(all="ignore"):
        x, by = np.asarray(a, np.float64), np.asarray(b, np.float64)
        right = (x > 0) & (x + by > 0)
        start = np.where(right, x, 1.0 - np.minimum(by, 0.0))
        total = np.zeros_like(start)
        for _ in range(16 + n):
            low = (start < 16 + n) | (start + by < 16 + n)
            total = total + np.where(low, math.factorial(n) * _power_rise(start, by, -n - 1), 0.0)
            start = start + low
        rise = _asymptotic(n, -np.log1p(by / start), lambda k: _power_rise(start, by, k))
        result = (-1.0) ** (n + 1) * (rise + total)
        apart = _polygamma(x + by, n) - _polygamma(x, n)
        result = np.where(right, result, apart)
    return result.astype(_float_of(np.empty(0, np.result_type(a, b))))


def _power_rise(x: Any, by: Any, power: int) -> Any:
    """(x + by)**power - x**power."""
    return x**power * np.expm1(power * np.log1p(by / x))


@internal
@primitive("polygamma_rise(a, b, n)")
def polygamma_rise(ct, _, a, b, n=0):
    """polygamma(a + b, n) - polygamma(a, n), with all its digits where the two are close."""
    return (
        lambda: times(ct, polygamma_rise(a, b, n + 1)),
        lambda: times(ct, polygamma(a + b, n + 1)),
    )


@elementwise("betaln(a, b)")
def betaln(z, a, b):
    """The logarithm of the absolute value of `beta`."""
    return -polygamma_rise(a, b), -polygamma_rise(b, a)


@elementwise("beta(a, b)")
def beta(z, a, b):
    """The beta function, gamma(a) gamma(b) / gamma(a + b)."""
    return -z * polygamma_rise(a, b), -z * polygamma_rise(b, a)
