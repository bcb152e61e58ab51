"""What a classifier gets wrong: counted, and shown from the worst on."""

import matplotlib.image
import numpy as np
import pytest

from nn import Flatten, Linear, Sequential
from viz import confusion, mistakes

TRUTH = np.array([0, 0, 0, 1, 1, 2, 2, 2])
CHANCES = np.array([
    [0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.8, 0.1, 0.1],
    [0.2, 0.7, 0.1], [0.1, 0.0, 0.9],
    [0.1, 0.1, 0.8], [0.2, 0.75, 0.05], [0.1, 0.2, 0.7],
])  # fmt: skip
COUNTS = {(0, 0): 2, (0, 1): 1, (1, 1): 1, (1, 2): 1, (2, 2): 2, (2, 1): 1}


def as_it_is(rows):
    return rows


def test_each_cell_has_its_count():
    axes = confusion(as_it_is, CHANCES, TRUTH, names=["a", "b", "c"]).axes[0]
    shown = {(t.get_position()[1], t.get_position()[0]): int(t.get_text()) for t in axes.texts}
    assert shown == COUNTS
    assert axes.get_title(loc="left") == "5 of 8 rows right, 62.5%"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b", "c"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("taken for", "class")


def test_what_is_wrong_has_another_colour_and_what_is_nothing_none():
    cells = confusion(as_it_is, CHANCES, TRUTH).axes[0].images[0].get_array()
    assert cells[1, 1][2] > cells[1, 1][0]
    assert cells[1, 2][0] > cells[1, 2][2]
    np.testing.assert_array_equal(cells[0, 2], 1)


def test_a_class_that_no_row_has_is_a_row_of_nothing():
    axes = confusion(as_it_is, CHANCES[:3], TRUTH[:3]).axes[0]
    assert len(axes.texts) == 2


def test_the_worst_comes_first():
    axes = mistakes(as_it_is, CHANCES, TRUTH, names=["a", "b", "c"]).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["row 4", "row 6", "row 1"]
    assert [t.get_text() for t in axes.texts] == ["b", "c", "c", "b", "a", "b"]
    low, high = (c.get_offsets()[:, 0] for c in axes.collections[1:])
    np.testing.assert_allclose(low, [0.0, 0.05, 0.3])
    np.testing.assert_allclose(high, [0.9, 0.75, 0.6])
    assert axes.get_title(loc="left") == "The surest 3 of 3 mistakes in 8 rows"
    assert len(mistakes(as_it_is, CHANCES, TRUTH, count=1).axes[0].texts) == 2


@pytest.mark.parametrize("colours", [(), (3,)])
def test_images_are_shown_with_what_they_were_taken_for(colours):
    images = np.random.default_rng(0).random((8, 5, 4, *colours))
    drawn = mistakes(as_it_is, CHANCES, TRUTH, images=images, names=["a", "b", "a long long name"])
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles == [
        "b, taken for\na long long n… (90%)", "a long long n…, taken for\nb (75%)",
        "a, taken for\nb (60%)",
    ]  # fmt: skip
    shown = drawn.axes[0].images[0].get_array()
    assert shown.shape == (5, 4, 3)
    if colours:
        np.testing.assert_array_equal(shown, images[4])
    else:  # the greatest is the darkest
        assert shown.sum(axis=-1).argmin() == images[4].argmax()


def test_a_model_of_images_shows_them_itself():
    images = np.random.default_rng(0).random((9, 3, 3))
    model = Sequential(Flatten(), Linear(9, 2, seed=0))
    found = model.predict(images).argmax(axis=1)
    drawn = mistakes(model, images, 1 - found, count=8)
    assert len(drawn.axes) == 8
    assert confusion(model, images, found).axes[0].get_title(loc="left").startswith("9 of 9")


def test_they_are_written_light_and_dark(tmp_path):
    images = np.random.default_rng(0).random((8, 8, 8))
    for theme in ("light", "dark"):
        for name, draw in {
            "c": lambda path, **look: confusion(as_it_is, CHANCES, TRUTH, path, **look),
            "m": lambda path, **look: mistakes(as_it_is, CHANCES, TRUTH, path, **look),
            "i": lambda path, **look: mistakes(
                as_it_is, CHANCES, TRUTH, path, images=images, **look
            ),
        }.items():
            path = tmp_path / f"{name}-{theme}.png"
            draw(path, theme=theme)
            assert matplotlib.image.imread(path)[..., :3].std() > 0.05


def test_what_cannot_be_shown_is_refused(tmp_path):
    right = CHANCES.argmax(axis=1)
    with pytest.raises(ValueError, match=r"all 8 rows are right\.\n.*viz\.confusion"):
        mistakes(as_it_is, CHANCES, right, tmp_path / "m.png")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"\(rows, height, width\), here of 8 rows"):
        mistakes(as_it_is, CHANCES, TRUTH, images=np.ones((7, 3, 3)))
    with pytest.raises(ValueError, match="whole number from 1 up"):
        mistakes(as_it_is, CHANCES, TRUTH, count=0)
    with pytest.raises(ValueError, match=r"\(rows, features\)"):
        confusion(as_it_is, CHANCES[0], TRUTH)
    with pytest.raises(ValueError, match="labels of shape"):
        confusion(as_it_is, CHANCES, TRUTH[1:])
