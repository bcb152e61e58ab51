"""The command line: its table and picture, a clear line for each refusal, and no surprise."""

import ast
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import viz
from viz.__main__ import main
from viz.expression import functions, names_in

ROOT = Path(__file__).resolve().parents[2]


NEURON = "sigmoid(w0*x0 + w1*x1 + w2)"


NEURON_VALUES = ["w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]


def refused(arguments, capsys):
    """The one line on standard error of a call that is refused."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert out == ""
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1
    return err


# -- what it does --------------------------------------------------------------------------


def test_the_neuron(capsys, tmp_path):
    path = tmp_path / "neuron.svg"
    assert main([NEURON, *NEURON_VALUES, "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[-1] == f"The picture is in {path}"
    rows = {line.split()[0]: line for line in out.splitlines()[:-2]}
    f = 1 / (1 + math.exp(-1))
    slope = f * (1 - f)
    expected = {
        "w0": (2, -slope), "x0": (-1, 2 * slope), "w1": (-3, -2 * slope), "x1": (-2, -3 * slope),
        "w2": (-3, slope), "f": (f, 1),
    }  # fmt: skip
    for name, numbers in expected.items():
        shown = re.split(r"\s{2,}", rows[name])
        assert [f"{n:.6g}" for n in numbers] == (shown[2:4] if name == "f" else shown[1:])
    assert "1 / (1 + exp(-n" in rows["f"]
    assert f"= {slope:.6g}" in rows["f"]
    svg = path.read_text(encoding="utf-8")
    assert ">0.731<" in svg
    assert ">sigmoid<" in svg


def test_as_a_program(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "viz", NEURON, *NEURON_VALUES, "-o", "neuron.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0.731059" in done.stdout
    assert (tmp_path / "neuron.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_picture_nothing_is_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["x * x", "x=3"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["x", "3", "6"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("expression", ["-x", "-o*x", "-height", "--x", "- x", "-x*2+1", "f = -x"])
def test_an_expression_may_begin_with_a_minus(capsys, expression):
    names = [f"{name}=1" for name in names_in(expression)]
    assert main([expression, *names]) == 0


def test_names_of_rows_are_distinct(capsys):
    assert main(["f*n1 + n2*n3", "f=1", "n1=2", "n2=3", "n3=4"]) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert len(rows) == len(set(rows)) == 7


def test_a_name_in_another_spelling_is_the_same_name(capsys):
    assert main(["ﬁ * 2", "fi=3"]) == 0  # as Python has it: NFKC
    assert main(["fi * 2", "ﬁ=3"]) == 0


def test_names_that_the_terminal_cannot_show():
    done = subprocess.run(
        [sys.executable, "-m", "viz", "π * 2", "π=3"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u03c0" in done.stdout


@pytest.mark.parametrize("name", functions())
def test_every_function_can_be_called(name, capsys):
    for count in (1, 2, 3):
        names = ["a", "b", "c"][:count]
        try:
            main([f"{name}({', '.join(names)})", *(f"{n}=0.5" for n in names)])
        except SystemExit:
            continue
        assert "f" in [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        return
    pytest.fail(f"`{name}` takes no one, two or three numbers")


# -- what it refuses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "the expression is empty"),
        ("  \n ", "the expression is empty"),
        ("x +", "at column "),
        ("(x", "at column 1: ▸(x"),
        ("x)", "at column 2: x▸)"),
        ("x y", "for a product write x*y, at column 1: ▸x y"),
        ("2x", "at column 1: ▸2x"),
        ("x; x", "at column 2: x▸; x"),
        ("x == x = 3", "= names the result, once and in front, as in f = x*x, at column 8: "),
        ("(x +\n y))", "at line 2, column 4:  y)▸)"),
        ("(x +\n x.y)", "at line 2, column 2:  ▸x.y)"),
        ("x + (x @ x)", "@ is not allowed: use numbers, names, + - * / **"),
        ("x << x", "<< is not allowed"),
        ("x ^ 2", "a power is written **"),
        ("~x", "~ is not allowed"),
        ("not x", "not is not allowed"),
        ("x == x", "== is not allowed"),
        ("0 < x < 1", "a chain of comparisons is not allowed"),
        ("x and x", "and, or is not allowed"),
        ("x if x else x", "write `where(condition, a, b)`"),
        ("1 + x.real", "a dot after a name is not allowed: "),
        ("1 + x.real", "at column 5: 1 + ▸x.real"),
        ("x[0]", "an index in brackets is not allowed"),
        ("[x]", "a list is not allowed"),
        ("(x, x)", "a tuple is not allowed"),
        ("{x}", "a set is not allowed"),
        ("{x: x}", "a dict is not allowed"),
        ("[x for x in x]", "a loop is not allowed"),
        ("lambda: x", "lambda is not allowed"),
        ("(x := 3)", ":= is not allowed"),
        ("f'{x}'", "text is not allowed"),
        ("'x'", "'x' is not a number, at column 1"),
        ("b'x'", "is not a number"),
        ("1j * x", "1j is not a number, at column 1: ▸1j * x"),
        ("True + x", "True is not a number"),
        ("None", "None is not a number"),
        ("...", "Ellipsis is not a number"),
        ("x < 1", "a comparison, not a number"),
        ("sni(x)", "there is no function 'sni'; did you mean 'sin'?, at column 1: ▸sni(x)"),
        ("max(x, 1)", "there is no function 'max'; did you mean 'maximum'?"),
        ("2 * frobnicate(x)", "there is no function 'frobnicate', at column 5: 2 * ▸frobnicate(x)"),
        ("exp", "'exp' has no value: it is a function, exp(...)"),
        ("x + 2 * zeta", "'zeta' has no value: give zeta=…, at column 9: x + 2 * ▸zeta"),
        ("sin(x, x)", "at column 1: ▸sin(x, x)"),
        ("sin()", "at column 1: ▸sin()"),
        ("sin(x=x)", "'sin' takes plain arguments"),
        ("sin(*x)", "'sin' takes plain arguments"),
        ("exp(x)(x)", "write (…)*(…), at column 6: exp(x▸)(x)"),
        ("__import__('os').system('touch pwned')", "is not allowed"),
        ("().__class__.__bases__[0].__subclasses__()", "is not allowed"),
        ("open('pwned', 'w')", "there is no function 'open'"),
        ("eval('1')", "there is no function 'eval'"),
        ("exec", "'exec' has no value"),
        ("import os", "at column 1: ▸import os"),
        ("x\x00", "null bytes"),
        ("\ud800", "this is no text to parse"),
        ("1" + "0" * 400 + " * x", "too large"),
        ("9" * 5_000, "4300 digits"),
        ("x" + " + x" * 5_000, "at most 10000 characters, but this has 20001, at column 10001: "),
        ("x *", "the expression ends too soon, at column 4: x *▸"),
        ("(" * 3_000 + "x" + ")" * 3_000, "nested"),
        ("-" * 9_000 + "x", "nested too deeply from here on, at column 1: ▸---"),
        ("x" + "**x" * 3_000, "nested too deeply from here on, at column 1: ▸x**x"),
        ("sin(" * 150 + "x" + ")" * 150 + "+", "at column"),
    ],
)
def test_expressions_that_are_refused(expression, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = refused([expression, "x=1", "-o", "picture.svg"], capsys)
    assert message in line
    assert len(line) < 400
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "'x' has no value: give x=…, at column 1: ▸x"),
        (["x=1", "x=2"], "'x' is given twice"),
        (["x=1", "y=2"], "the expression has no 'y': it has x"),
        (["x"], "a value is written name=number, but this is 'x'"),
        (["x="], "the value of 'x' is a number, but this is ''"),
        (["x=one"], "the value of 'x' is a number, but this is 'one'"),
        (["x=1+1"], "the value of 'x' is a number, but this is '1+1'"),
        (["x=0x10"], "the value of 'x' is a number, but this is '0x10'"),
        (["=1"], "'' is not a name"),
        (["x+1=1"], "'x+1' is not a name"),
        (["-x=1"], "'-x' is not a name"),
        (["x=1", "--verbose"], "a value is written name=number, but this is '--verbose'"),
        (["x=" + "1" * 5_000 + "x"], "the value of 'x' is a number"),
    ],
)
def test_values_that_are_refused(values, message, capsys):
    line = refused(["x", *values], capsys)
    assert message in line
    assert len(line) < 300


def test_no_expression(capsys):
    assert "an expression is missing: write one, as in 'x * y' x=2 y=3" in refused([], capsys)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("picture.jpg", "ends in .svg, .png, .pdf, .html, .dot, .mmd, .tex, .py, .js, but this is"),
        ("picture", "what is written ends in .svg, "),
        ("", "what is written ends in .svg, "),
        ("missing/picture.svg", "there is no folder to write 'missing/picture.svg' in"),
        ("old.svg/picture.svg", "there is no folder"),
        ("folder.svg", "there is no folder to write 'folder.svg' in"),
        ("locked.svg", "read-only"),
        ("n" * 300 + ".svg", "name too long"),
    ],
)
def test_paths_that_are_refused(path, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.svg").write_text("old")
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "locked.svg").write_text("old")
    (tmp_path / "locked.svg").chmod(0o444)
    before = sorted(tmp_path.rglob("*"))
    assert message in refused(["x", "x=1", "-o", path], capsys)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old.svg").read_text() == (tmp_path / "locked.svg").read_text() == "old"


def test_a_refused_expression_leaves_an_old_picture_alone(capsys, tmp_path):
    path = tmp_path / "old.svg"
    path.write_text("old")
    refused(["x +", "x=1", "-o", str(path)], capsys)
    assert path.read_text() == "old"


def test_nothing_to_render_with(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    line = refused(["x", "x=1", "-o", str(tmp_path / "picture.svg")], capsys)
    assert "pygraphviz" in line
    assert "apt install graphviz" in line
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_as_a_program(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "viz", "x + y.real", "x=1", "y=2", "-o", "picture.svg"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m viz: a dot after a name is not allowed")
    assert done.stderr.endswith("at column 5: x + ▸y.real\n")
    assert list(tmp_path.iterdir()) == []


def test_nothing_typed_can_be_executed():
    for path in Path(viz.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile", "__import__", "open"}, path


@given(
    st.text(st.characters(codec=None, categories=None), max_size=30),
    st.lists(st.text(st.characters(codec=None, categories=None), max_size=12), max_size=3),
)
def test_any_arguments(text, values):
    arguments = [text, *values]
    assume(not any(a in ("-h", "--help") for a in arguments))
    assume(not any(a in ("-o", "--open") or a.startswith("--output") for a in arguments))
    assume(not any(".py" in a for a in arguments))
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code in (0, 1, 2)
