"""Pictures as files: by a `dot` program and in process, and what happens where there is neither."""

import io
import os
import shutil
import subprocess
import sys
import threading
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from names import NASTY, expected, words
from processes import path_with

import autodiff as ad
import viz
from autodiff import Value
from viz import RenderError
from viz.render import CARD, DARK, GRADIENT, INK, LEAF, LOCAL, OUTPUT, PILL, VALUE, render

MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}


@pytest.fixture(params=["program", "in process"])
def renderer(request, monkeypatch, tmp_path):
    """Each of the two ways to render, with the other one out of reach."""
    if request.param == "program":
        if not shutil.which("dot"):
            pytest.skip("there is no dot program")
        without_wheel(monkeypatch)
    else:
        pytest.importorskip("pygraphviz")
        without_program(monkeypatch, tmp_path)
    return request.param


def without_wheel(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def without_program(monkeypatch, tmp_path):
    (tmp_path / "no programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))


def program(monkeypatch, tmp_path, script):
    """A `dot` that does what the script says."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "dot").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def f():
    x, y = Value(2.0, name="x<&>"), Value(-3.0, name="y")
    z = ad.tanh(x * y) + x
    z.backward()
    return z


@pytest.mark.parametrize("kind", viz.render.FORMATS)
def test_formats(renderer, kind, tmp_path):
    viz.save(f(), tmp_path / f"picture.{kind}")
    content = (tmp_path / f"picture.{kind}").read_bytes()
    assert content.startswith(MAGIC[kind])
    assert viz.draw(f()).pipe(kind)[:5] == content[:5]


def test_both_ways_draw_the_same(renderer):
    svg = ElementTree.fromstring(viz.draw(f()).pipe("svg"))
    texts = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"x<&>", "y", "*", "tanh", "+", "2.00", "-3.00", "-6.00"} <= set(texts)
    edges = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "edge"]
    assert len(edges) == 5


def test_nasty_names_are_drawn_as_they_are(renderer):
    total = sum((Value(1.0, name=name) for name in NASTY), Value(0.0, name="start"))
    total.backward()
    svg = ElementTree.fromstring(viz.draw(total).pipe("svg"))
    texts = [words(t.text or "") for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {expected(name) for name in NASTY} - {""} <= set(texts)
    nodes = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"]
    assert len(nodes) == 2 * len(NASTY) + 1


def test_a_bitmap_is_sharp_and_has_something_on_it(renderer):
    pixels = matplotlib.image.imread(io.BytesIO(viz.draw(f()).pipe("png")))
    assert pixels.shape[1] > 600  # 144 dots an inch
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20


def test_what_graphviz_cannot_read(renderer):
    with pytest.raises(RenderError, match="Graphviz could not draw this graph: "):
        render("digraph {", "svg")


def test_the_same_from_run_to_run(renderer):
    assert viz.draw(f()).pipe("svg") == viz.draw(f()).pipe("svg")


def test_without_either_the_error_names_both_fixes(monkeypatch, tmp_path):
    without_wheel(monkeypatch)
    without_program(monkeypatch, tmp_path)
    path = tmp_path / "picture.svg"
    path.write_text("old")
    with pytest.raises(
        RenderError, match=r"(?s)pip install 'pygraphviz>=2.0'.*apt install graphviz"
    ):
        viz.save(f(), path)
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["no programs", "picture.svg"]
    assert viz.draw(f()).source.startswith("digraph")


def test_the_program_comes_first(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "echo '<svg width=\"1\">by the program</svg>'")
    assert b"by the program" in viz.draw(f()).pipe("svg")


def test_a_program_that_fails(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "echo 'no such layout' >&2; exit 3")
    with pytest.raises(RenderError, match="Graphviz could not draw this graph: no such layout"):
        viz.draw(f()).pipe("svg")


def test_a_program_that_says_nothing(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "exit 3")
    with pytest.raises(RenderError, match="exit code 3"):
        viz.draw(f()).pipe("svg")


def test_a_program_that_takes_too_long(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "exec /bin/sleep 20")
    monkeypatch.setattr(viz.render, "_TIMEOUT", 0.2)
    with pytest.raises(RenderError, match="Draw a part of it"):
        viz.draw(f()).pipe("svg")


# -- standard error ------------------------------------------------------------------------


FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><nonsense/><include ignore_missing="yes">/etc/fonts/fonts.conf</include></fontconfig>
"""


def run(code, tmp_path, path=None, **keywords):
    (tmp_path / "fonts.conf").write_text(FONTS)
    env = {
        **os.environ,
        "FONTCONFIG_FILE": str(tmp_path / "fonts.conf"),
        "PYTHONPATH": path_with(__file__),
    }
    if path is not None:
        env["PATH"] = str(path)
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, **keywords
    )


DRAW = "import sys, test_render as t; t.viz.save(t.f(), sys.argv[1] if sys.argv[1:] else 'p.{}')"


@pytest.mark.parametrize("kind", viz.render.FORMATS)
def test_fontconfig_is_not_heard_in_process(tmp_path, kind):
    pytest.importorskip("pygraphviz")
    empty = tmp_path / "empty"
    empty.mkdir()
    raw = (
        "import pygraphviz; pygraphviz.AGraph(string='digraph {a}').draw(format='png', prog='dot')"
    )
    if "nonsense" not in run(raw, tmp_path, empty).stderr:
        pytest.skip("fontconfig says nothing here")
    done = run(DRAW.format(kind), tmp_path, empty, cwd=tmp_path)
    assert done.stderr == ""
    assert (tmp_path / f"p.{kind}").read_bytes().startswith(MAGIC[kind])


@pytest.mark.skipif(not shutil.which("dot"), reason="there is no dot program")
def test_fontconfig_is_not_heard_by_the_program(tmp_path):
    done = run(DRAW.format("png"), tmp_path, cwd=tmp_path)
    assert done.stderr == ""
    assert (tmp_path / "p.png").is_file()


def test_standard_error_works_again_afterwards(tmp_path):
    pytest.importorskip("pygraphviz")
    empty = tmp_path / "empty"
    empty.mkdir()
    code = DRAW.format("svg") + "; import os; print('heard', file=sys.stderr); os.write(2, b'too')"
    assert run(code, tmp_path, empty, cwd=tmp_path).stderr == "heard\ntoo"


def test_standard_error_may_be_closed(tmp_path):
    pytest.importorskip("pygraphviz")
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("import os; os.close(2); " + DRAW.format("svg"), tmp_path, empty, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "p.svg").is_file()


def test_from_several_threads(renderer):
    pictures, stderr = [], os.fstat(2)
    threads = [
        threading.Thread(target=lambda: pictures.append(viz.draw(f()).pipe("svg")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 4
    assert len(set(pictures)) == 1
    assert os.path.samestat(os.fstat(2), stderr)


# -- files ---------------------------------------------------------------------------------


def test_another_ending_is_refused(tmp_path):
    for name in ("picture.jpg", "picture", ".svg", "picture.svg.txt"):
        with pytest.raises(ValueError, match=r"ending in \.svg, \.png, \.pdf"):
            viz.save(f(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", MAGIC)
@pytest.mark.parametrize("method", ["save", "render"])
def test_a_picture_writes_what_the_path_ends_as(kind, method, tmp_path):
    path = tmp_path / f"p.{kind}"
    for name in (path, str(path)):
        assert getattr(viz.draw(f()), method)(name) == str(path)
        assert path.read_bytes().startswith(MAGIC[kind])
        path.unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_picture_writes_its_dot_text_where_the_path_says_so(tmp_path):
    picture = viz.draw(f())
    for name in ("p.gv", "p.dot", "p", "P.GV"):
        assert picture.save(name, tmp_path) == str(tmp_path / name)
        assert (tmp_path / name).read_text() == picture.source
    picture.save("p.svg", tmp_path)
    before = (tmp_path / "p.svg").read_bytes()
    assert before.startswith(MAGIC["svg"])
    viz.draw(f() * 2).save("p.svg", tmp_path, skip_existing=True)
    assert (tmp_path / "p.svg").read_bytes() == before


def test_a_picture_writes_nothing_under_another_ending(tmp_path):
    for name in ("p.jpg", "p.txt", ".svg", "p.svg.txt", "p.ps"):
        for method in (viz.draw(f()).save, viz.draw(f()).render):
            with pytest.raises(
                ValueError, match=r"ending in \.svg, .*DOT text to \.gv or \.dot, not"
            ):
                method(tmp_path / name)
    with pytest.raises(TypeError, match=r"'format', 'png'.*\nWrite `picture.save\(path\)`"):
        viz.draw(f()).render(tmp_path / "p.svg", format="png")
    assert list(tmp_path.iterdir()) == []


def test_an_ending_in_capitals(tmp_path):
    viz.save(f(), str(tmp_path / "PICTURE.SVG"))
    assert (tmp_path / "PICTURE.SVG").read_bytes().startswith(MAGIC["svg"])


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        viz.save(f(), tmp_path / "missing" / "picture.svg")


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "picture.svg"
    path.write_text("old")
    viz.save(f(), path)
    assert path.read_bytes().startswith(MAGIC["svg"])
    assert list(tmp_path.iterdir()) == [path]


# -- light and dark ------------------------------------------------------------------------


def contrast(one, other):
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("text", [INK, VALUE, GRADIENT])
@pytest.mark.parametrize("ground", [CARD, LEAF, OUTPUT])
def test_text_can_be_read(text, ground):
    assert contrast(text, ground) > 5
    assert contrast(DARK[text], DARK[ground]) > 6


def test_a_pill_can_be_read():
    assert contrast(LOCAL, PILL) > 5
    assert contrast(DARK[LOCAL], DARK[PILL]) > 6


def test_every_colour_of_a_picture_has_a_dark_one(renderer):
    svg = viz.draw(f()).pipe(encoding="utf-8")
    style = svg.split("</style>")[0]
    root = ElementTree.fromstring(svg)
    used = {e.get(a) for e in root.iter() for a in ("fill", "stroke")} - {
        None,
        "none",
        "transparent",
    }
    assert used - set(DARK) <= {"black"}
    for colour in used & set(DARK):
        assert f'[fill="{colour}"]{{fill:{DARK[colour]}}}' in style
    assert "svg:root{color-scheme:light dark}" in style
