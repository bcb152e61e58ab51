"""What is on a card of an array: all of it, or its norm and how it is distributed."""

from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import cards_of, drawn_svg

import autodiff as ad
import viz
from autodiff import Tensor
from viz.palette import MARK, VALUE


def test_a_small_array_is_shown_in_full():
    W = Tensor([[1.0, -2.5], [0.125, np.nan]], name="W")
    cards = cards_of(viz.draw(W * np.array([[1.0, 2.0], [3.0, 4.0]])))
    assert cards["W"] == ["2×2", "1", "−2.5", "0.125", "NaN", "1", "2", "3", "4"]
    svg = drawn_svg(viz.draw(W * 1.0, detail="values"))
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    assert [t.text for t in texts if t.get("fill") == MARK] == ["NaN", "NaN"]


@pytest.mark.parametrize(
    ("shape", "in_full"),
    [((1,), True), ((6,), True), ((7,), False), ((3, 3), True), ((2, 5), False), ((1, 6), True),
     ((2, 2, 2), False), ((1, 1, 2), False), ((4, 2), True), ((0,), False)],
)  # fmt: skip
def test_a_larger_one_by_its_norm_and_a_strip(shape, in_full):
    x = Tensor(np.full(shape, 2.0), name="x")
    source = viz.draw(x * 1.0).source
    assert ("|x| " in source) == (not in_full)
    bars = source.count('WIDTH="3"')
    assert bool(bars) == (not in_full and 0 not in shape)
    assert ("bars: how entries are spread" in source) == bool(bars)


def test_a_strip_shows_how_entries_are_distributed():
    x = Tensor(np.linspace(0.5, 3.0, 300), name="x")  # none below 0
    svg = drawn_svg(viz.draw(ad.sum(x), detail="values"))
    shapes = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polygon")
    bars = [s.get("points") for s in shapes if s.get("fill") == VALUE]
    assert len(bars) == 5  # of the six ranges above 0, all but the first
    heights = [np.ptp([float(p.split(",")[1]) for p in points.split()]) for points in bars]
    assert np.ptp(heights) <= 1


def test_a_type_is_said_that_is_not_the_usual_one():
    x = Tensor(np.ones((2, 3), np.float32), name="x")
    assert cards_of(viz.draw(x * 2))["x"][:2] == ["2×3", "float32"]
    assert cards_of(viz.draw(ad.sum(x)))["sum"][:1] == ["float32"]
    assert "float64" not in viz.draw(Tensor([1.0]) * 2.0).source
    assert "float32" not in viz.draw(x * 2, detail="values").source
