"""The activation functions of neural networks."""

from __future__ import annotations

import math

from .declare import elementwise
from .ops import exp, minimum, sigmoid, where
from .special import erfc

SQRT_HALF = math.sqrt(0.5)


@elementwise("maximum(x, 0.0)")
def relu(z, x):
    """x where positive, else 0; its derivative at 0 is the subgradient 0."""
    return x > 0


@elementwise("logaddexp(0.0, x)")
def softplus(z, x):
    """log(1 + exp(x)), a smooth relu."""
    return sigmoid(x)


@elementwise("x / (1 + exp(-x))", quiet=True)
def silu(z, x):
    """x * sigmoid(x), also called swish."""
    return sigmoid(x) * (1 + x * sigmoid(-x))


@elementwise(f"0.5 * x * erfc(-{SQRT_HALF!r} * x)")
def gelu(z, x):
    """x times the probability that a standard normal variable is below x (exact, by erf)."""
    return 0.5 * erfc(-SQRT_HALF * x) + x * exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@elementwise("where(x > 0, x, alpha * expm1(minimum(x, 0.0)))")
def elu(z, x, alpha=1.0):
    """x where positive, else alpha * (exp(x) - 1)."""
    return where(x > 0, 1.0, alpha * exp(minimum(x, 0.0)))


@elementwise("where(x > 0, x, slope * x)")
def leaky_relu(z, x, slope=0.01):
    """x where positive, else slope * x; its derivative at 0 is the slope."""
    return where(x > 0, 1.0, slope)
