"""docs/program.md and its picture are what the project writes and draws now."""

import runpy
from pathlib import Path

from picture_files import content

DOCS = Path(__file__).resolve().parents[2] / "docs"
MADE = runpy.run_path(str(DOCS / "program.py"))


def test_the_page_is_what_the_project_writes_now():
    kept = (DOCS / "program.md").read_text(encoding="utf-8")
    assert MADE["page"]() == kept, "write it again: python docs/program.py"


def test_the_picture_is_what_the_project_draws_now(tmp_path):
    (tmp_path / "program.svg").write_bytes(MADE["picture"]().pipe("svg"))
    drawn, kept = map(content, (tmp_path / "program.svg", DOCS / "program.svg"))
    assert drawn == kept, "draw it again: python docs/program.py"


def test_the_cards_are_called_as_the_lines_are():
    program = MADE["neuron_program"]().source
    titles = content(DOCS / "program.svg")[1]
    texts = {text for _, texts, *_ in titles.values() for text, _ in texts}
    for name in ("v1", "v3", "dot", "v6", "f", "w0", "x1"):
        assert name in texts
        assert f"{name} = " in program or f"{name}, " in program
