"""How an operation is computed and recorded: of any mixture of numbers, arrays and nodes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.modes import current_mode
from ..graph.node import data_of, new_node, operands_of, parameters_of, unrecorded
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..support.frames import user_frame
from . import symbol
from .anomaly import check_born, line_of
from .lazy import LazyProduct
from .operands import data_of_operands, frozen, is_number, narrower
from .primitive import Primitive, operation
from .pullback import pullback_of


def apply(primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
    """The operation on any mixture of numbers, arrays, Values and Tensors, recorded where it must.

    All floats and Values give a float or Value; with an array or Tensor, an array or Tensor.
    """
    for param in params:
        if isinstance(param, Value):
            _refuse_parameter(primitive, param)
    nodes = tuple([i for i, operand in enumerate(operands) if isinstance(operand, Value)])
    if any([type(operands[i]) is symbol.Symbol for i in nodes]):
        return _on_symbols(primitive, operands, params)
    mode = current_mode()
    if mode.lazy and nodes and not (primitive.elementwise or primitive.general):
        given = [o if isinstance(o, Value) else frozen(o) for o in operands]
        return LazyProduct(pullback_of(primitive, nodes), given)
    scalar = all([is_number(o) for o in operands])
    data = data_of_operands(primitive, operands, nodes, scalar)
    numpys = scalar or not (nodes or primitive.formula.is_ours)  # and cast by NumPy itself
    narrow, wide = ([], None) if numpys else narrower(primitive, data)
    if narrow:
        cast = [i for i in narrow if i in nodes]
        if cast:
            widen = operation("cast").call
            wider = [widen(o, wide) if i in cast else o for i, o in enumerate(operands)]
            return apply(primitive, wider, params)
        data = [d.astype(wide) if i in narrow else d for i, d in enumerate(data)]
    result = _forward(primitive, primitive.arguments(data, params), scalar)
    if not nodes:
        return result
    given = [o if isinstance(o, Value) else d for o, d in zip(operands, data, strict=True)]
    if mode.interpreter.traces:
        return mode.interpreter.process_primitive(primitive, given, params, result)
    _refuse_leaked(operands, nodes)
    if mode.lines is not None:
        check_born(primitive, operands, data, result)
    kind = Value if type(result) is float else Tensor
    found = result if kind is Value else np.asarray(result)
    if mode.records:
        pullback = pullback_of(primitive, nodes)
        node = new_node(kind, found, pullback, primitive.arguments(given, params))
        if mode.note is not None:
            node._before = mode.note(node, user_frame())
    else:
        node = unrecorded(kind, found)
    if mode.lines is not None:
        mode.lines[id(node)] = line_of(mode)
    return node


def recomputed(node: Value, inputs: Sequence[Any]) -> Any:
    """What the operation that made a node gives of other `inputs`: its constants stay.

    >>> from autodiff import Value
    >>> recomputed(3.0 * Value(2.0), [5.0])
    15.0
    """
    pullback: Any = node._pullback
    operands = list(operands_of(node))
    for position, given in zip(pullback.positions, inputs, strict=True):
        operands[position] = given
    return apply(pullback.primitive, operands, parameters_of(node))


def _refuse_parameter(primitive: Primitive, param: Value) -> None:
    """Raises TypeError: a static parameter is no node."""
    if param.traced:
        operator.index(param)  # which says what a trace cannot do
    if primitive.variadic:
        raise TypeError(
            f"`{primitive.name}` takes its operands in a list, but was given "
            f"{describe(param)} beside it.\nWrite `{primitive.name}([a, b])`."
        )
    raise TypeError(
        f"`{primitive.name}` takes no derivative by that argument, but it is "
        f"{describe(param)}.\nPass its `.data` if it is to be held constant."
    )


def _refuse_leaked(operands: Sequence[Any], nodes: Sequence[int]) -> None:
    for i in nodes:
        if operands[i].traced:
            raise TypeError(
                f"{operands[i].label()} was kept from a function while it was traced, and has no "
                "value of its own.\nReturn from the function what is needed outside it."
            )


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
        if primitive.elementwise and not scalar and "broadcast" in str(error):
            raise ValueError(
                f"`{primitive.symbol}` pairs operands whose shapes broadcast, but these have "
                f"shapes {shapes}.\nGive both the same length along an axis, or length 1 to repeat."
            ) from None
        shaped = type(error) is (TypeError if scalar else ValueError)
        if isinstance(error, np.linalg.LinAlgError):
            shaped = "dimension" in str(error)  # and not of the numbers, as of a singular matrix
        if primitive.takes is not None and not primitive.differentiable:
            if isinstance(error, TypeError):
                types = " and ".join(str(np.asarray(o).dtype) for o in operands)
                rule, fix = primitive.takes
                raise TypeError(
                    f"`{primitive.symbol}` takes {rule}, but here are {types}.\n{fix}"
                ) from None
        elif primitive.takes is not None and shaped:
            rule, fix = primitive.takes
            kind = ValueError if isinstance(error, TypeError) else type(error)
            raise kind(
                f"`{primitive.symbol}` takes {rule}, but these have shapes {shapes}.\n{fix}"
            ) from None
        error.add_note(f"This was `{primitive.name}` of operands of shape {shapes}.")
        raise


def _on_symbols(primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
    """The operation as it is written, with its result where all of the data is known."""
    data = [data_of(o) for o in operands]
    known = None if any(d is None for d in data) else apply(primitive, data, params)
    expressions = [symbol.expression_of(o) for o in operands]
    return symbol.Symbol(primitive.written(expressions, data, params), known)
