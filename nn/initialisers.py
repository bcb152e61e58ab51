"""How weights begin: the initialisers that a layer takes as its `init`.

An initialiser is a function `(shape, fan_in, fan_out, rng) -> array`: of a weight's shape, of how
many numbers go into each output of the layer and how many outputs each number goes into, and of
the generator that the layer's seed begins. So `lambda *of: 5 / 3 * glorot_normal(*of)` is one
with a gain, and any function of one's own is.

>>> from nn import Linear
>>> layer = Linear(300, 200, init=he_normal, seed=0)
>>> round(float(np.var(layer.weight.data) * 300), 1)
2.0
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import data_of, describe, is_number

__all__ = [
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal",
    "lecun_uniform", "normal", "ones", "orthogonal", "uniform", "zeros",
]  # fmt: skip

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]
Initialiser = Callable[[Shape, int, int, np.random.Generator], Any]


def glorot_uniform(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Uniform, of variance 2 / (fan_in + fan_out): Glorot and Bengio (2010), equation 16.

    Numbers and gradients keep their size from layer to layer where an activation is as the
    identity near 0, such as tanh.
    """
    return _uniform(math.sqrt(6 / (fan_in + fan_out)), shape, rng)


def glorot_normal(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal, of the variance 2 / (fan_in + fan_out) of Glorot and Bengio (2010)."""
    return rng.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), shape)


def he_uniform(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Uniform, of the variance 2 / fan_in of He et al. (2015)."""
    return _uniform(math.sqrt(6 / fan_in), shape, rng)


def he_normal(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal, of variance 2 / fan_in: He et al. (2015), equation 10, for layers behind a ReLU."""
    return rng.normal(0.0, math.sqrt(2 / fan_in), shape)


def lecun_uniform(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Uniform, of the variance 1 / fan_in of LeCun et al. (1998)."""
    return _uniform(math.sqrt(3 / fan_in), shape, rng)


def lecun_normal(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Normal, of variance 1 / fan_in: LeCun et al. (1998), Efficient BackProp, equation 16."""
    return rng.normal(0.0, math.sqrt(1 / fan_in), shape)


def orthogonal(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """Orthonormal rows or columns, whichever are fewer: Saxe et al. (2014), section 3.

    An array of more axes is the matrix of its first axis by all others. Each such matrix is as
    likely as any other: of the QR decomposition of a normal one, with a positive diagonal in R
    (Mezzadri 2007). A product of many square ones neither grows nor vanishes.
    """
    rows = shape[0]
    drawn = rng.normal(size=(rows, math.prod(shape[1:])))
    q, r = np.linalg.qr(drawn if len(drawn) >= drawn.shape[1] else drawn.T)
    q = q * np.sign(np.diagonal(r))
    found: Array = (q if q.shape == drawn.shape else q.T).reshape(shape)
    return found


def zeros(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """All 0."""
    return np.zeros(shape)


def ones(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
    """All 1."""
    return np.ones(shape)


# -- those with a setting ------------------------------------------------------------------


def constant(value: float) -> Initialiser:
    """The initialiser of all `value`. Raises ValueError for what is no finite number."""
    _check("value", value, value)
    return lambda shape, fan_in, fan_out, rng: np.full(shape, float(value))


def normal(scale: float = 1.0) -> Initialiser:
    """The initialiser by a normal distribution of this standard deviation, and of mean 0.

    Raises ValueError for a scale that is no finite number from 0 up.
    """
    _check("scale", scale, 0)
    return lambda shape, fan_in, fan_out, rng: rng.normal(0.0, scale, shape)


def uniform(bound: float = 1.0) -> Initialiser:
    """The initialiser by the uniform distribution from -bound to bound.

    Raises ValueError for a bound that is no finite number from 0 up.
    """
    _check("bound", bound, 0)
    return lambda shape, fan_in, fan_out, rng: _uniform(bound, shape, rng)


def _check(name: str, number: Any, least: Any) -> None:
    if not is_number(number) or not math.isfinite(number) or number < least:
        kind = "a finite number" + (" from 0 up" if least == 0 else "")
        raise ValueError(f"`{name}` is {kind}, but this is {number!r}.")


def _uniform(bound: float, shape: Shape, rng: np.random.Generator) -> Array:
    return rng.uniform(-bound, bound, shape)  # of variance bound² / 3


# -- what a layer does with one ------------------------------------------------------------


def drawn(
    init: Any, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: Any,
    name: str = "weight",
) -> ad.Tensor:  # fmt: skip
    """A layer's parameter as `init` begins it.

    Raises TypeError for what is no such function, and ValueError where it does not give finite
    numbers of that shape.
    """
    if not callable(init):
        ours = str(init).rstrip("_").replace("kaiming", "he").replace("xavier", "glorot")
        raise TypeError(
            f"`init` is a function that draws a weight, but this is {describe(init)}.\n"
            f"Pass `nn.initialisers.{ours if ours in __all__ else 'he_normal'}`, or one's own."
        )
    try:
        inspect.signature(init).bind(shape, fan_in, fan_out, rng)
    except TypeError as error:
        raise TypeError(
            "An initialiser is a function (shape, fan_in, fan_out, rng) -> array, but "
            f"`{getattr(init, '__name__', init)}` cannot be called so: {error}.\n"
            "Where it makes one, call it first, as in `init=nn.initialisers.normal(0.1)`."
        ) from None
    given = init(shape, fan_in, fan_out, rng)
    array = np.asarray(data_of(given))
    if array.shape != shape or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        of = "" if isinstance(given, np.ndarray) else f" of shape {array.shape}"
        raise ValueError(
            f"An initialiser gives finite numbers of shape {shape}, that of `{name}`, but this "
            f"gave {describe(given)}{of}.\n"
            "Write it as a function (shape, fan_in, fan_out, rng) -> array."
        )
    return ad.Tensor(array.astype(dtype), name=name)
