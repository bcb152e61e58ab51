"""How an operation is computed and recorded: of any mixture of numbers, arrays and nodes."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.modes import current_mode
from ..graph.tensor import Tensor, as_array, new_node
from ..graph.tensor import to_float as _to_float
from ..graph.value import Value, describe
from ..support import syntax
from . import symbol
from .anomaly import check_born, line_of
from .lazy import Postponed
from .primitive import Primitive, ndarray
from .pullback import pullback_of

_NUMBER = (float, int, np.bool_, np.floating, np.integer)


def apply(primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
    """The operation on any mixture of numbers, arrays, Values and Tensors, recorded where it must.

    All floats and Values give a float or Value; with an array or Tensor, an array or Tensor.
    """
    for param in params:
        if isinstance(param, Value):
            if param.traced:
                operator.index(param)
            if primitive.variadic:
                raise TypeError(
                    f"`{primitive.name}` takes its operands in a list, but was given "
                    f"{describe(param)} beside it.\nWrite `{primitive.name}([a, b])`."
                )
            raise TypeError(
                f"`{primitive.name}` takes no derivative by that argument, but it is "
                f"{describe(param)}.\nPass its `.data` if it is to be held constant."
            )
    nodes = tuple([i for i, operand in enumerate(operands) if isinstance(operand, Value)])
    if any([type(operands[i]) is symbol.Symbol for i in nodes]):
        return _on_symbols(primitive, operands, params)
    mode = current_mode()
    if mode.postpones and nodes and not (primitive.elementwise or primitive.general):
        given = [o if isinstance(o, Value) else kept(o) for o in operands]
        return Postponed(pullback_of(primitive, nodes), given)
    scalar = all([_is_number(o) for o in operands])
    whole = bool(nodes) and not scalar and all([_is_whole(operands[i]._data) for i in nodes])
    data = tuple(
        [
            o if whole and type(o) is int else _operand(o, scalar, bool(nodes), primitive.name)
            for o in operands
        ]
    )
    if nodes and primitive.elementwise and not scalar:
        data = tuple([d if i in nodes else widened(d, data) for i, d in enumerate(data)])
    arguments = (data, *params) if primitive.variadic else (*data, *params)
    result = _forward(primitive, arguments, scalar)
    if not nodes:
        return result
    if mode.interpreter.traces:
        given = [o if isinstance(o, Value) else d for o, d in zip(operands, data, strict=True)]
        return mode.interpreter.record(primitive, given, params, result)
    _refuse_leaked(operands, nodes)
    kind = Value if type(result) is float else Tensor
    node = new_node(kind, result if kind is Value else np.asarray(result))
    if mode.lines is not None:
        check_born(primitive, operands, data, result)
        mode.lines[id(node)] = line_of(mode)
    if mode.records:
        given = [o if isinstance(o, Value) else d for o, d in zip(operands, data, strict=True)]
        node._link = pullback_of(primitive, nodes)
        if primitive.general:
            node._x, node._y = tuple(given), params
        else:
            node._x, node._y = given[0], given[-1]
    return node


def _refuse_leaked(operands: Sequence[Any], nodes: Sequence[int]) -> None:
    for i in nodes:
        if operands[i].traced:
            raise TypeError(
                f"{operands[i].label()} was kept from a function while it was traced, and has no "
                "value of its own.\nReturn from the function what is needed outside it."
            )


def _operand(operand: Any, scalar: bool, recorded: bool, name: str) -> Any:
    """What the formula is given for one operand."""
    if isinstance(operand, Value):
        return operand._data
    if _is_number(operand):
        exact = not isinstance(operand, _NUMBER) or type(operand) is int
        return _to_float(operand) if scalar or exact else operand
    if operand is None or isinstance(operand, (str, bytes, dict, set)) or callable(operand):
        raise TypeError(
            f"`{name}` takes numbers, arrays, Values and Tensors, but this is "
            f"{describe(operand)}.\nConvert it first, as in `float(x)` or `np.asarray(x, float)`."
        )
    if not recorded and np.iscomplexobj(operand):
        return np.asarray(operand)  # nothing is differentiated: this is plain NumPy
    if type(operand) is ndarray:
        return kept(operand) if recorded else operand
    return as_array(operand, copy=recorded, promote=False)


def _is_whole(data: Any) -> bool:
    """Whether data is an array of whole numbers or booleans, as only a trace has in nodes."""
    return isinstance(data, ndarray) and data.dtype.kind in "biu"


def _is_number(operand: Any) -> bool:
    if isinstance(operand, (Value, *_NUMBER)):
        return not isinstance(operand, (Tensor, np.timedelta64))
    return isinstance(operand, numbers.Real)


def kept(array: Any, beside: Any = None) -> Any:
    """An array operand as a node keeps it: itself if no one can write into it, else a copy.

    `beside` is the other operand's data, where the two are paired entry by entry.
    """
    dtype = array.dtype
    if dtype.char not in _NUMBERS or not dtype.isnative:
        array = as_array(array, copy=True, promote=False)
    elif not _unwritten(array):
        array = array.copy()
        array.setflags(write=False)  # so that it is not copied where it is kept again
    return array if beside is None else widened(array, (array, beside))


def _unwritten(array: Any) -> bool:
    """Whether no one can write into an array: it, and what it is a view of, are read-only."""
    base = array.base
    return not array.flags.writeable and (
        base is None or (type(base) is ndarray and base.base is None and not base.flags.writeable)
    )


def widened(constant: Any, operands: Sequence[Any]) -> Any:
    """A constant in the type that it has together with all operands.

    NumPy computes with it in that type, and so must a partial that has this constant alone:
    of 16 bits, b * b overflows and 1 / b has but three digits.
    """
    dtype = getattr(constant, "dtype", None)
    if dtype is None or dtype.kind not in "iuf":
        return constant
    wide = np.result_type(*operands)
    return constant if dtype == wide else constant.astype(wide)


_NUMBERS = frozenset(np.typecodes["AllInteger"] + np.typecodes["Float"] + "?")


def _forward(primitive: Primitive, arguments: tuple[Any, ...], scalar: bool) -> Any:
    try:
        if not scalar:
            return primitive.on_arrays(*arguments)
        try:
            return primitive.on_floats(*arguments)
        except (ArithmeticError, ValueError):
            if not primitive.elementwise:
                raise
            return primitive.ieee(*arguments)
    except (ValueError, TypeError, IndexError) as error:
        operands = arguments[0] if primitive.variadic else arguments[: len(primitive.operands)]
        if primitive.variadic and not operands:
            raise ValueError(
                f"`{primitive.name}` is of one operand or more, but the list is empty."
            ) from None
        shapes = " and ".join(str(np.shape(o)) for o in operands)
        if primitive.elementwise and not scalar and type(error) is ValueError:
            raise ValueError(
                f"`{primitive.symbol}` pairs operands whose shapes broadcast, but these have "
                f"shapes {shapes}.\nGive both the same length along an axis, or length 1 to repeat."
            ) from None
        shaped = type(error) is (TypeError if scalar else ValueError)
        if isinstance(error, np.linalg.LinAlgError):
            shaped = "dimension" in str(error)  # and not of the numbers, as of a singular matrix
        if primitive.takes is not None and shaped:
            rule, fix = primitive.takes
            kind = ValueError if isinstance(error, TypeError) else type(error)
            raise kind(
                f"`{primitive.symbol}` takes {rule}, but these have shapes {shapes}.\n{fix}"
            ) from None
        error.add_note(f"This was `{primitive.name}` of operands of shape {shapes}.")
        raise


def _on_symbols(primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
    names = primitive.operands
    put: dict[str, Any]
    if primitive.variadic:
        texts = [symbol.expression_of(o) for o in operands]
        put = {names[0]: syntax.sequence(texts)}
    else:
        put = {n: symbol.expression_of(o) for n, o in zip(names, operands, strict=True)}
    data = [o._data if isinstance(o, Value) else o for o in operands]
    known = None if any(d is None for d in data) else apply(primitive, data, params)
    static = dict(zip(primitive.defaults, params, strict=True))
    stacks = any(np.ndim(d) > 2 for d in data)
    return symbol.Symbol(primitive.formula.put(put, static, stacks=stacks), known)
