"""Losses that are hard to search: with kinks, cliffs, infinities, or no value."""

import numpy as np

import autodiff as ad

# Functions of x, an array of two.
ROUGH = {
    "parabola": lambda x: (x * x).sum(),
    "kinks": lambda x: ad.abs(x).sum() + ad.relu(x[0] - x[1]),
    "cusps": lambda x: ad.sqrt(ad.abs(x)).sum(),
    "cliff up": lambda x: ad.where(x > 1.0, x * x + 1e6, -x).sum(),
    "cliff down": lambda x: ad.where(x > 1.0, -1e6 - x, x * x).sum(),
    "steps": lambda x: (ad.floor(x) + 0.1 * x * x).sum(),
    "poles": lambda x: (1 / x + x * x).sum(),
    "a wall of NaN": lambda x: (ad.sqrt(1.0 - x) + x * x).sum(),
    "a wall of infinity": lambda x: ad.where(x > 0.5, np.inf, (x - 3) ** 2).sum(),
    "log": lambda x: (x - ad.log(x)).sum(),
    "without bounds": lambda x: -x.sum(),
    "to minus infinity": lambda x: ad.log(ad.abs(x)).sum(),
    "steep": lambda x: ad.exp(x * x).sum(),
    "waves": lambda x: (ad.sin(50 * x) + x * x).sum(),
    "flat": lambda x: ad.tanh(x).sum(),
    "tall": lambda x: 1e200 * (x * x).sum(),
    "tiny": lambda x: 1e-200 * (x * x).sum(),
    "a saddle": lambda x: x[0] ** 2 - x[1] ** 2,
    "a gradient that is none": lambda x: ad.where(x > 0.3, ad.sqrt(ad.relu(x - 0.7)), x + 2).sum(),
}


def can_begin(f, x):
    """Whether the loss and its gradient are finite there."""
    with np.errstate(all="ignore"):
        return np.isfinite(f(x)) and np.isfinite(ad.grad(f)(x)).all()
