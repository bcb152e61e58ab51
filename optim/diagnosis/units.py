"""What the units of a model's layers do over many rows: saturated sigmoids, dead ReLUs.

They are found in the graph of a loss, by their operations, and called after the nearest parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import data_of, topological

from .layers import layers_of

FLAT = 1e-4  # a local gradient under which a unit learns next to nothing


class Units(NamedTuple):
    """A layer's units of one kind: how many, and the share that is saturated, or dead."""

    layer: str
    kind: str
    width: int
    share: float


# The local gradient of an output, where what is saturated has next to none; of a ReLU the output.
_SATURATED: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
}
_DEAD = ("relu",)


def units_in(loss: Any) -> list[Units]:
    """The layers in the graph of a loss whose units can be saturated or dead.

    Of a Tensor, each entry along the last axis is a unit (of images, with more than two axes,
    along the second), and the others are rows; of Values, each is a unit by itself. The share of a
    sigmoid is that of its outputs whose local gradient is under 1e-4; a ReLU is dead where it is 0
    in each row.
    """
    layers: dict[tuple[str, str], list[np.ndarray[Any, Any]]] = {}
    for node, (layer, _) in layers_of(topological(loss)).items():
        if node.op in _SATURATED or node.op in _DEAD:
            layers.setdefault((layer, node.op), []).append(_rows(data_of(node)))
    return [_counted(layer, kind, found) for (layer, kind), found in layers.items()]


def _rows(data: Any) -> np.ndarray[Any, Any]:
    """Outputs as rows and units."""
    array = np.asarray(data, float)
    if array.ndim > 2:
        array = np.moveaxis(array, 1, -1)
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _counted(layer: str, kind: str, found: list[np.ndarray[Any, Any]]) -> Units:
    """The share of a layer: of several nodes of one width, a reused layer's, all are its rows."""
    widths = {rows.shape[1] for rows in found}
    if len(widths) == 1 and widths != {1}:
        found = [np.concatenate(found)]
    width = sum(rows.shape[1] for rows in found)
    if kind in _DEAD:
        flags = [~np.any(rows > 0, axis=0) for rows in found]
    else:
        flags = [(_SATURATED[kind](rows) < FLAT).ravel() for rows in found]
    return Units(layer, kind, width, float(np.mean(np.concatenate(flags))))
