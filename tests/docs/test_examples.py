"""The examples run as they stand."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image

ROOT = Path(__file__).resolve().parents[2]


def run(example, *arguments, cwd):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / example), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_neuron(tmp_path):
    done = run("neuron.py", cwd=tmp_path)
    assert done.stdout == "The neuron, f = 0.7311, is drawn in neuron.svg\n"
    assert done.stderr == ""
    svg = ElementTree.parse(tmp_path / "neuron.svg")
    texts = {t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")}
    # f, its local gradients, and the gradients of w0, x0, w1 and x1.
    assert {"0.731", "−0.534", "0.368", "−0.197", "0.393", "−0.393", "−0.590"} <= texts


def test_the_characters(tmp_path):
    few = ("--epochs", "3", "--characters", "40000", "--hidden", "48")
    done = run("characters.py", *few, cwd=tmp_path)
    found = re.search(
        r"The 4,\d+ characters .* take ([\d.]+) bits .* before\ntraining and ([\d.]+)", done.stdout
    )
    before, after = map(float, found.groups())
    assert 6 < before < 7  # as of any of about 100 characters
    assert 1 < after < before - 1.5
    assert re.search(r"epoch 3: 100%.*bits=\d", done.stderr)
    written = done.stdout.partition("\n\n")[2]
    assert written.startswith("The ")
    assert len(written) == 4 + 400 + 1


def test_the_digits(tmp_path):
    done = run("digits.py", "--epochs", "5", "--out", str(tmp_path / "made"), cwd=tmp_path)
    accuracy = re.search(r"([\d.]+)% of 360 unseen digits are read right", done.stdout)
    assert float(accuracy[1]) > 90
    assert re.search(r"training: 100%.*epoch=5/5,.* loss=0\.\d+", done.stderr)
    assert str(tmp_path / "made") in done.stdout
    for name in ("loss", "confusion", "mistakes"):
        picture = matplotlib.image.imread(tmp_path / "made" / f"digits-{name}.png")
        assert min(picture.shape[:2]) >= 500
        assert picture[..., :3].std() > 0.05
        assert f"-{name}.png" in done.stdout


def test_the_descents(tmp_path):
    done = run("descent.py", "--out", str(tmp_path / "made"), cwd=tmp_path)
    made = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert made == ["descent-one.png", "descent-two.png", "descent.html", "gradient-flow.png"]
    assert sorted(Path(line).name for line in done.stdout.splitlines()[1:]) == made
    assert done.stderr == ""
    for name in made:
        if name.endswith(".png"):
            picture = matplotlib.image.imread(tmp_path / "made" / name)
            assert min(picture.shape[:2]) >= 800
            assert picture[..., :3].std() > 0.05


def cells_of(notebook):
    """The cells of a notebook: their kind and their text."""
    whole = json.loads((ROOT / "examples" / notebook).read_text(encoding="utf-8"))
    assert whole["nbformat"] == 4
    return [(cell["cell_type"], "".join(cell["source"])) for cell in whole["cells"]]


def shown(value):
    """What a notebook shows of a value that ends a cell, the richest that there is."""
    for name in ("_repr_mimebundle_", "_repr_svg_", "_repr_png_"):
        if hasattr(value, name):
            return getattr(value, name)()
    return repr(value)


def test_the_lecture(tmp_path, monkeypatch):
    """Its cells in order, in one namespace; what ends a cell can be shown."""
    monkeypatch.chdir(tmp_path)
    namespace, pictures = {"__name__": "lecture"}, 0
    code = [text for kind, text in cells_of("lecture.ipynb") if kind == "code"]
    for i, text in enumerate(code):
        *statements, last = ast.parse(text).body
        if not isinstance(last, ast.Expr):
            statements.append(last)
        name = f"<cell {i}>"
        exec(compile(ast.Module(statements, []), name, "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
            assert value is None or shown(value)
            pictures += hasattr(value, "savefig") or hasattr(value, "pipe")
    assert pictures == 6
    assert not list(tmp_path.iterdir())


def test_the_convolutional_network(tmp_path):
    done = run("convolution.py", "--epochs", "4", "--seeds", "1", cwd=tmp_path)
    accuracy = re.search(r"Seed 0: ([\d.]+)% of 360 unseen digits are read right", done.stdout)
    assert float(accuracy[1]) > 90
    assert "layers.4   Conv2d(16, 32, kernel_size=3, padding=1)" in done.stdout
    assert re.search(r"On the mean [\d.]+% are", done.stdout)
    assert re.search(r"training: 100%.* 4/4 .*loss=\d\.\d+", done.stderr)
