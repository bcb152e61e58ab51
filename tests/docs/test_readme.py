"""README.md: three uses of about ten lines, and a picture that is what the project draws."""

import re
import runpy
from pathlib import Path

from pictures import content

import viz

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
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
