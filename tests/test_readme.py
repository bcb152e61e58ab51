"""README.md: three uses of about ten lines, and a picture that is what the project draws."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import viz

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_three_uses():
    assert len(BLOCKS) == 3


def test_each_use_takes_about_ten_lines():
    for block in BLOCKS:
        lines = [x for x in block.splitlines() if x and not x.startswith(("import ", "from "))]
        assert 0 < len(lines) <= 11


def test_the_picture_is_what_the_project_draws_now(tmp_path):
    neuron = runpy.run_path(str(ROOT / "examples" / "neuron.py"))["neuron"]()
    neuron.backward()
    viz.save(neuron, tmp_path / "neuron.svg")
    drawn, kept = map(content, (tmp_path / "neuron.svg", ROOT / "docs" / "neuron.svg"))
    assert drawn == kept, "draw it again: python examples/neuron.py docs/neuron.svg"


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
