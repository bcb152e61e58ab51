"""NumPy's own functions and operators on Values and Tensors, by NumPy's two protocols.

What they do is looked up in what the operations themselves declare: there is no second list.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .declare import NUMPY
from .value import Value
from .value import plain as plain_data

# Functions that ask about shapes and types, or make new arrays like another: they have no
# derivative, so they work on the plain data.
_ABOUT = (
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like,
    np.result_type, np.can_cast, np.array_equal, np.array_equiv, np.allclose, np.isclose,
    np.any, np.all, np.count_nonzero, np.array_repr, np.array_str, np.array2string,
    np.iscomplexobj, np.isrealobj, np.may_share_memory, np.shares_memory, np.broadcast_shapes,
)  # fmt: skip


def _array_ufunc(self: Value, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
    name = f"np.{ufunc.__name__}"
    if method != "__call__":
        _refuse(f"{name}.{method}")
    _check_keywords(name, keywords)
    if ufunc in NUMPY:
        return NUMPY[ufunc](*inputs)
    if all(loop.endswith("->?") for loop in ufunc.types):  # a comparison, of data
        return ufunc(*map(plain_data, inputs))
    return _refuse(name)


def _array_function(
    self: Value, function: Any, types: Any, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    name = f"{function.__module__.replace('numpy', 'np')}.{function.__name__}"
    if function in _ABOUT:
        return function(*map(plain_data, args), **{k: plain_data(v) for k, v in keywords.items()})
    if function not in NUMPY:
        _refuse(name)
    keywords = {k: v for k, v in keywords.items() if v is not np._NoValue}
    _check_keywords(name, keywords)
    return NUMPY[function](
        *args, **{k: v for k, v in keywords.items() if k not in ("out", "where")}
    )


def _check_keywords(name: str, keywords: dict[str, Any]) -> None:
    if keywords.get("out") is not None:
        raise TypeError(
            f"`{name}` of a Tensor gives a new Tensor, and cannot write into `out=`.\n"
            f"Write `t = {name}(...)`, and `a = a * t` instead of `a *= t`."
        )
    if keywords.get("where", True) is not True:
        raise TypeError(
            f"`{name}` of a Tensor has no `where=`, which leaves entries undefined.\n"
            "Use `autodiff.where(condition, a, b)`."
        )


def _refuse(name: str) -> NoReturn:
    raise TypeError(
        f"NumPy's `{name}` has no derivative rule here, so a Tensor cannot go through it.\n"
        f"Use `{name}(t.data)` if no gradient is wanted, or declare the rule with `@primitive`."
    )


def install() -> None:
    """Make NumPy ask these two functions when a Value or Tensor comes to it."""
    vars_of: Any = Value
    vars_of.__array_ufunc__ = _array_ufunc
    vars_of.__array_function__ = _array_function
