"""Names for nodes: each once, the user's own where there is one."""

import autodiff as ad
from autodiff import Value
from autodiff.extend import topological
from viz.names import identifiers, names_of


def test_each_node_has_a_name_of_its_own():
    x, n1, other = Value(1.0, name="x"), Value(2.0, name="n1"), Value(3.0, name="x")
    unnamed = Value(4.0)
    f = ad.sin(x * n1) + other * unnamed
    nodes = list(topological(f))
    names = names_of(nodes)
    assert list(names) == nodes
    assert [names[n] for n in (x, n1, other, f)] == ["x", "n1", "x_", "f"]
    assert len(set(names.values())) == len(nodes)


def test_a_name_that_is_taken_is_not_given_again():
    f = Value(1.0, name="f") * 2
    assert sorted(names_of(list(topological(f))).values()) == ["f", "f_"]


def test_identifiers_are_names_in_a_program():
    found = identifiers(["w[0]", "w 0", "1", "lambda", "", "β", "a.b.c", "a_b_c"])
    assert found == ["w_0", "w_0_", "_1", "_lambda", "x", "β", "a_b_c", "a_b_c_"]
    assert all(name.isidentifier() for name in found)
