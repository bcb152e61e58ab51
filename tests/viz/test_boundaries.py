"""The boundary of two features: where it runs, how it is shaded, and what is refused."""

import matplotlib.image
import numpy as np
import pytest

from nn import MLP, Linear, Sequential, Sigmoid
from viz import boundary

SIDES = np.linspace(-1, 1, 9)
X = np.stack(np.meshgrid(SIDES, SIDES), -1).reshape(-1, 2)
HALVES = (X[:, 0] > 0.1).astype(int)


def line():
    """A layer whose logit is 0 where the first feature is 0.1."""
    layer = Linear(2, 1, seed=0)
    layer.weight.data, layer.bias.data = [[8.0], [0.0]], [-0.8]
    return layer


def neuron():
    model = MLP(2, [1])
    (only,) = model.layers[0].neurons
    only.w[0].data, only.w[1].data, only.b.data = 8.0, 0.0, -0.8
    return model


def two_logits(rows):
    return np.stack([np.full(len(rows), 0.8), 8 * rows[:, 0]], axis=1)


MODELS = {
    "a logit": line(), "a probability": Sequential(line(), Sigmoid()), "scalars": neuron(),
    "two logits": two_logits, "a margin": lambda rows: 8 * (rows[:, 0] - 0.1),
}  # fmt: skip


def lines(drawn):
    """The points of each line between classes."""
    return [p for c in drawn.axes[0].collections for p in c.get_paths() if hasattr(c, "levels")]


def shades(drawn):
    return drawn.axes[0].images[0].get_array()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_it_runs_where_both_classes_are_as_likely(model):
    drawn = boundary(model, X, HALVES)
    (path,) = lines(drawn)
    np.testing.assert_allclose(path.vertices[:, 0], 0.1, atol=1e-3)
    mixed = shades(drawn)
    np.testing.assert_allclose(mixed, shades(boundary(line(), X, HALVES)), atol=1e-6)
    blue, orange = mixed[150, 0], mixed[150, -1]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    middle = int(np.argmax(mixed.sum(axis=-1)[150]))  # the palest is where it is least sure
    assert abs(np.linspace(-1.2, 1.2, 300)[middle] - 0.1) < 0.02


def test_three_classes_meet_in_a_point():
    def sectors(rows):
        angles = np.array([0, 2, 4]) * np.pi / 3
        return 5 * rows @ np.stack([np.cos(angles), np.sin(angles)])

    truth = sectors(X).argmax(axis=1)
    drawn = boundary(sectors, X, truth, names=["right", "above", "below"])
    assert [text.get_text() for text in drawn.legends[0].texts] == ["right", "above", "below"]
    vertices = np.concatenate([path.vertices for path in lines(drawn)])
    assert np.linalg.norm(vertices, axis=1).min() < 0.01
    top_two = np.sort(sectors(vertices), axis=1)[:, 1:]
    np.testing.assert_allclose(top_two[:, 0], top_two[:, 1], atol=0.05)


def test_the_points_stand_where_they_are_with_a_marker_for_each_class():
    axes = boundary(line(), X, HALVES).axes[0]
    points = [c for c in axes.collections if not hasattr(c, "levels")]
    for k, drawn in enumerate(points):
        np.testing.assert_allclose(drawn.get_offsets(), X[k == HALVES])
    shapes = [drawn.get_paths()[0].vertices.shape for drawn in points]
    assert len({drawn.get_facecolor().tobytes() for drawn in points}) == len(set(shapes)) == 2


def test_a_unit_is_as_long_up_as_across_where_the_ranges_are_alike():
    model = lambda rows: rows[:, 0]  # noqa: E731
    assert boundary(model, X * [1, 2], HALVES).axes[0].get_aspect() == 1
    assert boundary(model, X * [1, 100], HALVES).axes[0].get_aspect() == "auto"


def test_a_model_that_knows_one_class_and_points_that_are_one():
    drawn = boundary(lambda rows: np.full(len(rows), 3.0), X[:1], [1])
    assert not lines(drawn)
    assert len(drawn.legends[0].texts) == 2


def test_labels_of_plus_and_minus_one():
    drawn = boundary(lambda rows: np.tanh(rows[:, 0]), X, 2 * HALVES - 1)
    assert [text.get_text() for text in drawn.legends[0].texts] == ["-1", "1"]


def test_a_slow_model_is_asked_on_a_coarse_grid():
    asked = []

    def by_row(row):
        asked.append(row)
        return 1.0 if row[0] > 0.1 else -1.0

    drawn = boundary(by_row, X, HALVES)
    assert len(asked) < 4000
    np.testing.assert_allclose(lines(drawn)[0].vertices[:, 0], 0.1, atol=0.03)


def test_it_is_written_light_and_dark(tmp_path):
    for theme in ("light", "dark"):
        path = tmp_path / f"{theme}.png"
        boundary(line(), X, HALVES, path, theme=theme, title="halves", features=("width", "height"))
        picture = matplotlib.image.imread(path)
        assert min(picture.shape[:2]) >= 600
        assert picture[..., :3].std() > 0.05
    for kind in ("svg", "pdf"):
        boundary(line(), X, HALVES, tmp_path / f"b.{kind}")
        assert (tmp_path / f"b.{kind}").stat().st_size > 5000


def test_what_cannot_be_drawn_is_refused():
    four = np.ones((5, 4))
    with pytest.raises(ValueError, match=r"two features.*\(5, 4\).*\n.*X\[:, :2\]"):
        boundary(line(), four, np.zeros(5, int))
    for bad in (X[:, 0], X[:0], 3.0):
        with pytest.raises(ValueError, match="two features"):
            boundary(line(), bad, HALVES)
    with pytest.raises(ValueError, match="finite points"):
        boundary(line(), np.where(X > 0.9, np.nan, X), HALVES)
    with pytest.raises(ValueError, match="labels of shape"):
        boundary(line(), X, HALVES[:-1])
    with pytest.raises(ValueError, match="2 classes apart"):
        boundary(line(), X, np.arange(len(X)))
    with pytest.raises(ValueError, match="are not"):
        boundary(lambda rows: rows[:, 0] * np.nan, X, HALVES)
    with pytest.raises(TypeError, match="what it predicts"):
        boundary("model", X, HALVES)
