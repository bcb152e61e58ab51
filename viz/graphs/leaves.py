"""Where leaves are drawn: on the card of their module, alone, or with others used alike."""

from __future__ import annotations

import numpy as np

from .merging import Ints, numbered
from .network import Network
from .roles import mixed
from .scopes import is_parameter

_SEPARATE = 8  # leaves that are used alike and are still drawn one by one


def kinds_of(network: Network) -> Ints:
    """2 of a parameter, 1 of another leaf with a name, 0 of all other nodes."""
    pairs = zip(network.nodes, network.is_leaf.tolist(), strict=True)
    kinds = (
        (2 if is_parameter(node) else int(node.name is not None)) if leaf else 0
        for node, leaf in pairs
    )
    return np.fromiter(kinds, np.int64, len(network.nodes))


def with_leaves(network: Network, labels: Ints, kinds: Ints, most: int) -> Ints:
    """The number of the card of each node, where `labels` are those of all that are no leaves.

    A parameter that one card alone uses, of several nodes, is on that card. Leaves that the same
    cards use equally often share one where they are many, or where there would be more than `most`
    cards otherwise.
    """
    leaf, count = network.is_leaf, len(network.nodes)
    from_leaf = leaf[network.tails]
    tails, users = network.tails[from_leaf], labels[network.heads[from_leaf]]
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, -1)
    np.minimum.at(first, tails, users)
    np.maximum.at(last, tails, users)
    several = np.bincount(labels[~leaf], minlength=1) > 1
    sole = np.flatnonzero(leaf & ~network.is_drawn & (kinds == 2) & (first == last))
    sole = sole[several[first[sole]]]
    found = np.where(leaf, count + np.arange(count), labels)
    found[sole] = first[sole]
    alike = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        np.add.at(alike, tails, mixed(users.astype(np.uint64)))
        alike += mixed(kinds.astype(np.uint64) + np.uint64(count))
    left = leaf & ~network.is_drawn
    left[sole] = False
    left = np.flatnonzero(left)
    _, kind, sizes = np.unique(alike[left], return_inverse=True, return_counts=True)
    for fewest in (_SEPARATE + 1, 2):
        cards = found.copy()
        merged = sizes[kind] >= fewest
        cards[left[merged]] = 2 * count + kind[merged]
        cards = numbered(cards)
        if cards.max(initial=0) < most:
            break
    return cards
