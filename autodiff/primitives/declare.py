"""How an operation is declared: by @elementwise, @primitive, @nondifferentiable or @composite."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.node import data_of
from . import symbol
from .apply import apply
from .door import admitted, counting
from .eager import bound_arguments, public, signature_of
from .primitive import Primitive
from .registry import Operation, registry
from .trial import check_form, helpers_named, try_elementwise, try_primitive


def _entered(primitive: Primitive, call: Callable[..., Any]) -> Callable[..., Any]:
    """Enter an operation that is called by `call`, also by NumPy where its formula is NumPy's."""
    registry.add(primitive, call)
    function = primitive.formula.numpy
    if function not in (None, np.array):  # np.array asks no operand what it does
        registry.numpy.setdefault(function, call)  # the first one's
    return call


def is_ours(rule: Callable[..., Any]) -> bool:
    """Whether a rule is one of the engine's, which the tests know."""
    return (getattr(rule, "__module__", None) or "").startswith("autodiff.")


def _declared(
    rule: Callable[..., Any],
    formula: str,
    how: str,
    check: Callable[[Primitive], None],
    **options: Any,
) -> Callable[..., Any]:
    """The operation of a rule. A user's is checked: it is run at once, to find its faults here.

    Its formula may use the functions in the user's reach; and if it is unary, it is a method.
    """
    if is_ours(rule):
        primitive = Primitive(rule, formula, **options)
        return _entered(primitive, public(primitive))
    check_form(rule, formula, how)
    before = registry.snapshot()
    try:
        around = sys._getframe(2).f_locals  # where the declaration stands
        registry.helpers.update(helpers_named(rule, formula, around))
        primitive = Primitive(rule, formula, **options)
        check(primitive)
        call = _entered(primitive, public(primitive))
    except BaseException:
        registry.restore(before)
        raise
    if primitive.unary:
        registry.add_method(primitive.name, primitive.method)
    return call


def elementwise(
    formula: str, *, quiet: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an operation that works entry by entry, by its formula and its partials.

    The decorated rule takes the output and the operands and returns one partial derivative
    for each operand (a tuple where there are several); parameters with a default are static.
    It is written with the functions of `autodiff`, and so differentiates again. `quiet`
    silences NumPy's overflow warning where the formula gives the right limit.
    The formula may use NumPy's functions and any in reach where the declaration stands.
    Raises TypeError for a rule of another arity or that returns what is no partial, ValueError
    for a formula that is not entry by entry or names what is unknown, and for a name that is
    taken; the same declaration run again replaces the operation.

    >>> import autodiff as ad
    >>> @ad.elementwise("x * arctan(x)")
    ... def x_arctan(z, x):
    ...     return ad.arctan(x) + x / (1 + x * x)
    >>> x = ad.Value(1.0)
    >>> x_arctan(x).backward()
    >>> round(x.grad, 4)
    1.2854
    """

    if not isinstance(formula, str):
        check_form(None, formula, "elementwise")

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        options = {"elementwise": True, "quiet": quiet}
        return _declared(rule, formula, "elementwise", try_elementwise, **options)

    return declare


def primitive(
    formula: str, *, keeps: str | None = None, takes: tuple[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an operation by its formula and its pull-back.

    The decorated rule takes the cotangent, the output and the operands and returns one
    cotangent for each operand, or None where the output does not change with it; a function
    of no arguments is called only if that operand's cotangent is wanted. A rule that does not
    look at the output calls it `_`, and is given none. A cotangent that
    was broadcast is summed to the operand's shape afterwards. Parameters with a default are
    static; `*arrays` takes a sequence. `keeps` names another operation of the same operands,
    which the rule is given the result of, after the output. `takes` says of which shapes the
    operands are, and what to do about others: the message of what NumPy refuses.
    The rule is tried on small operands of several shapes that the formula takes.
    Raises TypeError for a rule of another arity, or that fails on all of them or returns what
    is no cotangent, ValueError for a cotangent of a wrong shape, a formula that names what is
    unknown, and a name that is taken; the same declaration run again replaces the operation.

    >>> import autodiff as ad
    >>> @ad.primitive("x[::-1]")
    ... def upside_down(ct, z, x):
    ...     return ct[::-1]
    >>> t = ad.Tensor([1.0, 2.0, 3.0])
    >>> (upside_down(t) * [1.0, 10.0, 100.0]).sum().backward()
    >>> t.grad
    array([100.,  10.,   1.])
    """

    if not isinstance(formula, str):
        check_form(None, formula, "primitive")

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        return _declared(rule, formula, "primitive", try_primitive, keeps=keeps, takes=takes)

    return declare


def nondifferentiable(
    formula: str, *, takes: tuple[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function that has no derivative: it gives plain data for nodes, too.

    The decorated function only names its operands and parameters. `takes` is as a primitive's, of
    what its operands are.
    """

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        primitive = Primitive(rule, formula, differentiable=False, takes=takes)
        count, signature = len(primitive.operands), signature_of(primitive)
        compares = primitive.formula.operator is not None

        def call(*args: Any, **keywords: Any) -> Any:
            args = bound_arguments(rule.__name__, signature, args, keywords)
            operands, params = args[:count], admitted(primitive, args[count:])
            if primitive.variadic:
                operands = tuple(operands[0])
            if compares and str in map(type, operands):
                raise TypeError(f"`{rule.__name__}` compares numbers, but this is a text.")
            if any(isinstance(o, symbol.Symbol) or getattr(o, "traced", False) for o in operands):
                return apply(primitive, operands, params)
            data = [data_of(o) for o in operands]
            result = primitive.on_arrays(*primitive.arguments(data, params))
            shared = isinstance(result, np.ndarray) and any(result is d for d in data)
            return result.copy() if shared else result  # which the caller may write into

        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__name__ = call.__qualname__ = rule.__name__
        call.__doc__, call.__module__ = rule.__doc__, rule.__module__
        return _entered(primitive, call)

    return declare


def internal(call: Callable[..., Any]) -> Callable[..., Any]:
    """Leave an operation out of what `dir(autodiff)` lists."""
    registry.operations[call.__name__].public = False
    return call


def as_numpy(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what these functions of NumPy are on a Tensor, where it is not what they are named by."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        for numpy_function in numpy_functions:
            registry.numpy[numpy_function] = function
        return function

    return declare


def composite(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make public a function that is written in operations, and name NumPy's own for it."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        call = counting(function)
        registry.add(Operation(function), call)
        return as_numpy(*numpy_functions)(call)

    return declare
