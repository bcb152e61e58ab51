"""The help: the examples work, and every public function is listed."""

import shlex

import pytest

from viz.__main__ import main
from viz.command.options import _EXAMPLES, meant_as_flag, shielded
from viz.expression import functions


def helped(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_the_help_lists_the_functions(capsys):
    text = helped(capsys)
    listed = {word.strip(" ,\n") for word in text.split("functions:\n")[1].split(",")}
    assert {"sin", "sigmoid", "where", "clip", "gamma"} <= listed <= {*functions()}
    assert "pi, e" in text
    assert all(len(line) <= 100 for line in text.splitlines() if "usage" not in line)


def test_the_examples_work(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(
        "import numpy as np\ndef loss(w, x):\n    return np.sum((w * x - 1) ** 2)\n"
    )
    for line in _EXAMPLES.splitlines()[1:]:
        command = line.strip().split("   ")[0]
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "viz"]
        words = words[3 : words.index(">") if ">" in words else None]
        assert main(words) == 0
        capsys.readouterr()
    assert {"f.svg", "f.html"} <= {path.name for path in tmp_path.iterdir()}


def test_what_begins_with_a_minus():
    arguments = ["-x", "--x", "-o", "-.svg", "--style=cards", "--sytle", "-"]
    assert shielded(arguments) == [" -x", " --x", "-o", " -.svg", "--style=cards", " --sytle", " -"]
    assert "did you mean --explain?" in meant_as_flag("--explan")
    assert meant_as_flag("x=1") == meant_as_flag("-x") == ""


def test_explain_and_the_table(capsys):
    assert main(["x*y", "x=2", "y=3", "--explain"]) == 0
    assert capsys.readouterr().out.startswith("Forward\n  1. f = x * y = 6")


def test_a_large_graph_is_listed_by_its_leaves(capsys):
    expression = " + ".join(f"x*{i}" for i in range(1, 300))
    assert main([expression, "x=1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["x", "1", str(sum(range(1, 300)))]
    assert "nodes between these are not listed" in lines[-1]


@pytest.mark.parametrize("text", ["-oa.svg", "-o=a.svg", "-oa.HTML", "-o./b/a.py"])
def test_a_file_that_is_glued_to_its_option(text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["x*o", "x=1", "o=2", text])
    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(f": write -o {text[2:].removeprefix('=')}\n")
    assert list(tmp_path.iterdir()) == []


def test_beside_a_file_on_standard_output_the_words_have_no_colours(capfd, monkeypatch):
    """What decides on colours is whether standard output is a terminal: the words go elsewhere."""

    class Coloured(str):
        def __repr__(self):
            return f"\033[1m{self}"

    monkeypatch.setattr("viz.__main__.explain", lambda root: Coloured("in words"))
    assert main(["x*x", "x=1", "--explain", "-o", "-.mmd"]) == 0
    assert capfd.readouterr().err == "in words\n"
    assert main(["x*x", "x=1", "--explain"]) == 0
    assert capfd.readouterr().out == "\033[1min words\n"
