"""Functions of a file that the user names: called on leaves, with clear refusals."""

import sys

import pytest

from viz.__main__ import main

MODEL = '''
"""A file as a user has it."""
import math
import numpy as np
import own_helper
import nn
from autodiff import Value, tanh

graph = Value(2.0, name="a") * Value(3.0, name="b")
SIZE = 3
net = nn.MLP(2, [3, 1], seed=0)

def product(x, y=4.0): return x * y + own_helper.twice(x)
def power(x, n=2): return x**n
def mean(x, /, *, scale=1.0): return np.mean(x) * scale
def layer(X, W): return np.tanh(X @ W)
def choose(x, kind="a", flag=True):
    print("printed")
    return x * 2 if kind == "a" and flag else x * 3
def call(x): return net([x, Value(1.0)])
def plain(x): return math.sin(x)
def several(x): return [x, x]
def wrong(x):
    return x + missing
'''


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "own_model.py").write_text(MODEL)
    (tmp_path / "own_helper.py").write_text("def twice(x): return 2 * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "own_model.py"
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def rows(capsys):
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[0]: line.split() for line in lines if line}


def refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    return err.splitlines()[-1]


def test_arguments_by_name_and_defaults(model, capsys):
    assert main([f"{model}:product", "x=3"]) == 0
    found = rows(capsys)
    assert found["x"][1:3] == ["3", "6"]
    assert found["y"][1:3] == ["4", "3"]
    assert found["f"][-5:] != []


def test_a_whole_number_by_default_stays_one(model, capsys):
    assert main([f"{model}:power", "x=3", "n=4"]) == 0
    found = rows(capsys)
    assert found["x"][1:3] == ["3", "108"]
    assert "n" not in found


def test_arrays_and_each_kind_of_parameter(model, capsys):
    assert main([f"{model}:mean", "x=[1, 2, 3]", "scale=6", "--check"]) == 0
    assert "4 of 4 agree" in capsys.readouterr().out
    layer = [f"{model}:layer", "X=[[1, 2], [0, 1]]", "W=[[0.5], [1]]", "--check"]
    assert main([*layer, "-o", "layer.svg", "--explain"]) == 0
    assert "6 of 6 agree" in capsys.readouterr().out


def test_texts_and_truths(model, capsys):
    for arguments, slope in ([], "2"), (["kind=b"], "3"), (["flag=false"], "3"):
        assert main([f"{model}:choose", "x=1", *arguments]) == 0
        out, err = capsys.readouterr()
        assert out.splitlines()[1].split()[:3] == ["x", "1", slope]
        assert "printed" in err  # and not in what the command prints
        assert "printed" not in out


def test_a_graph_of_the_file(model, capsys):
    assert main([f"{model}:graph", "--check"]) == 0
    assert "2 of 2 agree" in capsys.readouterr().out


def test_calls_of_modules_are_known(model, tmp_path):
    assert main([f"{model}:call", "x=0.5", "-o", "call.dot", "--depth", "1"]) == 0
    assert "layers.1" in (tmp_path / "call.dot").read_text()


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("", [], "say which function of own_model.py, as in own_model.py:product"),
        (":", [], "say which function of own_model.py"),
        (":prodct", [], "own_model.py has no 'prodct': did you mean 'product'?"),
        (":zzz", [], "own_model.py has no 'zzz': it has product, power"),
        (":SIZE", [], "SIZE in own_model.py is no function"),
        (":product", [], "product has no value for 'x': give x=…"),
        (":product", ["x=1", "z=2"], "product has no argument 'z': it has x, y"),
        (":product", ["x=one"], "the value of 'x' is a number, or a list as [1, 2]"),
        (":product", ["x=[1, [2]]"], "the value of 'x' is a number, or a list"),
        (":product", ["x=null"], "the value of 'x' is a number, or a list"),
        (":plain", ["x=1"], "plain gave float 0.84"),
        (":several", ["x=1"], "several gave list"),
        (
            ":wrong",
            ["x=1"],
            "wrong raised NameError: name 'missing' is not defined (own_",
        ),
        (":graph", ["x=1"], "graph is a graph already"),
    ],
)
def test_what_is_refused(model, name, values, message, capsys, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert message in refused([f"{model}{name}", *values, "-o", "f.svg"], capsys)
    assert [p for p in sorted(tmp_path.iterdir()) if p.name != "__pycache__"] == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(x: return", "own_file.py raised SyntaxError"),
        ("1 / 0", "own_file.py raised ZeroDivisionError: division by zero (own_file.py, line 1)"),
        ("import sys; sys.exit(3)", "own_file.py ended the program (3)"),
        ("import own_missing", "own_file.py raised ModuleNotFoundError"),
    ],
)
def test_a_file_that_cannot_be_imported(text, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_file.py").write_text(text)
    try:
        assert message in refused(["own_file.py:f", "x=1"], capsys)
    finally:
        sys.modules.pop("own_file", None)


def test_any_number_of_arguments_is_a_list(tmp_path, capsys, monkeypatch):
    (tmp_path / "own_sums.py").write_text(
        "def weighed(s, *xs, scale=2.0): return s * sum(x * i for i, x in enumerate(xs, 1)) * scale"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["own_sums.py:weighed", "s=3", "xs=[5, 7]", "-o", "f.py", "--check"]) == 0
    out = capsys.readouterr().out
    assert "xs[1]" in out
    assert "4 of 4 agree" in out  # by s, each of xs, and scale
    assert "114" in out  # 3 (5 + 2 · 7) 2
    line = refused(["own_sums.py:weighed", "s=3", "xs=5"], capsys)
    assert line.endswith("weighed takes *xs: give a list, as 'xs=[1, 2]'")
    assert main(["own_sums.py:weighed", "s=3"]) == 0  # there are none then


def test_a_file_of_a_package_imports_its_neighbours(tmp_path, capsys, monkeypatch):
    inner = tmp_path / "own_package" / "part"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").touch()
    (inner.parent / "base.py").write_text("def twice(x): return x * 2.0\n")
    (inner / "f.py").write_text("from ..base import twice\ndef f(x): return twice(x) * x\n")
    monkeypatch.chdir(inner)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["f.py:f", "x=3"]) == 0
    assert rows(capsys)["x"] == ["x", "3", "12"]
    for name in [name for name in sys.modules if name.startswith("own_package")]:
        del sys.modules[name]


def test_no_file(capsys):
    assert "there is no file 'own_missing.py'" in refused(["own_missing.py:f"], capsys)
