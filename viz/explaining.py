"""explain: the backward pass behind a node in numbered sentences, as its page tells it."""

from __future__ import annotations

import importlib.util
import math
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autodiff.extend import topological

from .functions import graph_of
from .interactive.graph import facts
from .interactive.program import MOST_NODES
from .interactive.sentences import Part, filled, fine, plain
from .names import natural
from .written import Written

_MOST_LEAVES = 8  # whose gradients the last sentence has
_WIDTH = 98  # characters of a line


class Step(NamedTuple):
    """A step of the walk: what is said of it, and of each input that gets something."""

    number: int
    sentence: list[Part]
    more: list[list[Part]]


class Explanation(Written):
    """Numbered sentences. At a terminal's prompt they stand in tables, if rich is installed.

    `print` and `str` have them as plain text, and so has a file. `steps` are those forward and
    those backward.
    """

    steps: tuple[list[Step], list[Step]]

    def __repr__(self) -> str:
        return in_tables(self) if importlib.util.find_spec("rich") else str(self)

    def __rich__(self) -> Any:
        """The tables, as rich's own `print` asks for them."""
        from rich.console import Group

        return Group(*_tables(self))


def explain(f: Any, *args: Any) -> Explanation:
    """The backward pass behind a node in numbered sentences, each with its numbers.

    First each operation that is computed, then, from the output on, what each sends back to its
    inputs, and how that adds up: the sentences of the page, and their numbers. It is a text, which
    prints itself; at a terminal's prompt it stands in coloured tables, where `rich` is installed.
    The pass is one of its own, from 1 at the output (ones, of an array), and touches no `grad`. f
    may be a function, too, of the `args` that follow.

    Raises TypeError for what is no Value, Tensor or function that gives one, and ValueError for a
    graph of more than 500 nodes, or where a leaf was changed since it was used.

    >>> from autodiff import Value
    >>> x, y = Value(3.0, name="x"), Value(-2.0, name="y")
    >>> print(explain(x * y + x))
    Forward
      1. n1 = x * y = −6, of x = 3 and y = −2.
      2. f = n1 + x = −3, of n1 = −6 and x = 3.
    Backward
      3. The forward pass is done: f is −3. The walk back starts with f.grad = 1: f moves as fast as
         itself.
      4. + (f) has gradient 1 and sends it to its inputs, times each local gradient:
           n1.grad = 1 × 1 = 1
           x.grad = 1 × 1 = 1
      5. * (n1) has gradient 1 and sends it to its inputs, times each local gradient:
           x.grad += 1 × −2 = −2 (was 1, now −1)
           y.grad = 1 × 3 = 3
      6. Every gradient is known. f = −3, x.grad = −1, y.grad = 3.
           A little more of y moves f 3 times as far.
    """
    nodes = list(topological(graph_of("explain", f, args)))
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"An explanation is of at most {MOST_NODES} nodes, but this graph has {len(nodes)}.\n"
            "Explain an inner node, or draw it: `viz.draw` shows what is repeated once."
        )
    forward, backward = _Walk(facts(nodes)).steps()
    lines = ["Forward"] if forward else []
    for title, steps in (("", forward), ("Backward", backward)):
        lines += [title] if title else []
        lines += [line for step in steps for line in _lines(step)]
    text = Explanation("\n".join(lines))
    text.steps = forward, backward
    return text


def _lines(step: Step) -> Iterator[str]:
    number = f"{step.number:>3}. "
    yield from _folded(plain(step.sentence), number, " " * 5)
    for more in step.more:
        yield from _folded(plain(more), " " * 7, " " * 9)


def _folded(sentence: str, first: str, others: str) -> Iterator[str]:
    """A sentence on as many lines as it needs; what holds together stays on one."""
    lines = textwrap.wrap(
        sentence, _WIDTH, initial_indent=first, subsequent_indent=others,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return (line.replace("\u00a0", " ") for line in lines)


class _Walk:
    """The steps of a graph, of which `facts` has told."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.nodes, self.is_scalar = told["nodes"], told["scalar"]
        self.into: dict[int, list[Mapping[str, Any]]] = {i: [] for i in range(len(self.nodes))}
        for edge in told["edges"]:
            self.into[edge["to"]].append(edge)
        self.operations = [i for i, node in enumerate(self.nodes) if node["formula"]]
        self.gradients: dict[int, float] = {}  # so far

    def steps(self) -> tuple[list[Step], list[Step]]:
        """Those forward and those backward, numbered as on the page."""
        count, root = len(self.operations), self.nodes[-1]
        forward = [Step(i, self._forward(k), []) for i, k in enumerate(self.operations, 1)]
        self.gradients[len(self.nodes) - 1] = seed = self._seed()
        which = "seed array" if "shape" in root else "seed"
        first = filled(which, name=root["name"], own=float(root["value"]), seed=seed)
        backward = [Step(count + 1, first, [])]
        for i, k in enumerate(reversed(self.operations), count + 2):
            backward.append(Step(i, self._backward(k), [*self._parts(k)]))
        said, *more = self._end()
        return forward, [*backward, Step(2 * count + 2, said, more)]

    def _seed(self) -> float:
        """Where the walk back starts: 1, and of an array the norm of so many ones."""
        shape = self.nodes[-1].get("shape", "1")
        return math.sqrt(math.prod(map(int, shape.split("×"))))

    def _forward(self, k: int) -> list[Part]:
        node, operands = self.nodes[k], [self.nodes[edge["from"]] for edge in self.into[k]]
        given = {**node, "own": float(node["value"])}
        if "shape" in node or any("shape" in operand for operand in operands):
            return filled("forward array" if "shape" in node else "forward number", **given)
        each = dict.fromkeys(f"{o['name']} = {fine(float(o['value']))}" for o in operands)
        return filled("forward", **given, operands=" and ".join(each))

    def _backward(self, k: int) -> list[Part]:
        node, own = self.nodes[k], self.gradients[k]
        name, title = node["name"], node["title"]
        called = name if title == name else f"{title} ({name})"
        which = "pulls array" if "shape" in node else "pulls number"
        if self.is_scalar:
            which = "nothing" if own == 0 else "sends"
        return filled(which, called=called, own=own)

    def _parts(self, k: int) -> Iterator[list[Part]]:
        """What each input gets, one after another: the first `=`, those that come later `+=`."""
        own = self.gradients[k]
        for edge in self.into[k]:
            operand = edge["from"]
            was, now = self.gradients.get(operand), float(edge["after"])
            self.gradients[operand] = now
            given = {
                "name": self.nodes[operand]["name"],
                "sign": "=" if was is None else "+=",
                "sum": "" if was is None else filled("sum", was=was, now=now),
                "part": float(edge["flow"]),
            }
            if "local" in edge:
                yield filled("part", **given, own=own, slope=float(edge["local"]))
            else:
                yield filled("part by rule", **given, rule=edge["text"])

    def _end(self) -> list[list[Part]]:
        root = self.nodes[-1]
        if not self.is_scalar:
            return [filled("end arrays", name=root["name"])]
        leaves = [i for i, node in enumerate(self.nodes) if not node["formula"]]
        some = sorted(leaves, key=lambda i: natural(self.nodes[i]["name"]))[:_MOST_LEAVES]
        gradients: list[Part] = []
        for i in some:
            gradients += [", "] if gradients else []
            gradients += filled("gradient", name=self.nodes[i]["name"], own=self.gradients[i])
        gradients.append(", …" if len(some) < len(leaves) else ".")
        steepest = max(some, key=lambda i: abs(self.gradients[i]))
        return [
            filled("end", name=root["name"], own=float(root["value"]), gradients=gradients),
            filled(
                "steepest", name=self.nodes[steepest]["name"], root=root["name"],
                own=self.gradients[steepest],
            ),
        ]  # fmt: skip


# -- tables --------------------------------------------------------------------------------

_STYLES = {"value": "bold green", "gradient": "bold dark_orange", "local": "bold dodger_blue1"}


def in_tables(explanation: Explanation) -> str:
    """The tables as this terminal shows them; plain text where it is none."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    if not console.is_terminal:
        return str(explanation)
    with console.capture() as captured:
        console.print(explanation)
    return str(captured.get()).rstrip("\n")


def _tables(explanation: Explanation) -> Iterator[Any]:
    from rich.table import Table
    from rich.text import Text

    def text(parts: Sequence[Part]) -> Any:
        return Text.assemble(
            *(p if isinstance(p, str) else (p.text, _STYLES[p.kind]) for p in parts)
        )

    for title, steps in zip(("Forward", "Backward"), explanation.steps, strict=True):
        if steps:
            table = Table("step", "in words", title=title, title_justify="left", expand=False)
            for step in steps:
                lines = [text(step.sentence), *(Text("  ") + text(more) for more in step.more)]
                table.add_row(str(step.number), Text("\n").join(lines))
            yield table
