"""Special functions, right to the last digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .declare import elementwise
from .formula import helper
from .ops import exp


def _by_entry(function: Any, x: Any) -> Any:
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    return np.fromiter(map(function, x.flat), dtype, x.size).reshape(x.shape)


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
