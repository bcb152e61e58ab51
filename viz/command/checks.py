"""What --check prints: the gradients beside finite differences, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autodiff.extend import topological

from ..checks import Check, check_entries
from ..expression import ExpressionError
from .source import Source
from .tables import aligned

MOST_ENTRIES = 1_000  # that are compared
_MOST = 20  # entries that have a line each
_SAID = {
    "agrees": "yes", "kink": "yes: {}", "unclear": "cannot be told: {}", "differs": "NO: {}",
}  # fmt: skip


def checked(source: Source) -> list[Check]:
    """Each entry of the gradients of what a command is about; ExpressionError for too many."""
    count = sum(np.size(leaf.data) for leaf in source.leaves.values())
    if count > MOST_ENTRIES:
        raise ExpressionError(
            f"--check compares at most {MOST_ENTRIES} entries, but here are {count}: check a "
            "smaller case, or see autodiff.testing.check_gradients"
        )
    return [*check_entries(source.function, source.leaves, topological(source.root))]


def report(entries: Sequence[Check]) -> str:
    """The entries as a table; of many those that do not agree."""
    if not entries:
        return "Nothing was checked: no name has a value, so there is no gradient by it."
    wrong = [entry for entry in entries if not entry.passes]
    shown = entries if len(entries) <= _MOST else wrong[:_MOST]
    rows = [("gradient of", "backward", "finite difference", "agree"), *map(_row, shown)]
    counts = f"{len(entries) - len(wrong)} of {len(entries)} agree"
    return "\n".join([*(aligned(rows, "<>><") if shown else []), counts])


def _row(entry: Check) -> tuple[str, str, str, str]:
    difference = "—" if entry.verdict == "unclear" else f"{entry.difference:.9g}"
    return entry.name, f"{entry.gradient:.9g}", difference, _SAID[entry.verdict].format(entry.note)
