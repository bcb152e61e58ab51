"""Diagrams: what is drawn, as text in the language of Mermaid, which GitHub and notebooks show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..palette import CARD, INK, LEAF, LINE, OUTPUT
from .content import Content
from .faces import Entry, Face, Wire
from .flow import Edge
from .text import LONG_NAME, LONG_RULE, shown

_SHAPES = {
    "leaf": "({})", "card": "[{}]", "output": "[{}]", "several": "[[{}]]", "constant": "({})",
}  # fmt: skip
_DASHED = ",stroke-dasharray:4"
_FILLS = {LEAF: "leaf", OUTPUT: "output", CARD: "card"}
_LONG = 400  # characters of a description


def text(content: Content, title: str, alt: str, direction: str, scope: str) -> str:
    """All cards and edges, and for those who cannot see them the title and `alt`."""
    lines = [f"accTitle: {escaped(title, _LONG)}", f"accDescr: {escaped(alt, _LONG)}"]
    kinds = dict.fromkeys(kind for kind, _ in _cards(content))
    lines += [line for _, line in _cards(content)]
    lines += _edges(content)
    lines += [f"classDef {kind} {_style(kind)}" for kind in kinds]
    lines += [f"%% {shown(scope, _LONG)}"] if scope else []
    return "\n".join([f"flowchart {direction}", *(f"    {line}" for line in lines)])


def _cards(content: Content) -> Iterator[tuple[str, str]]:
    """The kind of each card, and its line."""
    for part in content.parts:
        face = content.faces[part]
        kind = "several" if face.is_several and not part.is_leaf else _FILLS[face.fill]
        yield kind, _card(content.keys[part], face, kind)
    for _, key, constant in content.constants():
        yield "constant", _card(key, content.writer.constant(constant), "constant")


def _card(key: str, face: Face, kind: str) -> str:
    title = [f"<b>{escaped(face.title)}</b>", *map(escaped, face.lines)]
    gradient = _lines(face.gradient)
    if gradient and gradient[0] != "no grad":
        gradient[0] = f"grad {gradient[0]}"
    numbers = [escaped(line, LONG_RULE) for line in (*_lines(face.value), *gradient)]
    return f"{key}{_SHAPES[kind].format(quoted('<br/>'.join(title + numbers)))}:::{kind}"


def _lines(entry: Entry | None) -> list[str]:
    """A number, all of a small array, or the norm of one."""
    if entry is None:
        return []
    return [" ".join(e.text for e in row) for row in entry.rows] or [entry.text]


def _edges(content: Content) -> Iterator[str]:
    for part in content.parts:
        for edge in content.into(part):
            if isinstance(edge, Edge):
                wire = content.wires[edge]
                arrow = "-.->" if wire.tooltip and wire.size == 0 else "-->"
                label = "" if content.dense else _label(wire)
                yield f"{content.keys[edge.tail]} {arrow}{label} {content.keys[part]}"
            else:
                yield f"{edge[0]} -.-> {content.keys[part]}"


def _label(wire: Wire) -> str:
    """The local gradient; of a Jacobian its size and norm."""
    local = f"{wire.shape} {wire.local.text}".strip() if wire.local else ""
    return f"|{quoted(escaped(local, LONG_RULE))}|" if local else ""


def _style(kind: str) -> str:
    fill = {"leaf": LEAF, "constant": LEAF, "output": OUTPUT}.get(kind, CARD)
    return f"fill:{fill},stroke:{LINE},color:{INK}" + (_DASHED if kind == "constant" else "")


def quoted(label: str) -> str:
    """A label, in which nothing is Mermaid's to read."""
    return f'"{label}"'


_PLAIN = frozenset(" .,()=×−·…←:_/")
_NUMBERED = re.compile(r"(\d+)([.)])(?=\s|$)")  # what Markdown takes for an item of a list


def escaped(line: str, length: int = LONG_NAME) -> str:
    """A line as Mermaid shows it: what may mean something to it, or to Markdown, by its number."""
    line = shown(line, length).strip()
    item = _NUMBERED.match(line)
    odd = item.start(2) if item else -1
    return "".join(_escape(c, i == odd or _is_mark(line, i)) for i, c in enumerate(line)) or "#32;"


def _is_mark(line: str, i: int) -> bool:
    """Whether it is an underscore that Markdown may take for emphasis: one at a word's edge."""
    around = line[:i][-1:], line[i + 1 :][:1]
    return line[i] == "_" and not all(c.isalnum() for c in around)


def _escape(c: str, odd: bool) -> str:
    if (c.isalnum() or c in _PLAIN) and not odd:
        return c
    # Mermaid still reads a backslash before an n, and two dollars: what has no width parts them.
    return f"#{ord(c)};" + ("#8203;" if c in "\\$" else "")
