"""The style "cards": a card for each part, and the local gradient in a pill on each edge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import graphviz

from ..palette import GRADIENT, INK, LINE, LOCAL, MARK, MARKED, PILL, VALUE
from .faces import Entry, Face, Wire, Writer
from .flow import Edge, Part
from .text import LONG_RULE, in_html, tooltip

FONT = "Helvetica,Arial,sans-serif"
GRAPH = {
    "ranksep": "0.3", "nodesep": "0.22", "pad": "0.15", "ordering": "in", "fontname": FONT,
    "fontsize": "10", "fontcolor": INK, "labelloc": "b", "labeljust": "l",
}  # fmt: skip
DENSE = {"splines": "line", "nslimit": "1", "nslimit1": "1"}
NODE = {
    "shape": "box", "style": "rounded,filled", "color": LINE, "penwidth": "1.1",
    "margin": "0.06,0.03", "width": "0", "height": "0", "fontname": FONT, "fontsize": "11",
    "fontcolor": INK,
}  # fmt: skip
EDGE = {
    "color": LINE, "penwidth": "1.2", "arrowsize": "0.6", "fontname": FONT, "fontsize": "10",
    "fontcolor": LOCAL,
}  # fmt: skip
DASHED = "rounded,filled,dashed"  # a constant
TABLE = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"'


def add(graph: graphviz.Digraph, parts: Sequence[Part], writer: Writer, *, dense: bool) -> None:
    """All cards and edges."""
    graph.graph_attr.update(GRAPH | (DENSE if dense else {}))
    graph.node_attr.update(NODE)
    graph.edge_attr.update(EDGE)
    keys = {part: f"n{i}" for i, part in enumerate(parts)}
    wires = writer.all_wires(parts)
    widest = widest_of(wires.values())
    for part in parts:
        add_card(graph, keys[part], writer.face(part))
    for part in parts:
        head = keys[part]
        for edge in in_order(part):
            if isinstance(edge, Edge):
                key = f"e{head}_{edge.place}"
                add_edge(graph, keys[edge.tail], head, key, wires[edge], widest, dense=dense)
            else:
                place, array = edge
                add_card(graph, f"{head}c{place}", writer.constant(array), style=DASHED)
                graph.edge(f"{head}c{place}", head, style="dashed")


def in_order(part: Part) -> list[Any]:
    """The edges into a part, and its constants with their places, as they stand as operands."""
    both: list[Any] = [*part.edges, *part.constants.items()]
    return sorted(both, key=lambda e: e.place if isinstance(e, Edge) else e[0])


def widest_of(wires: Iterable[Wire]) -> float:
    """The most that comes back through an edge."""
    return max((wire.size for wire in wires if math.isfinite(wire.size)), default=0.0)


def add_card(graph: graphviz.Digraph, key: str, face: Face, **more: str) -> None:
    """The card of a part, or of a constant."""
    attributes = {"fillcolor": face.fill, "tooltip": tooltip(face.tooltip), "id": key, **more}
    graph.node(key, label=_label(face), **attributes)


def _label(face: Face) -> str:
    size = 18 if len(face.title) <= 2 and not any(map(str.isalnum, face.title)) else 13
    rows = [
        f'<TR><TD ALIGN="RIGHT"{ground(entry)}>{written(entry, colour, bold=bold)}</TD></TR>'
        for entry, colour, bold in ((face.value, VALUE, True), (face.gradient, GRADIENT, False))
        if entry
    ]
    numbers = f'<{TABLE} CELLPADDING="2" COLOR="{LINE}">{"<HR/>".join(rows)}</TABLE>'
    return (
        f'<<{TABLE} CELLPADDING="0" COLOR="{LINE}"><TR><TD CELLPADDING="5">'
        f'<FONT POINT-SIZE="{size}"><B>{in_html(face.title)}</B></FONT>{small(face.lines)}</TD>'
        f"{f'<TD>{numbers}</TD>' if rows else ''}</TR></TABLE>>"
    )


def small(lines: Iterable[str]) -> str:
    """Lines below a title."""
    return "".join(f'<BR/><FONT POINT-SIZE="9">{in_html(line)}</FONT>' for line in lines)


def written(entry: Entry, colour: str, *, bold: bool = False) -> str:
    """A number in its colour; one that must not be overlooked in a colour of its own, bold."""
    text = in_html(entry.text, LONG_RULE)
    text = f"<B>{text}</B>" if bold or entry.is_special else text
    return f'<FONT COLOR="{MARK if entry.is_special else colour}">{text}</FONT>'


def ground(entry: Entry) -> str:
    """What is behind a number that must not be overlooked."""
    return f' BGCOLOR="{MARKED}"' if entry.is_special else ""


def add_edge(
    graph: graphviz.Digraph, tail: str, head: str, key: str, wire: Wire, widest: float, *,
    dense: bool,
) -> None:  # fmt: skip
    """An edge: as wide as its contribution, dashed where that is 0."""
    attributes = {"id": key, **line(wire, widest)}
    if wire.local and not dense:
        pill = label(graph, _pill(wire.local))
        attributes |= {"label": pill, "labeltooltip": attributes["edgetooltip"]}
    elif wire.local:
        colour = LOCAL if wire.sign > 0 else GRADIENT if wire.sign < 0 else LINE
        opacity = 90 + round(165 * share(wire, widest))  # fainter, less flows
        attributes["color"] = f"{colour}{opacity:02x}"
    graph.edge(tail, head, **attributes)


def line(wire: Wire, widest: float) -> dict[str, Any]:
    """How an edge is drawn, by what comes back through it."""
    if not wire.tooltip:  # nothing is known of it
        return {}
    attributes = {
        "penwidth": f"{1 + 2.2 * share(wire, widest):.2f}",
        "edgetooltip": tooltip(wire.tooltip),
    }
    return attributes | ({"style": "dashed"} if wire.size == 0 else {})


def share(wire: Wire, widest: float) -> float:
    """How much comes back through an edge, of the most that does through any."""
    return min(wire.size / widest, 1.0) if widest and wire.size < float("inf") else 0.0


def _pill(entry: Entry) -> str:
    return (
        f'<{TABLE} CELLPADDING="0"><TR>'
        f'<TD STYLE="ROUNDED" BGCOLOR="{MARKED if entry.is_special else PILL}" CELLPADDING="2">'
        f'<FONT FACE="{FONT}" POINT-SIZE="10">{written(entry, LOCAL)}</FONT></TD></TR>'
        '<TR><TD HEIGHT="4"></TD></TR></TABLE>'
    )


def label(graph: graphviz.Digraph, table: str) -> str:
    """A table as the label of an edge: where edges go up or down it stands a little beside."""
    if graph.graph_attr.get("rankdir") in ("TB", "BT"):
        row = f'<TR><TD WIDTH="5"></TD><TD>{table}</TD></TR>'
        table = f'<{TABLE} CELLPADDING="0">{row}</TABLE>'
    return f"<{table}>"
