"""Passes through a region of a recorded graph, of which no `grad` knows: what a picture asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..graph.node import data_of
from ..graph.order import between, reverse_topological
from ..graph.value import Value
from .backward import pull_back, seed
from .stacked import pull_units
from .tape import Level, one_like


def pull_through(
    seeds: Iterable[tuple[Value, Any]], stop: Iterable[Value] = ()
) -> dict[Value, Any]:
    """The cotangent of each node that one backward pass from `seeds` reaches, as plain data.

    `seeds` are pairs of a node and its cotangent, None for ones; nothing is pulled back further
    than to the nodes of `stop`. It is what `backward()` makes the `grad` of these nodes, but none
    is set. Raises as `backward()` does for a cotangent of another shape and a leaf that has been
    changed since.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> found = pull_through([(y * y, None)], stop=[y])
    >>> found[y], x in found, y.grad
    (18.0, False, 0.0)
    """
    ends = frozenset(stop)
    pairs = [(node, one_like(node) if ct is None else seed(node, ct)) for node, ct in seeds]
    reached = reverse_topological([node for node, _ in pairs], ends)
    return pull_back([node for node in reached if node not in ends], pairs)


def jacobian_rows(
    outputs: Sequence[Value], inputs: Sequence[Value], held: Sequence[Value] = ()
) -> list[Any]:
    """For each input, what every entry of the outputs pulls back to it: a stack, a row for each.

    It is the Jacobian of what lies between them, by one pass for each entry of the outputs; nothing
    goes through the nodes that are `held` constant.

    >>> x, y = Value(3.0), Value(5.0)
    >>> jacobian_rows([x * y, x + y], [x, y])
    [array([5., 1.]), array([3., 1.])]
    """
    order = between(outputs, [*inputs, *held])
    return [data_of(rows) for rows in pull_units(Level(()), order, outputs, inputs)]
