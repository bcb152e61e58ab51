"""Constants: arrays in a picture, under the names of their variables, each once."""

import re

import numpy as np

import autodiff as ad
import viz
from autodiff import Tensor
from nn import Linear, Sequential, Tanh


def cards(picture):
    """The title on each card, and the edges between keys."""
    titles = dict(re.findall(r"^\t\s*(\w+) \[label=<.*?<B>(.*?)</B>", picture.source, re.MULTILINE))
    return titles, re.findall(r"^\t(\w+) -> (\w+) ", picture.source, re.MULTILINE)


def test_an_array_is_called_as_its_variable():
    X, W = np.ones((4, 3)) * 2, Tensor(np.ones((3, 2)), name="W")
    titles, edges = cards(viz.draw(X @ W))
    assert titles == {"n0": "W", "c0": "X", "n1": "@"}
    assert edges == [("c0", "n1"), ("n0", "n1")]
    assert "X.T @ ct" in viz.draw(X @ W).source
    assert "constant" in viz.draw(np.ones((4, 3)) * 3 @ W).source


def test_an_array_that_is_used_twice_has_one_card():
    mask, t = np.array([0.0, 1.0, 1.0] * 4), Tensor(np.ones(12), name="t")
    titles, edges = cards(viz.draw((t * mask + t) * mask))
    assert sorted(titles.values()) == ["*", "*", "+", "mask", "t"]
    assert [edge for edge in edges if edge[0] == "c0"] == [("c0", "n1"), ("c0", "n3")]


def test_what_goes_into_a_module_is_shown_and_what_is_its_own_is_not():
    model = Sequential(Linear(3, 4, seed=0), Tanh(), Linear(4, 1, seed=1))
    X, y = np.full((5, 3), 1.5), np.arange(5.0)[:, None]
    with viz.calls():
        loss = ((model(X) - y) ** 2 * np.full((5, 1), 0.7)).mean()
    titles, edges = cards(viz.draw(loss, depth=0))
    (module,) = [key for key, title in titles.items() if title == "Sequential"]
    assert ("c0", module) in edges
    assert sorted(t for key, t in titles.items() if key.startswith("c")) == ["X", "y"]
    assert "constant" in titles.values()  # that of 0.7, which has no name
    shown = viz.draw(loss, depth=0, style="circuit")
    assert {"X", "y"} <= set(cards(shown)[0].values())


def test_the_caller_of_a_model_gives_the_names():
    batch = np.full((2, 3), 0.5)
    picture = Sequential(Linear(3, 1, seed=0)).draw(batch)
    assert "batch" in cards(picture)[0].values()
    assert ad.Tensor is Tensor
