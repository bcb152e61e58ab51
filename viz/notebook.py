"""What a notebook shows of a thing: a picture, a table or coloured text, and a text always."""

from __future__ import annotations

import functools
import html
import string
import sys
from collections.abc import Collection, Iterable, Sequence
from importlib import resources
from typing import Any

import numpy as np

from autodiff import Tensor, Value
from autodiff.extend import Compiled, Program, data_of
from nn import Module
from nn.parts import frozen_in
from nn.shown import layers

from .curves import loss_curve
from .drawing import draw
from .figures import svg_of
from .graphs.collapse import MOST_CARDS
from .inline import PAINT, in_theme, shown_inline
from .palette import GRADIENT, LINE, LOCAL, VALUE, either
from .picture import Picture

Row = Sequence[str]
_MOST_ENTRIES = 100_000  # of all the arrays in a graph that is drawn unasked
_MOST_STEPS = 100_000  # of a training
_MOST_LINES = 200  # of a program, or of a table


class UnaskedError(Exception):
    """What would take long, or fill the page, is not shown unasked; the message says how to ask."""


def bundle(
    thing: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> dict[str, str]:
    """What is shown of a thing, by MIME type, as `_repr_mimebundle_` gives it.

    Of a Value or Tensor that was computed the picture of its graph, if that is small; of a Module
    its layers, of a Program its text in colours, of a History the curve of its loss. There is
    always a text. What cannot be shown, or would take long, is a line of that text, and no error.

    >>> bundle(Value(2.0))
    {'text/plain': 'Value(2.0, grad=0.0)'}
    """
    if not _takes_more_than_text():
        return {"text/plain": repr(thing)}
    found = {"text/plain": thing.alt if isinstance(thing, Picture) else str(thing)}
    try:
        found |= shown.dispatch(type(thing))(thing)
    except Exception as error:  # of the renderer, or of a rule: it is told in the text
        found["text/plain"] += f"\nNot shown: {str(error) or type(error).__name__}"
    return {
        kind: text
        for kind, text in found.items()
        if (not include or kind in include) and not (exclude and kind in exclude)
    }


def _takes_more_than_text() -> bool:
    """Whether who asks can show a picture: the IPython of a terminal cannot, and asks, too."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is None or "text/html" in shell.display_formatter.active_types


@functools.singledispatch
def shown(thing: Any) -> dict[str, str]:
    """What is shown of a thing beside its text, by MIME type.

    This is of one that viz knows by its public face alone, a History: the curve of its loss.
    """
    if len(thing.steps["loss"]) > _MOST_STEPS:
        raise UnaskedError(
            f"of more than {_MOST_STEPS:,} steps no curve is drawn unasked.\n"
            "Draw it by `history.plot()`."
        )
    svg = svg_of(loss_curve(thing))
    page = in_theme(shown_inline(svg, repr(thing)))
    return {"text/plain": repr(thing), "text/html": page, "image/svg+xml": svg.decode()}


# -- graphs ----------------------------------------------------------------------------------


@shown.register
def _picture(picture: Picture) -> dict[str, str]:
    return _drawn(picture)


@shown.register
def _node(node: Value) -> dict[str, str]:
    if node.op is None:
        return {}
    _check_small(node)
    # A card has the number of a Value, but not all those of an array.
    return _drawn(draw(node), _text(repr(node)) if isinstance(node, Tensor) else "")


def _drawn(picture: Picture, above: str = "") -> dict[str, str]:
    svg = picture.pipe("svg")
    content = above + shown_inline(svg, picture.alt)
    if picture.theme == "auto":
        page = in_theme(content, PAINT + _style())
    else:
        page = f'<div style="overflow-x:auto">{content}</div>'
    return {"text/html": page, "image/svg+xml": svg.decode()}


def _check_small(node: Value) -> None:
    """UnaskedError for a graph of more than MOST_CARDS nodes, of which no more are looked at."""
    ask = f"`viz.draw({node.name if node.name and node.name.isidentifier() else '_'})` draws it"
    found, ahead, entries = {node}, [node], np.size(data_of(node))
    for inner in ahead:
        for operand in inner.inputs:
            if operand in found:
                continue
            found.add(operand)
            ahead.append(operand)
            entries += np.size(data_of(operand))
            if len(found) > MOST_CARDS:
                raise UnaskedError(
                    f"a graph of more than {MOST_CARDS} nodes is not drawn unasked.\n{ask}."
                )
    if entries > _MOST_ENTRIES:
        raise UnaskedError(
            f"a graph of more than {_MOST_ENTRIES:,} numbers is not drawn unasked.\n"
            f"{ask}, after a backward pass through them."
        )


# -- text ------------------------------------------------------------------------------------


@shown.register
def _program(program: Program) -> dict[str, str]:
    return {"text/html": _source(program.source, hasattr(program, "script"))}


@shown.register
def _compiled(function: Compiled) -> dict[str, str]:
    source = function.source
    return {"text/plain": f"{function}\n\n{source}", "text/html": _source(source)}


def _source(source: str, in_javascript: bool = False) -> str:
    """A program, its first lines if it has many, coloured where Pygments is: IPython brings it."""
    lines = source.splitlines(keepends=True)
    more = len(lines) - _MOST_LINES
    text = "".join(lines[:_MOST_LINES])
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import JavascriptLexer, PythonLexer
    except ImportError:
        text = html.escape(text)
    else:
        lexer = JavascriptLexer() if in_javascript else PythonLexer()
        text = highlight(text, lexer, HtmlFormatter(nowrap=True))
    note = f"\n<i>and {more:,} lines more: `print` has them all</i>" if more > 0 else ""
    return in_theme(f"<pre>{text.rstrip()}{note}</pre>", _style())


@shown.register
def _module(module: Module) -> dict[str, str]:
    rows = layers(module)
    feet = [("total", rows[0].kind, f"{sum(row.parameters for row in rows):,}")]
    if frozen := sum(np.size(array) for array in frozen_in(module)):
        feet.append(("frozen", "", f"{frozen:,}"))
    cells = [
        (row.path, row.kind, f"{row.parameters:,}")
        for row in rows
        if row.path or (row.parameters and len(rows) > 1)
    ]
    return {"text/html": _table(("layer", "kind", "parameters"), cells, feet)}


def _table(head: Row, rows: Sequence[Row], feet: Sequence[Row]) -> str:
    """A table, its first rows if it has many."""
    more = len(rows) - _MOST_LINES
    body = "".join(_row(("th", "td"), row) for row in rows[:_MOST_LINES])
    if more > 0:
        body += _row(("td",), [f"and {more:,} more"])
    table = (
        f"<thead>{_row(('th',), head)}</thead><tbody>{body}</tbody>"
        f"<tfoot>{''.join(_row(('td',), foot) for foot in feet)}</tfoot>"
    )
    return in_theme(f'<table class="nabigrad-rows">{table}</table>', _style())


def _row(tags: Sequence[str], cells: Iterable[str]) -> str:
    """A row; what its last cells are is what the last of the tags says."""
    found = ""
    for i, cell in enumerate(cells):
        tag = tags[min(i, len(tags) - 1)]
        found += f"<{tag}>{html.escape(cell)}</{tag}>"
    return f"<tr>{found}</tr>"


def _text(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


@functools.cache
def _style() -> str:
    """The style of text and tables."""
    file = resources.files(__package__).joinpath("notebook.css").read_text(encoding="utf-8")
    words = {"value": VALUE, "gradient": GRADIENT, "local": LOCAL, "line": LINE}
    return string.Template(file).substitute({k: either(v) for k, v in words.items()})
