"""README.md: three uses of about ten lines, and a picture that is what the project draws."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

from picture_files import content

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


# -- the way in ----------------------------------------------------------------------------

PATH = [ROOT / name for name in re.findall(r"\]\((autodiff/\w+/\w+\.py)\)", README)]
_PASSED = """
import os, sys
import autodiff as ad

root, seen = os.path.dirname(ad.__file__), set()

def note(frame, event, _):
    name = frame.f_code.co_filename
    if event == "call" and name.startswith(root):
        seen.add(name)

x, y = ad.Value(2.0), ad.Value(3.0)
sys.setprofile(note)
z = x * y
z.backward()
sys.setprofile(None)
print(*sorted(seen), sep="\\n")
"""


def test_the_reading_path_is_as_long_as_it_says():
    count = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in PATH)
    said = int(re.search(r"in this order, ([\d,]+) lines in all", README)[1].replace(",", ""))
    assert said == count < 2400


def test_the_reading_path_has_all_that_a_product_and_its_backward_pass_through():
    done = subprocess.run(
        [sys.executable, "-c", _PASSED], capture_output=True, text=True, check=True
    )
    passed = [Path(line).relative_to(ROOT) for line in done.stdout.splitlines()]
    assert len(passed) > 5
    assert set(passed) <= {path.relative_to(ROOT) for path in PATH}
