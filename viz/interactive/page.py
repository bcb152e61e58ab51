"""The page as a file: one text that needs nothing else, and asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import re
import string
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from autodiff import Value
from autodiff.extend import describe, formula_text, replacing, topological

from ..drawing import draw
from ..names import names_of
from ..palette import GRADIENT, PILL, VALUE
from ..render import render
from .graph import briefly, facts, name_in, shown
from .program import Unlive, javascript_program, python_program

# In the order in which they need each other; the program of the graph comes before them.
_SCRIPTS = ("numbers", "graph", "steps", "picture", "listing", "paths", "leaves", "plots", "page")
_MOST = 1_000  # nodes: to lay out a chain of so many takes half a minute
_LONGEST = 120  # characters of a formula that stands above the graph


class Page:
    """A graph as a page to step through: it shows itself in a notebook, `save` writes it.

    `html` is its text.
    """

    def __init__(self, value: Value) -> None:
        nodes = list(topological(value))
        script = javascript_program(nodes)
        told = facts(nodes) | {"live": isinstance(script, str)}
        if isinstance(script, Unlive):
            told["why"] = script.why
        own = [] if isinstance(script, Unlive) else [(' id="program"', script)]
        scripts = [*own, *(("", _file(f"{name}.js")) for name in _SCRIPTS)]
        style, picture = _file("page.css"), _picture(value)
        styles = [f"\n{style}\n", *re.findall("<style>(.*?)</style>", picture, re.DOTALL)]
        name = shown(names_of(nodes)[value])
        self.html = string.Template(_file("page.html")).substitute(
            policy=_policy(styles, [text for _, text in scripts]),
            title=html.escape(f"{name}, forward and backward"),
            heading=html.escape(f"{name}, forward and backward"),
            formula=html.escape(_whole_formula(nodes)),
            style=style,
            picture=picture,
            program=html.escape(python_program(nodes)),
            graph=json.dumps(told, ensure_ascii=False).replace("<", "\\u003c"),
            scripts="\n".join(f"<script{mark}>{text}</script>" for mark, text in scripts),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to an .html file, which is replaced whole or not at all.

        Raises ValueError for another ending.
        """
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(
                f"A page is written to a path ending in .html, not {Path(path).name!r}."
            )
        with replacing(Path(path)) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        """The page in a frame of its own, as a notebook shows it."""
        page = html.escape(self.html)
        size = 'width="100%" height="760"'
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" {size} frameborder="0"></iframe>'

    def __repr__(self) -> str:
        return f"<Page of {len(self.html.encode()) // 1000} kB: save('f.html') writes it>"


def page(value: Value) -> Page:
    """The graph behind `value` as a page: one .html file to open, send and keep.

    It steps through the forward and the backward pass, by keys, buttons or a slider, and says each
    step in words with its numbers; it shows what each edge contributes, every path from a leaf to
    the output with its product, and the graph in lines beside the program of its gradient. A graph
    of numbers, of up to 500 nodes, is live: its leaves have sliders, and gradient descent runs on
    those that are chosen. Raises TypeError for what is no Value or Tensor, RenderError where
    nothing can render, and ValueError for more than 1,000 nodes, or where a leaf was changed since.

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


def _file(name: str) -> str:
    """A file of this folder."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


# In the labels of a picture: the numbers of a card, and that of a pill.
_NUMBERS = re.compile(
    rf'(<FONT COLOR="{VALUE}"><B>|<FONT COLOR="{GRADIENT}">|BGCOLOR="{PILL}"[^>]*><FONT [^>]*>)'
    r"(?:−?(?:\d[\d.]{0,4}|\d[\d.]{0,3}e−?\d+|inf|NaN))(?=</)"
)
_ROOM = "−00.00"


def _picture(value: Value) -> str:
    """The picture as a part of a page, with room for other numbers, and without its tooltips."""
    svg = render(_NUMBERS.sub(rf"\g<1>{_ROOM}", draw(value, depth=math.inf).source), "svg").decode()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<title>.*?</title>\n?|<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    return re.sub(r' xlink:title="[^"]*"| xml:space="preserve"', "", svg)


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """What the page may load and run: itself, by its hashes, and nothing else."""
    style, script = (" ".join(map(_hash, texts)) for texts in (styles, scripts))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _whole_formula(nodes: Sequence[Value]) -> str:
    """The formula from the leaves to the output, where it is short; else that of the last step."""
    names = {node: shown(name) for node, name in names_of(nodes).items()}
    texts: dict[Value, str] = {}
    for node in nodes:
        text = formula_text(node, lambda operand: name_in(texts, operand))
        texts[node] = names[node] if node.op is None or len(text) > _LONGEST else text
    root = nodes[-1]
    return f"{names[root]} = {briefly(texts[root])}" if texts[root] != names[root] else ""
