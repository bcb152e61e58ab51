"""Pictures of expressions: nodes with value and gradient, edges with the local gradient."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphviz
import numpy as np

from autodiff import Value, local_gradients
from autodiff.source import edge_texts, operands_of, operation_text, topological

from .render import (
    CARD,
    FORMATS,
    GRADIENT,
    INK,
    LEAF,
    LINE,
    LOCAL,
    OUTPUT,
    PILL,
    VALUE,
    render,
    write_atomically,
)

_FONT = "Helvetica,Arial"
_MANY_EDGES = 60  # above it, pills hide the graph: local gradients move to the tooltips
_LONG = 32  # characters of a name that a card shows
_GRAPH = {
    "rankdir": "LR", "bgcolor": "transparent", "ranksep": "0.3", "nodesep": "0.22", "pad": "0.15",
    "ordering": "in", "fontname": _FONT, "fontsize": "10", "fontcolor": LINE,
    "labelloc": "b", "labeljust": "l",
}  # fmt: skip
_LARGE = {"splines": "line", "nslimit": "1", "nslimit1": "1"}
_NODE = {
    "shape": "box", "style": "rounded,filled", "fillcolor": CARD, "color": LINE, "penwidth": "1.1",
    "margin": "0.06,0.03", "width": "0", "height": "0", "fontname": _FONT, "fontsize": "11",
    "fontcolor": INK,
}  # fmt: skip
_EDGE = {
    "color": LINE, "penwidth": "1.2", "arrowsize": "0.6", "fontname": _FONT, "fontsize": "10",
    "fontcolor": LOCAL,
}  # fmt: skip


class Picture(graphviz.Digraph):
    """A graph that shows itself in a notebook, rendered with or without a `dot` program.

    `source` is its text in the DOT language; `pipe("svg")` its bytes.
    """

    def pipe(
        self, format: str | None = None, *_: Any, encoding: str | None = None, **__: Any
    ) -> Any:
        """The picture as bytes (text, with `encoding`) of an svg, png or pdf file."""
        picture = render(self.source, format or "svg")
        return picture.decode(encoding) if encoding else picture


def draw(value: Value) -> Picture:
    """The graph behind `value`, drawn: it shows itself in a notebook, `save` writes it.

    A card has a node's name or operation, its value above and its gradient below the line; an
    edge has the local gradient d out / d in, and is as wide as what flows back through it, or
    dashed where that is 0. Of a Tensor the norms are shown, and the rule on its edges. Call
    `value.backward()` first: before it, gradients are zero.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> "x" in draw(x * x).source
    True
    """
    if not isinstance(value, Value):
        raise TypeError(f"`draw` takes a Value or Tensor, but this is {type(value).__name__}.")
    nodes = topological(value)
    edges = sum(len(node.inputs) for node in nodes)
    attributes = _GRAPH if edges <= _MANY_EDGES else _GRAPH | _LARGE
    scalar = all(np.ndim(node.data) == 0 for node in nodes)
    picture = Picture(
        graph_attr=attributes | {"label": _legend(scalar)}, node_attr=_NODE, edge_attr=_EDGE
    )
    names = {node: f"n{i}" for i, node in enumerate(nodes)}
    for node in nodes:
        _add_card(picture, names[node], node, is_root=node is value)
    flows = [_flows(node) for node in nodes]
    widest = max(
        (flow for parts in flows for _, flow, _ in parts if np.isfinite(flow)), default=0.0
    )
    for node, parts in zip(nodes, flows, strict=True):
        _add_edges(picture, names, node, parts, widest, edges <= _MANY_EDGES)
    return picture


def save(value: Value, path: str | os.PathLike[str]) -> None:
    """Write the picture of `value` to an svg, png or pdf file, as the path ends.

    Raises ValueError for another ending, RenderError where nothing can render, OSError for a
    path that cannot be written; then no file is written or changed.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        endings = ", ".join(f".{f}" for f in FORMATS)
        raise ValueError(f"A picture is written to a path ending in {endings}, not {path.name!r}.")
    write_atomically(path, draw(value).pipe(kind))


# -- cards ---------------------------------------------------------------------------------


def _add_card(picture: Picture, key: str, node: Value, *, is_root: bool) -> None:
    operation = operation_text(node)
    title = node.name if node.name else operation or "leaf"
    lines = [operation] if node.name and operation else []
    if np.ndim(node.data):
        lines.append("×".join(map(str, np.shape(node.data))))
    fill = OUTPUT if is_root else LEAF if node.op is None else CARD
    tooltip = f"{_short(title, 400)}: value={_full(node.data)} grad={_full(node.grad)}"
    picture.node(
        key,
        label=_card(title, lines, summary(node.data, "x"), summary(node.grad, "g")),
        fillcolor=fill,
        tooltip=graphviz.escape(_printable(tooltip)),
        id=key,
    )


def _card(title: str, lines: Sequence[str], value: str, gradient: str) -> str:
    size = 18 if len(title) <= 2 and not title.isalnum() else 13
    small = "".join(f'<BR/><FONT POINT-SIZE="9">{_html(line)}</FONT>' for line in lines)
    table = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"'
    return (
        f'<<{table} CELLPADDING="0" COLOR="{LINE}"><TR><TD CELLPADDING="5">'
        f'<FONT POINT-SIZE="{size}"><B>{_html(title)}</B></FONT>{small}</TD><TD>'
        f'<{table} CELLPADDING="2" COLOR="{LINE}">'
        f'<TR><TD ALIGN="RIGHT"><FONT COLOR="{VALUE}"><B>{_html(value)}</B></FONT></TD></TR><HR/>'
        f'<TR><TD ALIGN="RIGHT"><FONT COLOR="{GRADIENT}">{_html(gradient)}</FONT></TD></TR>'
        "</TABLE></TD></TR></TABLE>>"
    )


def _add_constant(picture: Picture, key: str, into: str, constant: Any) -> None:
    """An array that took part as a constant: a dashed card without a gradient."""
    shape = "×".join(map(str, constant.shape))
    label = _card("constant", [shape] if shape else [], summary(constant, "x"), "no grad")
    tooltip = graphviz.escape(f"constant: value={_full(constant)}")
    picture.node(key, label=label, fillcolor=LEAF, style="rounded,filled,dashed", tooltip=tooltip)
    picture.edge(key, into, style="dashed")


def _legend(scalar: bool) -> str:
    texts = (
        ("value", "gradient: d output / d node", "local gradient: d out / d in")
        if scalar
        else (
            "|x|: norm of the value",
            "|g|: norm of the gradient",
            "how the cotangent ct is pulled back",
        )
    )
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="3"><TR>'
        f'<TD><FONT COLOR="{VALUE}"><B>{texts[0]}</B></FONT></TD>'
        f'<TD><FONT COLOR="{GRADIENT}">{texts[1]}</FONT></TD>'
        f'<TD STYLE="ROUNDED" BGCOLOR="{PILL}"><FONT COLOR="{LOCAL}">{texts[2]}</FONT></TD>'
        "</TR></TABLE>>"
    )


# -- edges ---------------------------------------------------------------------------------


def _flows(node: Value) -> list[tuple[str, float, str]]:
    """For each edge: its pill, the size of what flows back, and the sum in words."""
    if node.op is None:
        return []
    locals_ = local_gradients(node)
    if all(np.ndim(data) == 0 for data in (node.data, *locals_)):
        upstream = float(node.grad)
        return [
            (
                number(float(p)),
                abs(upstream * float(p)),
                f"{upstream!r} * {float(p)!r} = {upstream * float(p)!r}",
            )
            for p in locals_
        ]
    return [
        (text, float(np.linalg.norm(operand.grad)), text)
        for text, operand in zip(edge_texts(node), node.inputs, strict=True)
    ]


def _add_edges(
    picture: Picture, names: dict[Value, str], node: Value,
    parts: list[tuple[str, float, str]], widest: float, pills: bool,
) -> None:  # fmt: skip
    remaining = iter(parts)
    for i, operand in enumerate(operands_of(node)):
        if isinstance(operand, np.ndarray):
            _add_constant(picture, f"{names[node]}c{i}", names[node], operand)
        if not isinstance(operand, Value):
            continue
        text, flow, sentence = next(remaining)
        tooltip = graphviz.escape(_printable(_short(sentence, 400)))
        share = min(flow / widest, 1.0) if widest and np.isfinite(flow) else 0.0
        attributes = {
            "id": f"e{names[node]}_{i}",
            "penwidth": f"{1 + 2.2 * share:.2f}",
            "edgetooltip": tooltip,
        }
        if pills:
            attributes |= {"label": _pill(_short(text, 60)), "labeltooltip": tooltip}
        if flow == 0:
            attributes["style"] = "dashed"
        picture.edge(names[operand], names[node], **attributes)


def _pill(text: str) -> str:
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>'
        f'<TD STYLE="ROUNDED" BGCOLOR="{PILL}" CELLPADDING="2">'
        f'<FONT FACE="{_FONT}" POINT-SIZE="10">{_html(text)}</FONT></TD></TR>'
        '<TR><TD HEIGHT="4"></TD></TR></TABLE>>'
    )


# -- numbers and text ----------------------------------------------------------------------


def number(x: float) -> str:
    """A number in a few characters: 0.73, -12.00, 1.2e-05, inf."""
    if not np.isfinite(x):
        return str(x)
    if x == 0 or 0.005 <= abs(x) < 10_000:
        return f"{x:.2f}"
    return f"{x:.1e}"


def summary(data: Any, letter: str) -> str:
    """A number, or the norm of an array, as a card shows it."""
    if np.size(data) == 1:
        return number(float(np.reshape(data, ())))
    with np.errstate(all="ignore"):
        return f"|{letter}| {number(float(np.linalg.norm(data)))}"


def _full(data: Any) -> str:
    if np.ndim(data) == 0:
        return repr(float(data))
    return " ".join(np.array2string(np.asarray(data), threshold=12, edgeitems=2).split())


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# What neither XML nor a line of DOT can hold.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


def _html(text: str) -> str:
    """Text inside an HTML-like label: Graphviz also expands backslashes there."""
    shown = _printable(_short(text, _LONG if "ct" not in text else 60)) or " "
    escaped = html.escape(shown.replace("\r\n", "\n")).replace("\\", "\\\\")
    return re.sub("[\n\r\t\u2028\u2029]", " ", escaped)
