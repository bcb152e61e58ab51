"""Pictures of expressions: nodes with value and gradient, edges with the local gradient."""

from __future__ import annotations

import html
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import graphviz
import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import (
    edge_texts,
    operands_of,
    operation_text,
    pull_edges,
    replacing,
    settings_text,
    topological,
)

from .render import (
    CARD,
    GRADIENT,
    INK,
    LEAF,
    LINE,
    LOCAL,
    OUTPUT,
    PILL,
    VALUE,
    kind_of,
    render,
)

_FONT = "Helvetica,Arial,sans-serif"
_MANY_EDGES = 60  # above it, pills hide the graph: local gradients move to the tooltips
_LONG_NAME, _LONG_RULE, _LONG_TOOLTIP = 32, 60, 400  # characters that are shown
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

    `source` is its text in the DOT language; `pipe("svg")` its bytes; `save` writes either, as
    the path ends.
    """

    def pipe(
        self, format: str | None = None, *_: Any, encoding: str | None = None, **__: Any
    ) -> Any:
        """The picture as bytes (text, with `encoding`) of an svg, png or pdf file."""
        picture = render(self.source, format or "svg")
        return picture.decode(encoding) if encoding else picture

    def save(
        self, filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None, *, skip_existing: bool | None = False,
    ) -> str:  # fmt: skip
        """Write the picture to an svg, png or pdf file, or its DOT text to one for that.

        Such a path ends in .gv or .dot, or has no ending. Gives the path. Raises ValueError for
        another ending, and otherwise what `viz.save` raises.
        """
        path = Path(directory or "", filename or self.filename)
        if _is_dot(path):
            return str(super().save(filename, directory=directory, skip_existing=skip_existing))
        kind = kind_of(path, "; its DOT text to .gv or .dot")
        if not (skip_existing and path.exists()):
            _write(self.pipe(kind), path)
        return str(path)

    def render(
        self, filename: str | os.PathLike[str] | None = None, *args: Any, **keywords: Any
    ) -> str:
        """The same as `save` for a path that ends as a picture's does; else what graphviz does."""
        if filename is None or _is_dot(Path(filename)):
            return str(super().render(filename, *args, **keywords))
        if args or keywords:
            raise TypeError(
                f"`render` of a path that says its format takes nothing else, but here beside "
                f"{os.fspath(filename)!r}: {', '.join(map(repr, (*args, *keywords.items())))}.\n"
                "Write `picture.save(path)`."
            )
        return self.save(filename)


def draw(value: Value) -> Picture:
    """The graph behind `value`, drawn: it shows itself in a notebook, `save` writes it.

    A card has a node's name or operation, its value above and its gradient below the line; an
    edge has the local gradient d out / d in, and is as wide as what flows back through it, or
    dashed where that is 0. Of a Tensor the norms are shown, and the rule on its edges. In a
    large graph the edges' numbers are tooltips, and colours tell their sign. Call
    `value.backward()` first: before it, gradients are zero. Raises TypeError for what is no
    Value or Tensor.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> "x" in draw(x * x).source
    True
    """
    _check_node("draw", value)
    nodes = topological(value)
    edges = {node: _edges_into(node) for node in nodes}
    sizes = [edge.size for into in edges.values() for edge in into]
    large = len(sizes) > _MANY_EDGES
    scalar = all(np.ndim(node.data) == 0 for node in nodes)
    attributes = _GRAPH | (_LARGE if large else {}) | {"label": _legend(scalar, large)}
    picture = Picture("picture", graph_attr=attributes, node_attr=_NODE, edge_attr=_EDGE)
    names = {node: f"n{i}" for i, node in enumerate(nodes)}
    for node in nodes:
        _add_card(picture, names[node], node, is_root=node is value)
    widest = max(filter(math.isfinite, sizes), default=0.0)
    for node in nodes:
        _add_edges(picture, names, node, edges[node], widest, large)
    return picture


def save(value: Value, path: str | os.PathLike[str]) -> None:
    """Write the picture of `value` to an svg, png or pdf file, as the path ends.

    Raises TypeError for what is no Value or Tensor, ValueError for another ending, RenderError
    where nothing can render, OSError for a path that cannot be written; then no file is written
    or changed.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> save(x * x, "square.svg")  # doctest: +SKIP
    """
    _check_node("save", value)
    path = Path(path)
    kind = kind_of(path)
    _write(draw(value).pipe(kind), path)


def _is_dot(path: Path) -> bool:
    """Whether a path is one for DOT text."""
    return Path(f"a{path.name}").suffix.lower() in ("", ".gv", ".dot")  # ".svg" is no ending


def _write(picture: bytes, path: Path) -> None:
    with replacing(path) as file:
        file.write(picture)


def _check_node(function: str, value: Any) -> None:
    if isinstance(value, Value):
        return
    if callable(value):
        fix = f"Call it first, as in `{function}(model(x))`."
    elif isinstance(value, (list, tuple)):
        fix = "Draw one of them, or what is computed of them all."
    else:
        fix = "Make it of Values or Tensors, as in `Value(2.0, name='x')`."
    raise TypeError(
        f"`{function}` takes a Value or Tensor, but this is {type(value).__name__}.\n{fix}"
    )


# -- cards ---------------------------------------------------------------------------------


def _add_card(picture: Picture, key: str, node: Value, *, is_root: bool) -> None:
    operation = operation_text(node)
    title = node.name if node.name else operation or "leaf"
    lines = [operation] if node.name and operation else []
    lines += filter(None, [settings_text(node)])
    if np.ndim(node.data):
        lines.append("×".join(map(str, np.shape(node.data))))
    fill = OUTPUT if is_root else LEAF if node.op is None else CARD
    tooltip = f"{title[:_LONG_TOOLTIP]}: value={_full(node.data)} grad={_full(node.grad)}"
    picture.node(
        key,
        label=_card(title, lines, summary(node.data, "x"), summary(node.grad, "g")),
        fillcolor=fill,
        tooltip=_tooltip(tooltip),
        id=key,
    )


def _card(title: str, lines: Sequence[str], value: str, gradient: str) -> str:
    size = 18 if len(title) <= 2 and not any(map(str.isalnum, title)) else 13
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
    tooltip = _tooltip(f"constant: value={_full(constant)}")
    picture.node(key, label=label, fillcolor=LEAF, style="rounded,filled,dashed", tooltip=tooltip)
    picture.edge(key, into, style="dashed")


def _legend(scalar: bool, large: bool) -> str:
    value, gradient, edge = (
        ("value", "gradient: d output / d node", "local gradient: d out / d in")
        if scalar
        else (
            "|x|: norm of the value",
            "|g|: norm of the gradient",
            "how the cotangent ct is pulled back",
        )
    )
    cells = [f"<B>{value}</B>", gradient]
    legend = "".join(
        f'<TD><FONT COLOR="{colour}">{cell}</FONT></TD>'
        for colour, cell in zip((VALUE, GRADIENT), cells, strict=True)
    )
    if not large:
        legend += f'<TD STYLE="ROUNDED" BGCOLOR="{PILL}"><FONT COLOR="{LOCAL}">{edge}</FONT></TD>'
    elif scalar:
        legend += (
            f'<TD><FONT COLOR="{LOCAL}">→ local gradient above 0</FONT></TD>'
            f'<TD><FONT COLOR="{GRADIENT}">→ below 0</FONT></TD>'
        )
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="3">'
    return f"<{table}<TR>{legend}</TR></TABLE>>"


# -- edges ---------------------------------------------------------------------------------


class _Edge(NamedTuple):
    """What is shown of one edge."""

    text: str  # on its pill
    size: float  # of what flows back through it
    sign: float  # of its local gradient; 0 for an array's
    sentence: str  # in its tooltip


def _edges_into(node: Value) -> list[_Edge]:
    """One for each operand that is a node, in order."""
    partials = local_gradients(node)
    if all(np.ndim(data) == 0 for data in (node.data, *partials)):
        ct = float(node.grad)
        return [_scalar_edge(ct, float(partial)) for partial in partials]
    flows = pull_edges(node, node.grad)
    return [
        _Edge(text, _norm(flow), 0.0, f"{text}, of norm {_norm(flow)!r}")
        for text, flow in zip(edge_texts(node), flows, strict=True)
    ]


def _scalar_edge(ct: float, partial: float) -> _Edge:
    flow = ct * partial if ct else 0.0  # as a backward pass has it: a zero cotangent stops
    return _Edge(number(partial), abs(flow), partial, f"{ct!r} * {partial!r} = {flow!r}")


def _add_edges(
    picture: Picture, names: dict[Value, str], node: Value, edges: Sequence[_Edge],
    widest: float, large: bool,
) -> None:  # fmt: skip
    remaining = iter(edges)
    for i, operand in enumerate(operands_of(node)):
        if isinstance(operand, np.ndarray):
            _add_constant(picture, f"{names[node]}c{i}", names[node], operand)
        if not isinstance(operand, Value):
            continue
        edge = next(remaining)
        share = min(edge.size / widest, 1.0) if widest and math.isfinite(edge.size) else 0.0
        attributes = {
            "id": f"e{names[node]}_{i}",
            "penwidth": f"{1 + 2.2 * share:.2f}",
            "edgetooltip": _tooltip(edge.sentence),
        }
        if not large:
            attributes |= {"label": _pill(edge.text), "labeltooltip": attributes["edgetooltip"]}
        else:
            colour = LOCAL if edge.sign > 0 else GRADIENT if edge.sign < 0 else LINE
            attributes["color"] = f"{colour}{90 + round(165 * share):02x}"  # fainter, less flows
        if edge.size == 0:
            attributes["style"] = "dashed"
        picture.edge(names[operand], names[node], **attributes)


def _pill(text: str) -> str:
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>'
        f'<TD STYLE="ROUNDED" BGCOLOR="{PILL}" CELLPADDING="2">'
        f'<FONT FACE="{_FONT}" POINT-SIZE="10">{_html(text, _LONG_RULE)}</FONT></TD></TR>'
        '<TR><TD HEIGHT="4"></TD></TR></TABLE>>'
    )


# -- numbers and text ----------------------------------------------------------------------


def number(x: float) -> str:
    """A number in a few characters: 0.73, -12.00, 0.012, 1.2e-5, inf; just 0 is written 0."""
    size = abs(x)
    if x == 0 or not math.isfinite(x):
        return f"{x + 0:.0f}"
    if 0.1 <= size < 10_000:
        return f"{x:.2f}"
    if 0.001 <= size < 0.1:
        return f"{x:#.2g}"
    digits, _, exponent = f"{x:.1e}".partition("e")
    return f"{digits}e{int(exponent)}"


def summary(data: Any, letter: str) -> str:
    """A number, or the norm of an array, as a card shows it."""
    if np.size(data) == 1:
        return number(float(np.reshape(data, ())))
    return f"|{letter}| {number(_norm(data))}"


def _norm(data: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(np.asarray(data, np.float64)))


def _full(data: Any) -> str:
    if np.ndim(data) == 0:
        return repr(float(data))
    return " ".join(np.array2string(np.asarray(data), threshold=12, edgeitems=2).split())


# What neither XML nor a line of DOT can hold, and what would turn the text after it around.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_BREAKS = re.compile("[\n\r\t\u2028\u2029]")


def _shown(text: str, length: int) -> str:
    """Text on one line, of at most `length` characters, that any file format can hold."""
    short = text if len(text) <= length else text[: length - 1] + "…"
    return _BREAKS.sub(" ", _UNPRINTABLE.sub("\ufffd", short))


def _tooltip(text: str) -> str:
    return str(graphviz.escape(_shown(text, _LONG_TOOLTIP)))


def _html(text: str, length: int = _LONG_NAME) -> str:
    """Text inside an HTML-like label: Graphviz also expands backslashes there."""
    return html.escape(_shown(text, length) or " ").replace("\\", "\\\\")
