"""Numbers as they are written: short, not misleading, and different where they differ."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.graphs.numbers import Numbers, is_special, norm, number

finite = st.floats(-1.7e308, 1.7e308)


def read(text):
    """The number that a text says."""
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (-0.0, "−0"), (2.0, "2"), (-12.0, "−12"), (0.5, "0.5"), (0.25, "0.25"),
     (-12.345, "−12.3"), (123.456, "123.5"), (1234.5678, "1234.6"), (12345.678, "1.23e4"),
     (1234.0, "1234"), (123456.0, "123456"), (1e6, "1e6"), (1234567.0, "1.23e6"), (1e22, "1e22"),
     (0.0123, "0.0123"), (0.012345, "0.0123"), (-0.05, "−0.05"), (0.00012345, "1.23e−4"),
     (1e-300, "1e−300"), (5e-324, "4.94e−324"), (1e308, "1e308"),
     (math.inf, "inf"), (-math.inf, "−inf"), (math.nan, "NaN"), (1 / 3, "0.333"),
     (0.1 + 0.2, "0.3"), (1.0000001, "1.00"), (0.9999, "1.000"), (9.9999, "10.00"),
     (0.7310585786300049, "0.731")],
)  # fmt: skip
def test_numbers_are_short(x, text):
    assert number(x) == text


@given(finite)
def test_a_number_as_shown_is_near(x):
    text = number(x)
    assert read(text) == pytest.approx(x, rel=0.0051)
    assert (read(text) == 0) == (x == 0)
    assert len(text) <= 10


@given(finite)
def test_what_shows_no_rounding_is_exact(x):
    text = number(x)
    if "." not in text and "e" not in text:
        assert read(text) == pytest.approx(x, rel=1e-12)


@given(st.lists(finite, max_size=30))
def test_numbers_of_one_picture_differ_where_they_do(numbers):
    write = Numbers(numbers)
    texts = {x: write(x) for x in numbers}
    for x, text in texts.items():
        assert read(text) == pytest.approx(x, rel=0.0051)
        for y in numbers:
            if not math.isclose(x, y, rel_tol=1e-5):
                assert text != texts[y]


def test_more_digits_tell_numbers_apart():
    write = Numbers([0.12345678, 0.12342, 0.5, 0.1234567800000001])
    assert [write(x) for x in (0.12345678, 0.12342, 0.5)] == ["0.1235", "0.1234", "0.5"]
    assert write(0.1234567800000001) == "0.1235"  # an error of rounding, and no other number
    assert write(0.77777) == "0.778"  # one that was not counted on


def test_digits_that_would_tell_nothing_apart_are_left_out():
    write = Numbers([0.25300000001, 0.253000000011, 0.2536])
    assert [write(x) for x in (0.25300000001, 0.253000000011, 0.2536)] == [
        "0.253",
        "0.253",
        "0.254",
    ]
    write = Numbers([0.2530001, 0.25300011, 0.2531])
    assert [write(x) for x in (0.2530001, 0.25300011, 0.2531)] == ["0.2530", "0.2530", "0.2531"]


def test_what_must_not_be_overlooked():
    assert all(map(is_special, (math.inf, -math.inf, math.nan, -0.0)))
    assert not any(map(is_special, (0.0, 1.0, -1e-300, 1e300)))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_a_norm_neither_overflows_nor_vanishes(scale):
    assert norm(np.array([[3.0, 0.0], [-4.0, 0.0]]) * scale) == pytest.approx(5 * scale, rel=1e-15)
    assert norm([]) == 0.0
    assert norm([1.0, -np.inf]) == np.inf
    assert math.isnan(norm([1.0, np.nan, np.inf]))
