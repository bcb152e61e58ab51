"""Writing a graph to a file, as its path ends: a picture, a page, or a text of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from autodiff.extend import topological

from .drawing import checked_nodes, draw, mermaid
from .formulas import mathematics
from .functions import graph_of
from .interactive.page import page
from .interactive.program import derived
from .picture import check_writable, write
from .render import FORMATS

Made = Callable[[Any, dict[str, Any]], str | bytes]


def _picture(kind: str) -> Made:
    return lambda value, options: draw(value, **options).pipe(kind)


def _program(engine: str) -> Made:
    def made(value: Any, options: dict[str, Any]) -> str:
        return str(derived(list(topological(graph_of("save", value, ()))), engine).module)

    return made


# What each ending stands for, and the options of `draw` that it knows.
_ALL = ("cotangent", "style", "direction", "theme", "detail", "depth", "expand")
_DIAGRAMS = ("cotangent", "direction", "detail", "depth", "expand")
_MADE: dict[str, tuple[Made, Sequence[str]]] = {
    **{f".{kind}": (_picture(kind), _ALL) for kind in FORMATS},
    ".html": (lambda value, options: page(value).html, ()),
    ".dot": (lambda value, options: draw(value, **options).source, _ALL),
    ".mmd": (lambda value, options: mermaid(value, **options) + "\n", _DIAGRAMS),
    ".tex": (lambda value, options: mathematics(graph_of("save", value, ())).module, ()),
    ".py": (_program("numpy"), ()),
    ".js": (_program("javascript"), ()),
}
ENDINGS = tuple(_MADE)


def options_of(ending: str) -> Sequence[str]:
    """The options of `draw` that a file with this ending is made with."""
    return _MADE[ending][1]


def endings_with(option: str) -> list[str]:
    """The endings of the files that this option is for."""
    return [ending for ending in ENDINGS if option in options_of(ending)]


def contents(value: Any, ending: str, **options: Any) -> bytes:
    """What `save` writes to a file with this ending."""
    made = _MADE[ending][0](value, options)
    return made if isinstance(made, bytes) else made.encode()


def save(value: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write what is behind `value` to a file, as its path ends.

    It is a picture (.svg, .png, .pdf), the page (.html), or a text: of the picture in the language
    of Graphviz (.dot) or Mermaid (.mmd), of the expression and its gradient in LaTeX (.tex), NumPy
    (.py) or JavaScript (.js). `options` are those of `draw`: all of a picture and its .dot, those
    of `mermaid` for .mmd, and none for the others.

    Raises TypeError for what is no Value or Tensor and for an option that such a file does not
    use, ValueError for another ending, RenderError where nothing can render, TraceError for what
    cannot be written as such a text, OSError for a path that cannot be written; then no file is
    written or changed.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> save(x * x, "square.svg")  # doctest: +SKIP
    """
    checked_nodes("save", [value])
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in _MADE:
        raise ValueError(
            f"A picture is written to a path ending in {', '.join(ENDINGS)}, not {path.name!r}."
        )
    _check_options(ending, options)
    check_writable(path)
    write(contents(value, ending, **options), path)


def _check_options(ending: str, options: Iterable[str]) -> None:
    """TypeError for an option that does nothing here."""
    for option in options:
        if option not in options_of(ending):
            use = ", ".join(endings_with(option))
            raise TypeError(
                f"`save` takes the options that a file is made with, and for {ending} they are "
                f"{', '.join(options_of(ending)) or 'none'}, but here is `{option}`.\n"
                f"Leave it out{f', or write to {use}, which use it' if use else ''}."
            )
