"""The page of a graph: what it is told of the graph, and the texts that it is made of."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence

from autodiff import Value
from autodiff.extend import describe, formula_text, topological

from ..drawing import draw
from ..graphs.text import shown
from ..names import names_of
from ..palette import GRADIENT, MARK, VALUE
from ..render import render
from .document import Document, data, filled, text_of
from .graph import briefly, facts, is_scalar, name_in
from .program import Unlive, javascript_program, python_program
from .sentences import SENTENCES

_STYLES = ("common.css", "base.css", "page.css")
# In the order in which they need each other; the program of the graph comes before them.
_SCRIPTS = (
    "numbers", "graph", "steps", "picture", "listing", "paths", "leaves", "shapes", "plots", "page",
)  # fmt: skip
_MOST = 1_000  # nodes: to lay out a chain of so many takes half a minute
_LONGEST = 120  # characters of a formula that stands above the graph


class Page(Document):
    """A graph as a page to step through: it shows itself in a notebook, `save` writes it.

    `html` is its text.
    """

    def __init__(self, value: Value) -> None:
        nodes = list(topological(value))
        script = javascript_program(nodes)
        told = facts(nodes) | {"live": isinstance(script, str), "sentences": SENTENCES}
        if isinstance(script, Unlive):
            told["why"] = script.why
        own = [] if isinstance(script, Unlive) else [(' id="program"', script)]
        title = f"{shown(names_of(nodes)[value])}, forward and backward"
        body = filled(
            __package__,
            "page.html",
            heading=html.escape(title),
            formula=html.escape(_whole_formula(nodes)),
            picture=_picture(value, numbers=is_scalar(nodes)),
            walk=text_of(__package__, "walk.html"),
            program=html.escape(python_program(nodes)),
            graph=data(told),
        )
        style = "\n\n".join(text_of(__package__, name) for name in _STYLES)
        scripts = [*own, *(("", text_of(__package__, f"{name}.js")) for name in _SCRIPTS)]
        super().__init__(title, style, body, scripts)


def page(value: Value) -> Page:
    """The graph behind `value` as a page: one .html file to open, send and keep.

    It steps through the forward and the backward pass, by keys, buttons or a slider, and says each
    step in words with its numbers; it shows what each edge contributes, every path from a leaf to
    the output with its product, and the graph in lines beside the program of its gradient. A graph
    of numbers, of up to 500 nodes, is live: its leaves have sliders, and gradient descent runs on
    those that are chosen; but not where a comparison has chosen, as for `where`, which the graph
    does not know. Raises TypeError for what is no Value or Tensor, RenderError where nothing can
    render, and ValueError for more than 1,000 nodes, or where a leaf was changed since.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> page(x * x).save("square.html")  # doctest: +SKIP
    """
    if not isinstance(value, Value):
        raise TypeError(
            f"`page` takes a Value or Tensor, but this is {describe(value)}.\n"
            "Call the model first, as in `page(model(x))`."
        )
    if (count := len(topological(value))) > _MOST:
        raise ValueError(
            f"A page steps through every node, of which it shows up to {_MOST:,}, but this graph "
            f"has {count:,}.\nTake the page of a smaller part, an inner node or one row of the "
            "data; `draw` collapses a graph of any size into a picture."
        )
    return Page(value)


# In the labels of a picture: the numbers of cards.
_NUMBERS = re.compile(
    rf'(<TD ALIGN="RIGHT"[^>]*><FONT COLOR="(?:{VALUE}|{GRADIENT}|{MARK})">(?:<B>)?)'
    r"−?(?:\d[\d.]{0,4}|\d[\d.]{0,3}e−?\d+|inf|NaN)(?=</)"
)
_ROOM = "−00.00"


def _picture(value: Value, *, numbers: bool) -> str:
    """The picture as a part of a page, without its tooltips; of numbers with room for others."""
    source = draw(value, depth=math.inf).source
    svg = render(_NUMBERS.sub(rf"\g<1>{_ROOM}", source) if numbers else source, "svg").decode()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    return re.sub(r' xlink:title="[^"]*"| xml:space="preserve"', "", svg)


def _whole_formula(nodes: Sequence[Value]) -> str:
    """The formula from the leaves to the output, where it is short; else that of the last step."""
    names = {node: shown(name) for node, name in names_of(nodes).items()}
    texts: dict[Value, str] = {}
    for node in nodes:
        text = formula_text(node, lambda operand: name_in(texts, operand))
        texts[node] = names[node] if node.op is None or len(text) > _LONGEST else text
    root = nodes[-1]
    return f"{names[root]} = {briefly(texts[root])}" if texts[root] != names[root] else ""
