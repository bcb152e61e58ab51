"""What a command is about: an expression that was typed, or a function of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..expression import ExpressionError, checked_name
from .files import source_in
from .options import meant_as_flag
from .source import Source
from .typed import source_typed

_SHOWN = 60  # characters of what was typed
_OF_A_FILE = re.compile(r"(.*\.py)(?::([^\s:]*))?")


def source_of(text: str, pairs: Sequence[str]) -> Source:
    """The graph of an expression, or of FILE.py:NAME, on the values that were given."""
    given = _given(pairs)
    found = _OF_A_FILE.fullmatch(text.strip())
    return source_in(found[1], found[2] or "", given) if found else source_typed(text, given)


def _given(pairs: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        left, equals, text = pair.strip().partition("=")
        if not equals or meant_as_flag(pair.strip()):
            raise ExpressionError(
                f"a value is written name=number, but this is {pair.strip()[:_SHOWN]!r}"
                f"{meant_as_flag(pair.strip())}"
            )
        name = checked_name(left)
        if name in values:
            raise ExpressionError(f"{name!r} is given twice")
        values[name] = text
    return values
