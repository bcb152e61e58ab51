"""What an operation is: its formula, and its derivative."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from ..support import syntax
from ..support.cached import Cached
from ..support.quiet import quiet
from . import symbol
from .formula import Formula
from .partials import is_choice
from .registry import Operation, registry

ndarray = np.ndarray


class Primitive(Operation):
    """An operation: how it computes (its formula) and its derivative (its rule).

    `operands` are what it is differentiated by, `defaults` its static parameters. An
    elementwise rule gives partials, another pulls a cotangent back; where an operation has
    no derivative, the rule only names what it takes. `keeps` names another operation on the
    same operands that the rule is given the result of, after the output: a `fused` function
    finds both at once, and the second, the residual, waits in the node for the backward pass.
    `takes` says what shapes the operands have, and what to do about others: for messages.
    """

    def __init__(
        self, rule: Callable[..., Any], formula: str, *, elementwise: bool = False,
        quiet: bool = False, differentiable: bool = True, keeps: str | None = None,
        takes: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(rule)
        self.elementwise = elementwise
        self.differentiable = differentiable
        parameters = list(inspect.signature(rule).parameters.values())
        self.keeps, self.takes = keeps, takes
        leading = 2 - elementwise + (keeps is not None) if differentiable else 0
        lead, rest = parameters[:leading], parameters[leading:]
        required = [p for p in rest if p.default is p.empty]
        if len(lead) < leading or not required:
            raise TypeError(
                f"A rule is a function of {'' if elementwise else 'the cotangent, '}the output and "
                f"the operands, but `{self.name}` takes {', '.join(p.name for p in parameters)}."
            )
        if elementwise and any(p.name == "ct" for p in parameters):
            raise TypeError(
                f"`ct` is the cotangent's name, but the rule of `{self.name}` has a parameter of "
                "that name.\nRename it, or declare the rule with @primitive."
            )
        self.lead = tuple(p.name for p in lead)  # what the rule calls ct, the output, the residual
        self.uses_output = elementwise or "_" not in self.lead  # whether the rule takes the output
        self.operands = tuple(p.name for p in required)
        self.variadic = required[0].kind is inspect.Parameter.VAR_POSITIONAL
        self.defaults = {p.name: p.default for p in rest if p.default is not p.empty}
        self.parameters = rest
        # Whether it takes anything but one or two operands.
        self.general = bool(self.variadic or self.defaults or len(self.operands) > 2)
        self.formula = Formula(formula, self.operands, tuple(self.defaults))
        self.quiet = quiet
        self.pullbacks: dict[tuple[int, ...], Any] = {}  # see `pullback.pullback_of`

    @property
    def kind(self) -> str:
        if not self.differentiable:
            return "nondifferentiable"
        return "elementwise" if self.elementwise else "primitive"

    @property
    def unary(self) -> bool:
        """Whether it is of one operand, and so a method of it."""
        return len(self.operands) == 1 and not self.variadic

    @property
    def method(self) -> Callable[..., Any]:
        """The call as a method, which takes `t.reshape(2, 3)` for `t.reshape((2, 3))`."""
        call, most = self.call, len(self.defaults)
        if not most:
            return call

        def method(node: Any, *args: Any, **keywords: Any) -> Any:
            if len(args) > most and all(hasattr(a, "__index__") for a in args):
                args = (args,)
            return call(node, *args, **keywords)

        method.__name__, method.__doc__ = call.__name__, call.__doc__
        method.primitive = self  # type: ignore[attr-defined]
        return method

    def arguments(self, operands: Sequence[Any], params: Sequence[Any]) -> tuple[Any, ...]:
        """All that the formula takes, in its order: many operands are one argument."""
        return (tuple(operands), *params) if self.variadic else (*operands, *params)

    def written(
        self, operands: Sequence[ast.expr], data: Sequence[Any], params: Sequence[Any]
    ) -> ast.expr:
        """The syntax of the operation on operands that are written so, and have this data."""
        put: dict[str, ast.expr] = dict(zip(self.operands, operands))
        if self.variadic:
            put = {self.operands[0]: syntax.sequence(operands)}
        static = dict(zip(self.defaults, params, strict=True))
        return self.formula.put(put, static, stacks=any(np.ndim(d) > 2 for d in data))

    @Cached
    def on_floats(self) -> Callable[..., Any]:
        """The forward on Python floats, compiled when it is first wanted."""
        return self.formula.on_floats()

    @Cached
    def on_arrays(self) -> Callable[..., Any]:
        """The forward on arrays, compiled when it is first wanted."""
        on_arrays = self.formula.on_arrays()
        return quiet(on_arrays, over="ignore") if self.quiet else on_arrays

    @property
    def symbol(self) -> str:
        """How it is written in a picture: `*` for the product, `a.T @ b`, else its name."""
        operator, text = self.formula.operator, self.formula.text
        if operator is not None and operator[1] not in ("neg", "pos"):
            return operator[0]
        return text.replace(".mT", ".T") if "@" in text else self.name

    def partials(self, label: str | None = None) -> list[Any]:
        """The syntax of an elementwise rule's partials, one for each operand."""
        names = [*self.lead, *self.operands, *self.defaults]
        return symbol.trace_partials(self.rule, names, len(self.operands), label or self.name)

    @Cached
    def on_tensors(self) -> Callable[..., Any]:
        """The forward on arrays, and beside its result that which the rule `keeps`, if any."""
        if self.keeps is None:
            return self.on_arrays  # type: ignore[no-any-return]
        return registry.helpers[registry.fused[self.name, self.keeps]].function

    @property
    def residual_operation(self) -> Primitive:
        """The operation whose result the rule `keeps`."""
        return operation(self.keeps)  # type: ignore[arg-type]

    @Cached
    def choices(self) -> list[bool]:
        """Which of an elementwise rule's partials are of a choice: see `partials.is_choice`."""
        varying = {*self.lead, *self.operands}
        return [is_choice(partial, varying) for partial in self.partials()]

    def checked(self, returned: Any, count: int | None = None) -> tuple[Any, ...]:
        """What a rule returned, as one cotangent for each operand."""
        parts: tuple[Any, ...] = returned if type(returned) is tuple else (returned,)
        count = len(self.operands) if count is None else count
        if len(parts) != count:
            raise TypeError(
                f"The rule of `{self.name}` must return one cotangent for each operand, "
                f"{count} in all, but it returned {len(parts)}.\n"
                "Return None for an operand that the output does not change with."
            )
        return parts

    def ieee(self, *arguments: Any) -> float:
        """The forward on floats by NumPy, for inf and nan where Python raises an exception."""
        return float(quiet(self.on_arrays)(*map(np.float64, arguments)))


def _has_rule(found: Operation | None) -> TypeGuard[Primitive]:
    return isinstance(found, Primitive) and found.differentiable


def forced(part: Any) -> Any:
    """What a rule returned for an operand, computed where that is a function of no arguments."""
    return part() if callable(part) else part


def operations() -> Mapping[str, Primitive]:
    """Every operation with a derivative by its name, those that others are made of among them.

    Of each: `call` computes it, `symbol` is how it is written, `operands` and `defaults` are
    the names of what it takes, `elementwise` says whether it works entry by entry.

    >>> operations()["mul"].symbol
    '*'
    """
    return {name: found for name, found in registry.operations.items() if _has_rule(found)}


def operation(name: str) -> Primitive:
    """The operation of that name. Raises KeyError, with the fix, where there is none.

    >>> operation("tanh").call(0.0)
    0.0
    """
    found = registry.operations.get(name)
    if not _has_rule(found):
        raise KeyError(
            f"There is no operation `{name}`: `operations()` has all of them, and "
            "`@autodiff.elementwise` and `@autodiff.primitive` declare others."
        )
    return found
