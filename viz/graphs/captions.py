"""How a card is called that stands for several nodes."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autodiff import Value
from autodiff.extend import note_of, operation

from .collapse import Grouping
from .flow import Part
from .notes import Note
from .scopes import Scope, is_parameter

_SHOWN = 5  # operations that are named


class Caption(NamedTuple):
    """What a card says of the nodes that it stands for."""

    title: str
    lines: list[str]
    scope: Scope | None = None  # if it is one


def caption(grouping: Grouping, part: Part) -> Caption:
    """The caption of a part of several nodes: of a call its module, of others what they do."""
    if part.is_leaf:
        return _of_leaves(part.nodes)
    inner = [i for i, node in zip(part.numbers, part.nodes, strict=True) if node.op is not None]
    nodes = [node for node in part.nodes if node.op is not None]
    items = dict.fromkeys(grouping.items[inner].tolist())
    scopes = [scope for item in items if (scope := grouping.scopes[item])]
    modules = {(scope.path, scope.kind): scope for scope in scopes}
    counts = _counts(part, len(inner))
    if len(modules) == 1 and len(scopes) == len(items):
        scope = next(iter(modules.values()))
        calls = [f"{len(scopes):,} calls"] if len(scopes) > 1 else []
        kind = [scope.kind] if scope.kind and scope.path else []
        own = scope if len(scopes) == 1 else None
        return Caption(scope.title, [*kind, *calls, *counts], own)
    titles = [scope.title for scope in modules.values()]
    alone = {node.op: None for node, i in zip(nodes, inner, strict=True)
             if grouping.scopes[grouping.items[i]] is None}  # fmt: skip
    titles += [operation(op or "").symbol for op in alone]
    more = ["…"] if len(titles) > _SHOWN else []
    text = " ".join([*titles[:_SHOWN], *more])
    line = _common_line(nodes)
    if len(titles) == 1:
        lines = [f"{len(inner):,} times", *filter(None, [line]), *counts[1:]]
        return Caption(text, lines)
    if line:
        return Caption(line, [text, *counts])
    return Caption(text, counts)


def _of_leaves(leaves: Sequence[Value]) -> Caption:
    kind = "parameters" if all(map(is_parameter, leaves)) else "leaves"
    lines = [f"{len(leaves):,} {kind}"]
    first, last = leaves[0].name, leaves[-1].name
    if first and last:
        return Caption(first if first == last else f"{first} … {last}", lines)
    return Caption(kind, [f"{len(leaves):,} of them"])


def _counts(part: Part, inner: int) -> list[str]:
    """How many nodes there are, and how many numbers in the parameters among them."""
    held = sum(np.size(node.data) for node in part.nodes if node.op is None)
    counts = [f"{inner:,} node{'' if inner == 1 else 's'}"]
    return counts + ([f"{held:,} parameter{'' if held == 1 else 's'}"] if held else [])


def _common_line(nodes: Sequence[Value]) -> str:
    """The line of the user's on which all of these were made; "" where there is no such line."""
    places = {(n.file, n.line) if isinstance(n := note_of(node), Note) else None for node in nodes}
    place = places.pop()
    return linecache.getline(*place).strip() if place and not places else ""
