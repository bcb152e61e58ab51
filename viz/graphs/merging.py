"""Ways to merge the items of a graph, by number: circles into one, chains, consecutive ones.

An item is a node, or several that have been merged before; `pairs` are the edges between items,
each once, as an array of two columns. Each function gives a new number for every item.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def numbered(labels: Ints) -> Ints:
    """The same partition, its parts numbered from 0 in the order in which they first come."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def pairs_between(tails: Ints, heads: Ints, labels: Ints) -> Ints:
    """The edges between what has different labels, each once."""
    a, b = labels[tails], labels[heads]
    apart = a != b
    count = int(labels.max(initial=0)) + 1
    keys = np.unique(a[apart] * count + b[apart])
    return np.stack([keys // count, keys % count], axis=1)


def without_circles(count: int, pairs: Ints) -> Ints:
    """Items that depend on each other in a circle become one (Tarjan 1972, without recursion)."""
    after = _followers(pairs)
    index, low, label = [-1] * count, [0] * count, [-1] * count
    path: list[int] = []
    found = visited = 0
    for root in range(count):
        if index[root] >= 0:
            continue
        stack = [(root, 0)]
        while stack:
            item, place = stack.pop()
            if place == 0:
                index[item] = low[item] = visited
                visited += 1
                path.append(item)
            else:
                low[item] = min(low[item], low[after[item][place - 1]])
            following = after[item]
            while place < len(following):
                other = following[place]
                place += 1
                if index[other] < 0:
                    stack += [(item, place), (other, 0)]
                    break
                if label[other] < 0:
                    low[item] = min(low[item], index[other])
            else:
                if low[item] == index[item]:
                    while label[item] < 0:
                        label[path.pop()] = found
                    found += 1
    return numbered(np.array(label, np.int64))


def chains(count: int, pairs: Ints) -> Ints:
    """An item and the only one that uses it become one, if that uses no other."""
    before, after = _followers(pairs[:, ::-1]), _followers(pairs)
    label = list(range(count))
    for item in in_order(count, pairs):
        makers = before[item]
        if len(makers) == 1 and len(after[makers[0]]) == 1:
            label[item] = label[makers[0]]
    return numbered(np.array(label, np.int64))


def in_order(count: int, pairs: Ints) -> list[int]:
    """The items, each after all that it depends on; ValueError where that is not possible."""
    after = _followers(pairs)
    waiting = np.bincount(pairs[:, 1], minlength=count).tolist()
    ready = [item for item in reversed(range(count)) if not waiting[item]]
    order = []
    while ready:
        item = ready.pop()
        order.append(item)
        for other in reversed(after[item]):
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    if len(order) < count:
        raise ValueError("Items that depend on each other in a circle have no order.")
    return order


def consecutive(count: int, pairs: Ints, most: int) -> Ints:
    """Items that follow each other in the order of the graph become one: `most` are left."""
    label = np.empty(count, np.int64)
    label[in_order(count, pairs)] = np.arange(count) * min(most, count) // max(count, 1)
    return numbered(label)


def _followers(pairs: Ints) -> defaultdict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for a, b in pairs.tolist():
        found[a].append(b)
    return found
