"""Archives: what is read is what was written, or it is refused before it is taken."""

import io
import json
import os
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from test_nested import assert_equal, states

from autodiff.support.archive import read_archive, write_archive

GENERATOR = np.random.default_rng(0).bit_generator.state
STATE = {
    "model": {"layers.0.weight": np.arange(6.0).reshape(2, 3), "b": np.float32([1.5, -2.5])},
    "optimizer": {"betas": (0.9, 0.999), "steps": np.array(7), "lr": 1e-3},
    "generator": GENERATOR,
    "best": float("inf"),
}
LEGACY = {"layers.0.weight": np.arange(6.0).reshape(2, 3).T, "b": np.float32([1.5, -2.5])}
SMALL = {"w": np.float32([[1.5, -2.5]]), "lr": 0.1}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.npz"


def members(path, change=lambda name, content: content):
    """The members of a file, changed; one that becomes None is left out."""
    with zipfile.ZipFile(path) as archive:
        changed = {name: change(name, archive.read(name)) for name in archive.namelist()}
    return {name: content for name, content in changed.items() if content is not None}


def zipped(path, contents, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def npy(array, **form):
    """An array as NumPy writes it, or one that says something else of itself."""
    array = np.asarray(array)
    said = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape, **form}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, said)
    return file.getvalue() + array.tobytes()


def refused(path, message):
    content = path.read_bytes()
    with pytest.raises(ValueError, match=message) as error:
        read_archive(path)
    assert str(error.value).startswith(f"{path} is not a whole file of a saved state: ")
    assert "pickle" not in str(error.value)
    assert path.read_bytes() == content


# -- what is read is what was written ------------------------------------------------------


@given(states)
@settings(max_examples=settings.default.max_examples // 5)
def test_any_state(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    write_archive(path, state)
    assert_equal(read_archive(path), state)


def test_numpy_reads_the_arrays_and_anyone_the_header(path):
    write_archive(path, STATE)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(
            file["model.layers.0.weight"], STATE["model"]["layers.0.weight"]
        )
    header = json.loads(members(path)["header.json"])
    assert header["state"]["optimizer"]["betas"] == {"$tuple": [0.9, 0.999]}
    assert header["arrays"]["optimizer.steps"]["shape"] == []


def test_equal_states_are_equal_files(path, monkeypatch):
    write_archive(path, STATE)
    content = path.read_bytes()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e6)
    write_archive(path, STATE)
    assert path.read_bytes() == content


def test_what_is_read_is_ones_own(path):
    array = np.arange(6.0)[::2]
    write_archive(path, [array, array])
    first, second = read_archive(path)
    first[:] = 7.0
    assert_equal(second, np.array([0.0, 2.0, 4.0]))


def test_arrays_of_any_order_of_memory(path):
    a = np.arange(24.0).reshape(2, 3, 4)
    state = [a, a.T, a[:, ::-1], np.asfortranarray(a), a[0, 1], np.broadcast_to(1.0, (2, 2))]
    write_archive(path, state)
    for found, expected in zip(read_archive(path), state, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_what_cannot_be_written_leaves_the_old_file(path):
    write_archive(path, STATE)
    content = path.read_bytes()
    for state in ({"w": object()}, {"w": 10**5000}):
        with pytest.raises((TypeError, ValueError)):
            write_archive(path, state)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


# -- files without a header ----------------------------------------------------------------


def test_a_file_without_a_header_is_a_dict_of_its_arrays(path):
    np.savez(path, **LEGACY)
    found = read_archive(path)
    assert list(found) == list(LEGACY)
    for name, array in LEGACY.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


# -- what is checked before it is read -----------------------------------------------------


@pytest.mark.parametrize("write", [write_archive, lambda path, state: np.savez(path, **state)])
def test_check_is_asked_before_an_array_is_read(path, write):
    large = np.ones((1000, 2000))
    write(path, {"large": large, "small": np.float32(1)})
    asked = []

    def check(state):
        asked.append({name: (np.shape(x), x.dtype) for name, x in state.items()})
        assert not state["large"].any()
        raise LookupError("it does not fit")

    tracemalloc.start()
    with pytest.raises(LookupError, match="it does not fit"):
        read_archive(path, check)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert asked == [{"large": ((1000, 2000), np.float64), "small": ((), np.float32)}]
    assert peak < 1_000_000
    assert_equal(read_archive(path, lambda state: None)["large"], large)


def bombs():
    """Small files that promise much, by name: their members and how these are packed."""
    zeros = bytes(64_000_000)
    much = npy(np.zeros(0), shape=(8_000_000,))
    long = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(zeros)) + zeros
    return {
        "of zeros": ({"w.npy": much + zeros}, zipfile.ZIP_DEFLATED),
        "of a header of NumPy's": ({"w.npy": long}, zipfile.ZIP_DEFLATED),
        "of a header": ({"header.json": zeros}, zipfile.ZIP_BZIP2),
        "of a shape": ({"w.npy": much + bytes(8)}, zipfile.ZIP_STORED),
        "of a shape beyond numbers": (
            {"w.npy": npy(np.zeros(0), shape=(0, 2**62, 2**62))},
            zipfile.ZIP_STORED,
        ),
    }


@pytest.mark.parametrize("name", list(bombs()))
def test_nothing_is_unpacked(path, name):
    zipped(path, *bombs()[name])
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    refused(path, "state: ")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_members_that_share_their_bytes(path):
    """A file may list one place many times, and so promise more than there is in it."""
    zipped(path, {"0.npy": npy(np.ones(1000))} | {f"{i}.npy": npy(np.ones(1)) for i in range(1, 9)})
    with zipfile.ZipFile(path, "a") as archive:
        first = archive.filelist[0]
        for info in archive.filelist[1:]:
            info.header_offset, info.CRC = first.header_offset, first.CRC
            info.file_size = info.compress_size = first.file_size
        archive.writestr("last.npy", npy(1.0))  # so that its directory is written anew
    refused(path, "it promises more than there is in it")


# -- damage --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ours", "legacy"])
def test_each_byte_that_is_flipped_is_found_or_harmless(path, kind):
    if kind == "ours":
        write_archive(path, SMALL)
    else:
        np.savez(path, **LEGACY)
    content, state = path.read_bytes(), read_archive(path)
    found = 0
    for place in range(len(content)):
        for flip in (0x01, 0x20, 0xFF):
            damaged = bytearray(content)
            damaged[place] ^= flip
            path.write_bytes(damaged)
            try:
                read = read_archive(path)
            except ValueError as error:
                assert "is not a whole file of a saved state" in str(error)  # noqa: PT017
                found += 1
            else:
                assert_equal(read, state)
    assert found > 1.5 * len(content)


def test_a_file_that_is_cut_short(path):
    write_archive(path, SMALL)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="is not a whole file of a saved state"):
            read_archive(path)


def test_members_of_another_file(path):
    """The hashes in the header are of the arrays that were written with it, and of no others."""
    write_archive(path, STATE)
    first = members(path)
    write_archive(path, {**STATE, "optimizer": {**STATE["optimizer"], "steps": np.array(8)}})
    zipped(path, {**first, "optimizer.steps.npy": members(path)["optimizer.steps.npy"]})
    refused(path, r"the bytes of optimizer\.steps are not those that were written")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.b.npy": None}, "its header is of other arrays than there are in it"),
        ({"more.npy": npy(1.0)}, "its header is of other arrays"),
        ({"model.b.npy": npy(np.float32([1.0, 2.0, 3.0]))}, "its header is of other arrays"),
        ({"model.b.npy": npy(np.int32([1, 2]))}, "its header is of other arrays"),
        ({"model.b": b"text"}, "there is something else than arrays in it: model.b"),
        ({"header.json": b"{"}, "Expecting property name"),
        ({"header.json": b"[" * 100_000}, "recursion"),
        ({"header.json": b"3"}, "its format is 3, and what is read here is 'nabigrad state 1'"),
        ({"header.json": b'{"format": "nabigrad state 2"}'}, "its format is 'nabigrad state 2'"),
        ({"header.json": b'{"format": "nabigrad state 1"}'}, "arrays"),
    ],
)
def test_headers_and_members_that_do_not_fit(path, change, message):
    write_archive(path, STATE)
    contents = {**members(path), **change}
    zipped(path, {name: content for name, content in contents.items() if content is not None})
    refused(path, message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.zeros(2, "S8"), descr="|O"), "has dtype object, and is no array of numbers"),
        (npy(np.zeros(2, "f8,f8"), descr=[("a", "<f8"), ("b", "<f8")]), "is no array of numbers"),
        (npy(np.array(["text"])), "has dtype <U4, and is no array of numbers"),
        (npy(np.zeros(2, "M8[s]")), "is no array of numbers"),
        (npy(np.ones(2), descr="<f9"), "f9"),
        (npy(np.ones(4), shape=(-2, -2)), "is not as large as its shape"),
        (npy(np.ones(2), shape=(3,)), "is not as large as its shape"),
        (npy(np.ones(2)) + b"more", "is not as large as its shape"),
        (npy(np.ones(2))[:-1], "is not as large as its shape"),
        (b"\x93NUMPY\x03\x00" + npy(np.ones(2))[8:], "another version of NumPy's format"),
        (b"text", "magic|EOF"),
        (b"", "magic|EOF"),
    ],
)
def test_arrays_that_are_none(path, content, message):
    zipped(path, {"w.npy": content})
    refused(path, message)


def test_two_members_of_one_name(path):
    zipped(path, {"a.npy": npy(np.ones(2)), "b.npy": npy(np.zeros(2))})
    path.write_bytes(path.read_bytes().replace(b"b.npy", b"a.npy"))
    refused(path, "there are two of one name in it")


def test_a_directory_that_is_not_whole(path):
    """A comment of one member's may swallow the members after it."""
    np.savez(path, **LEGACY)
    content = bytearray(path.read_bytes())
    entries = [i for i in range(len(content)) if content[i : i + 4] == b"PK\1\2"]
    end = content.index(b"PK\5\6")
    content[entries[0] + 32 : entries[0] + 34] = struct.pack("<H", end - entries[1])
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 1
    refused(path, "1 members are in it, and not as many as it says")


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\x93NUMPY\x01\x00", b"PK\x05\x06"])
def test_files_of_another_kind(path, content):
    path.write_bytes(content)
    refused(path, r"it is no \.npz archive")


def test_a_file_that_is_missing_and_a_folder(path):
    with pytest.raises(FileNotFoundError):
        read_archive(path)
    with pytest.raises(IsADirectoryError):
        read_archive(path.parent)
