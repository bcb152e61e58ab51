"""What a node may have noted when it was made: the calls of modules around it, and its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(eq=False, frozen=True)
class Call:
    """One call of a module, within another one if there is one around it."""

    within: Call | None
    path: str  # of the module, in the outermost one, which has none: `layers.0.neurons.2`
    kind: str  # `Linear(2, 16)`


class Note(NamedTuple):
    """What a node keeps."""

    call: Call | None  # the innermost one
    file: str
    line: int
