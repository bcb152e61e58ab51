"""How an operation is declared: @elementwise, @primitive, @plain, and what they make callable."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import symbol
from .modes import MODES
from .primitive import REGISTRY, Primitive, apply, kept, widened
from .tensor import Tensor
from .value import Value, tick
from .value import plain as plain_data

Function = Callable[..., Any]
ndarray = np.ndarray
new = object.__new__

# Beside the registry: functions without a derivative, functions written in operations,
# and what NumPy's functions do on a Tensor.
PLAIN: dict[str, Function] = {}
COMPOSITES: dict[str, Function] = {}
NUMPY: dict[Any, Function] = {}

# What Python's own syntax and functions call NumPy's by, beside the operators of formulas.
_PYTHON = {
    np.absolute: "abs", np.round: "round", np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc",
    np.floor_divide: "floordiv", np.remainder: "mod",
}  # fmt: skip


def _unary(primitive: Primitive) -> Function:
    on_floats, on_arrays, ieee = primitive.on_floats, primitive.on_arrays, primitive.ieee
    link = primitive.link((0,))

    def call(x: Any) -> Any:
        kind = type(x)
        if MODES or not (kind is Value or kind is Tensor):
            return on_arrays(x) if kind is ndarray else apply(primitive, (x,), ())
        data = x._data
        if kind is Value:
            try:
                result = on_floats(data)
            except (ArithmeticError, ValueError):
                result = ieee(data)
        else:
            result = on_arrays(data)
            if type(result) is not ndarray:
                result = np.asarray(result)
        node = new(kind)
        node._data = result
        node._grad = node.name = None
        node._link = link
        node._x = x
        node._clock = tick()
        return node

    return call


def _binary(primitive: Primitive) -> Function:
    on_floats, on_arrays, ieee = primitive.on_floats, primitive.on_arrays, primitive.ieee
    on_tensors = on_arrays if primitive.keeps is None else primitive.on_arrays_keeping
    paired = primitive.elementwise
    both, first, second = primitive.link((0, 1)), primitive.link((0,)), primitive.link((1,))

    def call(a: Any, b: Any) -> Any:
        kind, other, link = type(a), type(b), both
        if MODES:
            return apply(primitive, (a, b), ())
        if kind is Value:
            x = a._data
            if other is Value:
                y = b._data
            elif other is float:
                y, link = b, first
            else:
                return apply(primitive, (a, b), ())
            node = new(Value)
            try:
                result = on_floats(x, y)
            except (ArithmeticError, ValueError):
                result = ieee(x, y)
        else:
            if kind is Tensor:
                x = a._data
                if other is Tensor:
                    y = b._data
                elif other is float:
                    y, link = b, first
                elif other is ndarray:
                    y = b = kept(b, x if paired else None)
                    link = first
                else:
                    return apply(primitive, (a, b), ())
            elif kind is not ndarray:
                return apply(primitive, (a, b), ())
            elif other is Tensor:
                y, link = b._data, second
                x = a = kept(a, y if paired else None)
            elif other is ndarray:
                return on_arrays(a, b)
            else:
                return apply(primitive, (a, b), ())
            node = new(Tensor)
            try:
                result = on_tensors(x, y)
            except (ValueError, TypeError):
                return apply(primitive, (a, b), ())  # which says what was wrong
            if type(result) is not ndarray:
                if type(result) is tuple:
                    result, node._kept = result
                result = np.asarray(result)
        node._data = result
        node._grad = node.name = None
        node._link = link
        node._x = a
        node._y = b
        node._clock = tick()
        return node

    return call


def _general(primitive: Primitive) -> Function:
    """A call by position or by name, with the defaults of the static parameters."""
    names = (*primitive.operands, *primitive.defaults)
    count, defaults = len(primitive.operands), tuple(primitive.defaults.values())
    variadic = primitive.variadic
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [p if p.kind is positional else p.replace(kind=positional) for p in primitive.parameters]
    )

    def call(*args: Any, **keywords: Any) -> Any:
        if keywords or not count <= len(args) <= len(names):
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            args = tuple([bound.arguments[name] for name in names])
        if not (defaults or variadic):
            return _on_tensors(primitive, args, ())
        params = args[count:] + defaults[len(args) - count :]
        if variadic:
            return apply(primitive, tuple(args[0]), params)
        return _on_tensors(primitive, args[:count], params)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


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
        else:
            return apply(primitive, operands, params)
        given.append(operand)
    if MODES or not positions or (params and any([isinstance(p, Value) for p in params])):
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
    node._link = primitive.link(tuple(positions))
    if primitive.general:
        node._x, node._y = tuple(given), params
    else:
        node._x, node._y = given[0], given[-1]
    node._clock = tick()
    return node


def _public(primitive: Primitive) -> Function:
    if primitive.general:
        call = _general(primitive)
    else:
        call = (_unary if len(primitive.operands) == 1 else _binary)(primitive)
    call.__name__ = call.__qualname__ = primitive.name
    call.__doc__ = primitive.rule.__doc__
    call.__module__ = primitive.rule.__module__
    call.primitive = primitive  # type: ignore[attr-defined]
    return call


def _register(primitive: Primitive, call: Function) -> None:
    name = primitive.name
    if name in REGISTRY:
        raise ValueError(
            f"An operation is declared once, but there is a `{name}` already.\n"
            "Give the new one another name."
        )
    REGISTRY[name] = primitive
    if primitive.formula.numpy is not None:
        NUMPY.setdefault(primitive.formula.numpy, call)
    operator = primitive.formula.operator
    if operator is not None and f"__{operator[1]}__" not in vars(Value):  # the first one's
        setattr(Value, f"__{operator[1]}__", call)
        if len(primitive.operands) == 2:
            setattr(Value, f"__r{operator[1]}__", lambda self, other: call(other, self))
    if len(primitive.operands) == 1 and not primitive.variadic and not hasattr(Value, name):
        setattr(Value, name, _method(call, primitive))
    if primitive.formula.numpy in _PYTHON:
        method = _PYTHON[primitive.formula.numpy]
        setattr(Value, f"__{method}__", call)
        if len(primitive.operands) == 2:
            setattr(Value, f"__r{method}__", lambda self, other: call(other, self))


def _method(call: Function, primitive: Primitive) -> Function:
    """The operation as a method, which takes `t.reshape(2, 3)` for `t.reshape((2, 3))`."""
    if not primitive.defaults:
        return call

    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if len(args) > len(primitive.defaults) and all(isinstance(a, int) for a in args):
            args = (args,)
        return call(self, *args, **keywords)

    method.__name__, method.__doc__ = call.__name__, call.__doc__
    return method


def elementwise(formula: str, *, quiet: bool = False) -> Callable[[Function], Function]:
    """Declare an operation that works entry by entry, by its formula and its partials.

    The decorated rule takes the output and the operands and returns one partial derivative
    for each operand (a tuple where there are several); parameters with a default are static.
    It is written with the functions of `autodiff`, and so differentiates again. `quiet`
    silences NumPy's overflow warning where the formula gives the right limit.
    Raises TypeError for a rule of another arity, ValueError for a name that is taken.

    >>> import autodiff as ad
    >>> @ad.elementwise("x * arctan(x)")
    ... def x_arctan(z, x):
    ...     return ad.arctan(x) + x / (1 + x * x)
    >>> x = ad.Value(1.0)
    >>> x_arctan(x).backward()
    >>> round(x.grad, 4)
    1.2854
    """

    def declare(rule: Function) -> Function:
        primitive = Primitive(rule, formula, elementwise=True, quiet=quiet)
        if not rule.__module__.startswith("autodiff."):
            primitive.partials()  # a user's rule is run at once, to find its faults here
        call = _public(primitive)
        _register(primitive, call)
        return call

    return declare


def primitive(formula: str, *, keeps: str | None = None) -> Callable[[Function], Function]:
    """Declare an operation by its formula and its pull-back.

    The decorated rule takes the cotangent, the output and the operands and returns one
    cotangent for each operand, or None where the output does not change with it; a function
    of no arguments is called only if that operand's cotangent is wanted. A cotangent that
    was broadcast is summed to the operand's shape afterwards. Parameters with a default are
    static; `*arrays` takes a sequence. `keeps` names another operation of the same operands,
    which the rule is given the result of, after the output.
    Raises TypeError for a rule of another arity, ValueError for a name that is taken.

    >>> import autodiff as ad
    >>> @ad.primitive("x[::-1]")
    ... def upside_down(ct, z, x):
    ...     return ct[::-1]
    >>> t = ad.Tensor([1.0, 2.0, 3.0])
    >>> (upside_down(t) * [1.0, 10.0, 100.0]).sum().backward()
    >>> t.grad
    array([100.,  10.,   1.])
    """

    def declare(rule: Function) -> Function:
        primitive = Primitive(rule, formula, keeps=keeps)
        call = _public(primitive)
        _register(primitive, call)
        return call

    return declare


def plain(formula: str) -> Callable[[Function], Function]:
    """Declare a function that has no derivative: it gives plain data for nodes, too.

    The decorated function only names its operands and parameters.
    """

    def declare(rule: Function) -> Function:
        primitive = Primitive(rule, formula, plain=True)
        count, signature = len(primitive.operands), inspect.signature(rule)

        def call(*args: Any, **keywords: Any) -> Any:
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            operands, params = bound.args[:count], bound.args[count:]
            if any(isinstance(o, symbol.Symbol) or getattr(o, "traced", False) for o in operands):
                return apply(primitive, operands, params)
            return primitive.on_arrays(*map(plain_data, operands), *params)

        call.__name__ = call.__qualname__ = rule.__name__
        call.__doc__, call.__module__ = rule.__doc__, rule.__module__
        PLAIN[rule.__name__] = call
        if primitive.formula.numpy is not None:
            NUMPY[primitive.formula.numpy] = call
        return call

    return declare


def as_numpy(*numpy_functions: Any) -> Callable[[Function], Function]:
    """Say what these functions of NumPy are on a Tensor, where it is not what they are named by."""

    def declare(function: Function) -> Function:
        for numpy_function in numpy_functions:
            NUMPY[numpy_function] = function
        return function

    return declare


def composite(*numpy_functions: Any) -> Callable[[Function], Function]:
    """Make public a function that is written in operations, and name NumPy's own for it."""

    def declare(function: Function) -> Function:
        COMPOSITES[function.__name__] = function
        for numpy_function in numpy_functions:
            NUMPY[numpy_function] = function
        return function

    return declare
