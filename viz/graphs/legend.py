"""What stands below a picture: what its colours mean, how much it shows, and its footnotes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..palette import GRADIENT, INK, LOCAL, PILL, VALUE
from .text import in_html

_FOOTNOTES = 3  # that are written out


@dataclass
class Shown:
    """What is in a picture, and has to be explained."""

    of: str  # what the gradients are of
    detail: Collection[str]
    norms: Collection[str]  # of arrays: "|x|", "|g|"
    strips: bool  # of how they are distributed
    rules: bool  # by which a cotangent is pulled back
    jacobians: bool
    numbers: bool  # local gradients
    dense: bool  # no pills, but colours of edges
    pills: bool  # or numbers along wires
    scope: str  # how much of the graph is on how many cards; "" for each node on one
    footnotes: Sequence[tuple[str, str]]


def legend(shown: Shown) -> str:
    """The label of a picture, in HTML; "" where there is nothing to say."""
    cells = []
    if "values" in shown.detail:
        value = "<B>value</B>" + ("&#160;(|x|: its norm)" if "|x|" in shown.norms else "")
        cells.append(_cell(value, VALUE))
    if "gradients" in shown.detail:
        norm = " (|g|: its norm)" if "|g|" in shown.norms else ""
        cells.append(_cell(f"gradient: d {in_html(shown.of, 40)} / d node{norm}", GRADIENT))
    if "locals" in shown.detail:
        cells += _of_edges(shown)
    if shown.strips and shown.pills:
        cells.append(_cell("bars: how entries are spread; the line is 0", INK))
    rows = [f"<TR>{''.join(cells)}</TR>"] if cells else []
    lines = [in_html(shown.scope, 400)] if shown.scope else []
    lines += [_noted(shown.footnotes)] if shown.footnotes else []
    span = f'COLSPAN="{len(cells)}" ' if cells else ""
    rows += [
        f'<TR><TD {span}ALIGN="LEFT"><FONT COLOR="{INK}">{line}</FONT></TD></TR>' for line in lines
    ]
    if not rows:
        return ""
    table = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="3"'
    return f"<<{table}>{''.join(rows)}</TABLE>>"


def _of_edges(shown: Shown) -> list[str]:
    if shown.dense:
        signs = [("— local gradient above 0", LOCAL), ("— below 0", GRADIENT)]
        return [_cell(*sign) for sign in signs] if shown.numbers else []
    cells = []
    pill = f' STYLE="ROUNDED" BGCOLOR="{PILL}"' if shown.pills else ""
    if shown.numbers:
        local = "local gradient: d out / d in"
        cells.append(_cell(local if shown.pills else f"<I>× {local}</I>", LOCAL, pill))
    if shown.jacobians:
        text = "Jacobian d out / d in: size, norm |J|"
        flows = f'; <FONT COLOR="{GRADIENT}">contribution ← upstream</FONT>'
        flows = flows if "gradients" in shown.detail else ""
        cells.append(_cell(f"{text}{flows}" if shown.pills else f"<I>× {text}</I>", LOCAL, pill))
    if shown.rules:
        text = "how ct, the gradient of out, comes back to in"
        cells.append(_cell(text if shown.pills else f"<I>{text}</I>", LOCAL, pill))
    return cells


def _cell(text: str, colour: str, attributes: str = "") -> str:
    return f'<TD{attributes}><FONT COLOR="{colour}">{text}</FONT></TD>'


def _noted(footnotes: Sequence[tuple[str, str]]) -> str:
    """What the `.grad` of leaves holds where it is not what this one pass gives."""
    notes = [f"{in_html(name)}.grad is {in_html(own)}" for name, own in footnotes]
    more = len(notes) - _FOOTNOTES
    text = ", ".join(notes[:_FOOTNOTES]) + (f", and {more} more differ" if more > 0 else "")
    return f"* of this one backward pass; {text}"
