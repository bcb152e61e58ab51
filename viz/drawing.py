"""draw and mermaid: from the nodes that are asked for to a picture of the graph behind them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.extend import describe, is_count, is_number, pull_through

from . import palette
from .functions import graph_of
from .graphs import cards, circuit, diagrams
from .graphs.alt import described, title
from .graphs.captions import caption
from .graphs.collapse import grouping
from .graphs.constants import name_constants
from .graphs.content import Content, clusters, siblings
from .graphs.faces import DETAILS, Writer
from .graphs.flow import flow, parts_of
from .graphs.legend import legend
from .graphs.network import Network
from .graphs.variables import Variables
from .picture import Picture, themed
from .written import Written

STYLES: dict[str, Any] = {"cards": cards, "circuit": circuit}
DIRECTIONS = ("LR", "TB", "RL", "BT")


def draw(
    *outputs: Any, cotangent: Any = None, style: str = "cards", direction: str = "LR",
    theme: str = "auto", detail: str | Iterable[str] = DETAILS, depth: float | None = None,
    expand: str | Iterable[str] = (),
) -> Picture:  # fmt: skip
    """The graph behind one node or several, drawn: it shows itself in a notebook, `save` writes it.

    A card has a node's name or operation, its value above and its gradient below the line; an
    edge has the local gradient d out / d in, and is as wide as what flows back through it, or
    dashed where that is 0. Of a Tensor the norms are shown, and the rule on its edges.

    The picture is of one backward pass of its own, from `cotangent` at the output (1 if nothing is
    given; of several outputs a list): no `grad` is read or touched. So the gradient at the arrow's
    end times the local gradient is the edge's contribution, and contributions add up to the
    gradient; where a leaf's own `grad` is another, a footnote says so.

    `style` is "cards", or "circuit" as in textbooks; `direction` "LR", "TB", "RL" or "BT", from
    left to right and so on; `theme` "light", "dark", or "auto" as the reader's system is (in a
    bitmap: light); `detail` what is shown, of "values", "gradients", "locals" and "shapes".

    A graph of more than 60 nodes is drawn on at most 40 cards: one for each call of a module, where
    these were noted (by `model.draw(x)`, or within `viz.calls()`) or parameters tell of them by
    their names; else for what is repeated, for chains, for what follows each other. On an edge
    between such cards stands its Jacobian, d outputs of the one / d outputs of the other, by its
    size and norm (if it has at most 4,096 entries, and 100 rows), and what flows in and out of it.
    `depth` says down to which calls is drawn, 0 for the outermost modules as one card each,
    math.inf for all nodes; `expand` has paths of modules, as "layers.1", that are opened beside
    that. With more than 60 edges their numbers are tooltips, and colours tell their sign.

    Raises TypeError for what is no Value or Tensor, and for `detail` or `expand` of no strings,
    ValueError for another word than these, for a cotangent of another shape, for a depth or path
    of modules that there are none of, and for a leaf that was changed since it was used.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> "x" in draw(x * x).source
    True
    """
    roots = checked_nodes("draw", outputs)
    _check_word("style", style, tuple(STYLES))
    _check_word("theme", theme, palette.THEMES)
    drawn = _drawn(roots, cotangent, direction, detail, depth, expand)
    picture = Picture("picture", theme=theme, title=drawn.title, alt=drawn.alt)
    picture.graph_attr["rankdir"] = direction
    STYLES[style].add(picture, drawn.content)
    of = _differentiated(roots, cotangent)
    shown = drawn.content.shown(of, drawn.scope, pills=style == "cards")
    picture.graph_attr["label"] = legend(shown)
    return themed(picture)


def mermaid(
    f: Any, *args: Any, cotangent: Any = None, direction: str = "LR",
    detail: str | Iterable[str] = DETAILS, depth: float | None = None,
    expand: str | Iterable[str] = (),
) -> Diagram:  # fmt: skip
    """The graph behind a node as text in the language of Mermaid, which needs no Graphviz.

    GitHub, GitLab and notebooks show it as a picture, where it stands in a block of Markdown that
    begins with three backticks and `mermaid`. On each node are its name or operation, its value
    and its gradient, on each edge the local gradient; an edge is dotted where nothing flows back.
    It is a text, which prints itself. f may be a function, too, of the `args` that follow.

    The other options are those of `draw`, and a graph of more than 60 nodes is collapsed as there.
    Raises what `draw` raises.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> print(mermaid(x * x))
    flowchart LR
        accTitle: Graph of an unnamed output
        accDescr: Graph of an unnamed output = 9: 2 nodes, 2 edges. Gradients: x 6.
        n0("<b>x</b><br/>3<br/>grad 6"):::leaf
        n1["<b>#42;</b><br/>9<br/>grad 1"]:::output
        n0 -->|"3"| n1
        n0 -->|"3"| n1
        classDef leaf fill:#eef5ff,stroke:#7d8a97,color:#1f2328
        classDef output fill:#fff5dc,stroke:#7d8a97,color:#1f2328
    """
    root = graph_of("mermaid", f, args)
    drawn = _drawn([root], cotangent, direction, detail, depth, expand)
    return Diagram(diagrams.text(drawn.content, drawn.title, drawn.alt, direction, drawn.scope))


class Diagram(Written):
    """Mermaid, which a notebook shows as a picture if it can."""

    def _repr_markdown_(self) -> str:
        return f"```mermaid\n{self}\n```"


class _Drawn(NamedTuple):
    """What is drawn, in whatever language."""

    content: Content
    title: str
    alt: str
    scope: str  # how much of the graph it is


def _drawn(
    roots: Sequence[Value], cotangent: Any, direction: str, detail: str | Iterable[str],
    depth: float | None, expand: str | Iterable[str],
) -> _Drawn:  # fmt: skip
    _check_word("direction", direction, DIRECTIONS)
    detail = _checked_detail(detail)
    expand = _words("expand", expand)
    _check_depth(depth)
    network = Network(roots)
    groups = grouping(network, depth, expand)
    parts = parts_of(network, groups.cards)
    name_constants(parts, Variables().name_of)
    captions = {part: caption(groups, part) for part in parts if part.node is None}
    seeds = _seeds(roots, cotangent)
    gradients = flow(parts, seeds) if {"gradients", "locals"} & detail else {}
    writer = Writer(parts, captions, gradients, seeds, detail)
    content = Content(parts, writer, clusters(groups, parts, expand), siblings(parts, captions))
    alt = described(roots, parts, captions, gradients)
    return _Drawn(content, title(roots), alt, groups.said())


# -- what is asked for ---------------------------------------------------------------------


def checked_nodes(function: str, outputs: Sequence[Any]) -> list[Value]:
    """The nodes, or those of a list of them; TypeError, with the fix, for anything else."""
    several = outputs[0] if len(outputs) == 1 and isinstance(outputs[0], (list, tuple)) else outputs
    for value in several:
        if not isinstance(value, Value):
            fix = "Make it of Values or Tensors, as in `Value(2.0, name='x')`."
            if callable(value):
                fix = f"Call it first, as in `{function}(model(x))`."
            raise TypeError(
                f"`{function}` takes a Value or Tensor, or a list of them, but this is "
                f"{type(value).__name__}.\n{fix}"
            )
    if not several:
        raise TypeError(
            f"`{function}` takes a Value or Tensor, or a list of them, but here is none."
        )
    return list(several)


def _check_depth(depth: Any) -> None:
    is_given = is_count(depth) or (is_number(depth) and depth in (0, math.inf))
    if depth is not None and not is_given:
        raise ValueError(
            f"`depth` is a whole number from 0 up, or math.inf, but this is {depth!r}.\n"
            "Leave it out for as much as can be read."
        )


def _check_word(name: str, word: Any, words: Sequence[str]) -> None:
    if not isinstance(word, str) or word not in words:
        *others, last = map(repr, words)
        raise ValueError(f"`{name}` is {', '.join(others)} or {last}, but this is {word!r}.")


def _words(option: str, given: Any) -> list[str]:
    """One word or several as a list; TypeError for what is neither."""
    words = [given] if isinstance(given, str) else list(given) if np.iterable(given) else [given]
    if not all(isinstance(word, str) for word in words):
        raise TypeError(
            f"`{option}` is a string, or a list of some, but this is {describe(given)}.\n"
            "Leave it out for what is usual."
        )
    return words


def _checked_detail(detail: Any) -> set[str]:
    words = _words("detail", detail)
    for word in words:
        if word not in DETAILS:
            raise ValueError(
                f"`detail` has some of {', '.join(map(repr, DETAILS))}, but this is {word!r}.\n"
                "Leave it out to see all."
            )
    return set(words)


def _seeds(roots: Sequence[Value], cotangent: Any) -> list[tuple[Value, Any]]:
    """What the backward pass starts from, each cotangent as plain data in the shape of its node."""
    if len(roots) > 1 and cotangent is not None:
        if not isinstance(cotangent, (list, tuple)) or len(cotangent) != len(roots):
            raise ValueError(
                f"Of {len(roots)} outputs the cotangents are a list of as many, but this is "
                f"{cotangent!r}.\nGive one to each, as in `cotangent={[1.0] * len(roots)}`."
            )
        cotangents = list(cotangent)
    else:
        cotangents = [cotangent] * len(roots)
    pairs = zip(roots, cotangents, strict=True)
    return [(root, pull_through([(root, ct)], stop=[root])[root]) for root, ct in pairs]


def _differentiated(roots: Sequence[Value], cotangent: Any) -> str:
    """What the gradients are of: `f`, `f + g`, or what of it the cotangent makes."""
    names = [root.name or ("output" if len(roots) == 1 else f"output {i + 1}")
             for i, root in enumerate(roots)]  # fmt: skip
    if cotangent is not None:
        return f"(cotangent · {names[0]})" if len(roots) == 1 else "(cotangents · outputs)"
    names = [f"sum({n})" if np.size(r.data) > 1 else n for n, r in zip(names, roots, strict=True)]
    text = " + ".join(names)
    return text if len(roots) == 1 else f"({text})"
