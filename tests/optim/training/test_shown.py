"""The table of a history."""

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
