"""The table of every node: how it is computed, its value, gradient and local gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import topological

from ..graphs.numbers import norm
from ..names import names_of
from ..rows import Row, rows_of

_MOST = 200  # nodes that are listed


def backpropagate(root: Value) -> None:
    """The gradients of the output, or of the sum of an array."""
    root.backward(None if np.ndim(root.data) == 0 else np.ones_like(root.data))


def table(root: Value) -> str:
    """Node, how it is computed, value, gradient and local gradients, one line for each node.

    Of a large graph only its leaves and the output are listed.
    """
    nodes = list(topological(root))
    listed = nodes
    if len(nodes) > _MOST:
        listed = [*[node for node in nodes if node.op is None][: _MOST - 1], root]
    rows = [("node", "computed as", "value", "gradient", "local gradients")]
    rows += map(_cells, rows_of(listed, names_of(nodes)))
    lines = aligned(rows, "<<>><")
    if len(listed) < len(nodes):
        lines.append(f"({len(nodes) - len(listed):,} nodes between these are not listed)")
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows as lines, each column to the left or to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return [form.format(*row).rstrip() for row in rows]


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    local = ", ".join(f"d/d{by} = {_told(partial)}" for by, partial in row.local)
    return row.name, row.formula, _told(row.value), _told(row.gradient), local


def _told(data: Any) -> str:
    """A number to six significant digits; of an array its shape and norm."""
    if np.ndim(data) == 0:
        return f"{float(data):.6g}"
    return f"{'×'.join(map(str, np.shape(data)))}, norm {norm(data):.6g}"
