"""What a picture holds, apart from where it stands."""

from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


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
