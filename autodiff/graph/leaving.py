"""How a number leaves the graph, and where it is refused, since its gradient would be lost."""

from __future__ import annotations

import sys

from ..support.frames import stores_item
from .modes import DEPTH, current_mode
from .node import Node, is_unrecorded


def refuse_leaving(node: Node, how: str) -> None:
    """Raises TypeError where `how`, which the user or NumPy calls, takes what is differentiated.

    In `grad` and its kin that is anywhere. Elsewhere `float(loss)` says what it does, but an
    entry of an array looks as if it were still the node.
    """
    if not current_mode().records:
        return
    if DEPTH.get():
        raise TypeError(
            f"{how} takes the number out of what is differentiated, and its gradient would "
            "be 0.\nUse the functions of `autodiff` or NumPy (`np.sqrt` for `math.sqrt`), or "
            "`.data` where no gradient is wanted."
        )
    if not is_unrecorded(node) and stores_item(sys._getframe(2)):
        raise TypeError(
            "An array's entry is a plain number, but what is assigned to this one is a node, whose "
            "gradient would be lost.\nCollect nodes in a list and join them by `autodiff.stack`, "
            "or write `t = t.at[index].set(node)`; `.data` is the number alone."
        )
