"""Whether numbers are finite, in a number and in an array alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def has_nan(data: Any) -> bool:
    """Whether a number or an entry of an array is NaN, which a sum of squares then is."""
    total = data if type(data) is float else np.vdot(data, data)
    return bool(total != total)


def is_finite(data: Any) -> bool:
    """Whether a number or every entry of an array is neither infinite nor NaN."""
    if isinstance(data, (float, int)):
        return math.isfinite(data)
    # A sum of squares is finite only of finite numbers; it may be too large of them, too.
    return math.isfinite(np.vdot(data, data)) or bool(np.isfinite(data).all())


def as_numpys(thing: Any) -> Any:
    """The array of another library (PyTorch, JAX, pandas) as NumPy's; anything else as it is.

    Raises TypeError where it cannot be had, as of a tensor in PyTorch's own graph.
    """
    if isinstance(thing, (np.ndarray, np.generic)) or not hasattr(type(thing), "__array__"):
        return thing
    try:
        return np.asarray(thing)
    except (RuntimeError, TypeError, ValueError) as error:
        raise TypeError(
            f"An array of another library is taken as NumPy's, but its {type(thing).__name__} "
            f"says: {error}\nConvert it first, as in `x.detach().numpy()`."
        ) from error
