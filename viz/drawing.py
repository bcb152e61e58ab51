"""draw and save: from the nodes that are asked for to a picture of the graph behind them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import pull_through, topological

from . import palette
from .graphs import cards, circuit
from .graphs.alt import described, title
from .graphs.faces import DETAILS, Writer
from .graphs.flow import flow, parts_of
from .graphs.legend import legend
from .picture import Picture, check_writable, kind_of, themed, write

_MANY_EDGES = 60  # above it, pills hide the graph: local gradients move to the tooltips
STYLES: dict[str, Any] = {"cards": cards, "circuit": circuit}
DIRECTIONS = ("LR", "TB", "RL", "BT")


def draw(
    *outputs: Any, cotangent: Any = None, style: str = "cards", direction: str = "LR",
    theme: str = "auto", detail: str | Iterable[str] = DETAILS,
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
    bitmap: light); `detail` what is shown, of "values", "gradients", "locals" and "shapes". In a
    large graph the edges' numbers are tooltips, and colours tell their sign.

    Raises TypeError for what is no Value or Tensor, ValueError for another word than these, for a
    cotangent of another shape, and for a leaf that was changed since it was used.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> "x" in draw(x * x).source
    True
    """
    roots = _checked_nodes("draw", outputs)
    _check_word("style", style, tuple(STYLES))
    _check_word("direction", direction, DIRECTIONS)
    _check_word("theme", theme, palette.THEMES)
    detail = _checked_detail(detail)
    nodes = list(dict.fromkeys(node for root in roots for node in topological(root)))
    parts = parts_of(nodes, roots)
    seeds = _seeds(roots, cotangent)
    gradients = flow(parts, seeds) if {"gradients", "locals"} & detail else {}
    writer = Writer(parts, gradients, detail, seeds)
    dense = sum(len(part.edges) for part in parts) > _MANY_EDGES
    alt = described(roots, parts, gradients)
    picture = Picture("picture", theme=theme, title=title(roots), alt=alt)
    picture.graph_attr["rankdir"] = direction
    STYLES[style].add(picture, parts, writer, dense=dense)
    scalar = all(np.ndim(node.data) == 0 for node in nodes)
    of = _differentiated(roots, cotangent)
    picture.graph_attr["label"] = legend(
        of, detail, writer.footnotes, scalar=scalar, dense=dense, pills=style == "cards"
    )
    return themed(picture)


def save(value: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write the picture of `value` to an svg, png or pdf file, as the path ends.

    `options` are those of `draw`. Raises what that raises, ValueError for another ending,
    RenderError where nothing can render, OSError for a path that cannot be written; then no file is
    written or changed.

    >>> from autodiff import Value
    >>> x = Value(3.0, name="x")
    >>> save(x * x, "square.svg", style="circuit")  # doctest: +SKIP
    """
    _checked_nodes("save", [value])
    path = Path(path)
    kind = kind_of(path, "; a page to .html")
    check_writable(path)
    write(draw(value, **options).pipe(kind), path)


# -- what is asked for ---------------------------------------------------------------------


def _checked_nodes(function: str, outputs: Sequence[Any]) -> list[Value]:
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


def _check_word(name: str, word: Any, words: Sequence[str]) -> None:
    if word not in words:
        *others, last = map(repr, words)
        raise ValueError(f"`{name}` is {', '.join(others)} or {last}, but this is {word!r}.")


def _checked_detail(detail: Any) -> set[str]:
    words = [detail] if isinstance(detail, str) else list(detail)
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
