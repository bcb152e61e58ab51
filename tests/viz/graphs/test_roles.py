"""Roles: what is done again and again has one colour, what is done elsewhere has another."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value
from viz.graphs.network import Network
from viz.graphs.roles import refined


def coloured(root, rounds):
    network = Network([root])
    kinds = {op: i for i, op in enumerate({node.op for node in network.nodes})}
    colours = np.array([kinds[node.op] for node in network.nodes])
    for _ in range(rounds):
        colours = refined(colours, network.tails, network.heads, network.places)
    return dict(zip(network.nodes, colours.tolist(), strict=True))


def test_what_is_done_to_each_sample_has_one_colour():
    w, b = Value(2.0), Value(1.0)
    products = [w * Value(float(i)) for i in range(10)]
    sums = [p + b for p in products]
    total = sums[0]
    for each in sums[1:]:
        total = total + ad.exp(each)
    for rounds in (2, 3):
        found = coloured(total, rounds)
        middle = {found[p] for p in products[2:8]}
        assert len(middle) == 1
        assert found[w] not in middle | {found[b]} | {found[o] for o in products[3].inputs[1:]}
        assert {found[s] for s in sums[3:8]}.isdisjoint({found[n] for n in total.inputs[:1]})


def test_places_and_users_tell_apart():
    a, b = Value(1.0), Value(2.0)
    x = a - b
    assert coloured(x, 0)[a] == coloured(x, 0)[b]
    assert coloured(x, 1)[a] != coloured(x, 1)[b]
    c, d = ad.exp(a), ad.exp(a)
    y = ad.sin(c) + ad.cos(d)
    assert coloured(y, 0)[c] == coloured(y, 0)[d]
    assert coloured(y, 1)[c] != coloured(y, 1)[d]
    n = [ad.exp(a), ad.exp(b)]
    z = n[0] + n[1] * ad.exp(a)  # a is used twice, b once
    assert coloured(z, 1)[a] != coloured(z, 1)[b]


@given(st.integers(1, 4), st.integers(0, 10_000))
def test_refining_only_splits_and_does_not_depend_on_the_order(rounds, seed):
    rng = np.random.default_rng(seed)
    count = 12
    tails, heads = np.sort(rng.integers(0, count, (2, 20)), axis=0)
    places, colours = rng.integers(0, 2, 20), rng.integers(0, 3, count)
    order = rng.permutation(count)
    new, other = colours, np.empty(count, np.int64)
    other[order] = colours
    for _ in range(rounds):
        before, new = new, refined(new, tails, heads, places)
        other = refined(other, order[tails], order[heads], places)
        same = new[:, None] == new[None, :]
        assert np.all(~same | (before[:, None] == before[None, :]))
        np.testing.assert_array_equal(same, other[order][:, None] == other[order][None, :])
