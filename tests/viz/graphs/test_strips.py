"""Strips: twelve bars, as NumPy's histogram has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.graphs.strips import BARS, heights

sizes = st.floats(1e-3, 1e6)


@given(st.lists(sizes | sizes.map(lambda x: -x), min_size=1, max_size=50))
def test_bars_are_counts(entries):
    m = np.abs(entries).max()
    edges = np.linspace(-1, 1, BARS + 1)
    counts = np.histogram(np.array(entries) / m, edges)[0]
    found = heights(entries)
    assert len(found) == BARS
    np.testing.assert_allclose(found, counts / counts.max())


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []), ([np.nan, np.inf], []), ([0.0, 0.0], [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]),
        ([1e-300], [0] * 11 + [1]), ([-np.inf, 2.0, np.nan], [0] * 11 + [1]),
        ([1e308, -1e308], [1] + [0] * 10 + [1]),
        ([[3, -3], [3, 0]], [0.5] + [0] * 4 + [0.25] * 2 + [0] * 4 + [1]),
    ],
)  # fmt: skip
def test_special_entries(entries, expected):
    assert heights(entries) == expected


def test_of_very_many_entries_some_are_looked_at():
    assert heights(np.arange(-3_000_000, 3_000_000)) == pytest.approx([1.0] * BARS, rel=1e-4)
