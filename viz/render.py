"""Graphs made into files: by a `dot` program, or by the Graphviz libraries of pygraphviz's wheel.

Either is a child process, so that a fault in it is none of the program that draws: it has a limit
of time and of size, an interrupt ends it, and what it gives is looked at.
"""

from __future__ import annotations

import html
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from xml.parsers import expat

from .graphs.text import shown
from .palette import with_dark_style

FORMATS = ("svg", "png", "pdf")
_TIMEOUT = 120.0  # seconds
_LARGEST = 2**28  # bytes of a picture
_LONG_MESSAGE, _LONG_ALT = 300, 2_000  # characters
_BLOCK = 2**16

_INSTALL = (
    "Install the wheel with `pip install 'pygraphviz>=2.0'`, or Graphviz itself "
    "(`apt install graphviz`, `brew install graphviz`)."
)
_NO_RENDERER = (
    "Drawing needs Graphviz, and neither a `dot` program nor pygraphviz was found.\n"
    f"{_INSTALL}\nWithout either, `draw(value).source` is the picture in the DOT language."
)
# Arguments: the folder that pygraphviz is in, the format, and attributes of the graph.
_BY_WHEEL = """
import sys
folder, kind, *attributes = sys.argv[1:]
sys.path.insert(0, folder)
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
for name, value in (a.split("=") for a in attributes):
    graph.graph_attr[name] = value
sys.stdout.buffer.write(graph.draw(format=kind, prog="dot"))
"""


class RenderError(RuntimeError):
    """A picture could not be rendered; the message says what to install or change."""


def render(source: str, kind: str, theme: str = "auto", title: str = "", alt: str = "") -> bytes:
    """The picture of DOT `source` as the bytes of an svg, png or pdf file.

    An svg has a title, is told to a screen reader as `alt` says, and in the theme "auto" is light
    or dark as its reader's system is. Raises RenderError where nothing can render it, ValueError
    for another kind.
    """
    if kind not in FORMATS:
        raise ValueError(
            f"A picture is written as {', '.join(FORMATS)}, but this asks for {kind!r}."
        )
    failures = []
    for name, command in _renderers(kind, theme):
        try:
            picture = _drawn(command, source.encode(), kind)
        except RenderError as error:
            failures.append(f"{name} {error}")
        else:
            return _finished(picture, theme, title, alt) if kind == "svg" else picture
    if not failures:
        raise RenderError(_NO_RENDERER)
    raise RenderError("\n".join(["Graphviz could not draw this graph:", *failures]))


def _renderers(kind: str, theme: str) -> Iterator[tuple[str, list[str]]]:
    """What there is to draw with, and how it is called, in order of preference."""
    attributes = ["dpi=144"] if kind == "png" else []
    if kind == "svg" and theme == "auto":  # on the page's own ground
        attributes = ["bgcolor=transparent"]
    if program := shutil.which("dot"):
        yield f"`{program}`", [program, f"-T{kind}", *(f"-G{a}" for a in attributes)]
    wheel = importlib.util.find_spec("pygraphviz")
    if wheel is not None and wheel.origin:
        folder = os.path.dirname(os.path.dirname(wheel.origin))
        command = [sys.executable, "-I", "-X", "utf8", "-c", _BY_WHEEL, folder, kind, *attributes]
        yield "The wheel pygraphviz", command


def _drawn(command: list[str], source: bytes, kind: str) -> bytes:
    """What a renderer makes of the source. Raises RenderError: what it did instead, and the fix."""
    try:
        code, picture, messages = _run(command, source)
    except OSError as error:  # it is no program
        raise RenderError(f"cannot be run ({error.strerror}).\n{_INSTALL}") from None
    last = messages[-4 * _LONG_MESSAGE :].decode(errors="replace")
    words = shown(" ".join(last.split())[-_LONG_MESSAGE:], _LONG_MESSAGE)
    if max(len(picture), len(messages)) > _LARGEST:
        raise RenderError(f"wrote more than {_LARGEST:,} bytes.\nDraw a part of it: an inner node.")
    if code < 0:
        raise RenderError(f"crashed by signal {-code}. {words}\n{_INSTALL}")
    if code:
        raise RenderError(f"ended with exit code {code}: {words or 'it said nothing'}\n{_INSTALL}")
    if not _is_whole(picture, kind):
        begin = shown(picture[:40].decode(errors="replace"), 40)
        raise RenderError(f"wrote no {kind} file, but {begin!r}. {words}\n{_INSTALL}")
    return picture


def _is_whole(picture: bytes, kind: str) -> bool:
    """Whether a file is one of its kind, from its beginning to its end."""
    if kind == "png":
        return picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")
    if kind == "pdf":
        return picture.startswith(b"%PDF-") and b"%%EOF" in picture[-1024:]
    try:
        expat.ParserCreate().Parse(picture, True)
    except expat.ExpatError:
        return False
    return b"<svg" in picture


# -- a child process -----------------------------------------------------------------------


def _run(command: list[str], source: bytes) -> tuple[int, bytes, bytes]:
    """Its exit code, what it writes, and its messages. Raises RenderError if it does not end."""
    deadline = time.monotonic() + _TIMEOUT
    pipe = subprocess.PIPE
    # In a group of its own, so that what it has started ends with it.
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    written, messages = bytearray(), bytearray()
    threads = [
        threading.Thread(target=_feed, args=(child.stdin, source), daemon=True),
        threading.Thread(target=_read, args=(child, child.stdout, written), daemon=True),
        threading.Thread(target=_read, args=(child, child.stderr, messages), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in threads):
            raise subprocess.TimeoutExpired(command, _TIMEOUT)
        code = child.wait(max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"has not drawn this graph in {_TIMEOUT:g} seconds.\n"
            "Draw a part of it: `draw` an inner node."
        ) from None
    finally:
        _kill(child)
    return code, bytes(written), bytes(messages)


def _feed(stream: Any, source: bytes) -> None:
    with suppress(OSError):  # it has ended before it had read all
        stream.write(source)
    with suppress(OSError):
        stream.close()


def _read(child: subprocess.Popen[bytes], stream: Any, into: bytearray) -> None:
    while block := stream.read1(_BLOCK):
        into += block
        if len(into) > _LARGEST:
            _kill(child)
            break
    stream.close()


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child, and what it has started, if it has not ended."""
    if child.returncode is not None:
        return
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()


# -- an svg --------------------------------------------------------------------------------


def _finished(svg: bytes, theme: str, title: str, alt: str) -> bytes:
    """An SVG with its class, what a screen reader says of it, and its dark colours."""
    head = '<svg class="nabigrad"'
    if alt:
        head += f' role="img" aria-label="{html.escape(shown(alt, _LONG_ALT))}"'
    svg = re.sub(rb"<svg\b", lambda _: head.encode(), svg, count=1)
    named = f"<title>{html.escape(shown(title or 'picture'))}</title>".encode()
    svg = re.sub(rb"<title>[^<]*</title>", lambda _: named, svg, count=1)  # the graph's own
    return with_dark_style(svg) if theme == "auto" else svg
