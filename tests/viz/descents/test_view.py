"""Which weights one looks at, and how far one sees."""

import io

import numpy as np
import pytest

import viz
from viz.descents.view import view_of
from viz.descents.walks import walks_on

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def square(w):
    return w * w


def bowl(x):
    return (x**2).sum()


def view(f, path, **choice):
    return view_of(*walks_on(f, path), **choice)


def inside(seen, points):
    low, high = seen.bounds.T
    points = np.reshape(points, (-1, len(low)))
    return ((points >= low) & (points <= high)).all(axis=1)


def powers(factor, count):
    return [factor**k for k in range(count)]


@pytest.mark.parametrize(
    "path",
    [
        [3.0, -2.0, 1.0],
        [3.0],
        [0.0],
        [1e9, 1e9 + 1],
        [1e-6, 1.0],
        powers(0.99, 1000),
        powers(1.5, 6),
        np.cumsum(np.random.default_rng(0).normal(size=3000)) * 0.01,
    ],
    ids=range(8),
)
def test_a_walk_is_seen_with_room_around_it(path):
    seen = view(square, path)
    assert inside(seen, path).all()
    low, high = seen.bounds[0]
    assert low < np.min(path) <= np.max(path) < high
    assert high - low < 3 * max(np.ptp(path), 1.0, 0.5 * abs(path[0]))


def test_of_a_walk_that_diverges_the_first_steps_are_seen():
    path = powers(-1.5, 170)
    seen = inside(view(square, path), path)
    assert seen[:5].all()
    assert not seen[12:].any()
    beside = {"diverges": path, "converges": [1.0, 0.5, 0.1]}
    assert (inside(view(square, beside), path) == seen).all()


@pytest.mark.parametrize("far", [1e30, -1e300, np.inf, np.nan])
def test_what_leaps_away_is_not_seen(far):
    seen = view(square, [1.0, far, 0.5])
    low, high = seen.bounds[0]
    assert low < 0.5 < 1.0 < high
    assert high - low < 10


def test_nothing_finite_is_seen_around_0():
    for path in ([np.nan, np.inf], [1e308, -1e308], [1e250], [-np.inf, -1e300, np.nan]):
        assert view(square, path).bounds.tolist() == [[-0.62, 0.62]]
    assert view(bowl, [[1e308, 0.0], [0.0, -1e308]]).bounds.tolist() == [[-0.62, 0.62]] * 2


def test_as_far_as_anything_is_seen_a_picture_can_be_drawn():
    path = [1e200, -1e200]
    assert np.isfinite(view(square, path).bounds).all()
    assert viz.animate(square, path).html
    viz.descent(square, path).savefig(io.BytesIO())


def test_a_weight_that_does_not_move_is_seen_as_far_as_the_other_one():
    seen = view(bowl, [[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(np.ptp(seen.bounds, axis=1), 2 * 1.24)
    np.testing.assert_allclose(seen.bounds.mean(axis=1), [2.0, 5.0])


def test_weights_are_chosen_and_the_others_stay_where_it_is_lowest():
    path = [[1.0, 2.0, 3.0], [0.5, 1.0, 0.0], [1.0, 1.0, 1.0]]
    seen = view(bowl, path, weights=(2, 0))
    assert seen.places == (2, 0)
    assert seen.labels == ("x[2]", "x[0]")
    assert seen.held.tolist() == path[1]
    assert seen.note == "the other weight is where the loss is lowest"
    grid = np.array([[3.0, 4.0]])
    points, losses = seen.losses(np.repeat(grid, 2, axis=0), grid)
    assert points.tolist() == grid.tolist()  # since the sum cannot be of many points at once
    assert losses.tolist() == [4.0**2 + 1.0**2 + 3.0**2]
    assert view(bowl, path, weights=1).places == (1,)
    assert view(bowl, path, weights={"height": 1}).labels == ("height",)
    assert view(bowl, path[:1], weights=[0]).note.startswith("the other 2 weights are")
    assert view(bowl, [[1.0, 2.0]]).note == ""


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (
            None,
            r"over one weight or two, but this path has 3.\nChoose .* 0 to 2, .*weights=\(0, 1\)",
        ),
        ((0, 1, 2), "over one weight or two, but this choice has 3"),
        ((), "over one weight or two, but this choice has 0"),
        (3, "places from 0 to 2, but one of these is 3"),
        (-1, "places from 0 to 2, but one of these is -1"),
        ("a", "places from 0 to 2, but one of these is 'a'"),
        ((0.5, 1), "places from 0 to 2, but one of these is 0.5"),
        ((1, 1), r"different ones, but these are \(1, 1\)"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(weights, words):
    with pytest.raises(ValueError, match=words):
        view(bowl, [[1.0, 2.0, 3.0]], weights=weights)


def test_bounds_are_taken_as_given_or_refused():
    assert view(square, [1.0], bounds=(-2, 5)).bounds.tolist() == [[-2.0, 5.0]]
    pairs = view(bowl, [[1.0, 2.0]], bounds=((-2, 5), (0, 1))).bounds
    assert pairs.tolist() == [[-2.0, 5.0], [0.0, 1.0]]
    for bounds in (3.0, (5, -2), (0, np.inf), (-1e308, 1e308), "ab", (1, 2, 3), (1, 1)):
        with pytest.raises(ValueError, match=r"`bounds` are \(low, high\), finite"):
            view(square, [1.0], bounds=bounds)
    with pytest.raises(ValueError, match=r"`bounds` are \(\(low, high\), \(low, high\)\)"):
        view(bowl, [[1.0, 2.0]], bounds=(0, 1))
