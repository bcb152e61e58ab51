"""The rows of a table of nodes: how each is computed, its value, gradient and local gradients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import formula_text

from .interactive.graph import name_in


class Row(NamedTuple):
    """A node, with the numbers that it has; of a leaf the formula is empty."""

    name: str
    formula: str
    value: Any
    gradient: Any
    local: list[tuple[str, float]]  # by each operand; none where one of them is an array


def rows_of(nodes: Iterable[Value], names: Mapping[Value, str]) -> Iterator[Row]:
    """The rows of these nodes, whose operands have names, too.

    >>> x = Value(3.0, name="x")
    >>> f = x * x
    >>> [row.local for row in rows_of([x, f], {x: "x", f: "f"})]
    [[], [('x', 3.0), ('x', 3.0)]]
    """
    for node in nodes:
        formula = formula_text(node, lambda operand: name_in(names, operand))
        yield Row(names[node], formula, node.data, node.grad, _local(node, names))


def _local(node: Value, names: Mapping[Value, str]) -> list[tuple[str, float]]:
    if any(np.ndim(thing.data) for thing in (node, *node.inputs)):
        return []
    pairs = zip(node.inputs, local_gradients(node), strict=True)
    return [(names[operand], float(partial)) for operand, partial in pairs]
