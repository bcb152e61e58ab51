"""The bar: shown where it is wanted, on the error stream, and silent elsewhere."""

import numpy as np
import pytest

from nn import Linear, mse
from optim import SGD, train


def fit(**settings):
    net = Linear(1, 1, seed=0)
    data = np.ones((8, 1)), np.ones((8, 1))
    train(net, mse, data, SGD(net.parameters(), lr=0.1), epochs=2, batch_size=4, **settings)


def test_a_bar_where_it_is_wanted(capsys):
    pytest.importorskip("tqdm")
    fit(progress=True)
    shown = capsys.readouterr()
    assert "4/4" in shown.err
    assert "loss=" in shown.err
    assert shown.out == ""
    fit()  # the stream is no terminal
    fit(progress=False)
    assert capsys.readouterr() == ("", "")


def test_without_tqdm_it_is_silent_or_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        fit(progress=True)
    fit()
