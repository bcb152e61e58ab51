"""Names in source as Python reads them: it takes some characters for others."""

from __future__ import annotations

import keyword
import unicodedata


def normalized(name: str) -> str:
    """What Python reads where `name` stands in source, as `x` for a mathematical bold x."""
    return unicodedata.normalize("NFKC", name)


def identifier(text: str) -> str | None:
    """The name that Python reads where `text` stands in source; None where it reads none."""
    name = normalized(text)
    return name if name.isidentifier() and not keyword.iskeyword(name) else None
