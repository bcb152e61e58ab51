"""The graph behind some nodes, by numbers: what is grouped if there is too much of it to draw."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from autodiff import Value
from autodiff.extend import topological

from .merging import Ints


class Network:
    """Nodes, operands first, and the edges between them."""

    def __init__(self, outputs: Sequence[Value]) -> None:
        found = (topological(output) for output in outputs)
        self.nodes = list(dict.fromkeys(itertools.chain.from_iterable(found)))
        self.number = {node: i for i, node in enumerate(self.nodes)}
        inputs = [node.inputs for node in self.nodes]
        counts = np.array([len(i) for i in inputs], np.int64)
        operands = (self.number[operand] for operand in itertools.chain.from_iterable(inputs))
        self.tails: Ints = np.fromiter(operands, np.int64, int(counts.sum()))
        self.heads: Ints = np.repeat(np.arange(len(self.nodes)), counts)
        self.places: Ints = np.arange(len(self.tails)) - np.repeat(counts.cumsum() - counts, counts)
        self.is_leaf = counts == 0
        self.is_drawn = np.zeros(len(self.nodes), bool)
        self.is_drawn[[self.number[output] for output in outputs]] = True
