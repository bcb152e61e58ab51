"""The steps of the walk in words: each sentence once, for the page and for `explain`.

A slot `{name}` has a text, or several parts; a slot `{value.own}` has a number of that kind, which
has its colour: a value, a gradient or a local gradient. The page fills them as its numbers change
(steps.js), and so does `filled` here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

SENTENCES = {
    "start": "The leaves have their values. Each step forward computes one operation of what is"
    " known.",
    "forward": "{name} = {formula} = {value.own}, of {operands}.",
    "forward number": "{name} = {formula} = {value.own}.",
    "forward array": "{name} = {formula}, {shape}, of norm {value.own}.",
    "seed": "The forward pass is done: {name} is {value.own}. The walk back starts with"
    " {name}.grad = {gradient.seed}: {name} moves as fast as itself.",
    "seed array": "The forward pass is done: {name} has norm {value.own}. The walk back starts with"
    " {name}.grad of ones, of norm {gradient.seed}: the derivative of the sum of {name}.",
    "nothing": "{called} has gradient {gradient.own}: nothing flows back through it.",
    "sends": "{called} has gradient {gradient.own} and sends it to its inputs, times each local"
    " gradient:",
    "pulls number": "{called} has a gradient {gradient.own} and pulls it back to its inputs:",
    "pulls array": "{called} has a gradient of norm {gradient.own} and pulls it back to its"
    " inputs:",
    "part": "{name}.grad {sign} {gradient.own} × {local.slope} = {gradient.part}{sum}",
    "part by rule": "{name}.grad {sign} {rule}, of norm {gradient.part}{sum}",
    "sum": " (was {gradient.was}, now {gradient.now})",
    "end": "Every gradient is known. {name} = {value.own}, {gradients}",
    "gradient": "{name}.grad\u00a0=\u00a0{gradient.own}",
    "end arrays": "Every gradient is known, of all that {name} was made of.",
    "steepest": "A little more of {name} moves {root} {gradient.own} times as far.",
}


class Number(NamedTuple):
    """A number in a sentence, and whether it is a value, a gradient or a local gradient."""

    kind: str
    text: str


Part = str | Number


def filled(which: str, **given: Any) -> list[Part]:
    """A sentence whose slots have these texts and parts, and these numbers."""
    return list(_parts(SENTENCES[which], given))


def _parts(sentence: str, given: dict[str, Any]) -> Iterator[Part]:
    for i, text in enumerate(re.split(r"\{([\w.]+)\}", sentence)):
        kind, _, slot = text.partition(".")
        if i % 2 == 0:
            yield from [text] if text else []
        elif slot:
            yield Number(kind, fine(given[slot]))
        elif isinstance(given[kind], str):
            yield given[kind]
        else:
            yield from given[kind]


def plain(parts: Sequence[Part]) -> str:
    """A sentence as text."""
    return "".join(part if isinstance(part, str) else part.text for part in parts)


def fine(x: float) -> str:
    """A number to four digits, as the page has it: 0.1966, −12, 1.37e−5, ∞."""
    if not math.isfinite(x):
        return "nan" if x != x else "∞" if x > 0 else "−∞"
    size = abs(x)
    if size != 0 and (size < 1e-3 or size >= 1e5):
        mantissa, exponent = f"{x:.3e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    else:
        text = repr(float(f"{x:.4g}") + 0.0).removesuffix(".0")
    return text.replace("-", "−")
