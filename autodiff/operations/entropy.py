"""Entropies of probabilities, and Huber's loss of a residual."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives.declare import elementwise, internal
from ..primitives.namespaces import helper
from .arithmetic import abs
from .choices import where
from .exponentials import log
from .rounding import sign


@helper("log_ratio")
def _log_ratio(x: Any, y: Any) -> Any:
    """log(x / y), though the two be close, or their quotient out of range."""
    with np.errstate(all="ignore"):
        ratio = np.divide(x, y)  # which floats are divided by as arrays are, also by 0
        far = np.where((ratio == 0) | np.isinf(ratio), np.log(x) - np.log(y), np.log(ratio))
        return np.where((ratio > 0.5) & (ratio < 2), np.log1p(np.divide(x - y, y)), far)


@internal
@elementwise("log_ratio(x, y)")
def log_ratio(z, x, y):
    """log(x / y) with all its digits, for positive x and y."""
    return 1 / x, -1 / y


@elementwise("where(x < 0, -inf, 0.0 - x * log(where(x <= 0, 1.0, x)))")
def entr(z, x):
    """-x * log(x), 0 at 0, and -inf below."""
    return -1 - log(x)


_RELATIVE = "x * log_ratio(where(x <= 0, 1.0, x), where(y <= 0, 1.0, y))"
_OUTSIDE = "(x < 0) | (y < 0) | ((x > 0) & (y == 0))"


@elementwise(f"where({_OUTSIDE}, inf, {_RELATIVE})")
def rel_entr(z, x, y):
    """x * log(x / y), 0 at x = 0, and inf where one is below 0 or y alone is 0."""
    return 1 + log_ratio(x, y), -x / y


@elementwise(f"where({_OUTSIDE}, inf, {_RELATIVE} - x + y)")
def kl_div(z, x, y):
    """x * log(x / y) - x + y, of which the sum over probabilities is Kullback and Leibler's."""
    return log_ratio(x, y), excess(x, y)


@internal
@elementwise("(y - x) / y")
def excess(z, x, y):
    """1 - x / y, with all its digits where the two are close, and so its slopes anywhere."""
    return -1 / y, x / y / y


@elementwise(
    "where(delta < 0, inf, where(abs(r) <= delta, 0.5 * r * r, delta * (abs(r) - 0.5 * delta)))"
)
def huber(z, delta, r):
    """Half the square of r where |r| is at most delta, else linear, of slope delta."""
    inside = abs(r) <= delta
    return where(inside, 0.0, abs(r) - delta), where(inside, r, delta * sign(r))
