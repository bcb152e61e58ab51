"""Picture: the DOT text of a graph, which shows itself in a notebook and is written to files."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import graphviz

from autodiff.extend import mimebundle, replacing

from . import palette
from .graphs.text import shown
from .render import FORMATS, render


class Picture(graphviz.Digraph):
    """A graph that shows itself in a notebook, rendered with or without a `dot` program.

    `source` is its text in the DOT language; `pipe("svg")` its bytes; `save` writes either, as
    the path ends. `title` names it, and `alt` says in words what is on it, for those who cannot
    see it.
    """

    def __init__(
        self, *args: Any, theme: str = "auto", title: str = "", alt: str = "", **keywords: Any
    ) -> None:
        super().__init__(*args, **keywords)
        self.theme, self.title, self.alt = theme, title, alt

    _repr_mimebundle_ = mimebundle

    def __repr__(self) -> str:
        return f"<Picture: {shown(self.title or self.name)}>"

    def pipe(
        self, format: str | None = None, *_: Any, encoding: str | None = None, **__: Any
    ) -> Any:
        """The picture as bytes (text, with `encoding`) of an svg, png or pdf file."""
        picture = render(self.source, format or "svg", self.theme, self.title, self.alt)
        return picture.decode(encoding) if encoding else picture

    def save(
        self, filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None, *, skip_existing: bool | None = False,
    ) -> str:  # fmt: skip
        """Write the picture to an svg, png or pdf file, or its DOT text to one for that.

        Such a path ends in .gv or .dot, or has no ending. Gives the path. Raises ValueError for
        another ending, and otherwise what `viz.save` raises.
        """
        path = Path(directory or "", filename or self.filename)
        kind = None if _is_dot(path) else kind_of(path, "; its DOT text to .gv or .dot")
        if not (skip_existing and path.exists()):
            check_writable(path)
            write(self.pipe(kind) if kind else self.source.encode(), path)
        return str(path)

    def render(
        self, filename: str | os.PathLike[str] | None = None, *args: Any, **keywords: Any
    ) -> str:
        """The same as `save` for a path that ends as a picture's does; else what graphviz does."""
        if filename is None or _is_dot(Path(filename)):
            return str(super().render(filename, *args, **keywords))
        if args or keywords:
            raise TypeError(
                f"`render` of a path that says its format takes nothing else, but here beside "
                f"{os.fspath(filename)!r}: {', '.join(map(repr, (*args, *keywords.items())))}.\n"
                "Write `picture.save(path)`."
            )
        return self.save(filename)


def themed(picture: Picture) -> Picture:
    """The picture, as it has been drawn, in the colours of its theme."""
    if colour := palette.paper(picture.theme):
        picture.graph_attr["bgcolor"] = colour
    if picture.theme == "dark":
        for attributes in (picture.graph_attr, picture.node_attr, picture.edge_attr):
            attributes.update({k: palette.in_dark(v) for k, v in attributes.items()})
        picture.body[:] = [palette.in_dark(line) for line in picture.body]
    return picture


def _is_dot(path: Path) -> bool:
    """Whether a path is one for DOT text."""
    return Path(f"a{path.name}").suffix.lower() in ("", ".gv", ".dot")  # ".svg" is no ending


def kind_of(path: Path, more: str = "") -> str:
    """The format that a path's ending names; ValueError for one that is none."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        endings = ", ".join(f".{f}" for f in FORMATS)
        raise ValueError(
            f"A picture is written to a path ending in {endings}{more}, not {path.name!r}."
        )
    return kind


def check_writable(path: Path) -> None:
    """OSError, with the fix, where no file can be written: before anything is drawn."""
    folder = path.parent
    if path.is_dir():
        code, advice = errno.EISDIR, "A picture is a file, and this is a folder: name one in it"
    elif not folder.exists():
        code, advice = errno.ENOENT, "There is no such folder to write in: make it first"
    elif not folder.is_dir():
        code, advice = errno.ENOTDIR, "What should be the folder to write in is a file"
    elif not os.access(folder, os.W_OK | os.X_OK):
        code, advice = errno.EACCES, "Nothing may be written in this folder: choose another one"
    else:
        return
    raise OSError(code, advice, os.fspath(path if code == errno.EISDIR else folder))


def write(picture: bytes, path: Path) -> None:
    """Write a file, all at once or not at all."""
    with replacing(path) as file:
        file.write(picture)
