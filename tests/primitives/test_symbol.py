"""Symbols: what a rule says, as text, and with the numbers that are known."""

import numpy as np
import pytest

from autodiff.operations.zeros import times
from autodiff.primitives.symbol import Symbol
from autodiff.support import syntax


def symbol(name, data=None):
    return Symbol(syntax.name(name), data)


def test_what_is_done_to_a_symbol_is_written_down():
    x, y = symbol("x"), symbol("y")
    for done, text in [
        (x[..., 0], "x[..., 0]"),
        (x[1:], "x[1:]"),
        (x.T, "x.T"),
        (~(x > y), "~(x > y)"),
        ((x >= y) & (x <= 1), "(x >= y) & (x <= 1)"),
        ((x == y) | (x != 0.5), "(x == y) | (x != 0.5)"),
        (x < y, "x < y"),
        (x + 2 * y, "x + 2 * y"),
        (times(x, y), "x * y"),
    ]:
        assert repr(done) == f"Symbol({text})"


def test_what_is_known_is_computed_beside_it():
    data = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = symbol("x", data)
    assert x.shape == (2, 2)
    np.testing.assert_array_equal(x.T.data, data.T)
    np.testing.assert_array_equal(x[..., 0].data, [1.0, 3.0])
    np.testing.assert_array_equal((x * 2.0).data, 2 * data)
    assert symbol("x").shape == symbol("x", 3.0).shape == ()
    assert symbol("x").T.data is symbol("x")[0].data is None


def test_a_symbol_decides_nothing():
    for decide in (bool, float):
        with pytest.raises(TypeError, match="`x > 0`"):
            decide(symbol("x") > 0)
