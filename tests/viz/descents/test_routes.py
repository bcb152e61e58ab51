"""How a walk is drawn: where its line is cut, which markers are left out, what is said of it."""

import numpy as np
import pytest

from viz import descent
from viz.descents.routes import dasharray, dashes, spaced, whereabouts, with_gaps, within
from viz.descents.walks import walks_on

BOUNDS = ((0.0, 2.0), (0.0, 1.0))

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_a_line_that_stays_near_is_as_it_is():
    points = np.random.default_rng(0).uniform(-10, 10, size=(50, 2))
    assert within(points, BOUNDS) is points


def test_a_line_is_cut_along_its_way():
    line = within(np.array([[1.0, 0.5], [1e30, 2e30], [1.5, 0.5]]), BOUNDS)
    assert line[0].tolist() == [1.0, 0.5]
    assert line[-1].tolist() == [1.5, 0.5]
    assert np.isnan(line[2]).all()
    for start, end in ((line[0], line[1]), (line[-1], line[-2])):
        if np.isnan(end).any():
            end = line[3]
        across, up = end - start
        assert up / across == pytest.approx(2.0)
        assert abs(up) > 10


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_line_is_broken_at_what_is_no_place(odd):
    line = within(np.array([[1.0, 0.5], [odd, 0.5], [1.5, 0.5], [0.5, odd]]), BOUNDS)
    finite = line[np.isfinite(line).all(axis=1)]
    assert finite.tolist() == [[1.0, 0.5], [1.5, 0.5]]
    assert np.isnan(line[1:3]).any(axis=1).any()


def test_markers_keep_apart_and_the_last_one_is_there():
    points = np.random.default_rng(0).uniform((0, 0), (2, 1), size=(3000, 2))
    taken = spaced(points, BOUNDS, 0.05)
    scaled = points[taken] / [2, 1]
    apart = np.hypot(*(scaled[:, None] - scaled[None]).transpose(2, 0, 1))
    assert apart[np.triu_indices(len(taken), 1)].min() >= 0.05
    # Each that is left out is near to one that is there.
    others = np.hypot(*((points / [2, 1])[:, None] - scaled[None]).transpose(2, 0, 1))
    assert others.min(axis=1).max() < 0.05
    assert taken[-1] == 2999
    assert taken == sorted(taken)


def test_markers_out_of_the_axes_are_left_out():
    points = np.array([[1.0, 0.5], [1e30, 0.5], [np.nan, 0.5], [0.5, -3.0], [0.5, 0.5]])
    assert spaced(points, BOUNDS, 0.01) == [0, 4]
    assert spaced(points[1:4], BOUNDS, 0.01) == []


def test_pieces_have_gaps_between_them():
    line = with_gaps(np.arange(8.0).reshape(2, 2, 2))
    assert line[[0, 1, 3, 4]].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert np.isnan(line[[2, 5]]).all()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ([1.0, 0.5], ""),
        ([1.0, 9.0, 0.5], ""),
        ([1.0, 0.5, 9.0, 9.0], "out of the picture from step 2 on"),
        ([9.0], "out of the picture from step 0 on"),
        ([1.0, np.nan, 1.0], ""),
        ([1.0, np.nan, np.inf], "not finite from step 1 on"),
        ([1.0, 1e200], "not finite from step 1 on"),
        ([np.nan], "not finite from step 0 on"),
    ],
)
def test_what_is_said_of_where_it_ends(path, words):
    (walk,) = walks_on(lambda w: w * w, path)[1]
    points = np.stack([walk.points[:, 0], np.full(len(path), 0.5)], axis=1)
    assert whereabouts(points, walk, BOUNDS) == words


def test_long_steps_have_an_arrow_the_way_they_go():
    (axes,) = descent(lambda w: w * w, [3.0, -2.0, 1.0, 0.99]).axes
    ways = [(text.xy - np.array(text.get_position()))[0] for text in axes.texts]
    assert np.sign(ways).tolist() == [-1, 1]
    (axes,) = descent(lambda w: w * w, 3 * 0.99 ** np.arange(1000)).axes
    assert not axes.texts


def test_four_walks_differ_by_their_dashes():
    assert len({str(dashes(k)) for k in range(4)}) == 4
    assert [dasharray(k) for k in (0, 1, 4)] == ["", "10 3", ""]
