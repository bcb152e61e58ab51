"""The table of every node: how it is computed, its value, gradient and local gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import formula_text, topological

from ..graphs.numbers import norm
from ..names import names_of

_MOST = 200  # nodes that are listed


def backpropagate(root: Value) -> None:
    """The gradients of the output, or of the sum of an array."""
    root.backward(None if np.ndim(root.data) == 0 else np.ones_like(root.data))


def table(root: Value) -> str:
    """Node, how it is computed, value, gradient and local gradients, one line for each node.

    Of a large graph only its leaves and the output are listed.
    """
    nodes = list(topological(root))
    names = names_of(nodes)
    listed = nodes
    if len(nodes) > _MOST:
        listed = [*[node for node in nodes if node.op is None][: _MOST - 1], root]
    rows = [("node", "computed as", "value", "gradient", "local gradients")]
    rows += [_row(node, lambda operand: _called(names, operand)) for node in listed]
    lines = aligned(rows, "<<>><")
    if len(listed) < len(nodes):
        lines.append(f"({len(nodes) - len(listed):,} nodes between these are not listed)")
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows as lines, each column to the left or to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return [form.format(*row).rstrip() for row in rows]


def _called(names: dict[Value, str], operand: Any) -> str:
    return names[operand] if isinstance(operand, Value) else "constant"


def _row(node: Value, name_of: Callable[[Any], str]) -> tuple[str, str, str, str, str]:
    local = ""
    if all(np.ndim(thing.data) == 0 for thing in (node, *node.inputs)):
        pairs = zip(node.inputs, local_gradients(node), strict=True)
        local = ", ".join(f"d/d{name_of(operand)} = {told(p)}" for operand, p in pairs)
    return name_of(node), formula_text(node, name_of), told(node.data), told(node.grad), local


def told(data: Any) -> str:
    """A number to six significant digits; of an array its shape and norm."""
    if np.ndim(data) == 0:
        return f"{float(data):.6g}"
    return f"{'×'.join(map(str, np.shape(data)))}, norm {norm(data):.6g}"
