"""Standard output and error: whoever reads them may stop, and what they go to may be full."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO


def show(text: str, out: TextIO | None) -> None:
    """Print, with escapes for what the terminal cannot show; OSError where that cannot be."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    if out is not None:  # else it is closed
        line = text.encode(encoding, "backslashreplace").decode(encoding) + "\n"
        _sent(out, lambda: out.write(line))


def send(data: bytes) -> None:
    """Write a file to standard output; OSError where that cannot be."""
    out = sys.stdout
    _sent(out, lambda: out.buffer.write(data))


def is_closed() -> bool:
    """Whether there is no standard output, as after `>&-`."""
    return sys.stdout is None


def in_words(error: Exception) -> str:
    """What went wrong, without the system's number of it."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.strerror}{f': {error.filename!r}' if error.filename else ''}"


def _sent(out: TextIO, write: Callable[[], object]) -> None:
    try:
        write()
        out.flush()
    except OSError as error:
        # Nothing that waits is tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if not isinstance(error, BrokenPipeError):  # there who reads has read enough
            raise OSError(error.errno, error.strerror, "standard output") from None
