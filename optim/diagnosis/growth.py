"""How much longer or shorter the gradient becomes on its way back: exploding and vanishing ones.

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

# Times as long as at the output; in trained models of all kinds it is from 0.01 to 30.
EXPLOSION, VANISHING = 100.0, 1e-4


class Growth(NamedTuple):
    """A layer, and how many times as long the cotangent is there as at the output."""

    layer: str
    factor: float


def growths_in(loss: Any, output: Any) -> list[Growth]:
    """How long the cotangent of a loss becomes between the output of a model and each layer.

    By its norm over all rows, at what a layer computes of its parameters and of what it is given,
    at its longest, as in one of the steps of an RNN; of Values, where each parameter has a node for
    each row, at those of one parameter. There are none where nothing comes back to the output, or
    more than can be written.
    """
    with np.errstate(all="ignore"):
        cotangents = pull_through([(loss, None)])
        outputs = [node for node in leaves(output) if isinstance(node, Value)]
        begun = _norm(cotangents[node] for node in outputs if node in cotangents)
        if not 0 < begun < math.inf:
            return []
        places: dict[Any, list[Any]] = {}
        before = dict.fromkeys(node for end in outputs for node in topological(end))
        for node, (layer, parameter) in layers_of(before).items():
            if parameter is not None and node in cotangents:
                place = node if isinstance(node, Tensor) else parameter
                places.setdefault((layer, place), []).append(cotangents[node])
        factors: dict[str, float] = {}
        for (layer, _), cts in places.items():
            factors[layer] = max(_norm(cts) / begun, factors.get(layer, 0.0))
    return [Growth(layer, factor) for layer, factor in factors.items()]


def _norm(cotangents: Iterable[Any]) -> float:
    """Over the entries of all, whose squares may overflow; infinity where one is not finite."""
    total = 0.0
    for ct in cotangents:
        longest = float(np.max(np.abs(ct), initial=0.0))
        if longest:
            total = math.hypot(total, longest * float(np.linalg.norm(np.asarray(ct) / longest)))
    return total if math.isfinite(total) else math.inf
