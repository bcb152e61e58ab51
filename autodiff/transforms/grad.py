"""Derivatives by one pass backward: grad, value_and_grad, vjp; and local gradients."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph.messages import checked_function, describe
from ..graph.value import Value
from ..support.tree import leaves
from .backward import pull_edges
from .stacked import pull_given
from .tape import Level, Tape, Transformed, at_level, cast_like, leaves_like, one_like, owned


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
    return Transformed(_value_and_gradient, f, argnums, has_aux)


def _value_and_gradient(tape: Tape) -> tuple[Any, Any]:
    gradient = _gradient_on(tape)
    value = tape.level.output(tape.out)
    return ((value, tape.aux), gradient) if tape.has_aux else (value, gradient)


def _gradient_on(tape: Tape) -> Any:
    return tape.structured(tape.pull([one_like(tape.scalar())]))


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
    checked_function(f, "grad")
    return Transformed(_gradient, f, argnums, has_aux)


def _gradient(tape: Tape) -> Any:
    gradient = _gradient_on(tape)
    return (gradient, tape.aux) if tape.has_aux else gradient


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`(output, pull)`, where `pull(ct)` gives one cotangent for each of `primals`.

    `ct` has the structure and the shapes of the output; or it is a stack of such, along one more
    axis in front, and so is the answer then. With `has_aux`, a third part is what f returned more.

    >>> out, pull = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> out, pull(1.0)
    (6.0, (3.0, 2.0))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 3., 30.]), array([ 2., 20.]))
    """
    checked_function(f, "vjp")
    return at_level(functools.partial(_vjp, f, has_aux), *primals)


def _vjp(f: Callable[..., Any], has_aux: bool, level: Level, *primals: Any) -> tuple[Any, ...]:
    tape = Tape(level, f, primals, has_aux)
    out, pull = level.output(tape.out), _Pull(tape, primals)
    return (out, pull, tape.aux) if has_aux else (out, pull)


class _Pull:
    """What `vjp` returns to pull cotangents back by, through the graph that it has recorded."""

    def __init__(self, tape: Tape, primals: tuple[Any, ...]) -> None:
        self._tape, self._primals = tape, primals
        self._graph = [node._data for node in (*tape.order, *tape.targets)]

    def __call__(self, ct: Any) -> Any:
        cotangents, count = leaves_like(ct, self._tape.out, "cotangent", "output")
        return at_level(functools.partial(self._at, count), self._primals, cotangents)

    def _at(
        self, count: int | None, level: Level, primals: tuple[Any, ...], cotangents: list[Any]
    ) -> Any:
        tape = copy.copy(self._tape)
        tape.level = level
        given = [cast_like(c, o) for c, o in zip(cotangents, leaves(tape.out), strict=True)]
        if count is None:
            return tape.structured(tape.pull(given, held=self._graph))
        pairs = zip(leaves(tape.out), given, strict=True)
        seeds = [(node, stack) for node, stack in pairs if isinstance(node, Value)]
        rows = pull_given(level, tape.order, seeds, tape.targets, count)
        return tape.structured(rows if level.nested else owned(rows, self._graph))

    def __reduce__(self) -> Any:
        raise TypeError(
            "What is copied and pickled has no graph behind it, but this pulls back through one.\n"
            "Pickle the function and its primals, and call `vjp` again."
        )


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
