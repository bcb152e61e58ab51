"""A file is replaced whole or not at all, whoever else writes it or was killed."""

import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from processes import path_with

from autodiff.support import files
from autodiff.support.files import fcntl, replacing


def write(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


def write_half(path):
    with replacing(path) as file:
        file.write(b"half")
        file.flush()
        raise KeyboardInterrupt


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    write(tmp_path / "it")
    assert (tmp_path / "it").read_bytes() == b"new"
    assert (tmp_path / "it").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path):
    path = tmp_path / "it"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failure_on_the_way_leaves_everything_as_it_was(tmp_path, old):
    path = tmp_path / "it"
    if old is not None:
        path.write_bytes(old)
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert list(tmp_path.iterdir()) == ([path] if old else [])
    assert not old or path.read_bytes() == old


def test_until_the_end_the_old_content_is_there(tmp_path):
    path = tmp_path / "it"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(os.path.join("elsewhere", "target"))
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    target.unlink()
    write(link)  # one that leads nowhere yet makes the file it names
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_read_only_file_is_refused(tmp_path):
    path = tmp_path / "it"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        write(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_as_it_was_typed(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        write(tmp_path / "missing" / "it")
    assert error.value.filename == str(tmp_path / "missing" / "it")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write it")
def test_a_folder_without_the_right_to_write(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError) as error:
            write(tmp_path / "it")
        assert error.value.filename == str(tmp_path / "it")
    finally:
        tmp_path.chmod(0o755)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        write(tmp_path)


def test_a_device_is_written_to_and_stays_one():
    write(os.devnull)
    assert not os.path.isfile(os.devnull)


def test_a_long_name(tmp_path):
    path = tmp_path / ("나" * 80)
    write(path)
    assert path.read_bytes() == b"new"


# -- on the disk, and after a writer that was killed ---------------------------------------


def test_the_content_is_on_the_disk_before_it_is_named_and_then_the_name(tmp_path, monkeypatch):
    events, fsync, replace = [], os.fsync, os.replace

    def noted_fsync(descriptor):
        mode = os.fstat(descriptor).st_mode
        events.append("folder" if stat.S_ISDIR(mode) else os.fstat(descriptor).st_size)
        fsync(descriptor)

    def noted_replace(a, b):
        events.append("name")
        replace(a, b)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write(tmp_path / "it", b"content")
    assert events == [7, "name", "folder"]


class Writer:
    """A process that is writing a file, and stops half way until it is told to go on."""

    CODE = """if True:
        import sys
        from autodiff.support.files import replacing
        with replacing(sys.argv[1]) as file:
            file.write(b"half")
            file.flush()
            print("writing", flush=True)
            sys.stdin.readline()
            file.write(b" and half")
    """

    def __init__(self, path):
        before = set(os.listdir(path.parent))
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path_with(__file__)},
        )
        assert self.process.stdout.readline() == b"writing\n"
        (self.part,) = set(os.listdir(path.parent)) - before

    def end(self, kill):
        if kill:
            self.process.kill()
        self.process.communicate(None if kill else b"\n", timeout=60)
        return self.process.returncode


@pytest.mark.skipif(fcntl is None, reason="a system without locks on files")
def test_what_killed_writers_leave_is_removed_and_not_what_others_write(tmp_path):
    path, other = tmp_path / "it", tmp_path / "its"
    write(other)
    dead, alive = Writer(path), Writer(path)
    assert dead.end(kill=True) < 0
    assert dead.part in os.listdir(tmp_path)
    kept = {".it.0123456789abcdef", ".it.0123456789ABCDEF.part", "it.0123456789abcdef.part"}
    for name in kept:  # which no writer made
        (tmp_path / name).write_bytes(b"")
    write(other)  # it is not the part of this one
    assert dead.part in os.listdir(tmp_path)
    write(path)
    assert set(os.listdir(tmp_path)) == {"it", "its", alive.part} | kept
    assert path.read_bytes() == b"new"
    assert alive.end(kill=False) == 0
    assert path.read_bytes() == b"half and half"
    assert set(os.listdir(tmp_path)) == {"it", "its"} | kept


def test_writers_of_one_process_leave_each_other_alone(tmp_path):
    path = tmp_path / "it"
    with replacing(path) as outer:
        outer.write(b"outer")
        write(path, b"inner")
        assert path.read_bytes() == b"inner"
    assert path.read_bytes() == b"outer"
    assert os.listdir(tmp_path) == ["it"]


def test_many_writers_at_once(tmp_path):
    path, contents = tmp_path / "it", [bytes([i]) * 10_000 for i in range(8)]

    def write_often(content):
        for _ in range(10):
            write(path, content)
            assert path.read_bytes() in contents

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_often, contents))
    assert os.listdir(tmp_path) == ["it"]


@pytest.mark.skipif(fcntl is None, reason="a system without locks on files")
def test_a_part_that_another_writer_took_for_abandoned_is_made_again(tmp_path, monkeypatch):
    """Between the making of a part and its lock, somebody else may find it without one."""
    path, flock, removed = tmp_path / "it", fcntl.flock, []

    def late(descriptor, how):
        monkeypatch.setattr(fcntl, "flock", flock)
        (part,) = tmp_path.iterdir()
        removed.append(part)
        write(path, b"somebody else's")
        assert not part.exists()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write(path, b"ours")
    assert len(removed) == 1
    assert path.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(fcntl is None, reason="a system without locks on files")
def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    path, part = tmp_path / "it", tmp_path / ".it.0123456789abcdef.part"
    part.write_bytes(b"perhaps somebody writes it")
    monkeypatch.setattr(fcntl, "flock", refuse)
    write(path)
    assert {p.name for p in tmp_path.iterdir()} == {"it", part.name}


def test_a_system_without_locks(tmp_path, monkeypatch):
    path, part = tmp_path / "it", tmp_path / ".it.0123456789abcdef.part"
    part.write_bytes(b"perhaps somebody writes it")
    monkeypatch.setattr(files, "fcntl", None)
    write(path)
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_bytes() == b"new"
    assert {p.name for p in tmp_path.iterdir()} == {"it", part.name}
