"""Whose code a frame on the stack runs."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def is_ours(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of the engine."""
    return frame.f_code.co_filename.startswith((_HERE, "<nabigrad"))


def is_numpys(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of NumPy's."""
    return bool(frame.f_globals.get("__name__", "").startswith("numpy."))


def user_line() -> str:
    """The innermost line on the stack that is not the engine's own."""
    frame = sys._getframe()
    while frame.f_back and (is_ours(frame) or is_numpys(frame)):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{line}: {linecache.getline(name, line).strip()}".rstrip(": ")
