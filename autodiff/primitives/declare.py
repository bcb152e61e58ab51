"""How an operation is declared: by @elementwise, @primitive, @plain or @composite."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph.value import Value
from ..graph.value import plain as plain_data
from . import symbol
from .apply import apply
from .eager import bound_arguments, public
from .namespaces import HELPERS
from .primitive import REGISTRY, Primitive
from .trial import check_form, functions_named, try_elementwise, try_primitive

# Beside the registry: functions without a derivative, functions written in operations,
# and what NumPy's functions do on a Tensor.
PLAIN: dict[str, Callable[..., Any]] = {}
COMPOSITES: dict[str, Callable[..., Any]] = {}
NUMPY: dict[Any, Callable[..., Any]] = {}
INTERNAL: set[str] = set()  # operations that others are made of, which `dir` leaves out

# What Python's own syntax and functions call NumPy's by, beside the operators of formulas.
_PYTHON = {
    np.absolute: "abs", np.round: "round", np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc",
}  # fmt: skip


def _register(primitive: Primitive, call: Callable[..., Any]) -> None:
    name = primitive.name
    before = REGISTRY.get(name)
    if before is not None or name in PLAIN or name in COMPOSITES:
        if before is None or not _is_same(before.rule, primitive.rule):
            raise ValueError(
                f"An operation is declared once, but there is a `{name}` already"
                f"{f' in {before.rule.__module__}' if before else ''}.\n"
                "Give the new one another name."
            )
        _forget(before)
    REGISTRY[name] = primitive
    primitive.call = call
    if primitive.formula.numpy is not None:
        NUMPY.setdefault(primitive.formula.numpy, call)
    operator = primitive.formula.operator
    python = _PYTHON.get(primitive.formula.numpy) if operator is None else operator[1]
    if python is not None and f"__{python}__" not in vars(Value):  # the first one's
        setattr(Value, f"__{python}__", call)
        if len(primitive.operands) == 2:
            setattr(Value, f"__r{python}__", lambda self, other: call(other, self))
    if len(primitive.operands) == 1 and not primitive.variadic and not hasattr(Value, name):
        setattr(Value, name, _method(call, primitive))


def _is_same(before: Callable[..., Any], rule: Callable[..., Any]) -> bool:
    """Whether a rule is an earlier one run again, as in a notebook."""
    return (before.__module__, before.__qualname__) == (rule.__module__, rule.__qualname__)


def _forget(primitive: Primitive) -> None:
    """Take back what the name of an operation reaches, but for graphs that have used it."""
    del REGISTRY[primitive.name]
    for function, call in list(NUMPY.items()):
        if getattr(call, "primitive", None) is primitive:
            del NUMPY[function]
    if getattr(vars(Value).get(primitive.name), "primitive", None) is primitive:
        delattr(Value, primitive.name)


def _method(call: Callable[..., Any], primitive: Primitive) -> Callable[..., Any]:
    """The operation as a method, which takes `t.reshape(2, 3)` for `t.reshape((2, 3))`."""
    if not primitive.defaults:
        return call

    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if len(args) > len(primitive.defaults) and all(isinstance(a, int) for a in args):
            args = (args,)
        return call(self, *args, **keywords)

    method.__name__, method.__doc__ = call.__name__, call.__doc__
    method.primitive = primitive  # type: ignore[attr-defined]
    return method


@contextmanager
def _own_functions(rule: Callable[..., Any], formula: str) -> Iterator[None]:
    """Let a formula use the functions of its own module; if it is refused after all, not."""
    before = dict(HELPERS)
    HELPERS.update(functions_named(rule, formula))
    try:
        yield
    except BaseException:
        HELPERS.clear()
        HELPERS.update(before)
        raise


def _declared(
    rule: Callable[..., Any],
    formula: str,
    how: str,
    check: Callable[[Primitive], None],
    **options: Any,
) -> Callable[..., Any]:
    """The operation of a rule. A user's is checked: it is run at once, to find its faults here."""
    if (getattr(rule, "__module__", None) or "").startswith("autodiff."):
        primitive = Primitive(rule, formula, **options)
        call = public(primitive)
        _register(primitive, call)
        return call
    check_form(rule, formula, how)
    with _own_functions(rule, formula):
        primitive = Primitive(rule, formula, **options)
        check(primitive)
        call = public(primitive)
        _register(primitive, call)
        return call


def elementwise(
    formula: str, *, quiet: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an operation that works entry by entry, by its formula and its partials.

    The decorated rule takes the output and the operands and returns one partial derivative
    for each operand (a tuple where there are several); parameters with a default are static.
    It is written with the functions of `autodiff`, and so differentiates again. `quiet`
    silences NumPy's overflow warning where the formula gives the right limit.
    The formula may use NumPy's functions and those of its own module.
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


def plain(formula: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function that has no derivative: it gives plain data for nodes, too.

    The decorated function only names its operands and parameters.
    """

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        primitive = Primitive(rule, formula, plain=True)
        count, signature = len(primitive.operands), inspect.signature(rule)

        def call(*args: Any, **keywords: Any) -> Any:
            args = bound_arguments(rule.__name__, signature, args, keywords)
            operands, params = args[:count], args[count:]
            if any(isinstance(o, symbol.Symbol) or getattr(o, "traced", False) for o in operands):
                return apply(primitive, operands, params)
            return primitive.on_arrays(*map(plain_data, operands), *params)

        call.__name__ = call.__qualname__ = rule.__name__
        call.__doc__, call.__module__ = rule.__doc__, rule.__module__
        PLAIN[rule.__name__] = call
        if primitive.formula.numpy not in (None, np.array):  # which asks no operand what it does
            NUMPY[primitive.formula.numpy] = call
        return call

    return declare


def internal(call: Callable[..., Any]) -> Callable[..., Any]:
    """Leave an operation out of what `dir(autodiff)` lists."""
    INTERNAL.add(call.__name__)
    return call


def as_numpy(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what these functions of NumPy are on a Tensor, where it is not what they are named by."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        for numpy_function in numpy_functions:
            NUMPY[numpy_function] = function
        return function

    return declare


def composite(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make public a function that is written in operations, and name NumPy's own for it."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        COMPOSITES[function.__name__] = function
        for numpy_function in numpy_functions:
            NUMPY[numpy_function] = function
        return function

    return declare
