"""What the nodes of a graph are called where each needs a name of its own."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Sequence

from autodiff import Value


def names_of(nodes: Sequence[Value]) -> dict[Value, str]:
    """The nodes' own names, `f` for the last, and `n1`, `n2`, … for those between; each once."""
    unnamed = [node for node in nodes if not node.name]
    wanted = {node: f"n{i + 1}" for i, node in enumerate(unnamed)}
    if unnamed and unnamed[-1] is nodes[-1]:
        wanted[nodes[-1]] = "f"
    names: dict[Value, str] = {}
    taken: set[str] = set()
    for node in sorted(nodes, key=lambda node: not node.name):  # those that have one come first
        names[node] = _free(node.name or wanted[node], taken)
        taken.add(names[node])
    return {node: names[node] for node in nodes}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def identifiers(names: Iterable[str]) -> list[str]:
    """Names as a program can have them, each once: `w_0` for `w[0]`."""
    found: list[str] = []
    for name in names:
        word = re.sub(r"\W+", "_", name).strip("_") or "x"
        word = f"_{word}" if word[0].isdigit() or keyword.iskeyword(word) else word
        found.append(_free(word, found))
    return found


def natural(name: str) -> list[tuple[int, str]]:
    """What names are ordered by, so that w2 comes before w10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
