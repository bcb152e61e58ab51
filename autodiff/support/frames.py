"""Whose code a frame on the stack runs."""

from __future__ import annotations

import dis
import linecache
import os
import sys
import warnings
from types import FrameType

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def is_ours(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of the engine."""
    return frame.f_code.co_filename.startswith((_HERE, "<nabigrad"))


def is_numpys(frame: FrameType) -> bool:
    """Whether a frame on the stack runs code of NumPy's."""
    return bool(frame.f_globals.get("__name__", "").startswith("numpy."))


# The instructions of `a[i] = x`; a slice has one of its own from Python 3.12 on.
_STORES = {dis.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in dis.opmap}


def stores_item(frame: FrameType) -> bool:
    """Whether what a frame on the stack is doing at present is to store an item, as `a[i] = x`."""
    return frame.f_code.co_code[frame.f_lasti] in _STORES


def scipys_function() -> str | None:
    """The public name of SciPy's function that the user has called, if one is on the stack."""
    frame: FrameType | None = sys._getframe()
    found = package = None
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("scipy."):
            found, package = _public_name(frame) or found, _public(frame.f_globals["__name__"])
        elif package:
            break
        frame = frame.f_back
    return found or package


def _public(module: str) -> str:
    """The innermost package around a module that has no underscore."""
    return ".".join(part for part in module.split(".") if not part.startswith("_"))


def warn_user(
    message: str, category: type[Warning] = RuntimeWarning, package: str | None = None
) -> None:
    """A warning that names the innermost line on the stack which is the user's.

    That is not the engine's own, nor that of a `package` which is built on it.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and (is_ours(frame) or is_numpys(frame) or _is_of(frame, package)):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_of(frame: FrameType, package: str | None) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == package


def _public_name(frame: FrameType) -> str | None:
    """The public name of the function whose code runs here, or which that is wrapped around."""
    code, own = frame.f_code, frame.f_locals.get("self")
    inner = [*map(frame.f_locals.get, code.co_freevars), own]
    names = [
        (frame.f_globals["__name__"], code.co_qualname),
        *((getattr(i, "__module__", ""), getattr(i, "__name__", "")) for i in inner),
        (type(own).__module__, f"{type(own).__name__}.{code.co_name}"),
    ]
    for module, name in names:
        package, first = _public(module or ""), name.partition(".")[0]
        if package.startswith("scipy") and first and hasattr(sys.modules.get(package), first):
            return f"{package}.{name.partition('.<locals>')[0].removesuffix('.__init__')}"
    return None


def user_frame() -> FrameType:
    """The innermost frame on the stack that is not the engine's own."""
    frame = sys._getframe(1)
    while frame.f_back and (is_ours(frame) or is_numpys(frame)):
        frame = frame.f_back
    return frame


def user_line() -> str:
    """The innermost line on the stack that is not the engine's own."""
    frame = user_frame()
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{line}: {linecache.getline(name, line).strip()}".rstrip(": ")
