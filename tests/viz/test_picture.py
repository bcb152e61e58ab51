"""Pictures as files: each is what its ending says, all of it, or an error says what to do."""

import errno
import os

import pytest
from picture_files import MAGIC
from picture_files import small_graph as f

import viz


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


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("missing/p.svg", FileNotFoundError, "There is no such folder to write in: make it first"),
        ("file/p.svg", NotADirectoryError, "What should be the folder to write in is a file"),
        ("folder.svg", IsADirectoryError, "A picture is a file, and this is a folder: name one in"),
        ("locked/p.svg", PermissionError, "Nothing may be written in this folder: choose another"),
        ("n" * 300 + ".svg", OSError, "name too long"),
    ],
)
@pytest.mark.parametrize("way", ["save", "draw", "dot"])
def test_where_nothing_can_be_written(name, kind, message, way, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in ("folder.svg", "folder.gv", "locked"):
        (tmp_path / folder).mkdir()
    rights, locked = os.access, str(tmp_path / "locked")
    monkeypatch.setattr(
        os, "access", lambda p, m: str(p) != locked and rights(p, m)
    )  # root may all
    if len(name) < 300:  # which is found out by writing
        monkeypatch.setattr(viz.picture, "render", None)
    name = name if way != "dot" else name.replace(".svg", ".gv")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind, match=message):
        viz.save(f(), tmp_path / name) if way == "save" else viz.draw(f()).save(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_is_full_leaves_the_old_file(monkeypatch, tmp_path):
    path = tmp_path / "p.svg"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for name in ("p.svg", "p.gv"):
        with pytest.raises(OSError, match="No space left"):
            viz.draw(f()).save(tmp_path / name)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "picture.svg"
    path.write_text("old")
    viz.save(f(), path)
    assert path.read_bytes().startswith(MAGIC["svg"])
    assert list(tmp_path.iterdir()) == [path]
