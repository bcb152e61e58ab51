"""A descent over one weight: the numbers that are drawn are those of the curve and its slope."""

import math

import numpy as np
import pytest

import autodiff as ad
from optim import GD, SGD, ListeningGD, Newton, minimize
from viz import descent
from viz.descents.routes import PASSED, ROSE


def square(w):
    return w * w


def lines(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def line(axes, label):
    (found,) = lines(axes, label)
    return found.get_xydata()


def tangents(axes):
    """The ends of each tangent, and its slope."""
    ends = line(axes, "tangent").reshape(-1, 3, 2)[:, :2]
    (across, up) = (ends[:, 1] - ends[:, 0]).T
    return ends, up / across


def markers(axes):
    """The points that have a marker."""
    return [one.get_xydata() for one in axes.lines if one.get_linestyle() == "None"]


def route(axes, count):
    """The line through so many points."""
    return next(one for one in axes.lines if len(one.get_xdata()) == count).get_xydata()


def test_the_curve_the_steps_and_the_tangents():
    path = [2.0, -1.5, 1.0, 0.25]
    (axes,) = descent(lambda w: w**3 - w, path).axes
    x, y = line(axes, "loss").T
    np.testing.assert_allclose(y, x**3 - x, atol=1e-12)
    assert x[0] < -1.5 < 2.0 < x[-1]
    assert len(x) > 1000
    w = np.array(path)
    np.testing.assert_allclose(route(axes, 4), np.stack([w, w**3 - w], axis=1), atol=1e-14)
    ends, slopes = tangents(axes)
    np.testing.assert_allclose(slopes, 3 * w**2 - 1, rtol=1e-9)
    np.testing.assert_allclose(ends.mean(axis=1), route(axes, 4), atol=1e-12)
    assert axes.get_xlabel() == "w"
    assert axes.get_ylabel() == "loss"
    assert axes.get_title(loc="right") == "−0.234 after 3 steps"


def test_tangents_are_as_long_as_each_other_on_the_paper():
    drawn = descent(square, [2.0, -1.0, 0.0])
    drawn.draw_without_rendering()
    (axes,) = drawn.axes
    ends, _ = tangents(axes)
    paper = np.array([axes.transData.transform(pair) for pair in ends])
    lengths = np.linalg.norm(paper[:, 1] - paper[:, 0], axis=1)
    assert lengths.max() < 1.5 * lengths.min()


def test_at_a_kink_it_lies_and_at_an_infinite_slope_it_stands():
    (axes,) = descent(ad.abs, [1.0, 0.0, -1.0]).axes
    assert tangents(axes)[1].tolist() == pytest.approx([1.0, 0.0, -1.0])
    (axes,) = descent(ad.sqrt, [1.0, 0.0]).axes
    ends, slopes = tangents(axes)
    assert slopes[0] == pytest.approx(0.5)
    assert ends[1, 1, 1] - ends[1, 0, 1] > 0.1
    assert ends[1, 1, 0] - ends[1, 0, 0] < 1e-12


def test_where_it_is_not_finite_there_is_a_gap():
    (axes,) = descent(ad.log, [1.0, 0.5, -0.5]).axes
    x, y = line(axes, "loss").T
    assert np.isnan(y[x < 0]).all()
    np.testing.assert_allclose(y[x > 0], np.log(x[x > 0]))
    assert len(tangents(axes)[1]) == 2
    (axes,) = descent(lambda w: ad.where(w > 2, np.inf, w * w), [1.0, 3.0, -1.0]).axes
    assert axes.get_ylim()[1] < 10


def test_steps_that_go_too_far_are_marked():
    (axes,) = descent(square, [3.0, -2.0, 2.5, 1.0]).axes
    rise = line(axes, ROSE)
    assert rise[:2].tolist() == [[-2.0, 4.0], [2.5, 6.25]]
    assert np.isnan(rise[2]).all()
    assert len(rise) == 3
    assert line(axes, PASSED).tolist() == [[-2.0, 4.0]]
    (axes,) = descent(square, [3.0, 2.0, 1.0]).axes
    assert not lines(axes, ROSE)
    assert not lines(axes, PASSED)


METHODS = {
    "GD": (GD, {"lr": 0.1}), "SGD": (SGD, {"lr": 0.1, "momentum": 0.5}), "Newton": (Newton, {}),
    "ListeningGD": (ListeningGD, {"lr": 1e-3}),
}  # fmt: skip


def test_four_optimisers_side_by_side():
    found = {
        name: minimize(lambda w: ad.cosh(w - 1), 3.0, kind, max_evaluations=20, **settings)
        for name, (kind, settings) in METHODS.items()
    }
    drawn = descent(lambda w: ad.cosh(w - 1), found, title="Four ways down")
    assert [axes.get_title(loc="left") for axes in drawn.axes] == list(METHODS)
    assert drawn.get_suptitle() == "Four ways down"
    assert len({axes.get_xlim() for axes in drawn.axes}) == 1
    looks = set()
    for axes, minimum in zip(drawn.axes, found.values(), strict=True):
        w = np.array(minimum.path)
        np.testing.assert_allclose(route(axes, len(w))[:, 1], np.cosh(w - 1), rtol=1e-12)
        sample = axes.lines[-1]
        looks.add((sample.get_color(), sample.get_marker(), str(sample.get_linestyle())))
        ends, slopes = tangents(axes)
        np.testing.assert_allclose(slopes, np.sinh(ends.mean(axis=1)[:, 0] - 1), atol=1e-6)
    assert all(len({look[k] for look in looks}) == 4 for k in range(2))
    texts = [text.get_text() for text in drawn.legends[0].texts]
    assert texts[:2] == ["loss", "tangent"]
    assert len(texts) == len(set(texts))


def test_one_that_diverges_leaves_the_picture_and_it_is_said():
    path = [(-1.2) ** k for k in range(3000)]
    (axes,) = descent(square, path).axes
    said = axes.get_title(loc="right")
    last = next(k for k in range(3000) if k * np.log(1.44) > np.log(np.finfo(float).max))
    assert said == f"not finite from step {last} on"
    assert axes.get_xlim()[1] < 20
    (axes,) = descent(square, path[:200]).axes
    assert axes.get_title(loc="right").startswith("out of the picture from step ")
    for one in axes.lines:
        data = one.get_xydata()
        assert (np.abs(data[np.isfinite(data)]) < 1e6).all()


def test_long_paths_have_few_markers_and_tangents():
    w = 2 * np.exp(-np.linspace(0, 5, 10_000)) * np.cos(np.linspace(0, 300, 10_000))
    (axes,) = descent(square, w).axes
    assert len(tangents(axes)[1]) < 200
    np.testing.assert_allclose(route(axes, 10_000)[:, 0], w)
    assert sum(len(data) for data in markers(axes)) < 1000


@pytest.mark.parametrize("path", [[3.0], [3.0] * 4, [0.0], [math.nan, math.nan]])
def test_a_walk_of_one_place_or_none(path):
    (axes,) = descent(square, path).axes
    low, high = axes.get_xlim()
    assert low < (path[0] if path[0] == path[0] else 0.0) < high


def test_one_weight_of_several():
    path = [[1.0, 2.0, 3.0], [0.5, 1.0, 0.0]]
    drawn = descent(lambda x: (x**2).sum(), path, weights={"height": 1}, bounds=(-3, 3))
    (axes,) = drawn.axes
    x, y = line(axes, "loss").T
    np.testing.assert_allclose(y, x**2 + 0.25)
    assert (x[0], x[-1]) == (-3, 3)
    _, slopes = tangents(axes)
    np.testing.assert_allclose(slopes, [4.0, 2.0])
    assert axes.get_xlabel() == "height"
    assert (
        drawn.legends[0].get_title().get_text()
        == "the other 2 weights are where the loss is lowest"
    )
