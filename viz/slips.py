"""What is meant where an expression was written as on paper, `2x` or `x²`: the place and the fix.

Found among the text's words before it is parsed, and only where no expression can stand so.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import NamedTuple

_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TOKEN = re.compile(
    rf"""(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
           |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?(?:[jJ](?!\w))?)
      | (?P<name>[^\W\d{_POWERS}][^\W{_POWERS}]*)
      | (?P<powers>[{_POWERS}]+)
      | (?P<skipped>\#[^\r\n]* | '[^'\r\n]*' | "[^"\r\n]*")
      | (?P<sign>\*\*|//|[<>=!]=|\S)""",
    re.VERBOSE,
)
_SIGNS = {
    "×": "*", "⋅": "*", "∙": "*", "•": "*", "∗": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-",
    "–": "-", "—": "-", "≤": "<=", "≥": ">=", "√": "sqrt(…)",
}  # fmt: skip
_SHOWN = 16  # characters of an operand in a hint


class Slip(NamedTuple):
    """A place in a text, and what to write instead."""

    start: int
    end: int
    message: str


def slip_in(text: str, functions: Collection[str]) -> Slip | None:
    """The first place where something was written as on paper; None where there is none."""
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup != "skipped"]
    for i, token in enumerate(tokens):
        message = _sign(tokens, i) or _spelling(token)
        if message:
            return Slip(token.start(), token.end(), message)
        if i and (message := _product(tokens[i - 1], token, functions)):
            return Slip(tokens[i - 1].start(), token.end(), message)
    return None


def _sign(tokens: Sequence[re.Match[str]], i: int) -> str | None:
    """What to write for a sign that is none of Python's, or has another meaning there."""
    token, before = tokens[i], _operand(tokens, i - 1)
    if token.lastgroup == "powers":
        digits = unicodedata.normalize("NFKC", token[0])
        return f"a power is written **: write {before}**{digits}"
    if token.lastgroup != "sign":
        return None
    if token[0] == "^":
        return f"a power is written **: write {before}**{_operand(tokens, i + 1)}"
    if token[0] == "|":
        return "| is not allowed: an absolute value is written abs(x)"
    return f"write {_SIGNS[token[0]]} for {token[0]}" if token[0] in _SIGNS else None


def _spelling(token: re.Match[str]) -> str | None:
    """What to write for a name that is none, as x₀, but is one in plain letters."""
    plain = unicodedata.normalize("NFKC", token[0])
    if token.lastgroup != "name" or token[0].isidentifier() or not plain.isidentifier():
        return None
    return f"a name has letters, digits and _: write {_brief(plain)}"


def _product(
    left: re.Match[str], right: re.Match[str], functions: Collection[str]
) -> str | None:  # fmt: skip
    """What to write where an operator is missing between two operands."""
    if keyword.iskeyword(left[0]) or keyword.iskeyword(right[0]):
        return None
    ends = left.lastgroup in ("number", "name") or left[0] == ")"
    begins = right.lastgroup in ("number", "name") or right[0] == "("
    if not (ends and begins) or (left.lastgroup == "name" and right[0] == "("):
        return None
    if left.lastgroup == right.lastgroup == "number":
        return "an operator is missing here; within a number no space and one point may stand"
    last = "(…)" if right[0] == "(" else _brief(right[0])
    if left[0] in functions:
        return f"a function's operand stands in brackets: write {_brief(left[0])}({last})"
    if right[0] in functions:
        last += "(…)"
    first = "(…)" if left[0] == ")" else _brief(left[0])
    return f"an operator is missing here: for a product write {first}*{last}"


def _operand(tokens: Sequence[re.Match[str]], i: int) -> str:
    """The operand of an operator that ends or begins at a token, briefly."""
    if not 0 <= i < len(tokens):
        return "…"
    token = tokens[i]
    if token.lastgroup in ("number", "name"):
        return _brief(token[0])
    return "(…)" if token[0] in "()" else "…"


def _brief(text: str) -> str:
    return text if len(text) <= _SHOWN else "…"
