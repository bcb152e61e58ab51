"""A file is replaced whole or not at all."""

import os

import pytest

from autodiff.support.files import replacing


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
