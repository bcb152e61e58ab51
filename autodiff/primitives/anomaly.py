"""What `detect_anomaly` does: the line at which a NaN or an infinity is born."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..graph.blocks import Block
from ..graph.messages import brief
from ..graph.modes import Mode, current_mode, within
from ..graph.value import Value
from ..support.frames import user_line
from ..support.numbers import is_finite
from .primitive import Primitive

R = TypeVar("R")


def detect_anomaly() -> Block:
    """Within it, the first NaN or infinity to be born, forward or backward, is an error.

    The message names the operation, its operands' values and the line of yours that made it.
    It is for finding a fault: each operation becomes several times slower. Raises
    FloatingPointError.

    >>> import autodiff as ad
    >>> with ad.detect_anomaly():
    ...     ad.log(ad.Value(0.0, name="x"))
    Traceback (most recent call last):
    FloatingPointError: `log` gave -inf from x = 0.0.
    Its operands are finite, so it was born here: ...
    """
    return Block(lambda: {"lines": {}})


def pulling_back(node: Value, pull: Callable[..., R], *args: Any) -> R:
    """pull(*args), recorded as the pull-back of `node`, of the line that made it."""
    lines = current_mode().lines
    if lines is None or node._pullback is None:
        return pull(*args)
    line = lines.get(id(node), "before detect_anomaly()")
    return within({"pulling": (node._pullback.primitive.symbol, line)}, pull, *args)


def line_of(mode: Mode) -> str:
    """The line of the user's that an operation made now belongs to."""
    return user_line() if mode.pulling is None else mode.pulling[1]


def check_born(
    primitive: Primitive, operands: Sequence[Any], data: Sequence[Any], result: Any
) -> None:
    if is_finite(result) or not all(is_finite(d) for d in data if not isinstance(d, bool)):
        return
    names = [o.name if isinstance(o, Value) else None for o in operands]
    shown = ", ".join(
        f"{name or primitive.operands[min(i, len(primitive.operands) - 1)]} = {brief(d)}"
        for i, (name, d) in enumerate(zip(names, data, strict=True))
    )
    mode = current_mode()
    within = "" if mode.pulling is None else f", in the pull-back of `{mode.pulling[0]}`"
    raise FloatingPointError(
        f"`{primitive.symbol}` gave {brief(result)} from {shown}.\n"
        f"Its operands are finite, so it was born here{within}: {line_of(mode)}"
    )


def check_pulled(
    order: Sequence[Value], pulled: Mapping[Value, Any], pull_edges: Callable[..., Any]
) -> None:
    """Raise for the first node that makes what is not finite of a cotangent that is.

    Of the nodes of a walk, and what it has pulled back; `pull_edges` does so for one of them.
    """
    lines: Any = current_mode().lines
    for node in order:
        ct = pulled.get(node)
        if ct is None or not is_finite(ct):
            continue
        for operand, part in zip(node.inputs, pull_edges(node, ct), strict=True):
            if not is_finite(part) and not is_finite(pulled[operand]):
                values = ", ".join(brief(o._data) for o in node.inputs)
                raise FloatingPointError(
                    f"The pull-back of `{node._pullback.primitive.symbol}` gave {brief(part)} for "
                    f"{operand.label()}, from the cotangent {brief(ct)} at {values}.\n"
                    f"It was recorded here: {lines.get(id(node), 'before detect_anomaly()')}"
                )
