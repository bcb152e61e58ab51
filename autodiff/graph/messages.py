"""What messages are made of: how they call what was received, and what several of them say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .node import Node

MASKED = (
    "A masked array would lose its mask here, and a node its gradient in a masked array.\n"
    "Fill it first (`data.filled(0.0)`), and use `where` to leave entries out."
)


def describe(thing: Any) -> str:
    """A short phrase for an error message: what kind of thing was received."""
    if isinstance(thing, Node):
        return f"a {type(thing).__name__}"
    if isinstance(thing, np.ndarray):
        return f"an array of shape {thing.shape} and dtype {thing.dtype}"
    if thing is None:
        return "None"
    text = repr(thing)
    return f"{type(thing).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def brief(data: Any) -> str:
    """A number or a small array in full, the ends of a large one, on one line."""
    if np.ndim(data) == 0:
        return str(data)
    return " ".join(np.array2string(np.asarray(data), threshold=6, edgeitems=2).split())


def checked_function(f: Any, name: str) -> Callable[..., Any]:
    """f, which `name` is called with. Raises TypeError where it is not callable."""
    if callable(f):
        return f  # type: ignore[no-any-return]
    fix = "Write the computation as a function of what it depends on, as in `lambda x: x * x`."
    if isinstance(f, Node):
        fix = "To differentiate a node, call its `.backward()` and read `.grad` of the leaves."
    raise TypeError(f"`{name}` takes a function, but this is {describe(f)}.\n{fix}")


def refuse_changed(operand: Any, node: Any) -> None:
    """Raise ValueError: an operand was changed after a node had used it."""
    before, clock = getattr(operand, "_before", (None, node._clock + 1))
    values = f"now it is {brief(operand._data)}"
    if clock <= node._clock:
        values = f"its value was {brief(before)}, {values}"
    raise ValueError(
        f"{operand.label()} was changed after `{node._pullback.primitive.symbol}` had used it "
        f"({values}), so its gradient would be wrong.\n"
        "Run the forward pass again, or draw and pull back before the change."
    )
