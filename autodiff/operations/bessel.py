"""Bessel functions of whole order, and the modified ones."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..primitives.declare import elementwise, internal, primitive
from ..primitives.namespaces import helper
from .rounding import sign
from .special import _float_of
from .zeros import times


def _hankel(x: Any, n: int, unit: Any) -> Any:
    """The sum of unit**k times the k-th term of Hankel's series, for x far from 0.

    Abramowitz and Stegun, 9.2.5 to 9.2.10 (with unit = i) and 9.7.1 (with unit = -1).
    """
    term = total = np.ones_like(x)
    for k in range(1, 25):
        term = term * (unit * (4 * n * n - (2 * k - 1) ** 2) / (8 * k)) / x
        total = total + term
    return total


@helper(
    "bessel_j",
    # The same, with the real and the imaginary part of what is complex.
    javascript="""
    const size = Math.abs(x);
    const edge = 25 + Math.floor(n * n / 4);
    const sign = n % 2 == 1 && x < 0 ? -1 : 1;
    if (size < edge) {
        const count = Math.floor((edge + n) / 4) + 11;
        let total = 0;
        for (let k = 0; k < count; k++) {
            const angle = (k + 0.5) * Math.PI / (2 * count);
            const phase = size * Math.sin(angle);
            total += n % 2 == 0
                ? Math.cos(n * angle) * Math.cos(phase)
                : Math.sin(n * angle) * Math.sin(phase);
        }
        return sign * total / count;
    }
    if (size == Infinity) {
        return sign * 0;
    }
    let [re, im, term] = [1, 0, 1];
    for (let k = 1; k < 25; k++) {
        term *= (4 * n * n - (2 * k - 1) ** 2) / (8 * k) / size;
        const turned = k % 4 < 2 ? term : -term;
        [re, im] = k % 2 == 0 ? [re + turned, im] : [re, im + turned];
    }
    const angle = size - (n / 2 + 0.25) * Math.PI;
    const wave = re * Math.cos(angle) - im * Math.sin(angle);
    return sign * wave * Math.sqrt(2 / Math.PI / size);
    """,
)
def _bessel_j(x: Any, n: int = 0) -> Any:
    """Near 0 by Bessel's integral (9.1.21, at the midpoints of equal parts), far off by Hankel."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = np.abs(x.astype(np.float64))
        edge = 25 + n * n // 4
        near, far, count = np.minimum(work, edge), np.maximum(work, edge), (edge + n) // 4 + 11
        total = 0.0 * near
        for k in range(count):
            angle = (k + 0.5) * math.pi / (2 * count)
            phase = near * math.sin(angle)
            if n % 2 == 0:
                total = total + math.cos(n * angle) * np.cos(phase)
            else:
                total = total + math.sin(n * angle) * np.sin(phase)
        wave = (np.cos(far) + 1j * np.sin(far)) * (1 - 1j) * (-1j) ** n
        beyond = (wave * _hankel(far, n, 1j)).real / np.sqrt(math.pi * far)
        result = np.where(work < edge, total / count, np.where(work == np.inf, 0.0, beyond))
        result = result if n % 2 == 0 else np.copysign(1.0, x) * result
    return result.astype(_float_of(x))


@helper("bessel_ie")
def _bessel_ie(x: Any, n: int = 0) -> Any:
    """Near 0 by the series of (x/2)**(2k+n) / (k! (k+n)!), far off by Hankel."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = np.abs(x.astype(np.float64))
        edge = 30 + n * n // 4
        near, far = np.minimum(work, edge), np.maximum(work, edge)
        term = total = np.exp(-near) * (near / 2) ** n / math.factorial(n)
        for k in range(1, edge + 21):
            term = term * near * near / (4 * k * (k + n))
            total = total + term
        result = np.where(work < edge, total, _hankel(far, n, -1) / np.sqrt(2 * math.pi * far))
        result = result if n % 2 == 0 else np.copysign(1.0, x) * result
    return result.astype(_float_of(x))


@helper("bessel_ie_slope")
def _bessel_ie_slope(x: Any, n: int = 1) -> Any:
    """Up to its sign the n-th derivative of exp(-x) I_0(x), at |x|.

    That is the mean of (1 - cos t)**n exp(-x (1 - cos t)) over a circle (9.6.16), near 0 over the
    midpoints of equal parts, and far off Hankel's series: all terms are above 0, so none cancel.
    """
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = np.abs(x.astype(np.float64))
        near, far, count = np.minimum(work, 30.0), np.maximum(work, 30.0), 40 + n
        total, beyond, term = 0.0 * near, 0.0 * far, 1.0
        for k in range(count):
            height = 2 * math.sin((k + 0.5) * math.pi / (2 * count)) ** 2
            total = total + height**n * np.exp(-height * near)
        for k in range(25):
            beyond = beyond + term * math.prod(k + i + 0.5 for i in range(n)) / far**k
            term = term * (2 * k + 1) ** 2 / (8 * (k + 1))
        beyond = beyond / far**n / np.sqrt(2 * math.pi * far)
        result = np.where(work < 30.0, total / count, beyond)
    return result.astype(_float_of(x))


@helper("bessel_i")
def _bessel_i(x: Any, n: int = 0) -> Any:
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        work = np.clip(x.astype(np.float64), -1500.0, 1500.0)
        half = np.exp(np.abs(work) / 2)  # and exp(|x|) may be infinite where the result is not
        result = half * _bessel_ie(work, n) * half
    return result.astype(_float_of(x))


@internal
@primitive("bessel_j(x, n)")
def bessel_j(ct, z, x, n=0):
    """The Bessel function of the first kind, of the order of a whole number n >= 0."""
    if n == 0:
        return times(ct, -bessel_j(x, 1))
    return times(ct, 0.5 * (bessel_j(x, n - 1) - bessel_j(x, n + 1)))


@internal
@primitive("bessel_i(x, n)")
def bessel_i(ct, z, x, n=1):
    """The modified Bessel function of the first kind, of the order of a whole number n >= 0."""
    lower = bessel_i(x, builtins.abs(n - 1))
    return times(ct, 0.5 * (lower + bessel_i(x, n + 1)))


@internal
@primitive("bessel_ie_slope(x, n)")
def bessel_ie_slope(ct, z, x, n=1):
    """The n-th derivative of exp(-x) * i0(x) at |x|, without its sign, which is that of (-1)**n."""
    return times(ct, -sign(x) * bessel_ie_slope(x, n + 1))


@elementwise("bessel_j(x, 0)")
def j0(z, x):
    """The Bessel function of the first kind, of order 0."""
    return -j1(x)


@elementwise("bessel_j(x, 1)")
def j1(z, x):
    """The Bessel function of the first kind, of order 1."""
    return 0.5 * (j0(x) - bessel_j(x, 2))


@elementwise("i0(x)")
def i0(z, x):
    """The modified Bessel function of order 0."""
    return i1(x)


@elementwise("bessel_i(x, 1)")
def i1(z, x):
    """The modified Bessel function of order 1."""
    return 0.5 * (i0(x) + bessel_i(x, 2))


@elementwise("bessel_ie(x, 0)")
def i0e(z, x):
    """exp(-|x|) * i0(x), which does not overflow."""
    return -sign(x) * bessel_ie_slope(x, 1)


@elementwise("bessel_ie(x, 1)")
def i1e(z, x):
    """exp(-|x|) * i1(x), which does not overflow."""
    return bessel_ie_slope(x, 2) - bessel_ie_slope(x, 1)
