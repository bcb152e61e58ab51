"""What is written on the cards and edges of a picture, whatever style draws them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, gradient_of, operation_text, settings_text

from ..palette import CARD, LEAF, OUTPUT
from .captions import Caption
from .collapse import MOST_EDGES
from .flow import Constant, Edge, Part, joined, shape_of
from .numbers import Numbers, is_special, norm, rounded
from .rules import rules_of
from .strips import heights
from .text import LONG_TOOLTIP

DETAILS = ("values", "gradients", "locals", "shapes")
_SMALL, _LONG = 9, 6  # entries of an array that is shown in full, and along one axis of it
_SAME = 1e-9  # relative: gradients that differ by less are the same, with errors of rounding


@dataclass
class Entry:
    """A number, or what stands for an array."""

    text: str
    is_special: bool = False
    strip: list[float] = field(default_factory=list)  # how large its twelve bars are
    rows: list[list[Entry]] = field(default_factory=list)  # all of a small array

    def append(self, text: str) -> None:
        """Write something behind it."""
        self.text += text
        if self.rows and text:
            self.rows[-1][-1].text += text


@dataclass
class Face:
    """What a card shows."""

    name: str | None
    operation: str  # "" of a leaf
    fill: str = CARD
    settings: list[str] = field(default_factory=list)  # of the operation, and shapes
    value: Entry | None = None
    gradient: Entry | None = None
    seed: Entry | None = None  # of an output: where the pass starts
    tooltip: str = ""
    is_several: bool = False  # whether it stands for several nodes

    @property
    def title(self) -> str:
        """What stands large."""
        return self.name or self.operation or "leaf"

    @property
    def lines(self) -> list[str]:
        """What stands small below it."""
        return ([self.operation] if self.name and self.operation else []) + self.settings

    def is_within(self, path: str) -> None:
        """Leave out of its name where it is."""
        inside = f"{path}."
        self.name = self.name.removeprefix(inside) if self.name else None
        self.operation = self.operation.removeprefix(inside)


@dataclass
class Wire:
    """What an edge shows."""

    local: Entry | None = None  # the local gradient, the norm of a Jacobian, or a rule
    shape: str = ""  # of a Jacobian
    upstream: Entry | None = None
    contribution: Entry | None = None
    size: float = 0.0  # of the contribution
    sign: float = 0.0  # of the local gradient; 0 for an array's
    is_rule: bool = False  # whether `local` is one
    tooltip: str = ""


class Writer:
    """How the parts of one picture are written: each number so that it differs from the others."""

    def __init__(
        self, parts: Sequence[Part], captions: Mapping[Part, Caption],
        gradients: Mapping[Value, Any], seeds: Iterable[tuple[Value, Any]],
        detail: Collection[str],
    ) -> None:  # fmt: skip
        self.captions, self.detail = captions, detail
        self.gradients, self.seeds = gradients, dict(seeds)
        self.values = {part: joined(map(data_of, part.outputs)) for part in parts}
        self.upstream = {
            part: joined(gradients[node] for node in part.outputs) for part in parts if gradients
        }
        self.footnotes: list[tuple[str, str]] = []  # leaves, and what their own `.grad` is instead
        edges = [edge for part in parts for edge in part.edges]
        shown = {
            "values": list(self.values.values()),
            "gradients": list(self.upstream.values()),
            "locals": [edge.local for edge in edges if edge.local is not None],
        }
        things = [thing for kind in detail for thing in shown.get(kind, ())]
        self.number = Numbers(map(_size, things) if len(edges) <= MOST_EDGES else ())

    # -- cards -------------------------------------------------------------------------------

    def face(self, part: Part) -> Face:
        """What the card of a part shows."""
        face = self._of_node(part.node) if part.node is not None else self._of_several(part)
        face.fill = OUTPUT if part.is_drawn else LEAF if part.is_leaf else CARD
        face.tooltip = f"{face.title[:LONG_TOOLTIP]}: value={full(self.values[part])}"
        if "values" in self.detail:
            face.value = self.array(self.values[part], "x")
        if part not in self.upstream:
            return face
        face.tooltip += f" gradient={full(self.upstream[part])}"
        if "gradients" in self.detail:
            face.gradient = self.array(self.upstream[part], "g")
            face.seed = self.entry(joined(self.seeds.get(o, 0.0) for o in part.outputs), "g")
            if part.is_leaf:
                face.gradient.append(self._footnote(face.title, part.nodes))
        return face

    def _of_node(self, node: Value) -> Face:
        face = Face(node.name, operation_text(node, self.number))
        face.settings += filter(None, [settings_text(node, self.number)])
        if "shapes" in self.detail:
            face.settings += _shape(data_of(node))
        return face

    def _of_several(self, part: Part) -> Face:
        title, lines, _ = self.captions[part]
        face = Face(title if part.is_leaf else None, "" if part.is_leaf else title)
        face.settings, face.is_several = list(lines), True
        held = [node for node in part.nodes if node.op is None]
        if held and not part.is_leaf and self.gradients and "gradients" in self.detail:
            gradient = self.entry(joined(self.gradients[leaf] for leaf in held), "g").text
            face.settings[-1] += f", {gradient}{self._footnote(f'{title} parameters', held)}"
        return face

    def _footnote(self, title: str, leaves: Sequence[Value]) -> str:
        """An asterisk, and a footnote, where leaves have another `.grad` than that of this pass."""
        if all(_is_same(gradient_of(leaf), self.gradients[leaf]) for leaf in leaves):
            return ""
        self.footnotes.append((title, self.entry(joined(leaf.grad for leaf in leaves), "g").text))
        return "*"

    def constant(self, constant: Constant) -> Face:
        """What the card of an array shows that took part as a constant."""
        shape = _shape(constant.array) if "shapes" in self.detail else []
        face = Face(constant.name or "constant", "", LEAF, shape)
        face.tooltip = f"{face.title}, a constant: value={full(constant.array)}"
        if "values" in self.detail:
            face.value = self.array(constant.array, "x")
        if "gradients" in self.detail:
            face.gradient = Entry("no grad")
        return face

    # -- edges -------------------------------------------------------------------------------

    def all_wires(self, parts: Iterable[Part]) -> dict[Edge, Wire]:
        """What each edge shows."""
        return {edge: wire for part in parts for edge, wire in self._wires(part)}

    def _wires(self, part: Part) -> Iterable[tuple[Edge, Wire]]:
        if part not in self.upstream:
            yield from ((edge, Wire()) for edge in part.edges)
        elif part.node is not None and any(edge.local is None for edge in part.edges):
            names = {place: c.name for place, c in part.constants.items() if c.name}
            rules = rules_of(part.node, names, rounded)
            for edge, text in zip(part.edges, rules, strict=True):
                size = norm(joined(edge.contribution))
                wire = self._wire(edge, Entry(text), f"{text}, of norm {size!r}")
                wire.is_rule = True
                yield edge, wire
        else:
            yield from ((edge, self._of_jacobian(edge)) for edge in part.edges)

    def _of_jacobian(self, edge: Edge) -> Wire:
        """A local gradient, or the size of a Jacobian and, if it was computed, its norm."""
        upstream, contribution = self.upstream[edge.head], joined(edge.contribution)
        numbers = f"upstream {full(upstream)} × local {{}} = contribution {full(contribution)}"
        rows, columns = shape_of(edge)
        if rows == columns == 1 and edge.local is not None:
            slope = float(edge.local)
            wire = self._wire(edge, self.entry(slope, ""), numbers.format(repr(slope)))
            wire.sign = slope
            return wire
        local, shape = Entry(""), f"{rows}×{columns}"
        if edge.local is not None:
            size = norm(edge.local)
            local = Entry(f"|J| {self.number(size)}", is_special(size))
        wire = self._wire(edge, local, numbers.format(f"{shape} {local.text}".rstrip()))
        wire.shape = shape
        return wire

    def _wire(self, edge: Edge, local: Entry, tooltip: str) -> Wire:
        contribution = joined(edge.contribution)
        wire = Wire(size=norm(contribution), tooltip=tooltip)
        if "locals" in self.detail:
            wire.local = local
        if "gradients" in self.detail:
            wire.upstream = self.entry(self.upstream[edge.head], "g")
            wire.contribution = self.entry(contribution, "g")
        return wire

    def array(self, data: Any, letter: str) -> Entry:
        """A number, all of a small array, or the norm of one and how it is distributed."""
        entry = self.entry(data, letter)
        if np.size(data) == 1:
            return entry
        if is_small(data):
            rows = np.atleast_2d(np.asarray(data, np.float64)).tolist()
            entry.rows = [[self.entry(x, letter) for x in row] for row in rows]
        else:
            entry.strip = heights(data)
        return entry

    def entry(self, data: Any, letter: str) -> Entry:
        """A number, or the norm of an array."""
        x = _size(data)
        text = self.number(x)
        return Entry(text if np.size(data) == 1 else f"|{letter}| {text}", is_special(x))


def is_small(data: Any) -> bool:
    """Whether an array is shown in full."""
    shape = np.shape(data)
    return len(shape) <= 2 and 0 < np.size(data) <= _SMALL and max(shape, default=1) <= _LONG


def _shape(data: Any) -> list[str]:
    """What a card says of the shape of an array, and of its type if that is another than usual."""
    dtype = getattr(data, "dtype", np.dtype(np.float64))
    text = "×".join(map(str, np.shape(data)))
    words = [text, "" if dtype == np.float64 else str(dtype)]
    return [" ".join(filter(None, words))] if any(words) else []


def _size(data: Any) -> float:
    """A number as it is, and the norm of an array."""
    return float(np.reshape(data, ())) if np.size(data) == 1 else norm(data)


def _is_same(own: Any, gradient: Any) -> bool:
    """Whether a leaf's own gradient is that of this pass, or none has come to it."""
    if own is None:
        return True
    scale = norm(gradient)
    near = _SAME * scale if math.isfinite(scale) else 0.0
    return bool(np.allclose(own, gradient, rtol=_SAME, atol=near, equal_nan=True))


def full(data: Any) -> str:
    """A number in full, and an array as far as it fits into a tooltip."""
    if np.ndim(data) == 0:
        return repr(float(data))
    return " ".join(np.array2string(np.asarray(data), threshold=12, edgeitems=2).split())
