"""The order of a graph: its nodes, each before or after all that it was made of."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from .node import operands_of
from .value import Value


def topological(root: Value) -> list[Value]:
    """Every node that `root` depends on, operands first and in their order, without recursion."""
    order: dict[Value, None] = {}
    stack: list[tuple[Value, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if node in order:
            continue
        if done:
            order[node] = None
            continue
        stack.append((node, True))
        stack.extend((operand, False) for operand in reversed(node.inputs))
    return list(order)


_clock_of = operator.attrgetter("_clock")


def reverse_topological(
    roots: Sequence[Value], stop: frozenset[Value] | set[Value] = frozenset()
) -> list[Value]:
    """Every inner node that `roots` depend on, each after all the nodes that use it.

    Leaves are left out, and so is what is behind the nodes of `stop`.
    """
    seen: set[Any] = set(roots)
    order = [root for root in seen if root._pullback is not None]
    for node in order:
        if node in stop:
            continue
        for operand in node._pullback.inputs(node):
            if operand._pullback is not None and operand not in seen:
                seen.add(operand)
                order.append(operand)
    # A node is made after what it is made of: the clock has sorted them already.
    order.sort(key=_clock_of, reverse=True)
    return order


def as_made(things: Iterable[Any]) -> list[Value]:
    """Every node among these and behind them, by all of their operands, in the order of making."""
    found: set[Value] = set()
    stack = list(things)
    while stack:
        thing = stack.pop()
        if isinstance(thing, Value) and thing not in found:
            found.add(thing)
            stack.extend(operands_of(thing))
    return sorted(found, key=_clock_of)


def between(roots: Sequence[Value], targets: Sequence[Value]) -> list[Value]:
    """The nodes on a way from a root to a target, in reverse topological order.

    The targets are not among them, nor what lies behind a target or leads to none.
    """
    ends = set(targets)
    depends, found = set(targets), []
    for node in reversed(reverse_topological(roots, stop=ends)):
        if node not in ends and not depends.isdisjoint(node.inputs):
            depends.add(node)
            found.append(node)
    found.reverse()
    return found
