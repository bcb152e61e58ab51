"""The program of a graph: its value and gradient as Python, and all its numbers as JavaScript."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from autodiff import TraceError, Value, derive, grad
from autodiff.extend import data_of, operands_of, operations, recomputed

from ..names import identifiers, names_of
from .graph import is_scalar

MOST_NODES = 500  # that are live


class Unlive(NamedTuple):
    """Why a page cannot compute its graph anew."""

    why: str


_CHOSEN = "A comparison has chosen here by these numbers; the graph keeps no other choice."


def _has_chosen(nodes: Sequence[Value]) -> bool:
    """Whether a condition, as that of `where`, is a constant: what it compared is not there."""
    known = operations()
    return any(
        name == "condition" and not isinstance(operand, Value)
        for node in nodes
        if node.op and node.op in known
        for name, operand in zip(known[node.op].operands, operands_of(node), strict=False)
    )


def python_program(nodes: Sequence[Value]) -> str:
    """The value and gradient of a graph, by its leaves, as Python; else why there is none."""
    try:
        source = str(derived(nodes).source)
        return f"# {_CHOSEN}\n{source}" if _has_chosen(nodes) else source
    except (TraceError, ValueError) as error:
        return f"# {error}".replace("\n", "\n# ")


def derived(nodes: Sequence[Value], engine: str = "numpy") -> Any:
    """The program of a graph's value and gradient, a function of its leaves.

    Raises TraceError, or ValueError, where there is none.
    """
    own = None if engine == "numpy" else {node for node in nodes if node.name}
    f = _function(nodes, _root, own)
    return derive(f, *[leaf.data for leaf in leaves_of(nodes)], engine=engine)


def javascript_program(nodes: Sequence[Value], name: str = "compute") -> str | Unlive:
    """A function from the leaves' numbers to the other nodes' values and all local gradients."""
    if not is_scalar(nodes):
        return Unlive("Graphs of numbers are live: their leaves have sliders. Here are arrays.")
    if len(nodes) == 1:
        return Unlive("A leaf alone is not computed of anything.")
    if len(nodes) > MOST_NODES:
        return Unlive(f"Graphs of up to {MOST_NODES} nodes are live, and this has {len(nodes)}.")
    if _has_chosen(nodes):
        return Unlive(_CHOSEN)
    args = [leaf.data for leaf in leaves_of(nodes)]
    try:
        program = derive(
            _function(nodes, _everything), *args, argnums=(), name=name, engine="javascript"
        )
    except (TraceError, ValueError) as error:
        return Unlive(str(error).splitlines()[0])
    return program.script  # type: ignore[attr-defined, no-any-return]


def function_of(nodes: Sequence[Value]) -> Callable[..., Any]:
    """A graph as a function of its leaves, which are nodes."""
    return _function(nodes, _root)


def leaves_of(nodes: Sequence[Value]) -> list[Value]:
    """The nodes that are no operation's."""
    return [node for node in nodes if node.op is None]


Reading = Callable[[Sequence[Value], dict[Value, Any]], Any]


def _function(
    nodes: Sequence[Value], reading: Reading, named: Collection[Value] | None = None
) -> Callable[..., Any]:
    """A graph as a function of its leaves, which gives what `reading` takes of its nodes.

    The nodes that are `named` have their names in a program of it: all, if nothing is said.
    """
    words = dict(zip(nodes, identifiers(names_of(nodes).values()), strict=True))
    leaves = leaves_of(nodes)

    def f(*args: Any) -> Any:
        found = dict(zip(leaves, args, strict=True))
        for node in nodes:
            if node.op is not None:
                found[node] = recomputed(node, [found[operand] for operand in node.inputs])
                if named is None or node in named:
                    found[node].name = words[node]
        return reading(nodes, found)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    f.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(words[leaf], kind) for leaf in leaves]
    )
    f.__name__ = words[nodes[-1]] if nodes[-1].op is not None else "f"
    return f


def _root(nodes: Sequence[Value], found: dict[Value, Any]) -> Any:
    return found[nodes[-1]]


def _everything(nodes: Sequence[Value], found: dict[Value, Any]) -> Any:
    """The values of operations, and the local gradients, those of one edge after another."""
    operations = [node for node in nodes if node.op is not None]
    partials = [
        partial
        for node in operations
        for partial in _partials(node, [found[i] for i in node.inputs])
    ]
    return [found[node] for node in operations], partials


def _partials(node: Value, inputs: list[Any]) -> list[Any]:
    def operation(*operands: Any) -> Any:
        return recomputed(node, operands)

    # What does not depend on the inputs is a constant, and no node of the trace.
    slopes = grad(operation, tuple(range(len(inputs))))(*inputs)
    own = {id(one) for one in inputs}
    return [data_of(s) if getattr(s, "op", "") is None and id(s) not in own else s for s in slopes]
