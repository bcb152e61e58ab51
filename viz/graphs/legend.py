"""What stands below a picture: what its colours mean, and its footnotes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..palette import GRADIENT, INK, LOCAL, PILL, VALUE
from .text import in_html

_FOOTNOTES = 3  # that are written out


def legend(
    of: str, detail: Collection[str], footnotes: Sequence[tuple[str, str]], *,
    scalar: bool, dense: bool, pills: bool,
) -> str:  # fmt: skip
    """A label in HTML: `of` is what the gradients are of; `pills` whether edges have some."""
    cells = []
    if "values" in detail:
        cells.append(_text("value" if scalar else "|x|: norm of the value", VALUE, bold=True))
    if "gradients" in detail:
        gradient = "gradient" if scalar else "|g|: norm of the gradient"
        cells.append(_text(f"{gradient}: d {in_html(of, 40)} / d node", GRADIENT))
    if "locals" in detail and not dense:
        local = "local gradient: d out / d in" if scalar else "how the cotangent ct is pulled back"
        pill = f' STYLE="ROUNDED" BGCOLOR="{PILL}"' if pills else ""
        cells.append(_text(local if pills else f"<I>× {local}</I>", LOCAL, pill))
    elif "locals" in detail and scalar:
        cells.append(_text("→ local gradient above 0", LOCAL))
        cells.append(_text("→ below 0", GRADIENT))
    rows = [f"<TR>{''.join(cells)}</TR>"] if cells else []
    if footnotes:
        rows.append(f'<TR><TD COLSPAN="{len(cells)}" ALIGN="LEFT">{_noted(footnotes)}</TD></TR>')
    if not rows:
        return ""
    table = 'TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="3"'
    return f"<<{table}>{''.join(rows)}</TABLE>>"


def _text(text: str, colour: str, attributes: str = "", *, bold: bool = False) -> str:
    text = f"<B>{text}</B>" if bold else text
    return f'<TD{attributes}><FONT COLOR="{colour}">{text}</FONT></TD>'


def _noted(footnotes: Sequence[tuple[str, str]]) -> str:
    """What the `.grad` of leaves holds where it is not what this one pass gives."""
    notes = [f"{in_html(name)}.grad is {in_html(own)}" for name, own in footnotes]
    more = len(notes) - _FOOTNOTES
    text = ", ".join(notes[:_FOOTNOTES]) + (f", and {more} more differ" if more > 0 else "")
    return f'<FONT COLOR="{INK}">* of this one backward pass; {text}</FONT>'
