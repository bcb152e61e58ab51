"""What a name means in a formula: over arrays, over floats, and in other languages."""

from __future__ import annotations

import builtins
import functools
import inspect
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..support.quiet import quiet
from ..support.syntax import matmul_by_dot
from .registry import Helper, registry


def _maximum(a: float, b: float) -> float:
    return float(a if a >= b or a != a else b)


def _minimum(a: float, b: float) -> float:
    return float(a if a <= b or a != a else b)


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else x


def _where(condition: bool, a: float, b: float) -> float:
    return float(a if condition else b)


# NumPy's names for what Python's `math` computes on floats. (Not all that share a name agree:
# math.floor gives an int and math.remainder rounds the other way.)
MATH_NAMES = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{same: same for same in [
        "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos",
        "tan", "sinh", "cosh", "tanh", "hypot", "isfinite", "isinf", "isnan", "pi", "e", "inf",
        "nan", "erf", "erfc",
    ]},
}  # fmt: skip


def _chosen_product(ct: float, partial: float) -> float:
    return ct * partial if partial else 0.0


def _safe_product(ct: float, partial: float) -> float:
    return ct * partial if ct or math.isfinite(partial) else 0.0


SCALARS: dict[str, Callable[..., Any]] = {
    "abs": builtins.abs,
    "maximum": _maximum,
    "minimum": _minimum,
    "sign": _sign,
    "where": _where,
    "logical_not": operator.not_,
    "pow": math.pow,
    "safe_product": _safe_product,
    "chosen_product": _chosen_product,
}


def helper(name: str, **bodies: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let formulas use this function of arrays by that name, beside NumPy's.

    `jax` is its body where JAX must write it otherwise, as for what writes into an array: the
    last line is an expression over the parameters, `jnp`, `jax` and other helpers. `javascript` is
    its body there, of numbers. A helper without one is written by its own body.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        registry.helpers[name] = Helper(function, bodies)
        return function

    return declare


helper("matmul_by_dot")(matmul_by_dot)


def fused(name: str, first: str, second: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let programs that need both operations of the same operands use this function of arrays.

    It gives the two results in less time than the two operations take.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        registry.fused[first, second] = name
        return helper(name)(function)

    return declare


def numpy_function(name: str) -> Any:
    """What `name` means in a formula over arrays: NumPy's own, or a helper."""
    found = registry.helpers.get(name)
    return getattr(np, name) if found is None else found.function


def scalar_function(name: str) -> Any:
    """What `name` means in a formula over Python floats: `math`'s, else NumPy's on floats."""
    if name in SCALARS:
        return SCALARS[name]
    if name in MATH_NAMES:
        return getattr(math, MATH_NAMES[name])
    on_arrays = numpy_function(name)
    if not callable(on_arrays):
        return on_arrays

    quietly = quiet(on_arrays)

    def on_floats(*operands: Any, **keywords: Any) -> Any:
        result = quietly(*operands, **keywords)
        return float(result) if np.ndim(result) == 0 else result

    return on_floats


def defaults_of(function: str) -> dict[str, Any]:
    """What a function of NumPy's or a helper does where its arguments are left out.

    `function` is as a formula has it: "sum", "linalg.norm"; of anything else nothing is known.
    """
    known = registry.helpers.get(function)
    found: Any = np if known is None else known.function
    if known is None:
        for part in function.split("."):
            found = getattr(found, part, None)
    return _defaults_of(found)


@functools.cache
def _defaults_of(function: Any) -> dict[str, Any]:
    try:
        parameters = signature_of(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: p.default for name, p in parameters.items()}


# What NumPy before 2.4 does not say of its functions in C, and before 2.1 calls otherwise.
_SIGNATURES: dict[Callable[..., Any], Callable[..., None]] = {
    np.concatenate: lambda arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    np.dot: lambda a, b, out=None: None,
    np.inner: lambda a, b, /: None,
    np.lexsort: lambda keys, axis=-1: None,
    np.reshape: lambda a, /, shape, order="C", *, copy=None: None,
    np.vdot: lambda a, b, /: None,
    np.where: lambda condition, x=None, y=None, /: None,
}


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function of NumPy's, alike in all its versions."""
    return inspect.signature(_SIGNATURES.get(function, function))
