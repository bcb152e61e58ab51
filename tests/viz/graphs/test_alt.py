"""Pictures in words, of small graphs and of large ones."""

import re

import numpy as np
from graphs import network

import viz
from autodiff import Tensor, Value


def test_a_picture_in_words():
    x = Value(3.0, name="x")
    f = x * x
    f.name = "f"
    picture = viz.draw(f)
    assert picture.alt == "Graph of f = 9: 2 nodes, 2 edges. Gradients: x 6."
    assert picture.title == "Graph of f"
    assert viz.draw(f, detail="values").alt == "Graph of f = 9: 2 nodes, 2 edges."
    t = Tensor(np.full(4, 3.0))
    words_ = viz.draw(t * 1.0).alt
    assert "an unnamed output = an array of shape (4,) and norm 6: 2 nodes, 1 edge." in words_
    total = sum((Value(1.0, name=f"x{i}") for i in range(20)), Value(0.0))
    assert viz.draw(total).alt.endswith(", x10 1, and 9 more.")


def test_a_large_picture_in_words():
    alt = viz.draw(network()).alt
    assert ": 5 cards, 4 edges. Gradients: x0 " in alt
    total = sum((Value(1.0, name=f"x{i}") for i in range(100)), Value(0.0))
    assert re.search(r"Gradients: .*x\d+ … x\d+ an array of shape \(\d+,\)", viz.draw(total).alt)
