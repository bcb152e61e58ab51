"""What a picture holds, apart from where it stands; and a graph to draw."""

from xml.etree import ElementTree

import autodiff as ad
from autodiff import Value

SVG = "{http://www.w3.org/2000/svg}"
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}

# With which bytes what `viz.save` writes begins, by the ending.
BEGINS = {
    **{f".{kind}": magic for kind, magic in MAGIC.items()}, ".html": b"<!doctype html>",
    ".mmd": b"flowchart", ".tex": b"%", ".dot": b"digraph", ".py": b'"""', ".js": b"//",
}  # fmt: skip


def is_one(ending, data):
    """Whether a file is what its ending says."""
    return data.startswith(BEGINS[ending])


def small_graph():
    """A graph of two leaves, whose backward pass has come."""
    x, y = Value(2.0, name="x<&>"), Value(-3.0, name="y")
    z = ad.tanh(x * y) + x
    z.backward()
    return z


def content(path):
    """Of each card and edge its name, texts, tooltip and colours; where they stand is left out."""
    svg = ElementTree.parse(path).getroot()
    groups = [g for g in svg.iter(SVG + "g") if g.get("class") in ("node", "edge", "graph")]
    return svg.find(SVG + "style").text, {
        (g.get("class"), g.get("id")): (
            g.find(SVG + "title").text,
            sorted((t.text, t.get("fill")) for t in g.iter(SVG + "text")),
            {a.get("{http://www.w3.org/1999/xlink}title") for a in g.iter(SVG + "a")},
            g.get("class") == "graph" or {p.get("stroke-width") for p in g.iter(SVG + "path")},
        )
        for g in groups
    }
