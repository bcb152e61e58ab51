"""Which layer of a model each node of a graph belongs to, by the paths of the parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.extend import operands_of


class Place(NamedTuple):
    """The layer of a node, and where it computes of a parameter and of other nodes, that one."""

    layer: str
    parameter: Any = None


def layers_of(nodes: Iterable[Any]) -> dict[Any, Place]:
    """The place of each node; operands come before what is computed of them.

    The layer is that of its own parameter, or else of what it is computed from. What is computed of
    parameters alone, such as an array of Values, is taken for one.
    """
    places: dict[Any, Place] = {}
    parameters: set[Any] = set()
    for node in nodes:
        own = [o for o in node.inputs if o in parameters]
        others = [o for o in node.inputs if o not in parameters]
        has_data = any(np.ndim(o) and not isinstance(o, Value) for o in operands_of(node))
        if node.name if node.op is None else not others and not has_data:
            parameters.add(node)
        found = (places[o].layer for o in [*own, *others])
        layer = next((layer for layer in found if layer), _layer_of(node.name or ""))
        places[node] = Place(layer, own[0] if own and any(o.op for o in others) else None)
    return places


def _layer_of(name: str) -> str:
    """The layer of a parameter by its path: `layers.0` of `layers.0.neurons.3.w.1`."""
    path = re.sub(r"\.neurons\..*", "", name)
    return path if path != name else name.rpartition(".")[0] or name
