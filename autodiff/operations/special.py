"""Special functions, right to the last digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives.declare import elementwise, primitive
from ..primitives.namespaces import helper
from .exponentials import exp
from .zeros import times


def _by_entry(function: Any, x: Any) -> Any:
    x = np.asarray(x)
    return np.fromiter(map(function, x.flat), _float_of(x), x.size).reshape(x.shape)


def _float_of(x: Any) -> Any:
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)


# NumPy has no error function; the C library's is right to the last digit.


# JavaScript has none either: there erf is its series (Abramowitz and Stegun, 7.1.6), in which no
# terms cancel, and far from 0 erfc the continued fraction 7.1.14.


@helper(
    "erf",
    jax="jax.scipy.special.erf(x)",
    javascript="""
    if (Math.abs(x) > 1.5) {
        return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
    }
    let [term, total] = [x, x];
    for (let k = 1; k < 40; k++) {
        term *= 2 * x * x / (2 * k + 1);
        total += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
    """,
)
def _erf(x: Any) -> Any:
    return _by_entry(math.erf, x)


@helper(
    "erfc",
    jax="jax.scipy.special.erfc(x)",
    javascript="""
    if (!(x > 1.5)) {
        return x < -1.5 ? 2 - erfc(-x) : 1 - erf(x);
    }
    let rest = x;
    for (let k = 80; k > 0; k--) {
        rest = x + k / 2 / rest;
    }
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / rest;
    """,
)
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


def _inverse(size: Any, tail: Any) -> Any:
    """The x >= 0 of which erf is `size` and erfc is `tail`, each right where it is small.

    A first guess (Winitzki 2008), made right by four steps of Halley's method.
    """
    log = np.log(tail * (2 - tail))
    part = 2 / (math.pi * 0.147) + log / 2
    x = np.sqrt(np.sqrt(part * part - log / 0.147) - part)
    for _ in range(4):
        far = np.where(tail < 0.5, tail - _erfc(x), _erf(x) - size)
        far = far / (2 / math.sqrt(math.pi) * np.exp(-x * x))
        x = x - far / (1 + x * far)
    return np.where(tail == 0, np.inf, x)


@helper("erfinv", jax="jax.scipy.special.erfinv(y)")
def _erfinv(y: Any) -> Any:
    y = np.asarray(y)
    with np.errstate(all="ignore"):
        work = y.astype(np.float64)
        result = np.copysign(_inverse(np.abs(work), 1 - np.abs(work)), work)
    return result.astype(_float_of(y))


@helper("erfcinv")
def _erfcinv(y: Any) -> Any:
    y = np.asarray(y)
    with np.errstate(all="ignore"):
        work = y.astype(np.float64)
        result = np.copysign(_inverse(np.abs(1 - work), np.minimum(work, 2 - work)), 1 - work)
    return result.astype(_float_of(y))


@elementwise("erfinv(y)")
def erfinv(x, y):
    """Inverse of `erf`, for |y| <= 1."""
    return 0.5 * math.sqrt(math.pi) * exp(x * x)


@elementwise("erfcinv(y)")
def erfcinv(x, y):
    """Inverse of `erfc`, for 0 <= y <= 2, with all its digits near 0."""
    return -0.5 * math.sqrt(math.pi) * exp(x * x)


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


@helper("stirling_rest")
def _stirling_rest(x: Any) -> Any:
    """lgamma(x) without Stirling's formula, for x >= 10 (Abramowitz and Stegun, 6.1.41)."""
    terms = (
        1 / 12,
        -1 / 360,
        1 / 1260,
        -1 / 1680,
        1 / 1188,
        -691 / 360360,
        1 / 156,
        -3617 / 122400,
    )
    total = 0.0
    for term in reversed(terms):
        total = total / x / x + term
    return total / x


# JAX's logarithm of gamma loses its digits at 1 and 2, and its gamma is the exponential of that. So
# there gamma is Stirling's formula at x + m >= 10, divided by x (x + 1) ..., and its logarithm near
# 1 and 2 a series (6.1.33). JavaScript has neither: both are by Stirling's formula, and the
# logarithm has 15 digits behind the point near 1 and 2.


@helper(
    "gamma",
    jax="""
    work = jnp.float64(x)
    start = jnp.where(work < 0, 1 - work, work)
    low = [start + k < 10 for k in range(10)]
    product = math.prod(jnp.where(here, start + k, 1.0) for k, here in enumerate(low))
    far = start + sum(low)
    lost = start - (far - sum(low))
    root = jnp.power(far, 0.5 * far - 0.25) * jnp.exp(-0.5 * far)
    rest = jnp.exp(stirling_rest(far) + lost * jnp.log(far))
    right = math.sqrt(2 * math.pi) * root * rest / product * root
    right = jnp.where(far > 180, jnp.where(far == far, jnp.inf, jnp.nan), right)
    turn = work - jnp.round(work)
    left = math.pi / (jnp.where(jnp.round(work) % 2, -1, 1) * jnp.sin(math.pi * turn) * right)
    left = jnp.where(turn == 0, jnp.nan, left)
    whole = jnp.where(work == 0, jnp.copysign(jnp.inf, work), jnp.where(work < 0, left, right))
    whole.astype(jnp.promote_types(jnp.asarray(x).dtype, jnp.float16))
    """,
    javascript="""
    if (x < 0) {
        const turn = x - rint(x);
        const sine = (rint(x) % 2 == 0 ? 1 : -1) * Math.sin(Math.PI * turn);
        return turn == 0 || x == -Infinity ? NaN : Math.PI / sine / gamma(1 - x);
    }
    if (x == 0 || x > 180) {
        return x == 0 ? 1 / x : Infinity;
    }
    let [far, product] = [x, 1];
    for (; far < 10; far++) {
        product *= far;
    }
    const root = far ** (0.5 * far - 0.25) * Math.exp(-0.5 * far);
    return Math.sqrt(2 * Math.PI) * root * Math.exp(stirling_rest(far)) / product * root;
    """,
)
def _gamma(x: Any) -> Any:
    return _by_entry(_gamma_entry, x)


@helper(
    "gammaln",
    jax="""
    work = jnp.float64(x)
    low = work < 1.5
    t = jnp.where(low, work - 1, work - 2)
    near = 0.0
    for k in range(40, 1, -1):
        near = (jax.scipy.special.zeta(float(k), 2.0) / k - near) * t
    near = (near + 1 - jnp.euler_gamma) * t - jnp.where(low, jnp.log(work), 0.0)
    close = (work > 0.5) & (work < 2.5)
    whole = jnp.where(close, near, jax.scipy.special.gammaln(work))
    whole.astype(jnp.promote_types(jnp.asarray(x).dtype, jnp.float16))
    """,
    javascript="""
    if (x == Infinity || (x <= 0 && (rint(x) == x || x == -Infinity))) {
        return Infinity;
    }
    if (x < 0) {
        const sine = Math.abs(Math.sin(Math.PI * (x - rint(x))));
        return Math.log(Math.PI / sine) - gammaln(1 - x);
    }
    let [far, product] = [x, 1];
    for (; far < 10; far++) {
        product *= far;
    }
    const log = (far - 0.5) * Math.log(far) - far + 0.5 * Math.log(2 * Math.PI);
    return log + stirling_rest(far) - Math.log(product);
    """,
)
def _gammaln(x: Any) -> Any:
    return _by_entry(_gammaln_entry, x)


@helper("polygamma")
def _polygamma(x: Any, n: int) -> Any:
    """By the asymptotic series at x + m >= 16 + n, and the recurrence back to x.

    Left of 0 that is reflected. Abramowitz and Stegun, 6.4.11, 6.4.6 and 6.4.7 (6.3.18, 6.3.5
    and 6.3.7 for n = 0).
    """
    x = np.asarray(x)
    sign = -1.0 if n % 2 == 0 else 1.0
    with np.errstate(all="ignore"):
        work = x.astype(np.float64)
        start = np.where(work < 0, 1 - work, work)
        total = np.zeros_like(start)
        for _ in range(16 + n):
            low = start < 16 + n
            total = total + np.where(low, math.factorial(n) / start ** (n + 1), 0.0)
            start = start + low
        result = sign * (total + _asymptotic(n, -np.log(start), lambda k: start**k))
        turn = work - np.round(work)
        result = np.where(work < 0, -sign * result - _cotangent(turn, n), result)
        ends = -np.copysign(np.inf, work) if n % 2 == 0 else np.inf + 0 * work
        ends = np.where((work == 0) | (n % 2 == 1), ends, np.nan)
        result = np.where((work <= 0) & (turn == 0), ends, result)
    return result.astype(_float_of(x))


def _cotangent(x: Any, n: int) -> Any:
    """The n-th derivative of pi / tan(pi x): pi**(n + 1) times a polynomial in 1 / tan(pi x)."""
    powers = [0, 1]  # the coefficients of the polynomial; the next is -(1 + c * c) times its slope
    for _ in range(n):
        slope = [k * a for k, a in enumerate(powers)][1:]
        powers = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    far = 0.5 - np.abs(x)  # from where the cotangent is 0
    c = np.where(far > 0.25, 1 / np.tan(math.pi * x), np.sign(x) * np.tan(math.pi * far))
    total = 0.0
    for a in reversed(powers):
        total = total * c + float(a)
    return math.pi ** (n + 1) * total


def _asymptotic(n: int, minus_log: Any, power: Any) -> Any:
    """(-1)**(n + 1) times the n-th derivative of digamma, for a large x.

    `minus_log` is -log(x), and `power(k)` is x**k: or what these rise by from one x to another.
    """
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    head = minus_log if n == 0 else math.factorial(n - 1) * power(-n)
    total = head + math.factorial(n) / 2 * power(-n - 1)
    for k, b in enumerate(bernoulli, 1):
        factor = b * (math.factorial(2 * k + n - 1) / math.factorial(2 * k))
        total = total + factor * power(-2 * k - n)
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
