"""A descent over two weights: contours that lie where the loss has their level, and the ways."""

import numpy as np
import pytest

import autodiff as ad
from optim import minimize
from viz import descent
from viz.descents.over_two import levels_of, steps_limits
from viz.descents.routes import PASSED, ROSE
from viz.descents.walks import walks_on

ZIGZAG = [[4.0, 1.0], [3.0, -0.8], [2.0, 0.9], [1.0, 0.0], [1.0, 0.5]]


def valley(x):
    return 0.5 * (x[0] ** 2 + 10 * x[1] ** 2)


def rosenbrock(a, b):
    return (1 - a) ** 2 + 100 * (b - a**2) ** 2


def contours(axes):
    """The level of each contour, and its points."""
    found = [c for c in axes.collections if hasattr(c, "levels") and not c.filled]
    (lines,) = found
    return list(zip(lines.levels, (path.vertices for path in lines.get_paths()), strict=True))


@pytest.mark.parametrize(
    ("f", "of", "path", "off"),
    [
        (valley, lambda a, b: 0.5 * (a * a + 10 * b * b), ZIGZAG, 0.01),
        (rosenbrock, rosenbrock, [[-1.2, 1.0], [1.0, 1.0]], 0.15),
        (lambda x: x @ x, lambda a, b: a * a + b * b, ZIGZAG, 0.01),
    ],
)
def test_contours_lie_where_the_loss_has_their_level(f, of, path, off):
    axes = descent(f, path).axes[0]
    found = contours(axes)
    assert len(found) >= 8
    for level, points in found:
        assert len(points)
        at = of(*points.T)
        span = off * max(abs(level), 0.1)
        assert np.abs(at - level).max() < span + 0.03 * abs(level)


def test_the_ways_down_and_what_goes_too_far():
    drawn = descent(valley, {"a": ZIGZAG, "b": ZIGZAG[::-1]}, title="Ways")
    axes, beside = drawn.axes
    routes = [one for one in axes.lines if len(one.get_xdata()) == 5 and one.get_linewidth() < 2]
    routes = [one for one in routes if one.get_linestyle() != "None"]
    assert [one.get_xydata().tolist() for one in routes] == [ZIGZAG, ZIGZAG[::-1]]
    first = axes.lines[: axes.lines.index(routes[1])]
    (rings,) = [one for one in first if one.get_label() == PASSED]
    assert rings.get_xydata().tolist() == ZIGZAG[1:3]
    (rise,) = [one for one in first if one.get_label() == ROSE]
    assert rise.get_xydata()[:2].tolist() == ZIGZAG[3:]
    a, b = np.array(ZIGZAG).T
    losses = 0.5 * (a**2 + 10 * b**2)
    np.testing.assert_allclose(beside.lines[0].get_ydata(), losses)
    assert beside.get_yscale() == "log"
    assert [text.get_text() for text in drawn.legends[0].texts] == ["a", "b", ROSE, PASSED]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x[0]", "x[1]")
    looks = [(one.get_color(), str(one.get_linestyle())) for one in routes]
    assert len({colour for colour, _ in looks}) == len({dash for _, dash in looks}) == 2


def test_where_it_is_not_finite_it_is_hatched():
    axes = descent(lambda x: x[0] - ad.log(x[0]) + x[1] ** 2, [[2.0, 1.0], [0.1, 0.5]]).axes[0]
    hatched = [c for c in axes.collections if getattr(c, "hatches", [None]) == ["////"]]
    assert len(hatched) == 1
    across = hatched[0].get_paths()[0].vertices[:, 0]
    assert across.max() < 0.02
    axes = descent(valley, ZIGZAG).axes[0]
    assert not [c for c in axes.collections if getattr(c, "hatches", [None]) == ["////"]]


def test_a_unit_is_as_long_up_as_across_where_the_ranges_are_alike():
    assert descent(valley, ZIGZAG).axes[0].get_aspect() == 1
    uneven = [[1000.0, 1.0], [0.0, 0.0]]
    assert descent(valley, uneven).axes[0].get_aspect() == "auto"


@pytest.mark.parametrize(
    ("f", "path"),
    [
        (lambda x: 0 * x[0] + 2, ZIGZAG),
        (lambda x: ad.log(x[0] * 0 - 1), ZIGZAG),
        (valley, [[1.0, 2.0]]),
        (valley, [[np.nan, 1.0], [1.0, np.inf]]),
        (valley, [[1.0, 2.0], [1e30, 1e30], [1e200, 1.0]]),
        (lambda x: 1e300 * valley(x), ZIGZAG),
        (lambda x: -valley(x), ZIGZAG),
    ],
)
def test_odd_landscapes_are_drawn(f, path, tmp_path):
    descent(f, path, tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 5000


def test_levels_are_round_different_and_within():
    rng = np.random.default_rng(0)
    for losses in (
        rng.exponential(size=9999) ** 4, 1e6 + rng.normal(size=9999), -rng.exponential(size=9999),
        1e-9 * rng.uniform(size=9999),
    ):  # fmt: skip
        levels = levels_of(losses)
        assert len(levels) >= 8
        assert (np.diff(levels) > 0).all()
        assert losses.min() < levels[0] < levels[-1] < losses.max()
        below = [(losses < level).mean() for level in levels]
        assert below[0] < 0.05
        assert below[-1] > 0.8
    assert levels_of(np.full(9, 2.0)).tolist() == levels_of(np.full(9, np.nan)).tolist() == []


def limits(losses):
    return steps_limits(walks_on(lambda w: w, losses)[1])


def test_losses_by_step_are_logarithmic_where_they_can_be():
    assert limits([100.0, 10.0, 1.0]) == (0.5, 200.0, True)
    assert limits([100.0, 1e-30, 0.0])[0] == pytest.approx(5e-8)
    assert limits([1.0, 1e30])[1] == 2000.0
    assert limits([1.0, -1.0]) == (-1.1, 1.1, False)
    assert limits([1.0, np.nan, np.inf]) == (0.5, 2.0, True)
    assert limits([np.nan]) == (0.0, 1.0, False)
    assert limits([0.0, 0.0])[2] is False


def test_two_of_several_weights():
    found = minimize(lambda p: ((p - np.arange(4)) ** 2).sum(), np.ones(4) * 5, "GD", lr=0.2)
    drawn = descent(lambda p: ((p - np.arange(4)) ** 2).sum(), found, weights=(3, 1))
    axes = drawn.axes[0]
    for level, points in contours(axes):
        np.testing.assert_allclose(((points - [3, 1]) ** 2).sum(axis=1), level, atol=0.02)
    start, *_, end = axes.lines[0].get_xydata().tolist()
    assert start == [5.0, 5.0]
    assert end == pytest.approx([3.0, 1.0])
    assert (
        drawn.legends[0].get_title().get_text()
        == "the other 2 weights are where the loss is lowest"
    )
