"""What a declaration is checked for: its form, and what it gives for small operands."""

from __future__ import annotations

import ast
import inspect
import itertools
import keyword
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph.messages import describe
from ..graph.node import data_of
from ..support import syntax
from .primitive import Primitive, forced
from .registry import Helper, registry

# Operands of these shapes are tried, each with each: lengths that differ tell an axis apart.
_SHAPES = [(2, 3), (3, 4), (3,), (2,), (), (3, 3), (2, 3, 4), (2, 3, 4, 5)]
_TRIED_TOGETHER = 3  # with more operands than these, all have one shape


def check_form(rule: Any, formula: Any, decorator: str) -> None:
    """Raise TypeError for what is no rule, or no formula."""
    if not isinstance(formula, str):
        raise TypeError(
            f"`@{decorator}` takes the formula as text, but this is {describe(formula)}.\n"
            f'Write `@{decorator}("x * x")` above the rule.'
        )
    name = getattr(rule, "__name__", "")
    if not inspect.isfunction(rule) or not name.isidentifier() or keyword.iskeyword(name):
        raise TypeError(
            f"An operation has the name of its rule, but this is {describe(rule)}.\n"
            "Write the rule as a function, `def my_operation(...):`, below the decorator."
        )
    for p in inspect.signature(rule).parameters.values():
        star = p.kind is p.VAR_POSITIONAL and decorator == "elementwise"
        if star or p.kind is p.VAR_KEYWORD or (p.kind is p.KEYWORD_ONLY and p.default is p.empty):
            raise TypeError(
                f"The rule of `{name}` names each of its operands, and gives a static parameter "
                f"a default, but it has `{p}`.\n"
                "Name it as in the formula; `*arrays`, for any number, is for @primitive."
            )


def helpers_named(
    rule: Callable[..., Any], formula: str, around: Mapping[str, Any]
) -> dict[str, Helper]:
    """The functions that a formula calls beside NumPy's: all that its author has in reach.

    These are the variables `around` the declaration, what the rule closes over, and its module.
    Raises ValueError for one of the author's own that has the name of NumPy's, or of another's.
    """
    try:
        names = {n.id for n in ast.walk(syntax.parse(formula)) if isinstance(n, ast.Name)}
    except SyntaxError:
        return {}  # which the formula itself reports
    reach = {**rule.__globals__, **inspect.getclosurevars(rule).nonlocals, **around}
    found: dict[str, Helper] = {}
    for name in names.difference(inspect.signature(rule).parameters):
        function = reach.get(name)
        operation = function is rule or hasattr(function, "primitive")
        if operation or not callable(function) or isinstance(function, type):
            continue
        known, module = registry.helpers.get(name), getattr(function, "__module__", None)
        if known is not None and known.function is function:
            continue
        other = known is not None and known.function.__module__ != module
        if hasattr(np, name) and module != rule.__module__:
            continue  # as of `from math import exp`: in a formula it is NumPy's
        if hasattr(np, name) or other:
            raise ValueError(
                f"In a formula `{name}` is {'NumPy' if hasattr(np, name) else 'Nabigrad'}'s, but "
                "this module has a function of that name, too.\nGive yours another name."
            )
        found[name] = Helper(function, {})
    return found


def _trial(shape: tuple[int, ...], which: int) -> Any:
    """Small positive numbers, all different: most functions are smooth there."""
    count = int(np.prod(shape, dtype=int))
    numbers = 0.1 + 0.2 * (0.618 * np.arange(1 + which, count + which + 1) % 1)
    return numbers.reshape(shape)


def try_elementwise(primitive: Primitive) -> None:
    """Raise for a formula that does not work entry by entry, or partials that do not."""
    shape = _SHAPES[0]
    primitive.partials()
    operands = [_trial(shape, i) for i in range(len(primitive.operands))]
    params = tuple(primitive.defaults.values())
    with np.errstate(all="ignore"):
        try:
            z = primitive.on_arrays(*operands, *params)
        except Exception as error:
            if params:
                return  # the defaults may be no values to compute with
            error.add_note(f"This was the formula of `{primitive.name}` on arrays of {shape}.")
            raise
        if np.shape(z) != shape:
            raise ValueError(
                f"An elementwise formula gives an entry for each entry, but of operands of shape "
                f"{shape} {primitive.formula.text!r} gave shape {np.shape(z)}.\n"
                "Declare what is not entry by entry with @primitive."
            )
        returned = primitive.rule(z, *operands, *params)
    partials = returned if isinstance(returned, tuple) else (returned,)
    for part, name in zip(partials, primitive.operands):
        part = forced(part)
        if np.shape(part) != shape and type(part) not in (int, float):
            raise ValueError(
                f"A partial has an entry for each entry, but of operands of shape {shape} the "
                f"rule of `{primitive.name}` gave shape {np.shape(part)} by `{name}`.\n"
                "Declare what is not entry by entry with @primitive."
            )


def try_primitive(primitive: Primitive) -> None:
    """Raise for a rule that gives a cotangent of a wrong shape or kind, or fails on every trial.

    What the formula does not take is no fault. Where it takes none of these operands, nothing
    is known before the first use.
    """
    if primitive.keeps is not None:
        return
    passed: dict[tuple[int, ...], bool] = {}  # by the ranks of the operands
    fault: tuple[Exception, tuple[Any, ...]] | None = None
    for operands in trials(2 if primitive.variadic else len(primitive.operands)):
        ranks = tuple(np.ndim(o) for o in operands)
        try:
            z = _forward(primitive, operands)
        except Exception:
            continue  # the formula says that such operands are not for it
        try:
            with np.errstate(all="ignore"):
                cotangents = _pulled(primitive, z, operands)
        except Exception as error:
            fault = fault or (error, operands)
            passed[ranks] = False
            continue
        primitive.checked(cotangents, len(operands))
        check_cotangents(primitive, cotangents, operands, range(len(operands)))
        passed.setdefault(ranks, True)
    if fault is not None and not any(passed.values()):
        first, operands = fault
        raise TypeError(
            f"The rule of `{primitive.name}` fails on operands of shape "
            f"{' and '.join(str(np.shape(o)) for o in operands)}, which its formula takes: {first}"
        ) from first


def trials(count: int) -> Iterator[tuple[Any, ...]]:
    """Small operands, so many together, of the shapes that are tried."""
    if count > _TRIED_TOGETHER:
        shapes: Iterator[Sequence[tuple[int, ...]]] = ((shape,) * count for shape in _SHAPES)
    else:
        shapes = itertools.product(_SHAPES, repeat=count)
    for together in shapes:
        yield tuple(_trial(shape, i) for i, shape in enumerate(together))


def _forward(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
    params = primitive.defaults.values()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = (operands,) if primitive.variadic else operands
        z = np.asarray(primitive.on_arrays(*given, *params))
    if z.dtype.kind not in "biuf":
        raise TypeError(f"The result is of dtype {z.dtype}.")
    return z


def _pulled(primitive: Primitive, z: Any, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    ct, z = _trial(np.shape(z), len(operands)), z if primitive.uses_output else None
    if primitive.variadic:
        returned = primitive.rule(ct, z, *operands, **primitive.defaults)
    else:
        returned = primitive.rule(ct, z, *operands, *primitive.defaults.values())
    parts = returned if isinstance(returned, tuple) else (returned,)
    return tuple(map(forced, parts))


def check_cotangents(
    primitive: Primitive, parts: Sequence[Any], operands: Sequence[Any], places: Sequence[int]
) -> None:
    """Raise for a cotangent that is no number, or cannot be of the operand at its place."""
    for part, operand, place in zip(parts, operands, places, strict=True):
        name = primitive.operands[0 if primitive.variadic else place]
        which = f"`{name}[{place}]`" if primitive.variadic else f"`{name}`"
        data = data_of(part)
        if data is None:
            continue
        if np.asarray(data).dtype.kind not in "biuf":
            raise TypeError(
                f"The rule of `{primitive.name}` returned {describe(part)} for {which}.\n"
                "A cotangent is a number or an array, or None where nothing changes."
            )
        shape, found = np.shape(data_of(operand)), np.shape(data)
        if not _sums_to(found, shape):
            raise ValueError(
                f"The rule of `{primitive.name}` returned a cotangent of shape {found}, but "
                f"{which} has shape {shape}.\n"
                "Return one entry for each entry of the operand, or what broadcasts with it."
            )


def _sums_to(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a cotangent comes to this shape when broadcasting is undone, or done."""
    aligned = zip(reversed(found), reversed(shape))
    return all(a == b or 1 in (a, b) for a, b in aligned)
