"""The files of a command: each of them is written, or none; standard output; what is opened."""

import ast
import math
import re
import sys
import webbrowser

import pytest
from javascript import javascript
from latex import computed
from picture_files import is_one

from viz.__main__ import main
from viz.saving import ENDINGS

XY = ["f = x*y + sin(x)", "x=2", "y=3"]


def refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert len(err.splitlines()) == 1
    return err


def test_each_file_is_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [word for ending in ENDINGS for word in ("-o", f"f{ending}")]
    assert main([*XY, *arguments]) == 0
    out = capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {f"f{ending}" for ending in ENDINGS}
    for ending in ENDINGS:
        assert is_one(ending, (tmp_path / f"f{ending}").read_bytes()), ending
        assert f" is in f{ending}\n" in out


def test_the_programs_compute_it(capsys, tmp_path):
    assert main([*XY, *(f"--output={tmp_path / name}" for name in ("f.py", "f.js", "f.tex"))]) == 0
    expected = [6 + math.sin(2), 3 + math.cos(2), 2]
    text = (tmp_path / "f.py").read_text()
    assert ast.parse(text)
    namespace = {}
    exec(compile(text, "f.py", "exec"), namespace)
    value, gradients = namespace["f"](2.0, 3.0)
    assert [value, *gradients] == pytest.approx(expected)
    script = (tmp_path / "f.js").read_text().replace("export { f };", "")
    ((value, gradients),) = javascript()(script, "f", [(2.0, 3.0)])
    assert [value, *gradients] == pytest.approx(expected)
    text = (tmp_path / "f.tex").read_text()
    formula = re.search(r"(?s)\\begin\{aligned\}.*\\end\{aligned\}", text)[0]
    known = computed(formula, {"x": 2.0, "y": 3.0})
    slopes = [known[rf"\frac{{\partial f}}{{\partial {x}}}"] for x in "xy"]
    assert [known["f"], *slopes] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "b.jpg"], "what is written ends in"),
        (["-o", "missing/b.svg"], "there is no folder"),
        (["-o", "locked.svg"], "read-only"),
        (["-o", "./a.svg"], "is given twice"),
        (["-o", "-", "-o", "-.py"], "standard output takes one file"),
        (["--depth", "0"], "of calls of modules"),
        (["--depth", "-1"], "a depth is a whole number from 0 up"),
        (["--theme", "blue"], "invalid choice: 'blue'"),
        (["--sytle", "circuit"], "there is no such option, did you mean --style?"),
    ],
)
def test_where_one_is_refused_none_is_written(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "locked.svg").write_text("old")
    (tmp_path / "locked.svg").chmod(0o444)
    assert message in refused([*XY, "-o", "a.svg", *arguments], capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["locked.svg"]


def test_a_program_that_cannot_be_written_stops_all(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("import numpy as np\ndef f(x): return np.sum(x * x)\n")
    message = refused(["m.py:f", "x=[1, 2]", "-o", "f.svg", "-o", "f.js"], capsys)
    assert "A program in JavaScript is of numbers" in message
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["m.py"]


@pytest.mark.parametrize("option", [["--style", "circuit"], ["--theme=dark"], ["--depth", "all"]])
def test_an_option_that_nothing_is_drawn_with_is_refused(option, capsys, tmp_path):
    assert f"--{option[0][2:7]}" in refused([*XY, *option], capsys)
    page = str(tmp_path / "f.html")
    assert "is of what is drawn" in refused([*XY, *option, "-o", page], capsys)
    assert not list(tmp_path.iterdir())


def test_options_of_the_picture(tmp_path):
    names = ("light.dot", "circuit.dot", "dark.dot")
    options = ([], ["--style", "circuit"], ["--theme=dark"])
    for name, option in zip(names, options, strict=True):
        assert main([*XY, *option, "-o", str(tmp_path / name)]) == 0
    light, circuit, dark = ((tmp_path / name).read_text() for name in names)
    assert "shape=circle" in circuit
    assert "shape=circle" not in light
    assert "#1c232c" in dark


# -- standard output -----------------------------------------------------------------------


@pytest.mark.parametrize("ending", [*ENDINGS, ""])
def test_standard_output_has_the_file_and_nothing_else(ending, capfdbinary):
    assert main([*XY, "-o", f"-{ending}", "--check"]) == 0
    out, err = capfdbinary.readouterr()
    assert is_one(ending or ".svg", out)
    assert b"finite difference" in err
    assert b"finite difference" not in out


def test_a_bitmap_is_not_thrown_at_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert "no text for a terminal" in refused([*XY, "-o", "-.png"], capsys)


# -- a browser -----------------------------------------------------------------------------


def test_what_is_written_is_opened(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    path = tmp_path / "f.svg"
    assert main([*XY, "-o", str(tmp_path / "f.py"), "-o", str(path), "--open"]) == 0
    assert opened == [path.as_uri()]


def test_the_page_is_opened_where_nothing_is_named(tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main([*XY, "--open"]) == 0
    (page,) = tmp_path.rglob("*.html")
    assert opened == [page.as_uri()]
    assert str(page) in capsys.readouterr().out


def test_a_browser_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert main([*XY, "-o", str(tmp_path / "f.svg"), "--open"]) == 1
    assert "no browser could be opened" in capsys.readouterr().err


def test_what_no_browser_shows_is_not_opened(tmp_path, capsys):
    assert "--open shows" in refused([*XY, "-o", str(tmp_path / "f.py"), "--open"], capsys)
