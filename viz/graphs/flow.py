"""One backward pass over the cards of a picture: what flows into each, and along each edge.

A card stands for a part of the graph. The rule by which a picture is read: what flows upstream into
a card, times the local gradient of an edge into it, is the contribution of that edge; and the
contributions of all edges that leave a card add up to its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import operands_of, pull_edges


@dataclass(eq=False)
class Part:
    """What one card stands for, and the edges that go into it, in the order of its operands."""

    nodes: list[Value]
    is_drawn: bool = False  # whether it has an output of the picture
    edges: list[Edge] = field(default_factory=list)
    users: list[Edge] = field(default_factory=list)  # the edges that leave it
    constants: dict[int, Any] = field(default_factory=dict)  # arrays, by their place as operands

    @property
    def node(self) -> Value:
        return self.nodes[-1]


@dataclass(eq=False)
class Edge:
    """What goes from one part into another."""

    tail: Part
    head: Part
    operand: Value  # the node of the tail that goes in
    place: int  # among the operands of the head
    local: Any = None  # of numbers the local gradient
    contribution: Any = None  # upstream times local: what comes back


def parts_of(nodes: Iterable[Value], outputs: Sequence[Value]) -> list[Part]:
    """A part for each node (they come operands first), with the edges between them."""
    parts: dict[Value, Part] = {}
    drawn = set(outputs)
    for node in nodes:
        part = parts[node] = Part([node], node in drawn)
        for place, operand in enumerate(operands_of(node)):
            if isinstance(operand, Value):
                edge = Edge(parts[operand], part, operand, place)
                part.edges.append(edge)
                edge.tail.users.append(edge)
            elif isinstance(operand, np.ndarray):
                part.constants[place] = operand
    return list(parts.values())


def flow(parts: Sequence[Part], seeds: Iterable[tuple[Value, Any]]) -> dict[Value, Any]:
    """The gradient by each node, of one backward pass over the parts that starts from `seeds`.

    Each edge learns its local gradient and its contribution on the way; no `grad` is touched.
    """
    gradients: dict[Value, Any] = {}
    for node, ct in seeds:
        _add(gradients, node, ct)
    for part in reversed(parts):
        node = part.node
        ct = gradients.setdefault(
            node, 0.0 if np.ndim(node.data) == 0 else np.zeros_like(node.data)
        )
        pairs = zip(part.edges, local_gradients(node), pull_edges(node, ct), strict=True)
        for edge, local, contribution in pairs:
            edge.local = local if np.ndim(node.data) == np.ndim(local) == 0 else None
            edge.contribution = contribution
            _add(gradients, edge.operand, contribution)
    return gradients


def _add(gradients: dict[Value, Any], node: Value, part: Any) -> None:
    gradients[node] = gradients[node] + part if node in gradients else part
