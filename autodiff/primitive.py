"""What an operation is: its formula, its derivative, and how its use is recorded."""

from __future__ import annotations

import functools
import inspect
import numbers
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import symbol, syntax
from .formula import FUSED, HELPERS, Formula
from .link import Link, LinkOfMany
from .modes import current_mode, line_of
from .postponed import Postponed
from .tensor import Tensor, as_array
from .tensor import to_float as _to_float
from .value import Value, describe, is_finite, tick

ndarray = np.ndarray

REGISTRY: dict[str, Primitive] = {}

ONE = np.ones(())  # the cotangent that a backward pass starts from: a product with it is saved
ONE.setflags(write=False)


class Primitive:
    """An operation: how it computes (its formula) and its derivative (its rule).

    `operands` are what it is differentiated by, `defaults` its static parameters. An
    elementwise rule gives partials, another pulls a cotangent back; a plain operation has no
    derivative, and its rule only names what it takes. `keeps` names another operation on the
    same operands that the rule is given the result of, after the output: a `fused` function
    finds both at once, and the second is then kept for the backward pass. `takes` is the rule of
    the operands' shapes, and what to do where they break it.
    """

    def __init__(
        self, rule: Callable[..., Any], formula: str, *, elementwise: bool = False,
        quiet: bool = False, plain: bool = False, keeps: str | None = None,
        takes: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.name = rule.__name__
        self.rule = rule
        self.elementwise = elementwise
        self.plain = plain
        parameters = list(inspect.signature(rule).parameters.values())
        self.keeps, self.takes = keeps, takes
        leading = 0 if plain else 2 - elementwise + (keeps is not None)
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
        self.lead = tuple(p.name for p in lead)
        self.looks = elementwise or "_" not in self.lead  # whether the rule looks at the output
        self.operands = tuple(p.name for p in required)
        self.variadic = required[0].kind is inspect.Parameter.VAR_POSITIONAL
        self.defaults = {p.name: p.default for p in rest if p.default is not p.empty}
        self.parameters = rest
        # Whether a node keeps its operands in a tuple: see Value's slots.
        self.general = bool(self.variadic or self.defaults or len(self.operands) > 2)
        self.formula = Formula(formula, self.operands, tuple(self.defaults))
        self.quiet = quiet
        self.links: dict[tuple[int, ...], Link] = {}

    @functools.cached_property
    def on_floats(self) -> Callable[..., Any]:
        """The forward on Python floats, compiled when it is first wanted."""
        with syntax.COMPILING:
            return self.formula.on_floats()

    @functools.cached_property
    def on_arrays(self) -> Callable[..., Any]:
        """The forward on arrays, compiled when it is first wanted."""
        with syntax.COMPILING:
            on_arrays = self.formula.on_arrays()
        return _without_overflow_warning(on_arrays) if self.quiet else on_arrays

    @property
    def symbol(self) -> str:
        """How it is written in a picture: `*` for the product, `a.T @ b`, else its name."""
        operator, text = self.formula.operator, self.formula.text
        if operator is not None and operator[1] not in ("neg", "pos"):
            return operator[0]
        return text.replace(".mT", ".T") if "@" in text else self.name

    def link(self, positions: tuple[int, ...]) -> Link:
        """The pull-back where just the operands at these positions are nodes."""
        link = self.links.get(positions)
        if link is None:
            if self.variadic:  # there is no end to them: none is kept
                return LinkOfMany(self, positions)
            link = self.links[positions] = Link(self, positions)
        return link

    def partials(self, label: str | None = None) -> list[Any]:
        """The syntax of an elementwise rule's partials, one for each operand."""
        names = [*self.lead, *self.operands, *self.defaults]
        return symbol.trace_partials(self.rule, names, len(self.operands), label or self.name)

    @functools.cached_property
    def on_arrays_keeping(self) -> Callable[..., Any]:
        """The forward on arrays, and beside it what the rule `keeps`."""
        return HELPERS[FUSED[self.name, self.keeps]]  # type: ignore[index]

    @property
    def kept_beside(self) -> Primitive:
        """The operation whose result the rule `keeps`."""
        return REGISTRY[self.keeps]  # type: ignore[index]

    @functools.cached_property
    def choices(self) -> list[bool]:
        """Which of an elementwise rule's partials are of a choice: see `symbol.is_choice`."""
        varying = {*self.lead, *self.operands}
        return [symbol.is_choice(partial, varying) for partial in self.partials()]

    def apply_rule(self, ct: Any, z: Any, operands: Sequence[Any], node: Value) -> tuple[Any, ...]:
        """One cotangent (or a function that gives it, or None) for each operand of `node`."""
        params = node._y if self.general else ()
        z = z if self.looks else None
        if self.keeps is not None:
            kept = apply(self.kept_beside, operands, params)
            return self.checked(self.rule(ct, z, kept, *operands, *params))
        if self.variadic:
            said = self.rule(ct, z, *operands, **dict(zip(self.defaults, params, strict=True)))
        else:
            said = self.rule(ct, z, *operands, *params)
        return self.checked(said, len(operands))

    def checked(self, said: Any, count: int | None = None) -> tuple[Any, ...]:
        """What a rule returned, as one cotangent for each operand."""
        parts: tuple[Any, ...] = said if type(said) is tuple else (said,)
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
        with np.errstate(all="ignore"):
            return float(self.on_arrays(*(np.float64(a) for a in arguments)))


# -- recording -----------------------------------------------------------------------------


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
        return Postponed(primitive.link(nodes), given)
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
    if mode.trace is not None:
        given = [o if isinstance(o, Value) else d for o, d in zip(operands, data, strict=True)]
        return mode.trace.record(primitive, given, params, result)
    _refuse_leaked(operands, nodes)
    kind = Value if type(result) is float else Tensor
    node = new_node(kind, result if kind is Value else np.asarray(result))
    if mode.lines is not None:
        _check_born(primitive, operands, data, result)
        mode.lines[id(node)] = line_of(mode)
    if mode.records:
        given = [o if isinstance(o, Value) else d for o, d in zip(operands, data, strict=True)]
        node._link = primitive.link(nodes)
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


def new_node(kind: type[Value], data: Any) -> Value:
    """A leaf around data that is its own already."""
    node: Value = object.__new__(kind)
    node._data = data
    node._grad = node._link = node._x = node._y = node.name = None
    node._clock = tick()
    return node


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


def _check_born(
    primitive: Primitive, operands: Sequence[Any], data: tuple[Any, ...], result: Any
) -> None:
    if is_finite(result) or not all(is_finite(d) for d in data if not isinstance(d, bool)):
        return
    names = [o.name if isinstance(o, Value) else None for o in operands]
    shown = ", ".join(
        f"{name or primitive.operands[min(i, len(primitive.operands) - 1)]} = {brief(d)}"
        for i, (name, d) in enumerate(zip(names, data, strict=True))
    )
    mode = current_mode()
    within = "" if mode.pulling is None else f", in the pull-back of `{mode.pulling[0]}`"
    raise FloatingPointError(
        f"`{primitive.symbol}` gave {brief(result)} from {shown}.\n"
        f"Its operands are finite, so it was born here{within}: {line_of(mode)}"
    )


def brief(data: Any) -> str:
    """A number or a small array in full, the ends of a large one, on one line."""
    if np.ndim(data) == 0:
        return str(data)
    return " ".join(np.array2string(np.asarray(data), threshold=6, edgeitems=2).split())


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


def _without_overflow_warning(function: Callable[..., Any]) -> Callable[..., Any]:
    def quiet(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return quiet


def shape_of(operand: Any) -> tuple[int, ...]:
    """The shape of a number, an array or a node."""
    return np.shape(operand._data if isinstance(operand, Value) else operand)
