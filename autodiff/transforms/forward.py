"""Derivatives along tangents: jvp, hvp."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..graph.messages import checked_function, describe
from ..graph.node import data_of
from ..graph.order import between
from ..graph.value import Value
from ..support.tree import leaves, unflatten
from .stacked import pull_given
from .tape import (
    Level,
    Tape,
    at_level,
    cast_like,
    constant,
    leaves_like,
    one_like,
    owned,
)  # fmt: skip


def _checked_pair(
    name: str, f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[tuple[Any, ...], list[Any], int | None]:
    """The primals, one for each argument of the function, and the tangent of each leaf of them.

    The third part is how many each tangent is a stack of, or None.
    """
    checked_function(f, name)
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"`{name}` takes its {what} as a tuple, one for each argument of the function, but "
                f"this is {describe(given)}.\nWrite `{name}(f, (x,), (v,))` for one argument."
            )
    found, count = leaves_like(tuple(tangents), tuple(primals), "tangent", "primal")
    return tuple(primals), found, count


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """`(output, tangent of the output)`, as the primals move along the tangents.

    It is the vjp of the vjp: the pull-back is linear in its cotangent, and the pull-back of
    that linear map is the derivative forward. So no rule is written twice. Tangents have the
    structure and the shapes of the primals, and so has the answer's second part those of the
    output; or they are stacks of such, along one more axis in front, and so is that part then.
    With `has_aux`, f returns `(output, more)` and `more` is the answer's third part.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    primals, tangents, count = _checked_pair("jvp", f, primals, tangents)
    return at_level(functools.partial(_jvp, f, has_aux, count), primals, tangents)


def _jvp(
    f: Callable[..., Any], has_aux: bool, count: int | None, level: Level, primals: Any,
    tangents: Any,
) -> Any:  # fmt: skip
    inner = Level(primals)  # nested, as it is within another
    tape = Tape(inner, f, primals, has_aux)
    outputs = leaves(tape.out)
    cotangents = [constant(one_like(output), output) for output in outputs]
    pulled = tape.pull(cotangents, lazy=not level.nested)
    pushed = _pulled_on(level, tape, pulled, tangents, count, cotangents, outputs)
    out, tangent = level.output(tape.out), unflatten(tape.out, pushed)
    return (out, tangent, level.output(tape.aux)) if has_aux else (out, tangent)


def _pulled_on(
    level: Level, tape: Tape, pulled: Sequence[Any], tangents: Sequence[Any], count: int | None,
    targets: Sequence[Value], originals: Sequence[Any],
) -> list[Any]:  # fmt: skip
    """The tangents, pulled back through the pull-back that `tape` has recorded, to `targets`."""
    pairs = [
        (node, cast_like(t, by, copy=level.nested))
        for node, by, t in zip(pulled, tape.targets, tangents, strict=True)
        if isinstance(node, Value)
    ]
    order = between([node for node, _ in pairs], targets)
    found = pull_given(level, order, pairs, targets, count)
    answers = owned(found, [data_of(tangent) for _, tangent in pairs])
    return [level.answer(a, original) for a, original in zip(answers, originals, strict=True)]


def hvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """The Hessian of f times a vector, without the Hessian: one tangent for each primal.

    The answer is a tuple like `primals`; for one primal, just its part; of tangents that are
    stacks, along one more axis in front, a stack of answers. It is the gradient of
    the gradient's product with the tangents, and so costs a few times f, however many
    parameters there are; least as one program, `compile(lambda x, v: hvp(f, (x,), (v,)))`.
    With `has_aux`, f returns `(output, more)` and the answer is a pair.
    Raises TypeError where the output is not one number or the tangents have another structure
    than the primals, ValueError where they have another shape.

    >>> import numpy as np
    >>> hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    primals, tangents, count = _checked_pair("hvp", f, primals, tangents)
    return at_level(functools.partial(_hvp, f, has_aux, count), primals, tangents)


def _hvp(
    f: Callable[..., Any], has_aux: bool, count: int | None, level: Level, primals: Any,
    tangents: Any,
) -> Any:  # fmt: skip
    inner = Level(primals)  # nested, as it is within another
    tape = Tape(inner, f, primals, has_aux)
    gradient = tape.pull([one_like(tape.scalar())], lazy=not level.nested)
    found = _pulled_on(level, tape, gradient, tangents, count, tape.targets, tape.originals)
    answer = tape.structured(found)
    answer = answer[0] if len(primals) == 1 else answer
    return (answer, level.output(tape.aux)) if has_aux else answer
