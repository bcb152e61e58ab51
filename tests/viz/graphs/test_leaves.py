"""Where leaves are drawn: with their module, alone, or with others that are used alike."""

import numpy as np

from autodiff import Value
from viz.graphs.leaves import kinds_of, with_leaves
from viz.graphs.network import Network


def cards(root, labels, most=40):
    """The names of the leaves on each card, after those of the inner nodes that it has."""
    network = Network([root])
    inner = iter(labels)
    given = np.array([-1 if leaf else next(inner) for leaf in network.is_leaf])
    found = with_leaves(network, given, kinds_of(network), most)
    together = {}
    for node, card in zip(network.nodes, found.tolist(), strict=True):
        together.setdefault(card, []).append(node.name or node.op or "")
    return sorted(together.values())


def leaf(name):
    return Value(1.0, name=name)


def test_a_parameter_is_on_the_card_that_alone_uses_it():
    w, v, x = leaf("a.w"), leaf("a.v"), leaf("x")
    y = (w * x + v) * w
    assert cards(y, [0, 0, 0]) == [["a.w", "mul", "a.v", "add", "mul"], ["x"]]
    assert cards(y, [0, 0, 1]) == [["a.w"], ["mul"], ["mul", "a.v", "add"], ["x"]]
    assert len(cards(y, [0, 1, 2])) == 6  # a card of one node stands for that alone


def test_kinds():
    network = Network([leaf("a.w") * leaf("x") + Value(2.0)])
    assert kinds_of(network).tolist() == [2, 1, 0, 0, 0]


def test_few_leaves_stay_apart_and_many_that_are_used_alike_do_not():
    few = sum((leaf(f"x{i}") for i in range(7)), leaf("first"))
    assert len(cards(few, [0] * 7)) == 1 + 8
    many = sum((leaf(f"x{i}") for i in range(8)), leaf("first"))
    assert len(cards(many, [0] * 8)) == 2
    assert len(cards(few, [0] * 7, most=5)) == 2


def test_leaves_of_other_uses_and_kinds_stay_apart():
    w = leaf("w")
    total = w * leaf("x0")
    for i in range(1, 20):
        total = total + w * leaf(f"x{i}")
    found = cards(total, [0] * 39)
    assert ["w"] in found
    assert [f"x{i}" for i in range(20)] in found
    unnamed = sum((Value(1.0) for _ in range(10)), Value(0.0))
    named = sum((leaf(f"x{i}") for i in range(10)), unnamed)
    assert sorted(map(len, cards(named, [0] * 20))) == [10, 11, 20]
