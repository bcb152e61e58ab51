"""An SVG as a part of a page, and the style by which it is light or dark as that page is."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from xml.etree import ElementTree

from .palette import DARK, INK, PAPER, either, painted

Element = ElementTree.Element
_XLINK = "{http://www.w3.org/1999/xlink}"
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#)[^#]+$")  # of an attribute: url(#name), #name
_PAINT = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})(?:; |;|$)")
_SMALLEST = 0.6  # of its size, down to which a picture that is too wide is shrunk

# Pages that say what they are: Jupyter's, those of Visual Studio Code, Colab and Sphinx.
_LIGHT_PAGES = (
    '[data-jp-theme-light="true"],.vscode-light,.vscode-high-contrast-light,[theme="light"],'
    '[data-theme="light"]'
)
_DARK_PAGES = (
    '[data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast:not('
    '.vscode-high-contrast-light),[theme="dark"],[data-theme="dark"]'
)
_THEME = (
    f".nabigrad-shown{{color-scheme:light dark;color:{either(INK)};"
    f"background:light-dark({PAPER['light']},{PAPER['dark']});overflow-x:auto}}"
    f":is({_LIGHT_PAGES}) .nabigrad-shown{{color-scheme:light;background:none}}"
    f":is({_DARK_PAGES}) .nabigrad-shown{{color-scheme:dark;background:none}}"
)
PAINT = painted(".nabigrad-shown", {colour: either(colour) for colour in DARK})


def in_theme(content: str, style: str = PAINT) -> str:
    """A part of a page that is light or dark as the page is, where the page says what it is.

    In one that does not it is as its reader's system is, on a ground of its own.
    """
    return f'<style>{_THEME}{style}</style><div class="nabigrad-shown">{content}</div>'


def live(content: str, still: str) -> str:
    """What a page shows that takes all of it, and what is left of it in one that leaves out styles.

    A notebook that is not trusted is such a page: of an SVG it would show the text alone, so that
    this is hidden there.
    """
    return (
        "<style>.nabigrad-live[hidden]{display:block!important}.nabigrad-still{display:none}"
        f'</style><div class="nabigrad-live" hidden="hidden">{content}</div>'
        f'<div class="nabigrad-still">{still}</div>'
    )


def shown_inline(svg: bytes, alt: str) -> str:
    """An SVG in the midst of a page; as an image, light on a ground of its own, if need be."""
    light = re.sub(rb"<style>.*?</style>", b"", svg[svg.index(b"<svg") :], count=1, flags=re.DOTALL)
    light = light.replace(b"<svg", f'<svg style="background:{PAPER["light"]}"'.encode(), 1)
    data = base64.b64encode(light).decode()
    image = f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(alt)}">'
    return live(inline(svg), image)


def inline(svg: bytes) -> str:
    """An SVG for the midst of a page that may have others: its tooltips live, no id is taken.

    Graphviz writes a tooltip as the title of a link, which becomes a `<title>`; and as titles the
    names by which it calls nodes, which go. An id is kept where something refers to it, and is then
    made of the whole picture, so that only a picture that is the same has it, too.
    """
    root = ElementTree.fromstring(svg)
    mark = f"v{hashlib.sha256(svg).hexdigest()[:8]}-"
    ids = {element.get("id") for element in root.iter()}
    used = {name for e in root.iter() for v in e.attrib.values() for name in _REFERENCE.findall(v)}
    marks = {name: mark + name for name in ids & used if name}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element[:] = [child for child in element if _is_kept(element, child)]
        _mark(element, marks)
        _bring_out(element)
        if element.tag == "a":
            _give_title(element)
    _let_shrink(root)
    return ElementTree.tostring(root, encoding="unicode").strip()


def _is_kept(parent: Element, child: Element) -> bool:
    """Whether it is neither a style, nor told of the file, nor a name of Graphviz's own."""
    kind = child.tag.rpartition("}")[2]
    is_name = kind == "title" and parent.get("class") in ("node", "edge", "cluster")
    return not is_name and kind not in ("style", "metadata", "script")


def _mark(element: Element, marks: dict[str, str]) -> None:
    """Give an element the id, and the references, that are no other picture's."""
    if (name := element.attrib.pop("id", None)) in marks:
        element.set("id", marks[name])
    for key, value in list(element.attrib.items()):
        del element.attrib[key]
        key = key.removeprefix(_XLINK) if key == f"{_XLINK}href" else key
        element.set(key, _REFERENCE.sub(lambda m: marks.get(m[0], m[0]), value))


def _bring_out(element: Element) -> None:
    """Make attributes of the colours in a style: there the rules of the theme see them."""
    if style := element.attrib.pop("style", ""):
        for key, colour in _PAINT.findall(style):
            element.set(key, colour)
        if rest := _PAINT.sub("", style):
            element.set("style", rest)


def _give_title(link: Element) -> None:
    """Make a group of a link that leads nowhere, with its title as the tooltip."""
    title = Element("title")
    title.text = link.attrib.pop(f"{_XLINK}title", None)
    if "href" not in link.attrib:
        link.tag = "g"
    if title.text:
        link.insert(0, title)


def _let_shrink(root: Element) -> None:
    """Let a picture that is wider than its place shrink; but not so far that it can't be read."""
    root.attrib.pop("class", None)  # by which it is painted where it stands alone
    width = root.attrib.pop("width")
    root.attrib.pop("height")
    number = width.rstrip("ptx")
    unit = width.removeprefix(number)
    least = float(number) * _SMALLEST
    root.set(
        "style",
        f"display:block;width:{number}{unit};max-width:100%;min-width:{least:.0f}{unit};height:auto",
    )
