"""What is written on the cards and edges of a picture, whatever style draws them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, edge_texts, gradient_of, operation_text, settings_text

from ..palette import CARD, LEAF, OUTPUT
from .flow import Edge, Part
from .numbers import Numbers, is_special, norm
from .text import LONG_TOOLTIP

DETAILS = ("values", "gradients", "locals", "shapes")
_SAME = 1e-9  # relative: gradients that differ by less are the same, with errors of rounding


@dataclass
class Entry:
    """A number, or what stands for an array."""

    text: str
    is_special: bool = False


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

    @property
    def title(self) -> str:
        """What stands large."""
        return self.name or self.operation or "leaf"

    @property
    def lines(self) -> list[str]:
        """What stands small below it."""
        return ([self.operation] if self.name and self.operation else []) + self.settings


@dataclass
class Wire:
    """What an edge shows."""

    local: Entry | None
    contribution: Entry | None
    size: float  # of its contribution
    sign: float  # of its local gradient; 0 for an array's
    tooltip: str


class Writer:
    """How the parts of one picture are written: each number so that it differs from the others."""

    def __init__(
        self, parts: Sequence[Part], gradients: dict[Value, Any], detail: Collection[str],
        seeds: Iterable[tuple[Value, Any]] = (),
    ) -> None:  # fmt: skip
        self.gradients, self.detail, self.seeds = gradients, detail, dict(seeds)
        self.footnotes: list[tuple[str, str]] = []  # leaves, and what their own `.grad` is instead
        edges = [edge for part in parts for edge in part.edges]
        shown = {
            "values": [data_of(part.node) for part in parts],
            "gradients": list(gradients.values()),
            "locals": [edge.local for edge in edges if edge.local is not None],
        }
        things = [thing for kind in detail for thing in shown.get(kind, ())]
        self.number = Numbers([_size(t) for t in things] if len(things) < _TELL_APART else ())

    def face(self, part: Part) -> Face:
        """What the card of a part shows."""
        node = part.node
        face = Face(node.name, operation_text(node, self.number))
        face.fill = OUTPUT if part.is_drawn else LEAF if node.op is None else CARD
        face.settings += filter(None, [settings_text(node, self.number)])
        if np.ndim(node.data) and "shapes" in self.detail:
            face.settings.append("×".join(map(str, np.shape(node.data))))
        face.tooltip = f"{face.title[:LONG_TOOLTIP]}: value={full(node.data)}"
        if "values" in self.detail:
            face.value = self.entry(data_of(node), "x")
        if node in self.gradients:
            gradient = self.gradients[node]
            face.tooltip += f" gradient={full(gradient)}"
            if "gradients" in self.detail:
                face.gradient = self.entry(gradient, "g")
                face.seed = self.entry(self.seeds.get(node, 0.0), "g")
                if node.op is None and not _is_same(own := gradient_of(node), gradient):
                    face.gradient.text += "*"
                    self.footnotes.append((face.title, self.entry(own, "g").text))
        return face

    def constant(self, array: Any) -> Face:
        """What the card of an array shows that took part as a constant."""
        shape = "×".join(map(str, array.shape))
        face = Face("constant", "", LEAF, [shape] if shape and "shapes" in self.detail else [])
        face.tooltip = f"constant: value={full(array)}"
        if "values" in self.detail:
            face.value = self.entry(array, "x")
        if "gradients" in self.detail:
            face.gradient = Entry("no grad")
        return face

    def all_wires(self, parts: Iterable[Part]) -> dict[Edge, Wire]:
        """What each edge shows."""
        pairs = ((part, self._wires(part)) for part in parts)
        return {e: w for part, wires in pairs for e, w in zip(part.edges, wires, strict=True)}

    def _wires(self, part: Part) -> list[Wire]:
        if not part.edges or part.node not in self.gradients:
            return [Wire(None, None, 0.0, 0.0, "") for _ in part.edges]
        upstream = self.gradients[part.node]
        if all(edge.local is not None for edge in part.edges):
            return [self._of_numbers(edge, float(upstream)) for edge in part.edges]
        return [
            self._wire(edge, Entry(text), 0.0, f"{text}, of norm {norm(edge.contribution)!r}")
            for edge, text in zip(part.edges, edge_texts(part.node), strict=True)
        ]

    def _of_numbers(self, edge: Edge, upstream: float) -> Wire:
        local, contribution = float(edge.local), float(edge.contribution)
        sentence = f"upstream {upstream!r} × local {local!r} = contribution {contribution!r}"
        return self._wire(edge, self.entry(local, ""), local, sentence)

    def _wire(self, edge: Edge, local: Entry, sign: float, tooltip: str) -> Wire:
        contribution = self.entry(edge.contribution, "g") if "gradients" in self.detail else None
        shown = local if "locals" in self.detail else None
        return Wire(shown, contribution, norm(edge.contribution), sign, tooltip)

    def entry(self, data: Any, letter: str) -> Entry:
        """A number, or the norm of an array."""
        x = _size(data)
        text = self.number(x)
        return Entry(text if np.size(data) == 1 else f"|{letter}| {text}", is_special(x))


_TELL_APART = 600  # numbers: in a picture of more no one compares them


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
