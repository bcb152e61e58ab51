"""The style "circuit": as textbooks draw it, operations in circles, numbers along the wires.

Above the line beside a wire is the value that goes forward, below it the gradient that comes back,
and then the local gradient that was the last factor of it. Where a value is used more than once
its wire forks: before the fork is the gradient, after it are the contributions that add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import graphviz

from ..palette import GRADIENT, INK, LINE, LOCAL, VALUE
from . import cards
from .content import Content
from .faces import Entry, Face, Wire
from .flow import Constant, Edge, Part
from .text import in_html, tooltip

GRAPH = {"ranksep": "0.3", "nodesep": "0.25"}
NODE = {"shape": "circle", "style": "filled", "color": INK, "margin": "0.01", "width": "0.45"}
LONG = {"shape": "box", "style": "rounded,filled", "margin": "0.08,0.04"}  # no word for a circle
FORK = {
    "label": "", "shape": "circle", "width": "0.08", "height": "0.08", "fixedsize": "true",
    "fillcolor": LINE, "color": LINE,
}  # fmt: skip
NAME = {"shape": "box", "style": "", "penwidth": "0", "margin": "0.05,0.02", "width": "0"}


def add(graph: graphviz.Digraph, content: Content) -> None:
    """All operations, names and wires."""
    graph.graph_attr.update(cards.GRAPH | GRAPH | (cards.DENSE if content.dense else {}))
    graph.node_attr.update(cards.NODE | NODE)
    graph.edge_attr.update(cards.EDGE)
    circuit = _Circuit(graph, content)
    for part in content.parts:
        circuit.add_part(part)
    for _, key, constant in content.constants():
        circuit.add_constant(key, constant)
    for part in content.parts:
        for edge in content.into(part):
            if isinstance(edge, Edge):
                circuit.add_wire(edge)
            else:
                circuit.add_constant_wire(part, *edge)


class _Circuit:
    """A circuit on its way to a graph."""

    def __init__(self, graph: graphviz.Digraph, content: Content) -> None:
        self.graph, self.content = graph, content
        self.keys, self.faces = content.keys, content.faces

    def add_part(self, part: Part) -> None:
        """A circle, or the name of a leaf; the fork of its wire; the name of an output."""
        key, face = self.keys[part], self.faces[part]
        if not part.is_leaf:
            self._add_operation(part, key, face)
        else:
            self._add_name(key, face.title, face, face.lines)
        numbers = self._numbers(face.value, face.gradient)
        if _forks(part):
            self.graph.node(f"{key}f", id=f"{key}f", **FORK)
            self.graph.edge(key, f"{key}f", arrowhead="none", id=f"e{key}f", label=numbers)
            numbers = self._numbers(None, face.seed)
        if part.is_drawn:
            self._add_name(f"{key}o", face.name or "output", face)
            self.graph.edge(self._start(part), f"{key}o", id=f"e{key}o", label=numbers)

    def _add_operation(self, part: Part, key: str, face: Face) -> None:
        size = 18 if len(face.operation) == 1 and not face.operation.isalnum() else 12
        lines = ([face.name] if face.name and not part.is_drawn else []) + face.settings
        text = f'<FONT POINT-SIZE="{size}">{in_html(face.operation)}</FONT>{cards.small(lines)}'
        how = {"fillcolor": face.fill, "peripheries": "2" if face.is_several else "1"}
        how |= LONG if lines or len(face.operation) > 5 else {}
        self.graph.node(key, label=f"<{text}>", tooltip=tooltip(face.tooltip), id=key, **how)

    def _add_name(self, key: str, name: str, face: Face, lines: Sequence[str] = ()) -> None:
        """What stands at the end of a wire: the name of a leaf or of an output."""
        text = f'<FONT POINT-SIZE="13"><B>{in_html(name)}</B></FONT>{cards.small(lines)}'
        self.graph.node(key, label=f"<{text}>", tooltip=tooltip(face.tooltip), id=key, **NAME)

    def _start(self, part: Part) -> str:
        """Where the wires of a part begin."""
        return self.keys[part] + ("f" if _forks(part) else "")

    def add_wire(self, edge: Edge) -> None:
        """A wire into an operation."""
        wire, face = self.content.wires[edge], self.faces[edge.tail]
        value, gradient = face.value, face.gradient
        if _forks(edge.tail):
            value, gradient = None, wire.contribution
        key = f"e{self.keys[edge.head]}_{edge.place}"
        attributes: dict[str, Any] = {"id": key, **cards.line(wire, self.content.widest)}
        if not self.content.dense:
            numbers = self._numbers(value, gradient, wire)
            attributes |= {"label": numbers, "labeltooltip": tooltip(wire.tooltip)}
        self.graph.edge(self._start(edge.tail), self.keys[edge.head], **attributes)

    def add_constant(self, key: str, constant: Constant) -> None:
        """The name of an array that took part as a constant."""
        face = self.content.writer.constant(constant)
        self._add_name(key, face.title, face, face.lines)

    def add_constant_wire(self, part: Part, key: str, constant: Constant) -> None:
        """Its wire into an operation."""
        numbers = self._numbers(self.content.writer.constant(constant).value, None)
        self.graph.edge(key, self.keys[part], style="dashed", label=numbers)

    def _numbers(
        self, value: Entry | None, gradient: Entry | None, wire: Wire | None = None
    ) -> str:
        """The label of a wire; "" where none of these is shown."""
        rows = [
            f"<TR><TD{cards.ground(entry)}>{cards.written(entry, colour, bold=bold)}</TD></TR>"
            for entry, colour, bold in ((value, VALUE, True), (gradient, GRADIENT, False))
            if entry
        ]
        text = "<HR/>".join(rows)
        if wire and wire.local:
            times = "" if wire.is_rule else "×"
            local = " ".join(filter(None, [times, wire.shape, wire.local.text]))
            local = cards.written(Entry(local, wire.local.is_special), LOCAL)
            text += f'<TR><TD><FONT POINT-SIZE="9"><I>{local}</I></FONT></TD></TR>'
        table = f'<{cards.TABLE} CELLPADDING="1" COLOR="{LINE}">{text}</TABLE>'
        return cards.label(self.graph, table) if text else ""


def _forks(part: Part) -> bool:
    """Whether what a part gives goes to more than one place."""
    return len(part.users) + part.is_drawn > 1
