"""The table of the operators and methods that Value and Tensor have from the operations.

What a node says of itself (its data, comparisons, conversions) stands in its class, in graph/.
Two things are set elsewhere: `backward`, by transforms/backward.py, since the walk knows the
operations and not the other way round; and a user's unary operation, which becomes a method of
both kinds when it is declared (primitives/declare.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..graph.tensor import Tensor
from ..graph.value import Value
from ..primitives.primitive import operation
from ..primitives.registry import registry
from . import rounding
from .arithmetic import abs, add, div, mul, neg, sub
from .choices import clip
from .exponentials import pow
from .in_place import in_place
from .indexing import At, getitem
from .products import matmul
from .protocols import array, array_function, array_ufunc
from .shapes import astype, flatten, imag, matrix_transpose, real, reshape_method, transpose


def _reflected(call: Callable[..., Any]) -> Callable[..., Any]:
    """`2 * x`, for which Python asks x."""
    return lambda self, other: call(other, self)


# Python's operators, of both kinds. Each is the operation's own call, with nothing in between.
OPERATORS: dict[str, Any] = {
    "__add__": add, "__radd__": _reflected(add),
    "__sub__": sub, "__rsub__": _reflected(sub),
    "__mul__": mul, "__rmul__": _reflected(mul),
    "__truediv__": div, "__rtruediv__": _reflected(div),
    "__floordiv__": rounding.floor_divide, "__rfloordiv__": _reflected(rounding.floor_divide),
    "__mod__": rounding.remainder, "__rmod__": _reflected(rounding.remainder),
    "__divmod__": rounding.divmod, "__rdivmod__": _reflected(rounding.divmod),
    "__pow__": pow, "__rpow__": _reflected(pow),
    "__matmul__": matmul, "__rmatmul__": _reflected(matmul),
    "__neg__": neg, "__abs__": abs,
    "__round__": rounding.round, "__trunc__": rounding.trunc,
    "__floor__": rounding.floor, "__ceil__": rounding.ceil,
}  # fmt: skip

# The same in place, of which those of a leaf are looked at first.
IN_PLACE_OPERATORS: dict[str, Any] = {
    "__iadd__": in_place("+=", add), "__isub__": in_place("-=", sub),
    "__imul__": in_place("*=", mul), "__itruediv__": in_place("/=", div),
    "__ifloordiv__": in_place("//=", rounding.floor_divide),
    "__imod__": in_place("%=", rounding.remainder),
    "__ipow__": in_place("**=", pow), "__imatmul__": in_place("@=", matmul),
}  # fmt: skip

# By which NumPy's own functions and operators come here.
PROTOCOLS: dict[str, Any] = {
    "__array__": array, "__array_ufunc__": array_ufunc, "__array_function__": array_function,
}  # fmt: skip

# The unary operations: methods of both kinds by their own names, `x.tanh()`, `t.sum(axis=0)`.
METHODS = (
    # entry by entry
    "abs", "arccos", "arccosh", "arccot", "arccoth", "arccsc", "arccsch", "arcsec", "arcsech",
    "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh", "cot", "coth",
    "csc", "csch", "deg2rad", "digamma", "elu", "entr", "erf", "erfc", "erfcinv", "erfcx",
    "erfinv", "exp", "exp2", "expm1", "fabs", "floor", "gamma", "gammaln", "gelu", "hard_tanh",
    "i0", "i0e", "i1", "i1e", "j0", "j1", "ldexp", "leaky_relu", "log", "log10", "log1p", "log2",
    "log_ndtr", "log_sigmoid", "logit", "nan_to_num", "ndtr", "ndtri", "neg", "polygamma",
    "positive", "rad2deg", "reciprocal", "relu", "rint", "round", "sec", "sech", "selu",
    "sigmoid", "sign", "silu", "sin", "sinc", "sinh", "soft_sign", "softplus", "sqrt", "square",
    "tan", "tanh", "trunc",
    # along axes
    "cumprod", "cumsum", "log_softmax", "logsumexp", "max", "max_pool", "mean", "min", "prod",
    "softmax", "sort", "std", "sum", "var",
    # of shapes
    "broadcast_to", "expand_dims", "flip", "moveaxis", "reshape", "roll", "squeeze", "swapaxes",
    "transpose", "tril", "triu",
    # of matrices
    "cholesky", "det", "inv", "pinv",
    # what other operations are made of
    "bessel_i", "bessel_ie_slope", "bessel_j", "cast", "cofactors", "eigh_stacked",
    "euclidean_norm", "getitem", "identity", "logabsdet", "logit_slope", "overlap_add",
    "pad_constant", "qr_stacked", "scaled_erfc", "scatter", "sum_pool", "sum_unpool", "svd_stacked",
    "windows",
)  # fmt: skip

# Of these, what an array's method takes more than the operation, as `t.max(initial=0.0)`.
REDUCTIONS = (np.max, np.mean, np.min, np.prod, np.std, np.sum, np.var)
SCANS = (np.cumprod, np.cumsum, np.round, np.squeeze)

# What an ndarray has beside them.
OF_NDARRAY = (
    np.all, np.any, np.argmax, np.argmin, np.argpartition, np.argsort, np.choose, np.diagonal,
    np.dot, np.nonzero, np.ravel, np.repeat, np.searchsorted, np.take, np.trace,
)  # fmt: skip
PROPERTIES: dict[str, Callable[..., Any]] = {
    "T": transpose, "mT": matrix_transpose, "real": real, "imag": imag, "at": At,
}  # fmt: skip
# PyTorch's words for some of them.
ALIASES = {"clone": "identity", "pow": "pow"}
IN_PLACE = ("partition", "resize", "sort")  # refused


def _compress(self: Value, condition: Any, axis: int | None = None) -> Any:
    """The entries, or what stands along an axis, where a condition holds."""
    return np.compress(condition, self, axis)


def _clamp(self: Value, min: Any = None, max: Any = None) -> Any:
    """`clip`, as PyTorch calls it."""
    return clip(self, min, max)


def _numel(self: Value) -> int:
    """The number of entries, as PyTorch calls `.size`."""
    return np.size(self._data)


def _clip(self: Value, min: Any = None, max: Any = None, out: Any = None) -> Any:
    """The entries limited to between a smallest and a largest, of which one may be left out."""
    return array_function(self, np.clip, None, (self, min, max, out), {})


def _transpose(self: Value, *axes: Any) -> Any:
    """The axes in another order, `t.transpose(1, 0)` or `t.transpose((1, 0))`, or reversed."""
    return np.transpose(self, *axes) if len(axes) < 2 else transpose(self, axes)


def _astype(
    self: Value, dtype: Any = np.float64, order: Any = "K", casting: Any = "unsafe",
    subok: Any = True, copy: Any = True,
) -> Any:  # fmt: skip
    """What `autodiff.astype` gives for it: in whole numbers or booleans plain data."""
    return astype(self, dtype, order, casting, subok, copy)


def _copy(self: Value, order: Any = "C") -> Any:
    """What `np.copy` gives for it."""
    return np.copy(self, order)


def _of_numpy(function: Any) -> Any:
    """A method that takes the arguments of NumPy's function."""

    def method(self: Value, *args: Any, **keywords: Any) -> Any:
        return array_function(self, function, None, (self, *args), keywords)

    method.__name__ = function.__name__
    own = f"What `np.{function.__name__}` gives for it, with NumPy's arguments."
    method.__doc__ = registry.numpy[function].__doc__ or own
    return method


def _reduction(function: Any) -> Any:
    """A reduction as a method: the operation itself, where no more is given than that takes."""
    call = operation(function.__name__).call
    of_numpy = _of_numpy(function)

    def method(self: Value, axis: Any = None, *args: Any, **keywords: Any) -> Any:
        usual = not keywords or (len(keywords) == 1 and type(keywords.get("keepdims")) is bool)
        if usual and not args and (axis is None or type(axis) in (int, tuple)):
            return call(self, axis, **keywords)
        return of_numpy(self, axis, *args, **keywords)

    method.__name__, method.__doc__ = of_numpy.__name__, of_numpy.__doc__
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


def install() -> None:
    """Give Value and Tensor all that stands in this table."""
    both = {
        **OPERATORS,
        **IN_PLACE_OPERATORS,
        **PROTOCOLS,
        **{name: operation(name).method for name in METHODS},
        **{name: operation(ours).method for name, ours in ALIASES.items()},
        "clamp": _clamp,
        "numel": _numel,
        **{function.__name__: _reduction(function) for function in REDUCTIONS},
        **{function.__name__: _of_numpy(function) for function in SCANS},
        "astype": _astype,
        "transpose": _transpose,
        "reshape": reshape_method,
        "clip": _clip,
    }
    of_tensors = {
        "__getitem__": getitem,
        **{function.__name__: _of_numpy(function) for function in OF_NDARRAY},
        **{name: property(get, doc=get.__doc__) for name, get in PROPERTIES.items()},
        **{name: _in_place(name) for name in IN_PLACE},
        "compress": _compress,
        "copy": _copy,
        "conj": real,
        "conjugate": real,
        "flatten": flatten,
    }
    for kind, table in ((Value, both), (Tensor, of_tensors)):
        for name, attribute in table.items():
            setattr(kind, name, attribute)
