"""How an operation is called: nodes are recorded in as few steps as Python takes.

Each call here does for its commonest operands what `apply` (in apply.py) does for all: it takes
the data of the operands, computes, and writes the node. Whatever is uncommon it leaves to `apply`:
a mode that looks at each result, operands of other kinds, floats that Python raises at, and what
is wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.habits import advice_on
from ..graph.modes import MODES, records_unless_watched
from ..graph.node import fill, new, unrecorded
from ..graph.tensor import Tensor, to_float
from ..graph.value import Value
from .apply import apply
from .door import admitted
from .operands import constant_beside, frozen, narrower
from .primitive import Primitive, ndarray
from .pullback import pullback_of

# What is raised here is no error yet: `apply` computes it another way, or says what is wrong.
REFUSED = (ArithmeticError, ValueError, TypeError, IndexError)


def public(primitive: Primitive) -> Callable[..., Any]:
    """The function that an operation is to its users."""
    if primitive.general:
        call = _general(primitive)
    else:
        call = (_unary if len(primitive.operands) == 1 else _binary)(primitive)
    call.__name__ = call.__qualname__ = primitive.name
    call.__doc__ = primitive.rule.__doc__
    call.__module__ = primitive.rule.__module__
    call.primitive = primitive  # type: ignore[attr-defined]
    return call


# A formula is compiled when an operation is first called: all of them at once would be a third of
# the time that `import autodiff` takes.


def _unary(primitive: Primitive) -> Callable[..., Any]:
    """The call of an operation on one operand."""
    pullback = pullback_of(primitive, (0,))
    numpys = not (primitive.elementwise and primitive.formula.is_ours)
    on_floats: Any = None
    on_arrays: Any = None

    def call(x: Any) -> Any:
        nonlocal on_floats, on_arrays
        kind = type(x)
        records = records_unless_watched() if MODES else True
        if records is None or not (kind is Value or kind is Tensor):
            plain = kind is ndarray and (numpys or x.dtype.kind == "f")
            return primitive.on_arrays(x) if plain else apply(primitive, (x,), ())
        try:
            if kind is Value:
                if on_floats is None:
                    on_floats = primitive.on_floats
                result = on_floats(x._data)
            else:
                if on_arrays is None:
                    on_arrays = primitive.on_arrays
                result = on_arrays(x._data)
                if type(result) is not ndarray:
                    result = np.asarray(result)
        except REFUSED:
            return apply(primitive, (x,), ())
        if records:
            return fill(new(kind), result, pullback, x)
        return unrecorded(kind, result)

    return call


def _binary(primitive: Primitive) -> Callable[..., Any]:
    """The call of an operation on two operands."""
    paired = primitive.elementwise
    numpys = not (paired and primitive.formula.is_ours)
    both, first, second = [pullback_of(primitive, nodes) for nodes in ((0, 1), (0,), (1,))]
    on_floats: Any = None
    on_tensors: Any = None

    def call(a: Any, b: Any) -> Any:
        nonlocal on_floats, on_tensors
        kind, other = type(a), type(b)
        records: bool | None = True
        if MODES and (records := records_unless_watched()) is None:
            return apply(primitive, (a, b), ())
        try:
            if kind is Value or kind is Tensor:
                x = a._data
                if other is kind:
                    y, pullback = b._data, both
                else:
                    y = b = b if other is float else constant_beside(a, b, paired)
                    pullback = first
            elif other is Value or other is Tensor:
                y, pullback = b._data, second
                x = a = a if kind is float else constant_beside(b, a, paired)
                kind = other
            elif kind is ndarray is other and (numpys or a.dtype.kind == b.dtype.kind == "f"):
                return primitive.on_arrays(a, b)
            else:
                return apply(primitive, (a, b), ())
            node = new(kind)
            if kind is Value:
                if on_floats is None:
                    on_floats = primitive.on_floats
                result = on_floats(x, y)
            else:
                if paired and type(x) is ndarray is type(y) and x.dtype is not y.dtype:
                    return apply(primitive, (a, b), ())
                if on_tensors is None:
                    on_tensors = primitive.on_tensors
                result = on_tensors(x, y)
                if type(result) is not ndarray:
                    if type(result) is tuple:
                        result, node._residual = result
                    result = np.asarray(result)
        except REFUSED:
            return apply(primitive, (a, b), ())
        if records:
            return fill(node, result, pullback, a, b)
        return unrecorded(kind, result)

    return call


def _general(primitive: Primitive) -> Callable[..., Any]:
    """The call of an operation on other numbers of operands, or with static parameters.

    It is called by position or by name, with the defaults of the parameters.
    """
    count, defaults = len(primitive.operands), tuple(primitive.defaults.values())
    places = {name: i for i, name in enumerate(primitive.defaults)}
    signature = signature_of(primitive)

    def call(*args: Any, **keywords: Any) -> Any:
        given = len(args) - count  # static parameters by position
        if not keywords and 0 <= given <= len(defaults):
            params = args[count:] + defaults[given:]
        elif keywords and given >= 0 and all([places.get(n, -1) >= given for n in keywords]):
            params = args[count:] + defaults[given:]
            params = tuple([keywords.get(name, params[i]) for name, i in places.items()])
        else:
            args = bound_arguments(primitive.name, signature, args, keywords)
            params = args[count:]
        if params:
            params = admitted(primitive, params)
        if primitive.variadic:
            return apply(primitive, tuple(args[0]), params)
        return _on_tensors(primitive, args[:count], params)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def signature_of(primitive: Primitive) -> inspect.Signature:
    """How an operation is called: of many operands it takes one list."""
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [p if p.kind is positional else p.replace(kind=positional) for p in primitive.parameters]
    )


def bound_arguments(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """All arguments by position. Raises TypeError where these are not the signature's."""
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        raise TypeError(
            f"`{name}` is called as {name}{signature}, but here: {error}.{advice_on(keywords)}"
        ) from None
    bound.apply_defaults()
    return bound.args


def _on_tensors(primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
    """The operation on any number of operands: each a Tensor, an array or a number."""
    records = records_unless_watched() if MODES else True
    misplaced = params and any([isinstance(p, Value) for p in params])
    if records is None or misplaced or Tensor not in map(type, operands):
        return apply(primitive, operands, params)
    data: list[Any] = []
    positions = []
    for operand in operands:
        kind = type(operand)
        if kind is Tensor:
            positions.append(len(data))
            data.append(operand._data)
        elif kind is ndarray and not primitive.elementwise:
            data.append(frozen(operand))
        elif kind is float or kind is int:
            data.append(operand if kind is float else to_float(operand))
        else:
            return apply(primitive, operands, params)
    if len(positions) > 1 and narrower(primitive, data)[0]:
        return apply(primitive, operands, params)
    try:
        result = primitive.on_arrays(*data, *params)
    except REFUSED:
        return apply(primitive, operands, params)
    if type(result) is not ndarray:
        result = np.asarray(result)
    if not records:
        return unrecorded(Tensor, result)
    for i in positions:
        data[i] = operands[i]
    pullback = pullback_of(primitive, tuple(positions))
    first, second, *rest = *data, *params
    return fill(new(Tensor), result, pullback, first, second, tuple(rest))
