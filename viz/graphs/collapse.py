"""What is drawn as one card: each node, or the calls and repeated parts of a graph that is large.

A graph of more than MOST_NODES is collapsed to at most MOST_CARDS, by what tells most first: each
call of a module as one card, as deep as they fit; all calls of one module; nodes of the same role
(see `roles`); chains; and, where all of this is too much, nodes that follow each other.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff.extend import data_of, note_of

from .leaves import kinds_of, with_leaves
from .merging import Ints, chains, consecutive, in_order, numbered, pairs_between, without_circles
from .network import Network
from .notes import Note
from .roles import refined
from .scopes import Scope, scopes_of

MOST_NODES, MOST_CARDS, MOST_EDGES = 60, 40, 60
_TOO_MANY = 200  # cards, of a depth that was asked for
_ROUNDS = 8  # in which roles are told apart
_FEW = 5  # cards that say little
_MOST_ITEMS = 2_000  # of which circles are looked for


@dataclass
class Grouping:
    """Which nodes are drawn as one card."""

    cards: Ints  # the number of the card of each node, each after what it depends on
    items: Ints  # the number of what its card is merged of: a scope, or a node; -1 of a leaf
    scopes: list[Scope | None]  # of each item that is one
    within: list[Scope | None] = field(default_factory=list)  # of each node, the innermost
    depth: int | None = None  # of the scopes that are shown; None if each node has its card
    deepest: int = -1  # that there is
    opened: Sequence[str] = ()  # beside that

    def said(self) -> str:
        """What the picture says of how much is on how many cards; "" where each node has one."""
        count = _count(self.cards)
        if self.depth is None or count == len(self.cards):
            return ""
        text = f"{len(self.cards):,} nodes on {count} cards"
        if self.depth < 0:
            return f"{text}: what is repeated is drawn once; `depth=math.inf` draws each node"
        more = f"; `depth={self.depth + 1}` shows more" if self.depth < self.deepest else ""
        opened = f" and in {', '.join(self.opened)}" if self.opened else ""
        return f"{text}: calls of modules down to `depth={self.depth}`{opened}{more}"


def grouping(network: Network, depth: float | None, expand: Sequence[str]) -> Grouping:
    """How a graph is drawn: with scopes down to this depth, and those to `expand` open.

    Raises ValueError for a depth of a graph without scopes, and for a path that none of them has.
    """
    count = len(network.nodes)
    if (depth is None and not expand and count <= MOST_NODES) or depth == math.inf:
        every = np.arange(count)
        return Grouping(every, every, [None] * count, [None] * count)
    scopes = scopes_of(network)
    _check(scopes, depth, expand)
    search = _Search(network, scopes)
    return search.found() if depth is None and not expand else search.at(int(depth or 0), expand)


def _check(scopes: Iterable[Scope | None], depth: float | None, expand: Sequence[str]) -> None:
    found = {scope for scope in scopes if scope}
    paths = sorted({scope.at(i).path for scope in found for i in range(scope.level + 1)} - {""})
    if not found and (depth is not None or expand):
        raise ValueError(
            "`depth` and `expand` are of calls of modules, but this graph knows of none.\n"
            "Draw it by `model.draw(x)`, or compute it within `with viz.calls():`."
        )
    for path in expand:
        if path not in paths:
            close = difflib.get_close_matches(str(path), paths, 3) or paths[:3]
            raise ValueError(
                f"`expand` is the path of a module that was called, but there is no {path!r}.\n"
                f"There are {', '.join(map(repr, close))}{', ...' if len(paths) > 3 else ''}."
            )


class _Search:
    """The way to a grouping. Labels are of nodes that are no leaves; a leaf has -1."""

    def __init__(self, network: Network, scopes: list[Scope | None]) -> None:
        self.network, self.scopes = network, scopes
        self.inner = ~network.is_leaf
        self.deepest = max((scope.level for scope in scopes if scope), default=-1)
        self.leaves = kinds_of(network)
        self._kinds: Ints | None = None

    def at(self, depth: int, expand: Sequence[str]) -> Grouping:
        """Just these scopes; merged further where there are too many cards to draw."""
        items, scopes = self.items(depth, expand)
        cards = self.cards(items, _TOO_MANY)
        if _count(cards) > _TOO_MANY:
            cards = self.reduced(items, scopes)
        answer = self.answer(cards, items, scopes, depth)
        answer.opened = expand
        return answer

    def found(self) -> Grouping:
        """The deepest scopes of which there are not too many."""
        second = None
        for depth in range(self.deepest, -2, -1):
            items, scopes = self.items(depth)
            cards = self.cards(items)
            if _count(cards) > MOST_CARDS:
                cards = self.reduced(items, scopes)
            if _count(cards) <= MOST_CARDS:
                answer = self.answer(cards, items, scopes, depth)
                if len(self.pairs(cards)) <= MOST_EDGES:
                    return answer
                second = second or answer
        return second or self.answer(cards, items, scopes, depth)

    def items(self, depth: int, expand: Sequence[str] = ()) -> tuple[Ints, list[Scope | None]]:
        """Each scope at this depth, or deeper where it is open, and each node that is in none."""
        closed: dict[Scope | None, Scope | None] = {None: None}
        numbers: dict[Hashable, int] = {}
        scopes: list[Scope | None] = []
        found = np.full(len(self.scopes), -1)
        for node in np.flatnonzero(self.inner).tolist():
            scope = self.scopes[node]
            if scope not in closed:
                closed[scope] = _closed(scope, depth, expand) if scope and depth >= 0 else None
            key = closed[scope] or node
            if key not in numbers:
                numbers[key] = len(numbers)
                scopes.append(closed[scope])
            found[node] = numbers[key]
        return found, scopes

    def cards(self, labels: Ints, most: int = MOST_CARDS) -> Ints:
        """The cards, with those of leaves."""
        return with_leaves(self.network, labels, self.leaves, most)

    def pairs(self, cards: Ints) -> Ints:
        return pairs_between(self.network.tails, self.network.heads, cards)

    def answer(self, cards: Ints, items: Ints, scopes: list[Scope | None], depth: int) -> Grouping:
        place = np.empty(_count(cards), np.int64)
        place[in_order(len(place), self.pairs(cards))] = np.arange(len(place))
        return Grouping(place[cards], items, scopes, self.scopes, depth, self.deepest)

    # -- merging -----------------------------------------------------------------------------

    def reduced(self, items: Ints, scopes: list[Scope | None]) -> Ints:
        """The cards of items that are merged until there are not too many."""
        second = None
        for labels, has_circles in self.by_role(items, scopes):
            cards = self.cards(labels)
            if _count(cards) <= MOST_CARDS:
                if not has_circles:
                    return cards
                if second is None or _count(second) < _FEW:
                    second = cards
        if second is not None:
            return second
        labels = self.merged(items, chains)
        for most in (None, MOST_CARDS, MOST_CARDS // 2, MOST_CARDS // 4):
            if most is not None:
                labels = self.merged(labels, consecutive, most)
            cards = self.cards(labels)
            if _count(cards) <= MOST_CARDS:
                break
        return cards

    def merged(self, labels: Ints, merge: Any, *more: int) -> Ints:
        """The labels, with those that `merge` puts together alike."""
        between = self.inner[self.network.tails]
        tails, heads = self.network.tails[between], self.network.heads[between]
        new = merge(_count(labels), pairs_between(tails, heads, labels), *more)
        return np.where(self.inner, new[labels], -1)

    def by_role(self, items: Ints, scopes: list[Scope | None]) -> Iterator[tuple[Ints, bool]]:
        """Labels of items of one colour, with ever more colours, while they are not too many."""
        network, count = self.network, len(scopes)
        leaves = np.flatnonzero(network.is_leaf)
        where = items.copy()  # with an item for each leaf
        where[leaves] = count + np.arange(len(leaves))
        tails, heads = where[network.tails], where[network.heads]
        apart = tails != heads
        alone = np.array([scope is None for scope in scopes], bool)
        places = np.where(alone[heads], network.places, 0)[apart]
        tails, heads = tails[apart], heads[apart]
        colours = self.first_colours(where, scopes)
        for _ in range(_ROUNDS):
            labels = np.where(self.inner, numbered(colours[:count])[items], -1)
            if _count(labels) > _MOST_ITEMS:
                return
            whole = self.merged(labels, without_circles)
            yield whole, _count(whole) < _count(labels)
            if _count(labels) > MOST_CARDS:
                return
            colours = refined(colours, tails, heads, places)

    def first_colours(self, where: Ints, scopes: list[Scope | None]) -> Ints:
        """What each item is by itself: of a scope its module, of a node its operation and line."""
        if self._kinds is None:
            self._kinds = _kinds(self.network)
        first = np.unique(where, return_index=True)[1]
        colours = self._kinds[first]
        numbers: dict[Hashable, int] = {}
        for item, scope in enumerate(scopes):
            if scope is not None:
                key = (scope.path, scope.kind)
                colours[item] = len(self.scopes) + numbers.setdefault(key, len(numbers))
        return colours


def _kinds(network: Network) -> Ints:
    """A number for what each node is: its operation, its shape, the line that it was made on."""
    numbers: dict[Hashable, int] = {}
    found = []
    for node in network.nodes:
        note = note_of(node)
        line = (note.file, note.line) if isinstance(note, Note) else None
        key = (node.op, getattr(data_of(node), "shape", ()), line)
        found.append(numbers.setdefault(key, len(numbers)))
    return np.array(found, np.int64)


def _closed(scope: Scope, depth: int, expand: Sequence[str]) -> Scope | None:
    """The scope that is drawn as one card, of those around a node; None if all are open."""
    for level in range(depth, scope.level + 1):
        if not is_open(scope.at(level), expand):
            return scope.at(level)
    return None


def is_open(scope: Scope, expand: Sequence[str]) -> bool:
    """Whether a scope is one of those to expand, or around one of them."""
    inside = f"{scope.path}." if scope.path else ""
    return any(path == scope.path or path.startswith(inside) for path in expand)


def _count(labels: Ints) -> int:
    return int(labels.max(initial=-1)) + 1
