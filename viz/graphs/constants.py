"""Arrays that took part as constants: which cards they go into, under the names of variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from autodiff import Tensor
from autodiff.extend import operands_of

from .flow import Constant, Part

NameOf = Callable[[np.ndarray], str | None]


def name_constants(parts: Sequence[Part], name_of: NameOf) -> None:
    """Give constants the names of variables.

    A part of several nodes has those that have a name: the others are a matter of its own.
    """
    for part in parts:
        if part.node is not None:
            part.constants = {
                place: Constant(constant.array, name_of(constant.array))
                for place, constant in part.constants.items()
            }
        else:
            place = len(part.edges)
            for constant in _inside(part, name_of):
                part.constants[place] = constant
                place += 1


def _inside(part: Part, name_of: NameOf) -> list[Constant]:
    """The constants with a name, each once, of all the nodes of a part."""
    found: dict[str, Constant] = {}
    for node in part.nodes:
        if type(node) is Tensor and node.op is not None:
            for operand in operands_of(node):
                if isinstance(operand, np.ndarray) and (name := name_of(operand)):
                    found.setdefault(name, Constant(operand, name))
    return list(found.values())
