"""How an operation is called: nodes are recorded in as few steps as Python takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.modes import MODES, records_plainly
from ..graph.tensor import Tensor
from ..graph.value import Value, tick
from .apply import apply, kept, widened
from .primitive import Primitive
from .pullback import pullback_of

ndarray, float64 = np.ndarray, np.float64
new = object.__new__
EXACT = 2**53  # below it, floats hold every whole number


# The functions of a formula are compiled at their first use: all of them at once would be a third
# of the time that `import autodiff` takes.


def _unary(primitive: Primitive) -> Callable[..., Any]:
    ieee, link = primitive.ieee, pullback_of(primitive, (0,))

    def on_floats(x: float) -> Any:
        nonlocal on_floats
        on_floats = primitive.on_floats
        return on_floats(x)

    def on_arrays(x: Any) -> Any:
        nonlocal on_arrays
        on_arrays = primitive.on_arrays
        return on_arrays(x)

    def call(x: Any) -> Any:
        kind = type(x)
        records: bool | None = True
        if MODES:
            records = records_plainly()
        if records is None or not (kind is Value or kind is Tensor):
            return on_arrays(x) if kind is ndarray else apply(primitive, (x,), ())
        data = x._data
        if kind is Value:
            try:
                result = on_floats(data)
            except (ArithmeticError, ValueError):
                result = ieee(data)
        else:
            try:
                result = on_arrays(data)
            except (ValueError, TypeError):
                return apply(primitive, (x,), ())  # which says what was wrong
            if type(result) is not ndarray:
                result = np.asarray(result)
        node = new(kind)
        node._data = result
        node._grad = node.name = None
        if records:
            node._link = link
            node._x = x
        else:
            node._link = node._x = node._y = None
        node._clock = tick()
        return node

    return call


def _binary(primitive: Primitive) -> Callable[..., Any]:
    def on_floats(x: float, y: float) -> Any:
        nonlocal on_floats
        on_floats = primitive.on_floats
        return on_floats(x, y)

    def on_tensors(x: Any, y: Any) -> Any:
        nonlocal on_tensors
        keeping = primitive.keeps is not None
        on_tensors = primitive.on_arrays_keeping if keeping else primitive.on_arrays
        return on_tensors(x, y)

    paired = primitive.elementwise
    both, first, second = [pullback_of(primitive, nodes) for nodes in ((0, 1), (0,), (1,))]

    def call(a: Any, b: Any) -> Any:
        kind, other = type(a), type(b)
        link = both
        records: bool | None = True
        if MODES and (records := records_plainly()) is None:
            return apply(primitive, (a, b), ())
        try:
            if kind is Value or kind is Tensor:
                x = a._data
                if other is kind:
                    y = b._data
                elif other is float:
                    y, link = b, first
                elif other is int or (other is float64 and (kind is Value or x.dtype.char == "d")):
                    y = b = float(b)
                    link = first
                elif other is ndarray and kind is Tensor:
                    y = b = kept(b, x if paired else None)
                    link = first
                else:
                    return apply(primitive, (a, b), ())
            elif other is Value or other is Tensor:
                y, link = b._data, second
                kind, other = other, kind
                if other is float:
                    x = a
                elif other is int or (other is float64 and (kind is Value or y.dtype.char == "d")):
                    x = a = float(a)
                elif other is ndarray and kind is Tensor:
                    x = a = kept(a, y if paired else None)
                else:
                    return apply(primitive, (a, b), ())
            elif kind is ndarray is other:
                return primitive.on_arrays(a, b)
            else:
                return apply(primitive, (a, b), ())
            node = new(kind)
            if kind is Value:
                result = on_floats(x, y)
            else:
                result = on_tensors(x, y)
                if type(result) is not ndarray:
                    if type(result) is tuple:
                        result, node._kept = result
                    result = np.asarray(result)
        except (ArithmeticError, ValueError, TypeError):
            return apply(primitive, (a, b), ())  # by IEEE 754, or says what was wrong
        node._data = result
        node._grad = node.name = None
        if records:
            node._link = link
            node._x = a
            node._y = b
        else:
            node._link = node._x = node._y = None
        node._clock = tick()
        return node

    return call


def _general(primitive: Primitive) -> Callable[..., Any]:
    """A call by position or by name, with the defaults of the static parameters."""
    count, defaults = len(primitive.operands), tuple(primitive.defaults.values())
    places = {name: i for i, name in enumerate(primitive.defaults)}
    variadic = primitive.variadic
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [p if p.kind is positional else p.replace(kind=positional) for p in primitive.parameters]
    )

    def call(*args: Any, **keywords: Any) -> Any:
        given = len(args) - count  # static parameters by position
        if keywords and given >= 0 and all([places.get(name, -1) >= given for name in keywords]):
            params = args[count:] + defaults[given:]
            params = tuple([keywords.get(name, params[i]) for name, i in places.items()])
        elif keywords or not 0 <= given <= len(defaults):
            args = bound_arguments(primitive.name, signature, args, keywords)
            params = args[count:]
        else:
            params = args[count:] + defaults[given:]
        if variadic:
            return apply(primitive, tuple(args[0]), params)
        return _on_tensors(primitive, args[:count], params)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def bound_arguments(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """All arguments by position. Raises TypeError where these are not the signature's."""
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        raise TypeError(f"`{name}` is called as {name}{signature}, but here: {error}.") from None
    bound.apply_defaults()
    return bound.args


def _on_tensors(primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """What `apply` does, in less time where every operand is a Tensor or an array."""
    data: list[Any] = []
    given, positions, constants = [], [], []
    for operand in operands:
        kind = type(operand)
        if kind is Tensor:
            positions.append(len(data))
            data.append(operand._data)
        elif kind is ndarray:
            constants.append(len(data))
            data.append(operand)
        elif kind is float or (kind is int and -EXACT < operand < EXACT):
            operand = float(operand)
            data.append(operand)
        else:
            return apply(primitive, operands, params)
        given.append(operand)
    records = records_plainly() if MODES else True
    if records is None or not positions or (params and any([isinstance(p, Value) for p in params])):
        return apply(primitive, operands, params)
    for i in constants:
        constant = kept(given[i])
        data[i] = given[i] = widened(constant, data) if primitive.elementwise else constant
    node: Value = new(Tensor)
    try:
        result = primitive.on_arrays(*data, *params)
    except (ValueError, TypeError, IndexError):
        return apply(primitive, operands, params)  # which says what was wrong
    node._data = result if type(result) is ndarray else np.asarray(result)
    node._grad = node.name = None
    if not records:
        node._link = node._x = node._y = None
    elif primitive.general:
        node._link = pullback_of(primitive, tuple(positions))
        node._x, node._y = tuple(given), params
    else:
        node._link = pullback_of(primitive, tuple(positions))
        node._x, node._y = given[0], given[-1]
    node._clock = tick()
    return node


def public(primitive: Primitive) -> Callable[..., Any]:
    if primitive.general:
        call = _general(primitive)
    else:
        call = (_unary if len(primitive.operands) == 1 else _binary)(primitive)
    call.__name__ = call.__qualname__ = primitive.name
    call.__doc__ = primitive.rule.__doc__
    call.__module__ = primitive.rule.__module__
    call.primitive = primitive  # type: ignore[attr-defined]
    return call
