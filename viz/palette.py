"""The colours of pictures, light and dark, and how a picture is turned from the one to the other.

A picture is written in the light colours. In an SVG a style maps each to its dark one where the
reader's system asks for it (the theme "auto"), or they are exchanged before it is drawn ("dark").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CARD, LEAF, OUTPUT, PILL, MARKED = "#ffffff", "#eef5ff", "#fff5dc", "#e6effa", "#fde4f3"
INK, VALUE, GRADIENT, LOCAL, LINE = "#1f2328", "#00694d", "#b83a00", "#0b5cad", "#7d8a97"
MARK = "#96006a"  # the ink of what must not be overlooked: an infinity, NaN, −0
DARK = {
    CARD: "#1c232c", LEAF: "#14283f", OUTPUT: "#3a2f10", PILL: "#16304d", MARKED: "#4a1238",
    INK: "#e6edf3", VALUE: "#45d6a6", GRADIENT: "#ffa06b", LOCAL: "#8cc4ff", LINE: "#7d8a98",
    MARK: "#ffb3e1",
}  # fmt: skip
PAPER = {"light": CARD, "dark": "#0d1117"}  # behind a picture of a theme that is given

THEMES = ("auto", "light", "dark")


def paper(theme: str) -> str | None:
    """The colour behind a picture; None where that of the page is to be seen."""
    return PAPER.get(theme)


def in_dark(text: str) -> str:
    """DOT text, or the value of one attribute, with each colour in its dark form."""
    return _COLOUR.sub(lambda m: m[1] + DARK[m[2]], text)


# The whole of a value, or what follows an equals sign and a bare quote, which no name has.
_COLOUR = re.compile(f'(^|=")({"|".join(DARK)})')


def dark_style() -> str:
    """The style by which a picture within a page is dark where its reader's system is."""
    return f"@media (prefers-color-scheme: dark){{{painted('.nabigrad', DARK)}}}"


def with_dark_style(svg: bytes) -> bytes:
    """An SVG that is light or dark as its reader's system is, alone or within a page."""
    # The canvas is for where the picture stands alone.
    style = f"<style>svg:root{{color-scheme:light dark}}{dark_style()}</style>"
    return re.sub(rb"(<svg\b[^>]*>)", lambda m: m[1] + b"\n" + style.encode(), svg, count=1)


def painted(scope: str, colours: Mapping[str, str]) -> str:
    """Rules of style that give what has one of the light colours, within `scope`, another one."""
    rules = "".join(
        f'{scope} [fill="{light}"]{{fill:{other}}}{scope} [stroke="{light}"]{{stroke:{other}}}'
        for light, other in colours.items()
    )
    # Graphviz leaves black as the default: text that says no fill.
    return f"{rules}{scope} text:not([fill]){{fill:{colours[INK]}}}"


def either(light: str) -> str:
    """A colour of a page whose `color-scheme` says which one of the two it is."""
    return f"light-dark({light},{DARK[light]})"
