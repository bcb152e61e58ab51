"""Python's in-place operators: `x += y` is a new node, or moves a leaf within `no_grad`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph.modes import current_mode
from ..graph.node import is_users_own
from ..graph.value import Value


def in_place(symbol: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place operator of a binary operation."""

    def operator(self: Value, other: Any) -> Any:
        if self._pullback is None:
            return _of_leaf(symbol, call, self, other)
        return call(self, other)

    return operator


def _of_leaf(symbol: str, call: Callable[..., Any], leaf: Value, other: Any) -> Any:
    """As in PyTorch: within `no_grad`, a leaf that the user made gets the new data."""
    if not current_mode().records:
        if not is_users_own(leaf) or getattr(leaf, "traced", False):
            return call(leaf, other)
        leaf.data = call(leaf, other).data
        return leaf
    if leaf._grad is not None and not isinstance(other, Value):
        raise TypeError(
            f"`{symbol}` would give its name a new node, and not move {leaf.label()}, which has a "
            "gradient.\n"
            f"For a step write `p.data {symbol} ...` or `with no_grad(): p {symbol} ...`, "
            f"for a new node `x = x {symbol[:-1]} ...`."
        )
    return call(leaf, other)
