"""Pictures as files: by a `dot` program and in process, and what happens where there is neither."""

import io
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from names import NASTY, expected, words
from picture_files import MAGIC
from picture_files import small_graph as f
from processes import path_with

import viz
from autodiff import Value
from viz import RenderError
from viz.render import render


@pytest.fixture(params=["program", "wheel"])
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


@pytest.mark.parametrize("kind", viz.render.FORMATS)
def test_formats(renderer, kind, tmp_path):
    viz.save(f(), tmp_path / f"picture.{kind}")
    content = (tmp_path / f"picture.{kind}").read_bytes()
    assert content.startswith(MAGIC[kind])
    assert viz.draw(f()).pipe(kind)[:5] == content[:5]


def test_both_ways_draw_the_same(renderer):
    svg = ElementTree.fromstring(viz.draw(f()).pipe("svg"))
    texts = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"x<&>", "y", "*", "tanh", "+", "2", "−3", "−6"} <= set(texts)
    edges = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "edge"]
    assert len(edges) == 5


def test_nasty_names_are_drawn_as_they_are(renderer):
    total = sum((Value(1.0, name=name) for name in NASTY), Value(0.0, name="start"))
    total.backward()
    svg = ElementTree.fromstring(viz.draw(total, depth=math.inf).pipe("svg"))
    texts = [words(t.text or "") for t in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {expected(name) for name in NASTY} - {""} <= set(texts)
    nodes = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"]
    assert len(nodes) == 2 * len(NASTY) + 1


def test_a_bitmap_is_sharp_and_has_something_on_it(renderer):
    pixels = matplotlib.image.imread(io.BytesIO(viz.draw(f()).pipe("png")))
    assert pixels.shape[1] > 600  # 144 dots an inch
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20


def test_what_graphviz_cannot_read(renderer):
    with pytest.raises(RenderError, match=r"this graph:\n.*ended with exit code"):
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


# -- renderers that are broken ---------------------------------------------------------------


def test_the_program_comes_first(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "echo '<svg width=\"1\">by the program</svg>'")
    assert b"by the program" in viz.draw(f()).pipe("svg")


BROKEN = {
    "fails": ("echo 'no such layout' >&2; exit 3", "ended with exit code 3: no such layout"),
    "says nothing": ("exit 3", "ended with exit code 3: it said nothing"),
    "crashes": ("kill -SEGV $$", "crashed by signal 11"),
    "gives nothing": ("exit 0", "wrote no svg file, but ''"),
    "prints garbage": ("echo 'Hello <world>'", "wrote no svg file, but 'Hello <world> '"),
    "prints bytes": ("printf '\\000\\377\\033'", "wrote no svg file, but "),
    "prints a half": ("echo '<?xml version=\"1.0\"?><svg><g>'", "wrote no svg file"),
    "prints another file": ("echo '%PDF-1.4'; echo '%%EOF'", "wrote no svg file, but '%PDF-1.4"),
    "prints without end": ("while true; do echo garbage; done", "wrote more than 1,000 bytes"),
    "complains without end": ("while true; do echo no >&2; done", "wrote more than 1,000 bytes"),
    "does not end": ("/bin/sleep 30", "has not drawn this graph in 0.3 seconds"),
    "leaves a child behind": ("/bin/sleep 30 & exit 0", "has not drawn this graph in 0.3 seconds"),
    "ignores its end": ("trap '' TERM INT; while true; do /bin/sleep 9; done", "has not drawn"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_program_that_is_broken(how, monkeypatch, tmp_path):
    script, message = BROKEN[how]
    program(monkeypatch, tmp_path, script)
    without_wheel(monkeypatch)
    monkeypatch.setattr(viz.render, "_LARGEST", 1_000)
    if "has not drawn" in message:
        monkeypatch.setattr(viz.render, "_TIMEOUT", 0.3)
    path = tmp_path / "p.svg"
    path.write_text("old")
    with pytest.raises(RenderError) as refused:
        viz.save(f(), path)
    assert str(refused.value).startswith(
        f"Graphviz could not draw this graph:\n`{tmp_path / 'programs' / 'dot'}` "
    )
    assert message in str(refused.value)
    assert "Install" in str(refused.value) or "Draw a part" in str(refused.value)
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.svg", "programs"]


def test_a_program_that_is_none(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "")
    (tmp_path / "programs" / "dot").write_bytes(b"\x7fELF nothing")
    without_wheel(monkeypatch)
    with pytest.raises(RenderError, match=r"cannot be run \(Exec format error\).\nInstall"):
        viz.draw(f()).pipe("svg")


def test_where_the_program_is_broken_the_wheel_draws(monkeypatch, tmp_path):
    pytest.importorskip("pygraphviz")
    for i, (script, _) in enumerate([BROKEN["crashes"], BROKEN["prints garbage"]]):
        (tmp_path / str(i)).mkdir()
        program(monkeypatch, tmp_path / str(i), script)
        for kind, magic in MAGIC.items():
            assert viz.draw(f()).pipe(kind).startswith(magic)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import os; os.abort()", "The wheel pygraphviz crashed by signal 6"),
        ("raise ImportError('libgvc.so is missing')", "libgvc.so is missing"),
        (
            "class AGraph:\n    def __init__(self, string): raise OSError('bad line 1')",
            "bad line 1",
        ),
        ("import time; time.sleep(30)", "has not drawn this graph in 0.7 seconds"),
    ],
)
def test_a_wheel_that_is_broken(body, message, monkeypatch, tmp_path):
    without_program(monkeypatch, tmp_path)
    (tmp_path / "pygraphviz").mkdir()
    (tmp_path / "pygraphviz" / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pygraphviz", raising=False)
    monkeypatch.setattr(viz.render, "_TIMEOUT", 0.7 if "sleep" in body else 60.0)
    with pytest.raises(RenderError, match=message):
        viz.draw(f()).pipe("svg")


def has_ended(pid):
    """Whether a process is no more, or waits to be buried by whoever has inherited it."""
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_an_interrupt_ends_the_renderer_too(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "dot").write_text(
        "#!/bin/sh\nsleep 60 & echo $$ $! > pid.part; mv pid.part pid; wait\n"
    )
    (folder / "dot").chmod(0o755)
    env = {**os.environ, "PYTHONPATH": path_with(__file__)}
    env["PATH"] = f"{folder}:{env['PATH']}"
    code = "import test_render as t; t.viz.save(t.f(), 'p.svg')"
    drawing = subprocess.Popen(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "pid").exists():
        assert drawing.poll() is None
        time.sleep(0.02)
    drawing.send_signal(signal.SIGINT)
    _, error = drawing.communicate(timeout=30)
    assert error.endswith("KeyboardInterrupt\n")
    processes = (tmp_path / "pid").read_text().split()
    until = time.monotonic() + 20  # for the system to end what was killed
    while not all(map(has_ended, processes)):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert not (tmp_path / "p.svg").exists()


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
def test_fontconfig_is_not_heard_from_the_wheel(tmp_path, kind):
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
