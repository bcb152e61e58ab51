"""Functions as graphs: what their arguments are called, and which of them become leaves."""

import numpy as np
import pytest

from autodiff import Tensor, Value
from viz.functions import as_leaves, graph_of, names_of_parameters

NAMES = ["x", "X", "n", "s", "deep"]


def test_names():
    assert names_of_parameters(lambda a, b, *rest: 0, 4) == ["a", "b", "rest[0]", "rest[1]"]
    assert names_of_parameters(lambda a, /, b=1, *, c=2: 0, 1) == ["a"]
    assert names_of_parameters(max, 2) == ["x0", "x1"]


def test_leaves():
    x, X, n, s, deep = as_leaves(NAMES, [1.0, np.ones(2), 3, "s", [1.0, (2.0,)]])
    assert (type(x), x.name) == (Value, "x")
    assert (type(X), X.name) == (Tensor, "X")
    assert (n, s) == (3, "s")
    assert [deep[0].name, deep[1][0].name] == ["deep[0]", "deep[1]"]


def test_whole_numbers_are_leaves_where_there_are_no_others():
    assert isinstance(as_leaves(["x"], [3])[0], Value)
    assert as_leaves(["x", "flag"], [3, True])[1] is True
    assert as_leaves(["x", "n"], [3.0, 2])[1] == 2


def test_the_graph():
    assert graph_of("draw", lambda x, n: x**n, (2.0, 3)).data == 8.0
    node = Value(1.0)
    assert graph_of("draw", node, ()) is node
    with pytest.raises(TypeError, match="`draw` of a function draws what it gives, but `<lambda>`"):
        graph_of("draw", lambda x: [x], (2.0,))
