"""How a number leaves the graph, and where it is refused, since its gradient would be lost."""

from __future__ import annotations

import sys

from ..support.frames import is_numpys, stores_item
from .modes import DEPTH, current_mode
from .node import Node, is_unrecorded


def refuse_leaving(how: str) -> None:
    """Raises TypeError where `how`, as the user calls it, is of what `grad` or its kin derive."""
    if DEPTH.get() and current_mode().records:
        raise TypeError(
            f"{how} takes the number out of what is differentiated, and its gradient would "
            "be 0.\nUse the functions of `autodiff` or NumPy (`np.sqrt` for `math.sqrt`), or "
            "`.data` where no gradient is wanted."
        )


def refuse_unseen(node: Node, how: str) -> None:
    """The same where Python, or C, calls `how`, and then elsewhere, too, if no one sees it.

    `float(loss)` says what it does, but an entry of an array, or what NumPy makes of an argument,
    looks as if it still had a gradient.
    """
    refuse_leaving(how)
    frame = sys._getframe(2)
    by_numpy = is_numpys(frame)
    if not (by_numpy or stores_item(frame)) or is_unrecorded(node) or not current_mode().records:
        return
    if not by_numpy:
        raise TypeError(
            "An array's entry is a plain number, but what is assigned to this one is a node, whose "
            "gradient would be lost.\nCollect nodes in a list and join them by `autodiff.stack`, "
            "or write `t = t.at[index].set(node)`; `.data` is the number alone."
        )
    while frame.f_back and is_numpys(frame.f_back):
        frame = frame.f_back
    raise TypeError(
        f"NumPy's `{frame.f_code.co_name}` asked for the plain number of a node, and its "
        "gradient would be lost.\nUse `.data` if none is wanted; else apply it by operators, "
        "or to a Tensor in place of a plain array."
    )
