"""A history: its means, and its way to a file and back."""

import numpy as np
import pytest

from optim import History


def noted(epochs=3):
    history = History(["error"])
    for k in range(4 * epochs):
        history.note_step(
            epoch=k // 4 + 1, rows=4 - k % 4, loss=1.0 / (k + 1), gradient_norm=2.0, lr=0.1,
            time=float(k), error=float(k),
        )  # fmt: skip
        if k % 4 == 3:
            history.end_epoch({"validation_loss": 0.5, "validation_error": 1.0})
    return history


def test_the_means_of_an_epoch_are_over_its_rows():
    history = noted()
    steps = np.array([1.0 / (k + 1) for k in range(12)]).reshape(3, 4)
    np.testing.assert_allclose(history.epochs["loss"], np.average(steps, 1, [4, 3, 2, 1]))
    np.testing.assert_allclose(history.epochs["error"], np.arange(3) * 4 + 1.0)
    assert history.epochs["epoch"] == [1, 2, 3]
    assert history.epochs["time"] == [3.0, 7.0, 11.0]
    assert len(history) == 3
    assert repr(history) == "<History of 12 steps in 3 epochs, loss 0.10096>"


def test_it_is_plotted_by_viz(tmp_path):
    pytest.importorskip("matplotlib")
    figure = noted().plot(tmp_path / "h.svg", title="Steps", theme="dark")
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "error"]
    assert "Steps" in [axes.get_title(loc="left") for axes in figure.axes]
    assert (tmp_path / "h.svg").read_bytes().startswith(b"<?xml")


def test_it_comes_back_from_its_state_and_from_a_file(tmp_path):
    history = noted()
    history.stopped = "Stopped."
    history.save(tmp_path / "h.npz")
    for again in (History.from_state(history.state_dict()), History.load(tmp_path / "h.npz")):
        assert again.steps == history.steps
        assert again.epochs == history.epochs
        assert (again.stopped, again.metrics) == ("Stopped.", ["error"])
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(ValueError, match=r"other\.npz"):
        History.load(tmp_path / "other.npz")
