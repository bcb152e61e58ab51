"""The activation functions of neural networks."""

from __future__ import annotations

import math

from ..graph.node import shape_of
from ..primitives.declare import composite, elementwise, internal
from .arithmetic import abs
from .choices import where
from .exponentials import exp, sigmoid
from .joining import split
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
    return where(x > 0, 1.0, alpha * exp(where(x > 0, 0.0, x)))


@elementwise("where(x > 0, x, slope * x)")
def leaky_relu(z, x, slope=0.01):
    """x where positive, else slope * x; its derivative at 0 is the slope."""
    return where(x > 0, 1.0, slope)


@elementwise("scale * where(x > 0, x, alpha * expm1(minimum(x, 0.0)))")
def selu(z, x, alpha=1.6732632423543772, scale=1.0507009873554805):
    """elu, scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return scale * where(x > 0, 1.0, alpha * exp(where(x > 0, 0.0, x)))


@elementwise("clip(x, low, high)")
def hard_tanh(z, x, low=-1.0, high=1.0):
    """x limited to [low, high]; the derivative at both is 1."""
    return (x >= low) & (x <= high)


@elementwise("x / (1 + abs(x))")
def soft_sign(z, x):
    """x / (1 + |x|), between -1 and 1."""
    return 1 / ((1 + abs(x)) * (1 + abs(x)))


@elementwise("-logaddexp(0.0, -x)")
def log_sigmoid(z, x):
    """log(sigmoid(x)), exact where sigmoid rounds to 0 or to 1."""
    return sigmoid(-x)


@elementwise("log(p) - log1p(-p)")
def logit(z, p):
    """log(p / (1 - p)), the inverse of sigmoid."""
    return logit_slope(p)


@internal
@elementwise("1 / (p * (1 - p))")
def logit_slope(z, p):
    """The derivative of logit: its own is no difference of infinities near 0, nor lost at 1/2."""
    return (2 * p - 1) * z * z


@composite()
def glu(x, axis=-1):
    """The first half of x along an axis times the sigmoid of the second (Dauphin et al. 2017)."""
    if shape_of(x)[axis] % 2:
        raise ValueError(f"`glu` halves an axis, but this one has length {shape_of(x)[axis]}.")
    value, gate = split(x, 2, axis)
    return value * sigmoid(gate)
