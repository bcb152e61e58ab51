"""The curve of a loss: what is drawn of a history, and of a list."""

import numpy as np
import pytest

from optim import History
from viz import loss_curve


def history(epochs=2, steps=3, validation=True, metrics=("accuracy",)):
    made = History(list(metrics))
    for k in range(steps * epochs):
        made.note_step(
            epoch=k // steps + 1, rows=1, loss=1.0 / (k + 1), gradient_norm=1.0, lr=0.1, time=0.0,
            **dict.fromkeys(metrics, k / 6),
        )  # fmt: skip
        if k % steps == steps - 1:
            names = ("loss", *metrics) if validation else ()
            made.end_epoch({f"validation_{name}": 0.5 for name in names})
    return made


def labels(axes):
    return [line.get_label() for line in axes.lines]


def test_there_is_a_panel_for_the_loss_and_each_metric():
    loss, accuracy = loss_curve(history(), title="how it went").axes
    assert labels(loss) == labels(accuracy) == ["each step", "training", "validation"]
    assert list(loss.lines[0].get_xdata()) == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert list(loss.lines[0].get_ydata()) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6])
    assert list(accuracy.lines[1].get_ydata()) == pytest.approx([1 / 6, 4 / 6])
    assert list(accuracy.lines[2].get_ydata()) == [0.5, 0.5]
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert accuracy.get_xlabel() == "epoch"
    assert loss.get_title(loc="left") == "how it went"
    assert [text.get_text() for text in loss.get_legend().texts] == labels(loss)


def test_the_curves_differ_by_more_than_their_hue():
    lines = loss_curve(history()).axes[0].lines
    looks = {(line.get_linestyle(), line.get_linewidth(), line.get_alpha()) for line in lines}
    assert len(looks) == 3


def test_an_epoch_of_one_step_is_drawn_once():
    (axes,) = loss_curve(history(epochs=4, steps=1, validation=False, metrics=())).axes
    assert labels(axes) == ["training"]
    assert axes.get_legend() is None


def test_an_interrupted_first_epoch_is_drawn_by_its_steps():
    made = History()
    for k in range(3):
        made.note_step(epoch=1, rows=1, loss=3.0 - k, gradient_norm=1.0, lr=0.1, time=0.0)
    (axes,) = loss_curve(made).axes
    assert labels(axes) == ["each step"]
    assert axes.get_xlabel() == "epoch"


def test_a_list_is_of_steps():
    for losses in ([4, 2.0, 1.0], np.array([4.0, 2.0, 1.0])):
        (axes,) = loss_curve(losses).axes
        assert list(axes.lines[0].get_xdata()) == [1, 2, 3]
        assert list(axes.lines[0].get_ydata()) == [4.0, 2.0, 1.0]
        assert axes.get_xlabel() == "step"


@pytest.mark.parametrize(
    ("losses", "scale", "seen"),
    [
        ([2.0, 0.5, 0.02], "log", ["0.02", "0.1", "1", "2"]),
        ([1.0, 1e-9], "log", ["1e-08", "0.01"]),
        ([1.0, 0.0], "linear", ["0.0", "1.0"]),
        ([1.0, -1.0], "linear", ["1.00", "−1.00"]),
        ([1.0], "log", ["1"]),
    ],
)
def test_it_is_logarithmic_where_it_can_be_and_its_ticks_are_numbers(losses, scale, seen):
    drawn = loss_curve(losses)
    drawn.draw_without_rendering()
    axes = drawn.axes[0]
    assert axes.get_yscale() == scale
    assert set(seen) <= {text.get_text() for text in axes.get_yticklabels()}


def test_a_loss_that_is_not_finite_leaves_a_gap():
    (axes,) = loss_curve([1.0, float("nan"), 2.0, float("inf"), 0.5]).axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[1] < 10
    (axes,) = loss_curve([float("nan")]).axes
    assert np.isnan(axes.lines[0].get_ydata()).all()


def test_what_is_no_history_is_refused():
    with pytest.raises(ValueError, match=r"no step yet.*\n.*optim\.train"):
        loss_curve(History())
    with pytest.raises(ValueError, match="this list has none"):
        loss_curve([])
    for other in (3.0, "losses", {"loss": [1.0]}, [[1.0, 2.0]], None):
        with pytest.raises(TypeError, match=r"a History or .* a list of losses"):
            loss_curve(other)
