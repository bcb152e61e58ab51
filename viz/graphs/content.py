"""Content: all that is drawn, whatever style draws it; and what belongs side by side in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from .captions import Caption
from .collapse import MOST_EDGES, Grouping, is_open
from .faces import Face, Wire, Writer
from .flow import Constant, Edge, Part
from .legend import Shown
from .scopes import Scope, is_parameter

Cluster = tuple[Scope, ...]  # the scopes around a part that are open, outermost first


class Content:
    """The parts of a picture, how each is written, and how they are arranged."""

    def __init__(
        self, parts: Sequence[Part], writer: Writer, clusters: Mapping[Part, Cluster],
        siblings: Sequence[Sequence[Part]],
    ) -> None:  # fmt: skip
        self.parts, self.writer = parts, writer
        self.clusters, self.siblings = clusters, siblings
        self.keys = {part: f"n{i}" for i, part in enumerate(parts)}
        self._named: dict[tuple[str, tuple[int, ...]], str] = {}  # the keys of constants
        self.faces = {part: self._face(part) for part in parts}
        self.wires: dict[Edge, Wire] = writer.all_wires(parts)

    def _face(self, part: Part) -> Face:
        """What a card shows here: not what is around it anyway, nor what there is no room for."""
        face = self.writer.face(part)
        if around := self.clusters.get(part):
            face.is_within(around[-1].path)
        if self.dense and face.is_several:
            face.tooltip = f"{face.tooltip}, {', '.join(face.settings)}"
            face.settings = []
        return face

    @cached_property
    def dense(self) -> bool:
        """Whether pills would hide the graph, so that what they say moves to the tooltips."""
        return sum(len(part.edges) for part in self.parts) > MOST_EDGES

    @cached_property
    def widest(self) -> float:
        """The most that comes back through an edge."""
        return max((w.size for w in self.wires.values() if np.isfinite(w.size)), default=0.0)

    def into(self, part: Part) -> Iterator[Edge | tuple[str, Constant]]:
        """The edges into a part, and its constants with their keys, as they stand as operands."""
        edges = {edge.place: edge for edge in part.edges}
        for place in sorted({*edges, *part.constants}):
            if place in edges:
                yield edges[place]
            else:
                constant = part.constants[place]
                yield self.key_of(part, place, constant), constant

    def key_of(self, part: Part, place: int, constant: Constant) -> str:
        """The key of a constant: one card is of all the uses of one variable."""
        if constant.name is None:
            return f"{self.keys[part]}c{place}"
        return self._named.setdefault((constant.name, constant.array.shape), f"c{len(self._named)}")

    def constants(self) -> Iterator[tuple[Part, str, Constant]]:
        """Each constant once, with the first part that it goes into, and its key."""
        seen = set()
        for part in self.parts:
            for place, constant in part.constants.items():
                key = self.key_of(part, place, constant)
                if key not in seen:
                    seen.add(key)
                    yield part, key, constant

    def shown(self, of: str, scope: str, *, pills: bool) -> Shown:
        """What a legend has to explain."""
        wires = [wire for wire in self.wires.values() if wire.local]
        jacobians = [wire for wire in wires if wire.shape]
        rules = [wire for wire in wires if wire.is_rule]
        return Shown(
            of=of, detail=self.writer.detail, scope=scope, footnotes=self.writer.footnotes,
            norms={text[:3] for text in self._texts(pills)} & {"|x|", "|g|"},
            rules=bool(rules), jacobians=bool(jacobians), dense=self.dense, pills=pills,
            strips=any(e.strip for f in self.faces.values() for e in (f.value, f.gradient) if e),
            numbers=len(jacobians) + len(rules) < max(len(wires), 1),
        )  # fmt: skip

    def _texts(self, pills: bool) -> Iterator[str]:
        """What is written beside colours: of a small array not its norm, except along wires."""
        for face in self.faces.values():
            for entry in (face.value, face.gradient):
                if entry and not (entry.rows and pills):
                    yield entry.text
        for wire in self.wires.values():
            if wire.shape and wire.upstream and wire.contribution and not self.dense:
                yield from (wire.upstream.text, wire.contribution.text)


def clusters(groups: Grouping, parts: Sequence[Part], expand: Sequence[str]) -> dict[Part, Cluster]:
    """Around each part the open scopes; around a parameter those around all that use it."""
    found: dict[Part, Cluster] = {}
    if not expand:
        return found
    for part in parts:
        if not part.is_leaf:
            scope = groups.within[part.numbers[-1]]
            around = [scope.at(i) for i in range(scope.level + 1)] if scope else []
            found[part] = tuple(s for s in around if s.path and is_open(s, expand))
    for part in parts:
        users = {found[edge.head] for edge in part.users}
        if part.is_leaf and len(users) == 1 and all(map(is_parameter, part.nodes)):
            found[part] = users.pop()
    return found


def siblings(parts: Sequence[Part], captions: Mapping[Part, Caption]) -> list[list[Part]]:
    """Parts that are calls in the same scope, equally far from the leaves: three or more."""
    level: dict[Part, int] = {}
    together: defaultdict[tuple[Scope | None, int], list[Part]] = defaultdict(list)
    for part in parts:
        level[part] = 1 + max((level[edge.tail] for edge in part.edges), default=0)
        scope = captions[part].scope if part in captions else None
        if scope is not None:
            together[scope.within, level[part]].append(part)
    return [several for several in together.values() if len(several) > 2]
