"""One backward pass over the cards of a picture: what flows into each, and along each edge.

A card stands for a part of the graph: one node, or several. The rule by which a picture is read is
the same for both: what flows upstream into a card, times the Jacobian of an edge into it (of one
number by another, its local gradient), is the contribution of that edge; and the contributions of
all edges that leave a card add up to its gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import data_of, jacobian_rows, operands_of, pull_edges, pull_through

from .merging import Ints
from .network import Network

LARGEST, PASSES = 4_096, 100  # entries of a Jacobian that is computed, and rows, a pass for each
_WORK = 2 * 10**7  # entries of all nodes of a part, times passes


@dataclass(eq=False)
class Part:
    """What one card stands for, and the edges that go into it, in the order of its operands."""

    nodes: list[Value]  # operands first
    numbers: list[int]  # of these
    outputs: list[Value] = field(default_factory=list)  # what others use of it, or is drawn
    is_drawn: bool = False  # whether it has an output of the picture
    edges: list[Edge] = field(default_factory=list)
    users: list[Edge] = field(default_factory=list)  # the edges that leave it
    constants: dict[int, Constant] = field(default_factory=dict)  # by their place as operands

    @property
    def node(self) -> Value | None:
        """The node, if it is just one."""
        return self.nodes[0] if len(self.nodes) == 1 else None

    @property
    def is_leaf(self) -> bool:
        """Whether nothing goes into it."""
        return all(node.op is None for node in self.nodes)


class Constant(NamedTuple):
    """An array that took part as a constant."""

    array: Any
    name: str | None = None


@dataclass(eq=False)
class Edge:
    """What goes from one part into another."""

    tail: Part
    head: Part
    operands: list[Value]  # the nodes of the tail that go in
    place: int  # among the operands of the head
    local: Any = None  # the Jacobian, a row for each entry of the head's outputs; or a number
    contribution: list[Any] = field(default_factory=list)  # what comes back, to each operand


def parts_of(network: Network, cards: Ints) -> list[Part]:
    """The part of each card, with the edges between them; cards come operands first."""
    parts = [Part([], []) for _ in range(int(cards.max(initial=-1)) + 1)]
    for i, (node, card) in enumerate(zip(network.nodes, cards.tolist(), strict=True)):
        parts[card].nodes.append(node)
        parts[card].numbers.append(i)
    apart = cards[network.tails] != cards[network.heads]
    leaving = network.is_drawn.copy()
    leaving[network.tails[apart]] = True
    for i in np.flatnonzero(leaving).tolist():
        part = parts[cards[i]]
        part.outputs.append(network.nodes[i])
        part.is_drawn |= bool(network.is_drawn[i])
    incoming: dict[int, dict[int, None]] = {}  # numbers of operands, by the card that they go into
    for tail, head in zip(network.tails[apart].tolist(), cards[network.heads[apart]].tolist()):
        if len(parts[head].nodes) > 1:
            incoming.setdefault(head, {})[tail] = None
    for i, part in enumerate(parts):
        if part.node is not None:
            _connect_node(network, cards, parts, part, part.node)
        else:
            _connect(network, cards, parts, part, incoming.get(i, ()))
    return parts


def _connect_node(
    network: Network, cards: Ints, parts: list[Part], part: Part, node: Value
) -> None:
    """An edge for each operand of a node, one for each time that it is used."""
    for place, operand in enumerate(operands_of(node)):
        if isinstance(operand, Value):
            _add_edge(parts[cards[network.number[operand]]], part, [operand], place)
        elif isinstance(operand, np.ndarray) and operand.ndim:
            part.constants[place] = Constant(operand)


def _connect(
    network: Network, cards: Ints, parts: list[Part], part: Part, incoming: Iterable[int]
) -> None:
    """An edge from each other part, of all its nodes that go in."""
    operands: dict[int, list[Value]] = {}
    for i in incoming:
        operands.setdefault(int(cards[i]), []).append(network.nodes[i])
    for place, (card, nodes) in enumerate(operands.items()):
        _add_edge(parts[card], part, nodes, place)


def _add_edge(tail: Part, head: Part, operands: list[Value], place: int) -> None:
    edge = Edge(tail, head, operands, place)
    head.edges.append(edge)
    tail.users.append(edge)


# -- the pass ------------------------------------------------------------------------------


def flow(parts: Sequence[Part], seeds: Iterable[tuple[Value, Any]]) -> dict[Value, Any]:
    """The gradient by each node that a card shows, of one backward pass that starts from `seeds`.

    Each edge learns its Jacobian and its contribution on the way; no `grad` is touched.
    """
    gradients: dict[Value, Any] = {}
    for node, ct in seeds:
        _add(gradients, node, ct)
    for part in reversed(parts):
        for output in part.outputs:
            if output not in gradients:
                gradients[output] = _zero(output)
        if part.node is not None:
            _pull_node(part, part.node, gradients[part.node])
        elif not part.is_leaf:
            _pull(part, gradients)
        for edge in part.edges:
            for node, contribution in zip(edge.operands, edge.contribution, strict=True):
                _add(gradients, node, contribution)
    return gradients


def _pull_node(part: Part, node: Value, ct: Any) -> None:
    pairs = zip(part.edges, local_gradients(node), pull_edges(node, ct), strict=True)
    for edge, local, contribution in pairs:
        edge.local = local if np.ndim(node.data) == np.ndim(local) == 0 else None
        edge.contribution = [contribution]


def _pull(part: Part, gradients: dict[Value, Any]) -> None:
    """Back through a part of several nodes, to those of other parts and to the leaves in it.

    A leaf in it is used by no other part.
    """
    operands = [operand for edge in part.edges for operand in edge.operands]
    found = pull_through([(output, gradients[output]) for output in part.outputs], operands)
    for node in part.nodes:
        if node.op is None:
            gradients[node] = found.get(node, _zero(node))
    for edge in part.edges:
        edge.contribution = [found.get(operand, _zero(operand)) for operand in edge.operands]
    rows = _size(part.outputs)
    work = rows * _size(part.nodes)
    small = [edge for edge in part.edges if rows * _size(edge.operands) <= LARGEST]
    if rows <= PASSES and work <= _WORK and small:
        asked = [operand for edge in small for operand in edge.operands]
        by = dict(zip(asked, jacobian_rows(part.outputs, asked, operands), strict=True))
        for edge in small:
            blocks = [np.reshape(by[operand], (rows, -1)) for operand in edge.operands]
            edge.local = np.concatenate(blocks, axis=1)
            if edge.local.size == 1:
                edge.local = float(edge.local[0, 0])


def shape_of(edge: Edge) -> tuple[int, int]:
    """How large the Jacobian of an edge is."""
    return _size(edge.head.outputs), _size(edge.operands)


def _size(nodes: Iterable[Value]) -> int:
    """How many entries nodes have together."""
    return sum(getattr(data_of(node), "size", 1) for node in nodes)


def joined(arrays: Iterable[Any]) -> Any:
    """Several numbers or arrays as one vector; just one as it is."""
    several = list(arrays)
    if len(several) == 1:
        return several[0]
    if all(type(a) is float for a in several):
        return np.array(several)
    return np.concatenate([np.ravel(np.asarray(a, np.float64)) for a in several])


def _zero(node: Value) -> Any:
    data = data_of(node)
    return np.zeros_like(data) if isinstance(data, np.ndarray) else 0.0


def _add(gradients: dict[Value, Any], node: Value, part: Any) -> None:
    gradients[node] = gradients[node] + part if node in gradients else part
