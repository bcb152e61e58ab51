"""Files that are replaced whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A binary file to write; it takes the place of `path` when all has been written.

    Whatever goes wrong on the way leaves what was at `path` as it was, and nothing beside it. A
    link is followed and stays a link; a file keeps its rights. Raises PermissionError for a file
    marked read-only, and OSError as `open` does where `path` cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a device is written to; a folder refuses
        with target.open("wb") as file:
            yield file
        return
    rights = _rights(target)
    part = target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}")
    try:
        file = part.open("xb")
    except OSError as error:  # of a name that nobody has typed: speak of the one that was
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with file:
            yield file
        if rights is not None:
            part.chmod(rights)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _rights(target: Path) -> int | None:
    """The rights of the file that is to be replaced; None where there is none."""
    if not target.exists():
        return None
    rights = target.stat().st_mode & 0o777
    if not rights & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "The file is read-only", os.fspath(target))
    return rights
