"""Derivatives by one pass backward: grad, value_and_grad, vjp; and local gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import checked_function, describe
from ..graph.value import Value
from ..support.tree import leaves
from .backward import pull_edges
from .tape import Level, Tape, cast_like, leaves_like, one_like


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives `(f(*args), gradient)`.

    The gradient has the structure of the argument that `argnums` names, a tuple of them where
    it is a tuple. With `has_aux`, f returns `(output, more)`, and so does the first part.
    Raises TypeError where the output is not one number.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    checked_function(f, "value_and_grad")

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        with Level((args, keywords)) as level:
            tape = Tape(level, f, args, has_aux, argnums, keywords)
            out = tape.scalar()
            gradient = tape.structured(tape.pull([one_like(out)]))
            value = level.output(out)
            return ((value, tape.aux), gradient) if has_aux else (value, gradient)

    return call


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of f; `grad(grad(f))` is its second derivative.

    Arguments are as in `value_and_grad`; with `has_aux` the answer is `(gradient, more)`.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [5.0]})
    {'a': 5.0, 'b': [2.0]}
    """
    both = value_and_grad(checked_function(f, "grad"), argnums, has_aux)

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return call


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`(output, pull)`, where `pull(ct)` gives one cotangent for each of `primals`.

    `ct` has the structure of the output. With `has_aux`, a third part is what f returned more.

    >>> out, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> out, pull(1.0)
    (6.0, (3.0, 2.0))
    """
    checked_function(f, "vjp")
    with Level(primals) as level:
        tape = Tape(level, f, primals, has_aux)

    graph = [node._data for node in (*tape.order, *tape.targets)]

    def pull(ct: Any) -> Any:
        cotangents = leaves_like(ct, tape.out, "cotangent", "output")
        with Level((primals, ct)) as now:
            tape.level = now
            given = [cast_like(c, o) for c, o in zip(cotangents, leaves(tape.out), strict=True)]
            return tape.structured(tape.pull(given, held=graph))

    out = level.output(tape.out)
    return (out, pull, tape.aux) if has_aux else (out, pull)


def local_gradients(node: Value) -> tuple[Any, ...]:
    """d node / d operand for each of `node.inputs`: what the picture shows on its edges.

    A local gradient is the vjp at cotangent 1; for `x * x` there are two, of the two edges.
    Each has the shape of its operand.

    >>> a, b = Value(2.0), Value(5.0)
    >>> local_gradients(a * b)
    (5.0, 2.0)
    """
    if not isinstance(node, Value):
        raise TypeError(f"Local gradients are of a Value or Tensor, but this is {describe(node)}.")
    if node._pullback is None:
        return ()
    return tuple(
        [np.array(p) if isinstance(p, np.ndarray) else p for p in pull_edges(node, one_like(node))]
    )
