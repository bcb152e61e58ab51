"""The style "cards": a card for each part, and the local gradient in a pill on each edge."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import graphviz

from ..palette import GRADIENT, INK, LINE, LOCAL, MARK, MARKED, PILL, VALUE
from .content import Content
from .faces import Entry, Face, Wire
from .flow import Edge, Part
from .scopes import Scope
from .text import LONG_RULE, in_html, tooltip

FONT = "Helvetica,Arial,sans-serif"
GRAPH = {
    "ranksep": "0.3", "nodesep": "0.22", "pad": "0.15", "ordering": "in", "fontname": FONT,
    "fontsize": "10", "fontcolor": INK, "labelloc": "b", "labeljust": "l",
}  # fmt: skip
DENSE = {
    "splines": "line", "outputorder": "edgesfirst", "ranksep": "1.2", "nodesep": "0.1",
    "nslimit": "1", "nslimit1": "1",
}  # fmt: skip
NODE = {
    "shape": "box", "style": "rounded,filled", "color": LINE, "penwidth": "1.1",
    "margin": "0.06,0.03", "width": "0", "height": "0", "fontname": FONT, "fontsize": "11",
    "fontcolor": INK,
}  # fmt: skip
EDGE = {
    "color": LINE, "penwidth": "1.2", "arrowsize": "0.6", "fontname": FONT, "fontsize": "10",
    "fontcolor": LOCAL,
}  # fmt: skip
CLUSTER = {
    "style": "rounded", "color": LINE, "penwidth": "0.8", "fontname": FONT, "fontsize": "11",
    "fontcolor": INK, "labelloc": "t", "labeljust": "l", "margin": "8",
}  # fmt: skip
DASHED = "rounded,filled,dashed"  # a constant
TABLE = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"'


def add(graph: graphviz.Digraph, content: Content) -> None:
    """All cards and edges."""
    graph.graph_attr.update(GRAPH | (DENSE if content.dense else {}))
    graph.node_attr.update(NODE)
    graph.edge_attr.update(EDGE)
    _add_cards(graph, content, content.parts, 0)
    if content.dense and not any(content.clusters.values()):
        for parts in content.siblings:
            _keep_order(graph, [content.keys[part] for part in parts])
    for part in content.parts:
        head = content.keys[part]
        for edge in content.into(part):
            if isinstance(edge, Edge):
                _add_edge(graph, content, edge)
            else:
                graph.edge(edge[0], head, style="dashed")


def _add_cards(
    graph: graphviz.Digraph, content: Content, parts: Sequence[Part], depth: int
) -> None:
    """The cards of parts within so many open scopes, and a box around those within more."""
    boxes: dict[Scope, list[Part]] = {}
    here = set()
    for part in parts:
        around = content.clusters.get(part, ())
        if len(around) > depth:
            boxes.setdefault(around[depth], []).append(part)
            continue
        here.add(part)
        key, face = content.keys[part], content.faces[part]
        add_card(graph, key, face, **(_several(content.dense) if face.is_several else {}))
    for part, key, constant in content.constants():
        if part in here:
            add_card(graph, key, content.writer.constant(constant), style=DASHED)
    for scope, members in boxes.items():
        with graph.subgraph(name=f"cluster_{content.keys[members[0]]}_{depth}") as box:
            box.graph_attr.update(CLUSTER | {"label": f"<{in_html(scope.title)}>"})
            _add_cards(box, content, members, depth + 1)


def _several(dense: bool) -> dict[str, str]:
    """The border of a card that stands for several nodes."""
    return {"penwidth": "2"} if dense else {"peripheries": "2"}


def _keep_order(graph: graphviz.Digraph, keys: Sequence[str]) -> None:
    """Cards below each other as they come: where edges go all ways, they would be anywhere."""
    with graph.subgraph() as rank:
        rank.graph_attr["rank"] = "same"
        for above, below in itertools.pairwise(keys):
            rank.edge(above, below, style="invis")


def add_card(graph: graphviz.Digraph, key: str, face: Face, **more: str) -> None:
    """The card of a part, or of a constant."""
    attributes = {"fillcolor": face.fill, "tooltip": tooltip(face.tooltip), "id": key, **more}
    graph.node(key, label=_label(face), **attributes)


def _label(face: Face) -> str:
    size = 18 if len(face.title) <= 2 and not any(map(str.isalnum, face.title)) else 13
    entries = ((face.value, VALUE, True), (face.gradient, GRADIENT, False))
    wide = any(entry and entry.strip for entry, *_ in entries)
    rows = [
        f"<TR>{_cells(entry, colour, wide, bold=bold)}</TR>"
        for entry, colour, bold in entries
        if entry
    ]
    numbers = f'<{TABLE} CELLPADDING="2" COLOR="{LINE}">{"<HR/>".join(rows)}</TABLE>'
    return (
        f'<<{TABLE} CELLPADDING="0" COLOR="{LINE}"><TR><TD CELLPADDING="5">'
        f'<FONT POINT-SIZE="{size}"><B>{in_html(face.title)}</B></FONT>{small(face.lines)}</TD>'
        f"{f'<TD>{numbers}</TD>' if rows else ''}</TR></TABLE>>"
    )


def _cells(entry: Entry, colour: str, wide: bool, *, bold: bool) -> str:
    """A number, with how it is distributed if another one beside it is `wide`; or a small array."""
    if entry.rows:
        table = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0"'
        text, behind = f"<{table}>{_array(entry, colour, bold=bold)}</TABLE>", ""
    else:
        text, behind = written(entry, colour, bold=bold), ground(entry)
    strip = f"<TD>{_strip(entry.strip, colour)}</TD>" if entry.strip else ""
    span = ' COLSPAN="2"' if wide and not strip else ""
    return f'<TD ALIGN="RIGHT"{span}{behind}>{text}</TD>{strip}'


_BETWEEN = '<TD FIXEDSIZE="TRUE" WIDTH="2" HEIGHT="1"></TD>'


def _array(entry: Entry, colour: str, *, bold: bool) -> str:
    """The rows of a small array, with room between columns for fonts wider than was reckoned."""
    rows = [
        [f'<TD ALIGN="RIGHT"{ground(e)}>{written(e, colour, bold=bold)}</TD>' for e in row]
        for row in entry.rows
    ]
    return "".join(f"<TR>{_BETWEEN.join(row)}</TR>" for row in rows)


_HIGH = 14  # points


def _strip(heights: Sequence[float], colour: str) -> str:
    """Bars of these heights, the highest of them 1, with a line where 0 is, in the middle."""
    bars = [_bar(round(_HIGH * h) or int(h > 0), 3, colour) for h in heights]
    bars.insert(len(bars) // 2, _bar(_HIGH, 1, LINE))
    table = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="0"'
    return f"<{table}><TR>{''.join(bars)}</TR></TABLE>"


def _bar(high: int, wide: int, colour: str) -> str:
    cells = [
        f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{size}"{ground}></TD></TR>'
        for size, ground in ((_HIGH - high, ""), (high, f' BGCOLOR="{colour}"'))
        if size
    ]
    return f'<TD><{TABLE} CELLPADDING="0">{"".join(cells)}</TABLE></TD>'


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


def _add_edge(graph: graphviz.Digraph, content: Content, edge: Edge) -> None:
    """An edge: as wide as its contribution, dashed where that is 0."""
    head, wire = content.keys[edge.head], content.wires[edge]
    attributes = {"id": f"e{head}_{edge.place}", **line(wire, content.widest)}
    if wire.local and not content.dense:
        pill = label(graph, _pill(wire, wire.local))
        attributes |= {"label": pill, "labeltooltip": attributes["edgetooltip"]}
    elif wire.local:
        colour = LOCAL if wire.sign > 0 else GRADIENT if wire.sign < 0 else LINE
        opacity = 90 + round(165 * share(wire, content.widest))  # fainter, less flows
        attributes |= {"color": f"{colour}{opacity:02x}", "arrowhead": "none"}
    graph.edge(content.keys[edge.tail], head, **attributes)


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


def _pill(wire: Wire, entry: Entry) -> str:
    """The local gradient; of a Jacobian its size, and what comes in and goes out of it."""
    text = written(Entry(f"{wire.shape} {entry.text}".strip(), entry.is_special), LOCAL)
    if wire.shape and wire.upstream and wire.contribution:
        flows = [written(e, GRADIENT) for e in (wire.upstream, wire.contribution)]
        text += f'<BR/><FONT POINT-SIZE="9">{" ← ".join(reversed(flows))}</FONT>'
    return (
        f'<{TABLE} CELLPADDING="0"><TR>'
        f'<TD STYLE="ROUNDED" BGCOLOR="{MARKED if entry.is_special else PILL}" CELLPADDING="2">'
        f'<FONT FACE="{FONT}" POINT-SIZE="10">{text}</FONT></TD></TR>'
        '<TR><TD HEIGHT="4"></TD></TR></TABLE>'
    )


def label(graph: graphviz.Digraph, table: str) -> str:
    """A table as the label of an edge: where edges go up or down it stands a little beside."""
    if graph.graph_attr.get("rankdir") in ("TB", "BT"):
        row = f'<TR><TD WIDTH="5"></TD><TD>{table}</TD></TR>'
        table = f'<{TABLE} CELLPADDING="0">{row}</TABLE>'
    return f"<{table}>"
