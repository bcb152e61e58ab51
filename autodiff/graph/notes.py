"""Notes: what somebody wants to know of each node as it is made, kept with it while it lives."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

from .blocks import Block
from .node import Node

Note = Callable[[Any, FrameType], Any]


def noting(begin: Callable[[], Note]) -> Block:
    """Within it, each node that an operation makes keeps what is noted of it: see `note_of`.

    `begin()`, called at the entry, gives a function of the node and of the innermost frame of the
    stack that is not the engine's own. An operation takes longer for it, inside the block alone.

    >>> import autodiff as ad
    >>> x = ad.Value(2.0)
    >>> with noting(lambda: lambda node, frame: f"{node.op} in {frame.f_code.co_name}"):
    ...     y = ad.exp(x)
    >>> note_of(y), note_of(ad.exp(x))
    ('exp in <module>', None)
    """
    return Block(lambda: {"note": begin()})


def note_of(node: Node) -> Any:
    """What was noted of a node when it was made; None if nothing was, and of a leaf."""
    return None if node._pullback is None else getattr(node, "_before", None)
