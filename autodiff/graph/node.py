"""Node: what the graph is made of. `fill` writes one; `operands_of` reads what it was made of.

An operation is given arguments: its operands, each a node or the plain data of a constant, and
then its static parameters. (All the operands of one that takes a list are one argument, a tuple.)
The first two arguments stand in the node itself, and only those beyond them in a tuple: a tuple
for every node would be one more object for the garbage collector to visit, over and over.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np


class Node:
    """A node of the graph: its data, and the operation and the arguments that it was made by."""

    __slots__ = (
        "__weakref__", "_before", "_clock", "_data", "_first", "_grad", "_pullback", "_residual",
        "_rest", "_second", "name",
    )  # fmt: skip

    _data: Any  # a float or an array
    _grad: Any  # of the shape and dtype of the data; None where no pass has come
    _pullback: Any  # a `Pullback`: its operation, and how that pulls back; None for a leaf
    _first: Any  # of a leaf: who has made it, if not the user
    _second: Any  # of a leaf: whose parameter it is
    _rest: tuple[Any, ...]
    _clock: int  # when the data was made: an operand whose clock is later has been changed
    _residual: Any  # what the operation found along the way, for its rule: see Primitive's `keeps`
    _before: Any  # of a changed leaf: its data before, and its clock then; of a result: its note
    name: str | None

    traced = False  # whether it stands for a value that changes from call to call: `Traced`


N = TypeVar("N", bound=Node)

# The time, as the engine counts it: it moves on with every node, and with every change of a leaf.
CLOCK = itertools.count(1)
new: Any = object.__new__


def fill(
    node: N, data: Any, pullback: Any = None, first: Any = None, second: Any = None,
    rest: tuple[Any, ...] = (),
) -> N:  # fmt: skip
    """Write a fresh node: a leaf around data that is its own, or the result of an operation."""
    node._data = data
    node._grad = node.name = None
    node._pullback = pullback
    node._first = first
    node._second = second
    node._rest = rest
    node._clock = next(CLOCK)
    return node


def new_node(kind: type[N], data: Any, pullback: Any = None, arguments: tuple[Any, ...] = ()) -> N:
    """A node of that kind, with all the arguments of the operation that made it."""
    first, second = (*arguments, None, None)[:2]
    node: N = new(kind)
    return fill(node, data, pullback, first, second, arguments[2:])


# Stands in a result of `no_grad` for its first argument, which was not kept.
_UNRECORDED = "computed within no_grad"


def unrecorded(kind: type[N], data: Any) -> N:
    """The result of an operation within `no_grad`: a leaf, but none that the user made."""
    node: N = new(kind)
    return fill(node, data, None, _UNRECORDED)


def is_unrecorded(node: Node) -> bool:
    """Whether a node was computed within `no_grad`."""
    return node._first is _UNRECORDED


def as_target(leaf: N) -> N:
    """A leaf that a transform has made, to differentiate by: it is not the user's to move."""
    leaf._first = "an argument of a transform"
    return leaf


def is_users_own(node: Node) -> bool:
    """Whether a node is a leaf that the user made."""
    return node._pullback is None and node._first is None


def place(i: int) -> str:
    """Where in a node its argument i is found, as a compiled pull-back reads it."""
    return ("node._first", "node._second")[i] if i < 2 else f"node._rest[{i - 2}]"


def operands_of(node: Node) -> tuple[Any, ...]:
    """The operands as they were given: nodes, and the plain data of constants."""
    if node._pullback is None:
        return ()
    primitive = node._pullback.primitive
    if primitive.variadic:
        return node._first  # type: ignore[no-any-return]
    return _arguments_of(node)[: len(primitive.operands)]


def parameters_of(node: Node) -> tuple[Any, ...]:
    """The static parameters of the operation that made a node, in their order."""
    if node._pullback is None:
        return ()
    primitive = node._pullback.primitive
    start = len(primitive.operands)
    return _arguments_of(node)[start : start + len(primitive.defaults)]


def _arguments_of(node: Node) -> tuple[Any, ...]:
    """At least two: what an operation was not given is None."""
    return (node._first, node._second, *node._rest)


def operands_at(positions: tuple[int, ...], variadic: bool) -> Callable[[Any], tuple[Any, ...]]:
    """A function of a node: its operands at these positions."""
    if not variadic and positions in _AT:
        return _AT[positions]

    def at(node: Node) -> tuple[Any, ...]:
        operands = operands_of(node)
        return tuple([operands[i] for i in positions])

    return at


_AT: dict[tuple[int, ...], Callable[[Any], tuple[Any, ...]]] = {
    (0,): lambda node: (node._first,),
    (1,): lambda node: (node._second,),
    (0, 1): lambda node: (node._first, node._second),
}


def data_of(operand: Any) -> Any:
    """The number or array inside a node; anything else as it is."""
    return operand._data if isinstance(operand, Node) else operand


def shape_of(operand: Any) -> tuple[int, ...]:
    """The shape of a number, an array or a node."""
    data = data_of(operand)
    return data.shape if type(data) is np.ndarray else np.shape(data)
