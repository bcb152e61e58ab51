"""How a training's history is shown: a table of its epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_ROWS = 20  # of a table; of more epochs every so many are shown


def table(epochs: Mapping[str, Sequence[Any]]) -> str:
    """The epochs as lines of text, the last one among them."""
    count = len(epochs["epoch"])
    if not count:
        return "No epoch has ended yet."
    shown = sorted({round(i) for i in np.linspace(0, count - 1, min(count, _ROWS))})
    names = [n for n in epochs if n not in ("lr", "time")] + ["lr", "time"]
    rows = [[_cell(name, epochs[name][i]) for name in names] for i in shown]
    head = [name.replace("_", " ") for name in names]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in (head, *rows)]
    return "\n".join(lines)


def _cell(name: str, value: Any) -> str:
    if name == "time":
        return f"{value:.3g} s"
    return f"{value}" if isinstance(value, int) else f"{value:.5g}"
