"""The rows of a table of nodes: numbers by hand, for scalars and arrays."""

import numpy as np

from autodiff import Tensor, Value
from viz.rows import rows_of


def test_each_node_has_a_row_with_its_numbers():
    x, y = Value(2.0, name="x"), Value(3.0, name="y")
    p = x * y
    f = p + x * 0.5
    f.backward()
    half = f.inputs[1]
    names = {x: "x", y: "y", p: "n1", half: "n2", f: "f"}
    assert [tuple(row) for row in rows_of(names, names)] == [
        ("x", "", 2.0, 3.5, []),
        ("y", "", 3.0, 2.0, []),
        ("n1", "x * y", 6.0, 1.0, [("x", 3.0), ("y", 2.0)]),
        ("n2", "x * 0.5", 1.0, 1.0, [("x", 0.5)]),
        ("f", "n1 + n2", 7.0, 1.0, [("n1", 1.0), ("n2", 1.0)]),
    ]


def test_arrays_have_no_local_gradients_and_constants_among_them_no_name():
    x = Tensor([1.0, 2.0], name="x")
    shifted = x + np.array([3.0, 4.0])
    total = shifted.sum()
    total.backward()
    names = {x: "x", shifted: "n1", total: "f"}
    rows = {row.name: row for row in rows_of([shifted, total], names)}
    assert rows["n1"].formula == "x + constant"
    assert [row.local for row in rows.values()] == [[], []]
    np.testing.assert_array_equal(rows["n1"].gradient, [1.0, 1.0])


def test_of_a_number_beside_no_axes_the_local_gradient_is_a_number():
    x = Tensor(3.0, name="x")
    (row,) = rows_of([f := x * x], {x: "x", f: "f"})
    assert row.local == [("x", 3.0), ("x", 3.0)]
    assert [type(partial) for _, partial in row.local] == [float, float]
