"""Graphs made into files: by a `dot` program where there is one, else in this process."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

FORMATS = ("svg", "png", "pdf")
_TIMEOUT = 120  # seconds
_IN_PROCESS = threading.Lock()

_NO_RENDERER = (
    "Drawing needs Graphviz, and neither a `dot` program nor pygraphviz was found.\n"
    "Install the wheel with `pip install 'pygraphviz>=2.0'`, or Graphviz itself "
    "(`apt install graphviz`, `brew install graphviz`).\n"
    "Without either, `draw(value).source` is the picture in the DOT language."
)

# The colours of a picture, light and dark. A picture is written in the light ones, and an SVG
# carries the style that maps each to its dark one where the reader's system asks for it.
CARD, LEAF, OUTPUT, PILL = "#ffffff", "#eef5ff", "#fff5dc", "#e6effa"
INK, VALUE, GRADIENT, LOCAL, LINE = "#1f2328", "#00694d", "#b83a00", "#0b5cad", "#7d8a97"
DARK = {
    CARD: "#1c232c", LEAF: "#14283f", OUTPUT: "#3a2f10", PILL: "#16304d", INK: "#e6edf3",
    VALUE: "#45d6a6", GRADIENT: "#ffa06b", LOCAL: "#8cc4ff", LINE: "#7d8a98",
}  # fmt: skip


def kind_of(path: Path, more: str = "") -> str:
    """The format that a path's ending names; ValueError for one that is none."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        endings = ", ".join(f".{f}" for f in FORMATS)
        raise ValueError(
            f"A picture is written to a path ending in {endings}{more}, not {path.name!r}."
        )
    return kind


class RenderError(RuntimeError):
    """A picture could not be rendered; the message says what to install or change."""


def render(source: str, kind: str) -> bytes:
    """The picture of DOT `source` as the bytes of an svg, png or pdf file.

    Raises RenderError where nothing can render it, ValueError for another kind.
    """
    if kind not in FORMATS:
        raise ValueError(
            f"A picture is written as {', '.join(FORMATS)}, but this asks for {kind!r}."
        )
    if shutil.which("dot"):
        picture = _by_program(source, kind)
    elif importlib.util.find_spec("pygraphviz"):
        picture = _in_process(source, kind)
    else:
        raise RenderError(_NO_RENDERER)
    return with_dark_style(picture) if kind == "svg" else picture


def _by_program(source: str, kind: str) -> bytes:
    command = ["dot", f"-T{kind}"] + (["-Gdpi=144"] if kind == "png" else [])
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, check=False, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"Graphviz has not drawn this graph in {_TIMEOUT} seconds.\n"
            "Draw a part of it: `draw` an inner node."
        ) from None
    if done.returncode or not done.stdout:
        message = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise RenderError(f"Graphviz could not draw this graph: {message}")
    return done.stdout


def _in_process(source: str, kind: str) -> bytes:
    """By the Graphviz libraries that pygraphviz's wheel carries."""
    # One at a time, as the libraries and the process's standard error are there but once.
    # Fontconfig warns on the latter of settings that are not the user's affair.
    with _IN_PROCESS, _quiet_stderr():
        import pygraphviz

        try:
            graph = pygraphviz.AGraph(string=source)
            if kind == "png":
                graph.graph_attr["dpi"] = "144"
            picture: bytes = graph.draw(format=kind, prog="dot")
        except (ValueError, OSError) as error:
            raise RenderError(f"Graphviz could not draw this graph: {error}") from error
    return picture


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Within it, what C libraries write to the process's standard error goes nowhere."""
    try:
        saved = os.dup(2)
    except OSError:  # it is closed already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def with_dark_style(svg: bytes) -> bytes:
    """An SVG that is light or dark as its reader's system is, alone or within a page."""
    rules = "".join(
        f'.nabigrad [fill="{light}"]{{fill:{dark}}}.nabigrad [stroke="{light}"]{{stroke:{dark}}}'
        for light, dark in DARK.items()
    )
    # Graphviz leaves black as the default: text that says no fill.
    rules += f".nabigrad text:not([fill]){{fill:{DARK[INK]}}}"
    style = (
        "<style>svg:root{color-scheme:light dark}"  # the canvas, where the picture stands alone
        f"@media (prefers-color-scheme: dark){{{rules}}}</style>"
    )
    head = b'<svg class="nabigrad"'
    return re.sub(rb"<svg(\b[^>]*>)", lambda m: head + m[1] + b"\n" + style.encode(), svg, count=1)
