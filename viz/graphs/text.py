"""Text that is safe wherever a picture puts it: in labels of HTML, in tooltips, in XML."""

from __future__ import annotations

import html
import re

import graphviz

LONG_NAME, LONG_RULE, LONG_TOOLTIP = 32, 60, 400  # characters that are shown

# What neither XML nor a line of DOT can hold, and what would turn the text after it around.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_PATH, _LONGEST_PATH = re.compile(r"[\w.]*\w\.\w[\w.]*"), 200  # of a parameter: layers.0.weight
_BREAKS = re.compile("[\n\r\t\u2028\u2029]")


def shown(text: str, length: int = LONG_NAME) -> str:
    """Text on one line, of at most `length` characters, that any file format can hold."""
    short = text if len(text) <= length else text[: length - 1] + "…"
    if short != text and _PATH.fullmatch(text[-_LONGEST_PATH:]):
        short = "…" + text[1 - length :]  # the end of a path says more than its beginning
    return _BREAKS.sub(" ", _UNPRINTABLE.sub("\ufffd", short))


def tooltip(text: str) -> str:
    """Text as the attribute of a node or an edge: nothing in it is Graphviz's to expand.

    It takes `&lt;` for an entity, and expands what follows a backslash twice.
    """
    safe = shown(text, LONG_TOOLTIP).replace("&", "&amp;").replace("\\", "\\\\")
    return str(graphviz.escape(safe))


def in_html(text: str, length: int = LONG_NAME) -> str:
    """Text inside an HTML-like label: Graphviz also expands backslashes there."""
    return html.escape(shown(text, length) or " ").replace("\\", "\\\\")
