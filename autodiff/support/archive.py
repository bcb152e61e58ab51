"""Archives: a nested state in an `.npz` file, which is checked before anything of it is taken."""

from __future__ import annotations

import hashlib
import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .files import replacing
from .nested import Arrays, packed, storable, unpacked

# A file has a member for each array, as NumPy writes them, and this one, which says where in the
# state each stands, what it is, and the hash of its bytes. One without it is of an earlier version
# or of NumPy's own, and its state a dict of arrays.
_HEADER, _FORMAT = "header.json", "nabigrad state 1"
_ARRAY = ".npy"
_CHUNK = 1 << 20  # bytes that are read at once
_END, _COUNT = 22, slice(10, 12)  # a zip file's last bytes, and those that count its members there


def write_archive(path: str | os.PathLike[str], state: Any) -> None:
    """Write a nested state to an `.npz` file, all at once or not at all, to the disk.

    The state is made of dicts, lists, tuples, strings, numbers, None and arrays of numbers, all of
    which `read_archive` gives back exactly. `np.load` reads the arrays, too. Raises TypeError for
    anything else, and OSError where the path cannot be written; then nothing is written or changed.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "state.npz")
    ...     write_archive(path, {"epoch": 3, "best": float("inf"), "w": np.ones(2)})
    ...     read_archive(path)
    {'epoch': 3, 'best': inf, 'w': array([1., 1.])}
    """
    tree, arrays = packed(state)
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = {
        "format": _FORMAT,
        "arrays": {
            name: {"dtype": a.dtype.str, "shape": a.shape, "sha256": _hash(a)}
            for name, a in arrays.items()
        },
        "state": tree,
    }
    text = json.dumps(header).encode()
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER), text)  # dated 1980, so that equal states are
        for name, array in arrays.items():  # equal files
            with archive.open(zipfile.ZipInfo(name + _ARRAY), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def read_archive(path: str | os.PathLike[str], check: Callable[[Any], object] | None = None) -> Any:
    """The nested state in a file that `write_archive` wrote.

    Of an `.npz` file without our header it is a dict of the arrays by name. Before an array is
    read, `check` is called with the state in which each is a hollow one, of its shape and dtype
    and without its numbers: what it raises comes through. Raises OSError where there is no such
    file to read, and ValueError for one that is not whole. Nothing in a file is ever executed or
    unpacked, so that what is read is never larger than the file.
    """
    with Path(path).open("rb") as file:
        with _damage_refused(path):
            archive = _Archive(file)
            hollow = archive.state({name: m.hollow() for name, m in archive.members.items()})
        if check is not None:
            check(hollow)
        with _damage_refused(path):
            return archive.state({name: archive.read(name) for name in archive.members})


@contextmanager
def _damage_refused(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make one error of the many that zipfile and NumPy raise for a damaged file."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{os.fspath(path)} is not a whole file of a saved state: {str(error).rstrip('.')}.\n"
            "Take another copy of it, or save the state anew."
        ) from error


class _Member(NamedTuple):
    """Where in the file an array stands, and what it is."""

    info: zipfile.ZipInfo
    start: int  # of its bytes in the member
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    def hollow(self) -> np.ndarray[Any, Any]:
        """An array of that shape and dtype, all zeros, of one number of memory."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)


class _Archive:
    """An open `.npz` file: what is in it is looked at before it is read."""

    def __init__(self, file: Any) -> None:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no .npz archive")
        self.archive = zipfile.ZipFile(file)
        infos = self.archive.infolist()
        names = {info.filename for info in infos}
        _check_directory(infos, names, file)
        self.header = self._header() if _HEADER in names else None
        self.members = {
            i.filename.removesuffix(_ARRAY): self._member(i) for i in infos if i.filename != _HEADER
        }
        if self.header is not None:
            found = {n: (m.dtype.str, list(m.shape)) for n, m in self.members.items()}
            said = {n: (a["dtype"], a["shape"]) for n, a in self.header["arrays"].items()}
            if found != said:
                raise ValueError("its header is of other arrays than there are in it")

    def state(self, arrays: Arrays) -> Any:
        """The state with these arrays in the places of its own."""
        return arrays if self.header is None else unpacked(self.header["state"], arrays)

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """An array, its bytes compared with their checksums."""
        info, start, dtype, shape, fortran = self.members[name]
        content, end = bytearray(info.file_size), 0
        with self.archive.open(info) as member:
            while chunk := member.read(_CHUNK):  # to its end, where zipfile compares its own
                content[end : end + len(chunk)] = chunk
                end += len(chunk)
        array: np.ndarray[Any, Any] = np.ndarray(
            shape, dtype, content, start, order="F" if fortran else "C"
        )
        if self.header is not None and _hash(array) != self.header["arrays"][name]["sha256"]:
            raise ValueError(f"the bytes of {name} are not those that were written")
        return array

    def _header(self) -> dict[str, Any]:
        header = json.loads(self.archive.read(_HEADER))
        if not isinstance(header, dict) or header.get("format") != _FORMAT:
            said = header.get("format") if isinstance(header, dict) else header
            raise ValueError(f"its format is {said!r}, and what is read here is {_FORMAT!r}")
        return header

    def _member(self, info: zipfile.ZipInfo) -> _Member:
        """What an array is, by the header that NumPy gave it."""
        if not info.filename.endswith(_ARRAY):
            raise ValueError(f"there is something else than arrays in it: {info.filename}")
        with self.archive.open(info) as member:
            if np.lib.format.read_magic(member) != (1, 0):  # others have headers of any length
                raise ValueError(f"{info.filename} is of another version of NumPy's format")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
            start = member.tell()
        if not storable(dtype):
            raise ValueError(f"{info.filename} has dtype {dtype}, and is no array of numbers")
        if min(shape, default=0) < 0 or start + math.prod(shape) * dtype.itemsize != info.file_size:
            raise ValueError(f"{info.filename} is not as large as its shape {shape} says")
        return _Member(info, start, dtype, shape, fortran)


def _check_directory(infos: list[zipfile.ZipInfo], names: set[str], file: Any) -> None:
    """ValueError for members that are not all there, or are more than there is in the file."""
    file.seek(-_END, os.SEEK_END)
    if int.from_bytes(file.read()[_COUNT], "little") != min(len(infos), 0xFFFF):
        raise ValueError(f"{len(infos)} members are in it, and not as many as it says")
    if len(names) < len(infos):
        raise ValueError("there are two of one name in it")
    if any(i.compress_type or i.file_size != i.compress_size for i in infos):
        raise ValueError("it is compressed, which `np.savez` does not do")
    if sum(i.file_size for i in infos) > file.seek(0, os.SEEK_END):
        raise ValueError("it promises more than there is in it")


def _hash(array: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(array.reshape(-1, order="A").view(np.uint8).data).hexdigest()
