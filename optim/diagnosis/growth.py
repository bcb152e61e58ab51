"""How much longer the gradient becomes on its way back through a model: exploding gradients.

Each layer pulls a cotangent back by its Jacobian; where many do, one after the other, its norm
grows, or shrinks, like a power.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from autodiff import Tensor, Value
from autodiff.extend import leaves, pull_through, topological

from .layers import layers_of

EXPLOSION = 100.0  # times as long as at the output; in trained models of all kinds it is 1 to 30


class Growth(NamedTuple):
    """The layer where the cotangent is longest, and how many times as long as at the output."""

    layer: str
    factor: float


def growth_in(loss: Any, output: Any) -> Growth | None:
    """How long the cotangent of a loss becomes between the output of a model and its layers.

    By its norm over all rows, at what each layer computes of its parameters and of what it is
    given; of Values, where each parameter has a node for each row, at those of the parameter where
    it is longest. None where nothing comes back to the output, or more than can be written.
    """
    with np.errstate(all="ignore"):
        cotangents = pull_through([(loss, None)])
        outputs = [node for node in leaves(output) if isinstance(node, Value)]
        begun = _norm(cotangents[node] for node in outputs if node in cotangents)
        if not 0 < begun < math.inf:
            return None
        places: dict[Any, list[Any]] = {}
        before = dict.fromkeys(node for end in outputs for node in topological(end))
        for node, (layer, parameter) in layers_of(before).items():
            if parameter is not None and node in cotangents:
                place = node if isinstance(node, Tensor) else parameter
                places.setdefault((layer, place), []).append(cotangents[node])
        found = [Growth(layer, _norm(cts) / begun) for (layer, _), cts in places.items()]
    return max(found, key=lambda growth: growth.factor, default=None)


def _norm(cotangents: Iterable[Any]) -> float:
    """Over the entries of all, whose squares may overflow; infinity where one is not finite."""
    total = 0.0
    for ct in cotangents:
        longest = float(np.max(np.abs(ct), initial=0.0))
        if longest:
            total = math.hypot(total, longest * float(np.linalg.norm(np.asarray(ct) / longest)))
    return total if math.isfinite(total) else math.inf
