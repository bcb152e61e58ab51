"""NumPy's own functions and operators on Values and Tensors, by NumPy's protocols.

What they do is looked up in what the operations themselves declare: there is no second list. (For
SciPy's ufuncs there is one of names, in scipy_special.py.)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..graph.habits import advice_on
from ..graph.node import data_of
from ..graph.value import Value
from ..primitives.namespaces import signature_of
from ..primitives.registry import registry
from ..support.frames import scipys_function
from ..support.numbers import is_finite
from .scipy_special import UFUNCS, is_scipys, refuse_scipy
from .shapes import astype

# Functions that ask about shapes and types, or make new arrays like another: they look at no
# number, so they work on the plain data.
_ABOUT = (
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like,
    np.result_type, np.can_cast, np.array_repr, np.array_str, np.array2string,
    np.iscomplexobj, np.isrealobj, np.may_share_memory, np.shares_memory, np.broadcast_shapes,
    np.min_scalar_type, np.common_type, np.tril_indices_from, np.triu_indices_from,
    np.diag_indices_from, np.einsum_path,
)  # fmt: skip

# Arguments of NumPy's that change nothing in the result's numbers.
_HARMLESS = frozenset({
    "casting", "copy", "device", "kind", "optimize", "order", "overwrite_input", "stable", "subok",
    "writeable",
})  # fmt: skip
_INPLACE = frozenset({np.copyto, np.put, np.put_along_axis, np.place, np.putmask, np.fill_diagonal})


# -- a plain array ---------------------------------------------------------------------------


def array(self: Value, dtype: Any = None, copy: bool | None = None) -> NoReturn:
    refuse_scipy(self)
    raise TypeError(
        f"NumPy asked for the plain array of {self.label()}, and its gradient would be lost.\n"
        "Use `.data` if no gradient is wanted; else join nodes by `autodiff.stack`, fill by "
        "`broadcast_to`, and write entries by `t = t.at[index].set(node)`."
    )


# -- ufuncs ----------------------------------------------------------------------------------


def array_ufunc(self: Value, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
    call = _call_of(ufunc)
    if method != "__call__":
        return _ufunc_method(_name_of(ufunc), ufunc, method, inputs, keywords)
    if call is None:
        return _refuse(_name_of(ufunc))
    return _ufunc_with(ufunc, call, inputs, keywords) if keywords else call(*inputs)


def _ufunc_with(
    ufunc: np.ufunc, call: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    """A ufunc that is given more than its operands, which is shown to NumPy first."""
    dtype, taken = keywords.get("dtype"), inspect.signature(call).parameters
    given = {key: keywords[key] for key in ("axis",) if key in keywords and key in taken}
    for key in keywords.keys() - given.keys() - {"dtype"}:
        _refuse_keyword(_name_of(ufunc), key, keywords[key])
    with np.errstate(all="ignore"):
        shown = ufunc(*map(_plain, inputs), **keywords)
    kind = np.asarray(shown[0] if type(shown) is tuple else shown).dtype.kind
    if dtype is not None and kind != "b":  # a condition is of operands in their own type
        inputs = tuple([astype(operand, dtype) for operand in inputs])
    return call(*inputs, **given)


def _call_of(ufunc: np.ufunc) -> Any:
    """What a ufunc is on a node, or None."""
    call = registry.numpy.get(ufunc)
    return UFUNCS.get(ufunc.__name__) if call is None and is_scipys(ufunc) else call


def _name_of(ufunc: np.ufunc) -> str:
    """What a ufunc is called where the user has it from."""
    name = ufunc.__name__
    if ufunc is getattr(np, name, None) or ufunc in registry.numpy:
        return f"np.{name}"
    return f"scipy.special.{name}" if is_scipys(ufunc) else scipys_function() or name


# What a ufunc's methods are called among NumPy's functions.
_REDUCTIONS: dict[tuple[np.ufunc, str], Any] = {
    (np.add, "reduce"): np.sum, (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max, (np.minimum, "reduce"): np.min,
    (np.logical_and, "reduce"): np.all, (np.logical_or, "reduce"): np.any,
    (np.add, "accumulate"): np.cumsum, (np.multiply, "accumulate"): np.cumprod,
}  # fmt: skip


def _ufunc_method(
    name: str, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    call = _call_of(ufunc)
    if method == "outer" and call is not None:
        a, b = inputs
        apart = (..., *(None,) * np.ndim(data_of(b)))
        return call(a[apart] if np.ndim(data_of(a)) else a, b)
    if (ufunc, method) in _REDUCTIONS:
        names = ("axis", "dtype", "out", "keepdims", "initial", "where")
        given = {"axis": 0} | dict(zip(names, inputs[1:], strict=False)) | keywords
        return array_function(None, _REDUCTIONS[ufunc, method], None, inputs[:1], given)
    if method == "at":
        raise TypeError(
            f"`{name}.at` writes into its array, and a Tensor is not written in place.\n"
            "Use `t = t.at[index].add(value)` or `.set(value)`, which give a new Tensor."
        )
    return _refuse(f"{name}.{method}")


# -- functions -------------------------------------------------------------------------------


def array_function(
    self: Any, function: Any, types: Any, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    if function in registry.numpy:
        given, named = _translated(function, args, keywords)
        try:
            return registry.numpy[function](*given, **named)
        except _REFUSALS as error:
            _refuse_as_numpy(function, args, keywords, error)
            raise
    if function in _ABOUT:
        return function(*map(data_of, args), **{k: data_of(v) for k, v in keywords.items()})
    if function in _INPLACE:
        raise TypeError(
            f"`{_name(function)}` writes into an array, which would lose a Tensor's gradient.\n"
            "Use `t = t.at[index].set(value)`, `where`, or `broadcast_to` to fill an array."
        )
    return _refuse(_name(function))


_REFUSALS = (TypeError, ValueError, IndexError, AttributeError, RuntimeError, ArithmeticError)


def _refuse_as_numpy(
    function: Any, args: tuple[Any, ...], keywords: dict[str, Any], ours: Exception
) -> None:
    """Raise what NumPy raises for the same arguments, if that is not caught by what ours is."""
    try:
        _shown_to_numpy(function, args, keywords, _finite)
    except _REFUSALS as theirs:
        if not any([isinstance(ours, kind) for kind in _REFUSALS if isinstance(theirs, kind)]):
            raise theirs from ours


class _Plan(NamedTuple):
    """How the arguments of NumPy's function are handed to ours."""

    theirs: tuple[str, ...]  # their parameters, in order
    by_place: frozenset[str]  # those of them that are not given by name
    defaults: dict[str, Any]
    ours: tuple[str, ...]
    leading: int  # how many of ours, the operands first, are theirs by place
    filled: dict[str, Any]  # their defaults, where ours are others


@functools.cache
def _plan(function: Any, call: Any) -> _Plan | None:
    """How `call` is handed what a function of NumPy's is given.

    None where any number of arguments is taken, so that each is handed on as it is.
    """
    theirs = signature_of(function).parameters
    ours = inspect.signature(call).parameters
    if any(p.kind is p.VAR_POSITIONAL for p in (*theirs.values(), *ours.values())):
        return None
    names = tuple(name for name, p in theirs.items() if p.kind is not p.VAR_KEYWORD)
    defaults = {n: p.default for n, p in theirs.items() if p.default is not p.empty}
    leading = 0
    for mine in ours.values():
        if mine.default is not mine.empty and mine.name in names:
            break
        leading += mine.default is mine.empty
    filled = {
        name: default
        for name, default in defaults.items()
        if name in ours and default is not np._NoValue and default != ours[name].default
    }
    by_place = frozenset([n for n, p in theirs.items() if p.kind is p.POSITIONAL_ONLY])
    return _Plan(names, by_place, defaults, tuple(ours), leading, filled)


def _translated(
    function: Any, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of NumPy's function as ours takes them; TypeError for one it has not.

    Those of an uncommon form are shown to NumPy first, so that what it refuses is refused.
    """
    plan = _plan(function, registry.numpy[function])
    if plan is None:
        for key in ("out", "where"):
            if key in keywords:
                _refuse_keyword(_name(function), key, keywords[key])
        return args, {k: v for k, v in keywords.items() if k not in ("out", "where")}
    given = dict(zip(plan.theirs, args, strict=False), **keywords)
    operands: list[Any] = []
    named = dict(plan.filled)
    common = len(args) <= len(plan.theirs) and plan.by_place.isdisjoint(keywords)
    for place, name in enumerate(plan.theirs):
        if name not in given:
            continue
        value = given.pop(name)
        if place < plan.leading:
            operands.append(value)
            common = common and (place == 0 or _is_operand(value) or type(value) is int)
        elif value is np._NoValue or _same(value, plan.defaults.get(name)):
            if name in plan.ours and name not in plan.filled and value is not np._NoValue:
                named[name] = value
        elif name in plan.ours:
            named[name] = value
            common = (
                common
                and name != "where"
                and (_is_common(value) or (name in _OPTIONAL and _is_operand(value)))
            )
        else:
            _refuse_keyword(_name(function), name, value, plan.ours)
            common = False
    for name in given:  # what NumPy's takes as **keywords
        if name not in plan.ours:
            _refuse_keyword(_name(function), name, given[name], plan.ours)
    if not common and not _may_never_return(function, args):
        _shown_to_numpy(function, args, keywords, _plain)
    return tuple(operands), named | given


def _shown_to_numpy(
    function: Any, args: tuple[Any, ...], keywords: dict[str, Any], form: Callable[[Any], Any]
) -> None:
    """NumPy's function of plain arguments, for what it refuses."""
    with np.errstate(all="ignore"):
        function(*map(form, args), **{k: form(v) for k, v in keywords.items()})


_OPERANDS = (Value, np.ndarray, float)
# Operands that may be left out.
_OPTIONAL = frozenset({"a_min", "a_max", "default", "max", "min", "x", "y"})


def _is_operand(value: Any) -> bool:
    """Whether an argument is of numbers in a form that all functions take, or a list of such."""
    if type(value) is list:
        return all([isinstance(entry, (Value, np.ndarray)) for entry in value])
    return isinstance(value, _OPERANDS)


def _is_common(value: Any) -> bool:
    """Whether an argument is an axis, a shape, a flag or a word, as most are: of ints alone."""
    if type(value) is tuple:
        return all([type(entry) is int for entry in value])
    return type(value) in (int, bool, str)


def _plain(value: Any) -> Any:
    """An argument with the data of nodes, to show it to NumPy, which may write into it."""
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return np.array(data_of(value)) if isinstance(value, Value) else value


def _finite(value: Any) -> Any:
    """A plain argument with 0 for infinities, which LAPACK may never return from."""
    value = _plain(value)
    floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return np.nan_to_num(value, nan=np.nan, posinf=0.0, neginf=0.0) if floats else value


def _may_never_return(function: Any, args: tuple[Any, ...]) -> bool:
    """Whether it is one of LAPACK's on a matrix with infinities, which may go on for ever."""
    matrices = (a for a in args if isinstance(a, (Value, np.ndarray)))
    return function.__module__ == "numpy.linalg" and not all(
        is_finite(data_of(a)) for a in matrices
    )


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def _refuse_keyword(name: str, key: str, value: Any, ours: tuple[str, ...] = ()) -> None:
    """Raise TypeError for an argument that would change the result and is not taken here."""
    if key in _HARMLESS or (value is None and key in ("out", "dtype")):
        return
    if key == "out":
        raise TypeError(
            f"`{name}` of a Tensor gives a new Tensor, and cannot write into `out=`.\n"
            f"Write `t = {name}(...)`, and `a = a * t` instead of `a *= t`."
        )
    if key == "where":
        if value is True:
            return
        raise TypeError(
            f"`{name}` of a Tensor has no `where=`, which leaves entries undefined or out.\n"
            "Use `autodiff.where(condition, t, 0.0)`, with what changes nothing for 0.0."
        )
    if key == "dtype":
        raise TypeError(
            f"`{name}` of a Tensor keeps the Tensor's dtype, and has no `dtype=`.\n"
            "Convert it first or afterwards, as in `t.astype(np.float32)`."
        )
    takes = f"It takes {', '.join(ours[1:])}." if ours[1:] else "It takes none by name."
    raise TypeError(
        f"`{name}` of a Tensor has no argument `{key}=` here.\n{takes}{advice_on([key])}"
    )


def _name(function: Any) -> str:
    return f"{function.__module__.replace('numpy', 'np')}.{function.__name__}"


def _refuse(name: str) -> NoReturn:
    whose = "SciPy" if name.startswith("scipy") else "NumPy"
    raise TypeError(
        f"{whose}'s `{name}` has no derivative rule here, so a Tensor cannot go through it.\n"
        f"Use `{name}(t.data)` if no gradient is wanted, or declare the rule with `@primitive`."
    )
