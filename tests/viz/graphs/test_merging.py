"""Ways to merge items: against SciPy's components, and by what each promises of any graph."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from viz.graphs.merging import (
    chains,
    consecutive,
    in_order,
    numbered,
    pairs_between,
    without_circles,
)


@st.composite
def graphs(draw, acyclic=False):
    """How many items there are, and edges between them, each once and none to itself."""
    count = draw(st.integers(1, 12))
    item = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(item, item).filter(lambda p: p[0] != p[1]), max_size=25))
    if acyclic:
        pairs = [(min(p), max(p)) for p in pairs]
        name = draw(st.permutations(range(count)))
        pairs = [(name[a], name[b]) for a, b in pairs]
    return count, np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)


def partition(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_numbers_come_in_order(labels):
    found = numbered(np.array(labels))
    assert partition(found) == partition(np.array(labels))
    first = [found.tolist().index(i) for i in range(found.max() + 1)]
    assert first == sorted(first)


@given(graphs())
def test_circles_are_the_strong_components(graph):
    count, pairs = graph
    matrix = csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, expected = connected_components(matrix, directed=True, connection="strong")
    found = without_circles(count, pairs)
    assert partition(found) == partition(expected)
    merged = pairs_between(pairs[:, 0], pairs[:, 1], found)
    in_order(found.max() + 1, merged)  # which refuses circles


def test_a_long_circle_takes_no_recursion():
    count = 20_000
    pairs = np.stack([np.arange(count), (np.arange(count) + 1) % count], axis=1)
    assert without_circles(count, pairs).max() == 0
    assert without_circles(count, pairs[:-1]).max() == count - 1


@given(graphs(acyclic=True))
def test_an_order(graph):
    count, pairs = graph
    order = in_order(count, pairs)
    assert sorted(order) == list(range(count))
    place = {item: i for i, item in enumerate(order)}
    assert all(place[a] < place[b] for a, b in pairs.tolist())


def test_a_circle_has_no_order():
    with pytest.raises(ValueError, match="in a circle"):
        in_order(3, np.array([[0, 1], [1, 2], [2, 1]]))


@given(graphs(acyclic=True))
def test_chains_are_as_long_as_they_can_be(graph):
    count, pairs = graph
    label = chains(count, pairs)
    before = np.bincount(pairs[:, 1], minlength=count)
    after = np.bincount(pairs[:, 0], minlength=count)
    together = {(a, b) for a, b in pairs.tolist() if after[a] == before[b] == 1}
    for a, b in pairs.tolist():
        if (a, b) in together:
            assert label[a] == label[b]
    assert count - (label.max() + 1) == len(together)
    merged = pairs_between(pairs[:, 0], pairs[:, 1], label)
    in_order(label.max() + 1, merged)


@given(graphs(acyclic=True), st.integers(1, 15))
def test_what_follows_each_other(graph, most):
    count, pairs = graph
    label = consecutive(count, pairs, most)
    assert label.max() + 1 == min(most, count)
    assert np.ptp(np.bincount(label)) <= 1
    in_order(label.max() + 1, pairs_between(pairs[:, 0], pairs[:, 1], label))


@given(graphs(), st.data())
def test_edges_between_labels(graph, data):
    count, pairs = graph
    labels = numbered(
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    )
    expected = {(labels[a], labels[b]) for a, b in pairs if labels[a] != labels[b]}
    found = list(map(tuple, pairs_between(pairs[:, 0], pairs[:, 1], labels).tolist()))
    assert len(found) == len(set(found))
    assert set(found) == expected
