"""The files that a command writes: all of them are made before any is written, or none is."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autodiff import Value
from autodiff.extend import replacing

from ..expression import ExpressionError
from ..saving import ENDINGS, contents, endings_with, options_of
from .streams import is_closed, send

_BITMAPS = (".png", ".pdf")
_IN_BROWSER = (".html", ".svg", ".png", ".pdf")


class Output(NamedTuple):
    """A file, or standard output, and what is written to it."""

    path: Path | None  # None is standard output
    ending: str


def outputs_of(texts: Sequence[str]) -> list[Output]:
    """The outputs that were asked for; ExpressionError for what none of them can be."""
    found = [_output(text[1:] if text.startswith(" -") else text) for text in texts]
    if sum(output.path is None for output in found) > 1:
        raise ExpressionError("standard output takes one file, but here are more: name the others")
    if is_closed() and any(output.path is None for output in found):
        raise ExpressionError("standard output is closed: name a file")
    paths = [os.path.realpath(output.path) for output in found if output.path]
    for output in found:
        if output.path and paths.count(os.path.realpath(output.path)) > 1:
            raise ExpressionError(f"{str(output.path)[:100]!r} is given twice")
        if output.path is None and output.ending in _BITMAPS and sys.stdout.isatty():
            raise ExpressionError(
                f"{output.ending} is no text for a terminal: name a file, or end with > FILE"
            )
    return found


def _output(text: str) -> Output:
    if text == "-":
        return Output(None, ".svg")
    if text.startswith("-.") and text[1:].lower() in ENDINGS:
        return Output(None, text[1:].lower())
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise ExpressionError(
            f"what is written ends in {', '.join(ENDINGS)}, but this is {text[:100]!r}"
        )
    if path.is_dir() or not path.parent.is_dir():
        raise ExpressionError(f"there is no folder to write {text[:100]!r} in")
    return Output(path, path.suffix.lower())


def check_options(outputs: Sequence[Output], options: Mapping[str, Any]) -> None:
    """ExpressionError for an option that nothing is drawn with: it would do nothing."""
    for name in options:
        if not any(name in options_of(output.ending) for output in outputs):
            use = " ".join(endings_with(name))
            raise ExpressionError(f"--{name} is of what is drawn, {use}: add -o FILE")


def made(
    root: Value, outputs: Sequence[Output], options: Mapping[str, Any]
) -> list[tuple[Output, bytes]]:
    """What is to be written, by what it is written to."""
    return [(output, contents(root, output.ending, **_used(output, options))) for output in outputs]


def _used(output: Output, options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in options_of(output.ending)}


def write(pairs: Sequence[tuple[Output, bytes]]) -> None:
    """Write the files, each whole, and none of them where one cannot be begun."""
    with contextlib.ExitStack() as stack:
        for output, data in pairs:
            if output.path is not None:
                stack.enter_context(replacing(output.path)).write(data)
        for output, data in pairs:
            if output.path is None:
                send(data)


def to_open(outputs: Sequence[Output]) -> Path | None:
    """The first file that a browser shows; None where none was asked for."""
    shown = [o.path for o in outputs if o.path is not None and o.ending in _IN_BROWSER]
    if outputs and not shown:
        raise ExpressionError(
            f"--open shows {', '.join(_IN_BROWSER)}, but none of these is written: add one"
        )
    return shown[0] if shown else None
