"""The methods and operators of Value and Tensor."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..graph.tensor import Tensor
from ..graph.value import Value
from ..primitives.declare import NUMPY
from . import rounding, shapes
from .protocols import array_function, array_ufunc


def _method(function: Any) -> Any:
    def method(self: Value, *args: Any, **keywords: Any) -> Any:
        return array_function(self, function, None, (self, *args), keywords)

    method.__name__ = function.__name__
    own = f"What `np.{function.__name__}` gives for it, with NumPy's arguments."
    method.__doc__ = NUMPY[function].__doc__ or own
    return method


def _in_place(name: str) -> Any:
    """A method by which an ndarray changes itself, so that a Tensor's would pass unnoticed."""

    def method(self: Value, *args: Any, **keywords: Any) -> NoReturn:
        raise TypeError(
            f"An array's `.{name}()` changes it in place, which a Tensor does not.\n"
            f"Use `t = np.{name}(t, ...)`, which gives a new Tensor."
        )

    method.__name__, method.__doc__ = name, f"Refused: `np.{name}(t, ...)` gives a new Tensor."
    return method


def _compress(self: Value, condition: Any, axis: int | None = None) -> Any:
    """The entries, or what stands along an axis, where a condition holds."""
    return np.compress(condition, self, axis)


def install() -> None:
    """Make NumPy ask these functions, and give a Tensor the methods that an ndarray has."""
    value: Any = Value
    tensor: Any = Tensor
    value.__array_ufunc__ = array_ufunc
    value.__array_function__ = array_function
    value.__divmod__ = rounding.divmod
    value.__rdivmod__ = lambda b, a: rounding.divmod(a, b)
    value.clip = _method(np.clip)
    value.astype = shapes.astype
    tensor.flatten = shapes.flatten
    tensor.mT = property(shapes.matrix_transpose)
    tensor.conj = tensor.conjugate = shapes.real
    tensor.real, tensor.imag = property(shapes.real), property(shapes.imag)
    tensor.compress = _compress
    tensor.sort, tensor.partition, tensor.resize = map(_in_place, ("sort", "partition", "resize"))
    for function in NUMPY:
        name = function.__name__
        public = getattr(np, name, None) is function and not isinstance(function, np.ufunc)
        if public and hasattr(np.ndarray, name) and not hasattr(Tensor, name):
            setattr(Tensor, name, _method(function))
