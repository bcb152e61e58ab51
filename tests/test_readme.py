"""The code in README.md runs as it stands there, and its picture is what the project draws."""

import html
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_three_uses():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=["framework", "pictures", "properties"])
def test_code_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), namespace)
    if "test_gradient" in namespace:
        namespace["test_gradient"]()


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_the_picture_shows_the_neuron():
    svg = html.unescape((ROOT / "docs" / "neuron.svg").read_text(encoding="utf-8"))
    assert "prefers-color-scheme: dark" in svg
    for text in ("w0", "x1", "0.73", "-0.53", "1/x", "0.39"):
        assert f">{text}<" in svg, text
