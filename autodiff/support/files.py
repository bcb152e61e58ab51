"""Files that are replaced whole or not at all, and are on the disk when that is done."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_SHOWN = 40  # characters of a file's name in that of the part that is written beside it


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A binary file to write; it takes the place of `path` when all is written, to the disk.

    Whatever goes wrong on the way leaves what was at `path` as it was, and nothing beside it; what
    a writer that was killed has left there is removed by the next one, but not what another one
    is still writing. A link is followed and stays a link; a file keeps its rights. Raises
    PermissionError for a file marked read-only, and OSError as `open` does where `path` cannot be
    written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a device is written to; a folder refuses
        with target.open("wb") as file:
            yield file
        return
    rights = _rights(target)
    _remove_abandoned(target)
    try:
        part, lock = _begun(target)
    except OSError as error:  # of a name that nobody has typed: speak of the one that was
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with part.open("wb") as file:
            yield file
        if rights is not None:
            part.chmod(rights)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)
    _write_out(target.parent)


def _rights(target: Path) -> int | None:
    """The rights of the file that is to be replaced; None where there is none."""
    if not target.exists():
        return None
    rights = target.stat().st_mode & 0o777
    if not rights & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "The file is read-only", os.fspath(target))
    return rights


def _write_out(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can do that."""
    with suppress(OSError):  # of Windows, and of folders that may be written to and not read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# -- who is still writing ------------------------------------------------------------------

# A writer holds a lock on its part, which the system takes from it when it dies. A lock that can be
# had is therefore of a part that is abandoned, or of one that was made this very moment: who has
# made one looks, when it holds the lock, whether it is still there.


def _begun(target: Path) -> tuple[Path, int | None]:
    """A new part of a file, and the descriptor by which it is locked; None without locks."""
    while True:
        part = target.with_name(f".{target.name[:_SHOWN]}.{os.urandom(8).hex()}.part")
        part.open("xb").close()
        if fcntl is None:
            return part, None
        with suppress(FileNotFoundError):
            lock = os.open(part, os.O_RDONLY)
            with suppress(OSError):  # no locks on this file system, so that no one removes it
                fcntl.flock(lock, fcntl.LOCK_EX)
            if part.exists():
                return part, lock
            os.close(lock)


def _remove_abandoned(target: Path) -> None:
    """Remove the parts of a file whose writers are dead."""
    if fcntl is None:
        return
    name = re.compile(rf"\.{re.escape(target.name[:_SHOWN])}\.[0-9a-f]{{16}}\.part")
    with suppress(OSError):  # of a folder that is missing, or may not be read
        for found in os.listdir(target.parent):
            if name.fullmatch(found):
                _remove_if_abandoned(target.with_name(found))


def _remove_if_abandoned(part: Path) -> None:
    with suppress(OSError):  # somebody holds it, has just finished it, or owns it
        lock = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
        finally:
            os.close(lock)
