"""Names that are made to break a picture, and what a card shows of them."""

import unicodedata

NASTY = [
    'a"b', "c\\", "\\N \\G \\E \\T \\L \\n \\l", "<unk>", "<b>bold</b>", "{x|y}", "two\nlines",
    "שלום עולם", "مرحبا", "🦋 나비", "w" * 10_000, "\x00\x07\x1b", "\ud800", "\ufffe", "&amp;",
    'x"]; evil -> n0 [label="', "-->", "]]>", "<!--", " ", "", "\t", "\r", "\u2028", "\u202eevil",
    "e\u0301" * 50, "\x85", "\\", '\\"', "<", ">", "<>", "</TD>", "n0", "node", "graph", "0",
    "-1.5", "%3", "#", "&#0;", "&bogus;", "%s{}",
]  # fmt: skip

KEPT_BREAKS = "\t\n\r\u2028\u2029"
TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def expected(name):
    """What a card shows of a name: one line, 32 characters, none that XML cannot hold."""
    short = name if len(name) <= 32 else name[:31] + "…"
    return words("".join("\ufffd" if unprintable(c) else c for c in short))


def unprintable(c):
    control = unicodedata.category(c) in ("Cc", "Cs") and c not in KEPT_BREAKS
    return control or unicodedata.bidirectional(c) in TURNS or c in "\ufffe\uffff"


def words(text):
    """Text without white space, of which a picture shows one kind."""
    return "".join(c for c in text if not c.isspace())
