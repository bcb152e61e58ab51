"""A picture in words, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import data_of

from .captions import Caption
from .flow import Part, joined
from .numbers import norm, number
from .text import shown

_MOST = 12  # leaves whose gradients are told


def described(
    roots: Sequence[Value], parts: Sequence[Part], captions: Mapping[Part, Caption],
    gradients: Mapping[Value, Any],
) -> str:  # fmt: skip
    """What is drawn, the values of the outputs, and the gradients by the leaves."""
    edges = sum(len(part.edges) for part in parts)
    outputs = ", ".join(f"{name_of(root)} = {_told(data_of(root))}" for root in roots)
    counts = f"{_count(len(parts), 'card' if captions else 'node')}, {_count(edges, 'edge')}"
    text = f"Graph of {outputs}: {counts}."
    leaves = [part for part in parts if part.is_leaf and gradients]
    told = []
    for part in leaves[:_MOST]:
        name = captions[part].title if part.node is None else name_of(part.node)
        told.append(f"{shown(name)} {_told(joined(gradients[node] for node in part.nodes))}")
    if len(leaves) > _MOST:
        told.append(f"and {len(leaves) - _MOST} more")
    return f"{text} Gradients: {', '.join(told)}." if told else text


def title(roots: Sequence[Value]) -> str:
    """A picture's name."""
    return f"Graph of {', '.join(map(name_of, roots))}"


def name_of(node: Value) -> str:
    """How a node is called in words."""
    return (
        shown(node.name) if node.name else "an unnamed " + ("leaf" if node.op is None else "output")
    )


def _told(data: Any) -> str:
    if np.size(data) == 1:
        return number(float(np.reshape(data, ())))
    return f"an array of shape {np.shape(data)} and norm {number(norm(data))}"


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
