"""Scopes: the calls of modules that nodes were made in, or whose parameters they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autodiff import Value
from autodiff.extend import as_made, note_of, operation, owners_of

from .network import Network
from .notes import Call, Note

Path = tuple[str, ...]


@dataclass(eq=False)
class Scope:
    """One call of a module, or a run of nodes that belong to one."""

    path: str  # "" of the outermost
    kind: str  # of the module: `Linear(2, 16)`
    within: Scope | None
    level: int = field(init=False)

    def __post_init__(self) -> None:
        self.level = 0 if self.within is None else self.within.level + 1

    def at(self, level: int) -> Scope:
        """The scope of that level around this one, which itself if it is not deeper."""
        scope = self
        while scope.level > level and scope.within is not None:
            scope = scope.within
        return scope

    @property
    def title(self) -> str:
        """How it is called on a card."""
        return self.path or self.kind.partition("(")[0]


def scopes_of(network: Network) -> list[Scope | None]:
    """The innermost scope of each node: by what was noted, else by the paths of parameters."""
    notes = [note_of(node) for node in network.nodes]
    if any(isinstance(note, Note) and note.call for note in notes):
        return _by_calls(notes)
    return _by_paths(network)


def _by_calls(notes: Iterable[Any]) -> list[Scope | None]:
    calls = [note.call if isinstance(note, Note) else None for note in notes]
    scopes: dict[Call | None, Scope | None] = {None: None}
    for call in calls:
        missing: list[Call] = []
        while call is not None and call not in scopes:
            missing.append(call)
            call = call.within
        for inner in reversed(missing):
            scopes[inner] = Scope(inner.path, inner.kind, scopes[inner.within])
    return [scopes[call] for call in calls]


# -- without notes -------------------------------------------------------------------------

_MOST = 8  # of the modules that a node leads to, those that are looked at


def is_parameter(leaf: Value) -> bool:
    """Whether a leaf belongs to a module: one has handed it out, or it has the path for a name."""
    return bool(owners_of(leaf)) or "." in (leaf.name or "")


def path_of(leaf: Value) -> Path:
    """The modules around a parameter, by its name: ("layers.0", "neurons.2") of a weight there."""
    parts: list[str] = []
    for word in (leaf.name or "").split(".")[:-1]:
        if word.isdigit() and parts:
            parts[-1] += f".{word}"
        else:
            parts.append(word)
    return tuple(parts)


def _by_paths(network: Network) -> list[Scope | None]:
    """Runs of nodes that belong to one module, in the order in which they were made.

    Runs in that order cannot depend on each other in a circle.
    """
    found: list[Scope | None] = [None] * len(network.nodes)
    leaves = [node for node in network.nodes if node.op is None]
    paths = {leaf: path for leaf in leaves if (path := path_of(leaf))}
    if not paths:
        return found
    outputs = [node for node, drawn in zip(network.nodes, network.is_drawn) if drawn]
    inner = [node for node in as_made(outputs) if node.inputs]
    belongs = belonging(inner, paths)
    run: list[Scope] = []
    for node in inner:
        run = _entered(run, belongs[node]) if node in belongs else []
        found[network.number[node]] = run[-1] if run else None
    return found


def belonging(nodes: Sequence[Value], paths: Mapping[Value, Path]) -> dict[Value, Path]:
    """The module that each of these belongs to, by the way to it; nodes come as they were made.

    It is that whose parameter it uses; that of its operand, if it is a function of one, as an
    activation is; or else the one that is around both what it is made of and what it leads to.
    """
    used = {
        node: max(own, key=len)
        for node in nodes
        if (own := [paths[operand] for operand in node.inputs if operand in paths])
    }
    leads: dict[Value, tuple[Path, ...]] = {}
    for node in reversed(nodes):
        ahead = (used[node],) if node in used else leads.get(node, ())
        for operand in node.inputs:
            leads[operand] = tuple(dict.fromkeys([*leads.get(operand, ()), *ahead]))[:_MOST]
    belongs = dict(used)
    for node in nodes:
        if node in used:
            continue
        behind = [belongs[operand] for operand in node.inputs if operand in belongs]
        if behind and is_activation(node):
            belongs[node] = behind[0]
        elif around := [_common(b, a) for b in behind for a in leads.get(node, ())]:
            belongs[node] = max(around, key=len)
    return belongs


def is_activation(node: Value) -> bool:
    """Whether a node is an elementwise function of one operand, as tanh: no sum, no product."""
    primitive = operation(node.op or "")
    return primitive.elementwise and primitive.unary and primitive.formula.operator is None


def _common(one: Path, other: Path) -> Path:
    """The way that two paths have in common."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return one[:count]


def _entered(run: list[Scope], path: Path) -> list[Scope]:
    """The scopes around a node of this module, those of the node before it where they go on."""
    run = run or [Scope("", "model", None)]
    count = 1
    while count <= min(len(run) - 1, len(path)) and run[count].path == ".".join(path[:count]):
        count += 1
    run = run[:count]
    for i in range(count, len(path) + 1):
        run.append(Scope(".".join(path[:i]), "", run[-1]))
    return run
