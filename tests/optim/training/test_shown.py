"""The table and the figure of a history."""

import pytest

from optim import History


def test_a_long_table_has_the_first_and_the_last_epoch():
    history = History()
    assert str(history) == "No epoch has ended yet."
    for epoch in range(1, 101):
        history.note_step(epoch=epoch, rows=1, loss=1 / epoch, gradient_norm=1.0, lr=0.1, time=0.0)
        history.end_epoch({})
    lines = str(history).splitlines()
    assert len(lines) == 21
    assert lines[0].split() == ["epoch", "loss", "gradient", "norm", "lr", "time"]
    assert lines[1].split()[:2] == ["1", "1"]
    assert lines[-1].split()[:2] == ["100", "0.01"]


def test_the_figure_has_a_panel_for_the_loss_and_each_metric(tmp_path):
    pytest.importorskip("matplotlib")
    history = History(["accuracy"])
    with pytest.raises(ValueError, match="when there is a step"):
        history.plot()
    for k in range(6):
        history.note_step(
            epoch=k // 3 + 1, rows=1, loss=1.0 / (k + 1), gradient_norm=1.0, lr=0.1, time=0.0,
            accuracy=k / 6,
        )  # fmt: skip
        if k % 3 == 2:
            history.end_epoch({"validation_loss": 0.5, "validation_accuracy": 0.5})
    figure = history.plot(tmp_path / "history.png")
    assert (tmp_path / "history.png").stat().st_size > 1000
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["each step", "training", "validation"]
    assert list(loss.lines[0].get_xdata()) == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert list(accuracy.lines[1].get_ydata()) == pytest.approx([1 / 6, 4 / 6])
