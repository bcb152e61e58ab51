"""What the page knows of a graph: its nodes and edges, in numbers and in words."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import Value, local_gradients
from autodiff.extend import (
    Primitive,
    edge_texts,
    formula_text,
    operands_of,
    operation_text,
    operations,
    pull_edges,
)

from ..graphs.text import shown
from ..names import names_of

_LONG_NUMBER = re.compile(r"(\b\d+\.0*\d{4})\d{3,}(e[-+]?\d+)?")


def is_scalar(nodes: Sequence[Value]) -> bool:
    """Whether all is numbers: each node, and each constant that one was computed from."""
    things = [thing for node in nodes for thing in (node.data, *operands_of(node))]
    return all(isinstance(thing, (Value, float, int)) for thing in things)


def name_in(names: Mapping[Any, str], operand: Any) -> str:
    """What an operand is called among these names; an array that is no node has none."""
    return names[operand] if isinstance(operand, Value) else "constant"


def briefly(formula: str) -> str:
    """A formula with its long numbers cut: 0.07204… for 0.07204367972722743."""
    return _LONG_NUMBER.sub(r"\1…\2", formula)


def facts(nodes: Sequence[Value]) -> dict[str, Any]:
    """Nodes, operands first, and the edges between them, as data that JSON holds.

    A number is one; of more there are the norm and the shape. An edge has its local gradient,
    where it is of numbers, and else the norms of what flows back through it and of what that makes
    of the gradient at its other end.
    """
    names = {node: shown(name) for node, name in names_of(nodes).items()}
    place = {node: i for i, node in enumerate(nodes)}
    flows = _flows(nodes)
    return {
        "scalar": is_scalar(nodes),
        "nodes": [_node(node, names) for node in nodes],
        "edges": [
            {"from": place[operand], "to": place[node], **edge}
            for node in nodes
            for operand, edge in zip(node.inputs, _edges_into(node, names, flows), strict=True)
        ],
    }


def _node(node: Value, names: Mapping[Any, str]) -> dict[str, Any]:
    shape = {} if np.size(node.data) == 1 else {"shape": "×".join(map(str, node.data.shape))}
    return {
        "name": names[node],
        "title": shown(node.name or briefly(operation_text(node)) or "leaf"),
        "formula": briefly(formula_text(node, lambda operand: name_in(names, operand))),
        "value": in_json(_size(node.data)),
        **shape,
    }


def _edges_into(node: Value, names: Mapping[Any, str], flows: Mapping[Any, Any]) -> list[Any]:
    """What is known of each edge into a node, its operands in order."""
    places = [i for i, o in enumerate(operands_of(node)) if isinstance(o, Value)]
    found = []
    for k, (i, text) in enumerate(zip(places, edge_texts(node), strict=True)):
        edge: dict[str, Any] = {"operand": i, "text": briefly(_renamed(text, node, names))}
        if np.ndim(node.data) == 0 and np.ndim(node.inputs[k].data) == 0:
            edge |= {"local": in_json(_local(node, k)), "choice": _is_choice(node, i, text)}
        flow, after = flows[node][k]
        found.append(edge | {"flow": in_json(flow), "after": in_json(after)})
    return found


def _local(node: Value, k: int) -> float:
    return float(local_gradients(node)[k])


def _is_choice(node: Value, i: int, text: str) -> bool:
    """Whether a partial of 0 says that nothing flows there, not even an infinite cotangent."""
    primitive = operations().get(node.op or "")
    if text == "0" or primitive is None or not primitive.elementwise:
        return text == "0" or "where(" in text
    return bool(primitive.choices[i])


def _flows(nodes: Sequence[Value]) -> dict[Value, list[tuple[float, float]]]:
    """Of each node's edges: the size of what flows back, and of the gradient that it adds to."""
    cotangents: dict[Value, Any] = {nodes[-1]: np.ones_like(nodes[-1].data)}
    if np.ndim(nodes[-1].data) == 0 and not isinstance(nodes[-1].data, np.ndarray):
        cotangents[nodes[-1]] = 1.0
    found: dict[Value, list[tuple[float, float]]] = {}
    for node in reversed(nodes):
        found[node] = []
        for operand, part in zip(node.inputs, pull_edges(node, cotangents[node]), strict=True):
            before = cotangents.get(operand)
            with np.errstate(all="ignore"):
                cotangents[operand] = part if before is None else before + part
            found[node].append((_size(part), _size(cotangents[operand])))
    return found


def _size(data: Any) -> float:
    """A number as it is, and the norm of an array."""
    if np.size(data) == 1:
        return float(np.reshape(data, ()))
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(np.asarray(data, np.float64)))


def in_json(number: float) -> float | str:
    """A number as JSON holds it, which has no infinities."""
    return number if math.isfinite(number) else repr(number)


# -- rules in the names of a graph ---------------------------------------------------------


def _renamed(text: str, node: Value, names: Mapping[Any, str]) -> str:
    """A rule's text, `ct * b`, with the names that nodes have in the graph: `n2.grad * x0`."""
    primitive = operations().get(node.op or "")
    if primitive is None:
        return text
    put = {"ct": f"{names[node]}.grad", _output_of(primitive): names[node]}
    operands = operands_of(node)
    if not primitive.variadic:
        put |= {
            rules: name_in(names, operand)
            for rules, operand in zip(primitive.operands, operands, strict=True)
            if isinstance(operand, (Value, np.ndarray))
        }
    return ast.unparse(_Renamed(put).visit(ast.parse(text, mode="eval")))


def _output_of(primitive: Primitive) -> str:
    """What a rule calls the output: its first parameter, or the one behind the cotangent."""
    return primitive.lead[0 if primitive.elementwise else 1]


class _Renamed(ast.NodeTransformer):
    def __init__(self, put: Mapping[str, str]) -> None:
        self.put = put

    def visit_Name(self, name: ast.Name) -> ast.Name:
        return ast.Name(self.put.get(name.id, name.id), name.ctx)
