"""Contradicting rows, against a search through all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optim.diagnosis.contradictions import contradictions


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)), min_size=1))
def test_all_pairs(rows):
    x, y = np.array([row[:2] for row in rows]), np.array([row[2] for row in rows])
    bad = {
        i
        for i, a in enumerate(rows)
        for b in rows
        if a[:2] == b[:2] and a[2] != b[2]
    }  # fmt: skip
    found = contradictions((x, y))
    if not bad:
        assert found is None
        return
    count, first, second, share = found
    assert count == len(bad)
    assert share == len(bad) / len(rows)
    assert rows[first][:2] == rows[second][:2]
    assert rows[first][2] != rows[second][2]
    assert first < second


@pytest.mark.parametrize("kind", [float, np.float32, str, bool])
def test_any_dtype_and_shape(kind):
    x = np.array([[[0, 1]], [[1, 1]], [[0, 1]]]).astype(kind)
    assert contradictions((x, np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))) == (2, 0, 2, 2 / 3)
    assert contradictions((x, np.arange(3), np.zeros(3))) is None  # of two inputs, both count
    assert contradictions((np.array([0.0, -0.0]), np.array([0, 1]))) == (2, 0, 1, 1.0)  # one number
    assert contradictions((np.zeros(2), np.array([0.0, -0.0]))) is None
    assert contradictions((np.zeros(2), np.zeros((2, 0)))) is None
