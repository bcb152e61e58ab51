"""What a model says of rows: asked in every way that models take rows, given in every kind."""

import numpy as np
import pytest

import autodiff as ad
from nn import MLP, Dropout, Flatten, Linear, Module, ReLU, Sequential, Sigmoid, Softmax
from viz.classes import places_of, probabilities, way_to_ask

X = np.random.default_rng(0).normal(size=(7, 2))


class Line(Module):
    """A scalar module as in a lecture: it takes one row."""

    def __init__(self):
        self.w = [ad.Value(2.0), ad.Value(-1.0)]

    def forward(self, x):
        return ad.tanh(self.w[0] * x[0] + self.w[1] * x[1])


class Centred(Line):
    """It takes one row, and of a list of columns it would give something else."""

    def forward(self, x):
        mean = sum(np.mean(xi) for xi in x) / len(x)
        return self.w[0] * (x[0] - mean) + self.w[1] * (x[1] - mean)


class Branching(Line):
    """It takes one row, and cannot take columns."""

    def forward(self, x):
        return self.w[0] * x[0] if x[0] > 0 else self.w[1] * x[1]


def one_by_one(model, rows):
    return np.array([np.reshape(model.predict(row), -1) for row in rows.tolist()])


@pytest.mark.parametrize(
    "model",
    [MLP(2, [4, 1], seed=0), MLP(2, [4, 3], seed=0, last=None), Line()],
    ids=["MLP of one output", "MLP of three", "a module"],
)
def test_scalar_models_are_asked_of_all_rows_at_once(model):
    way = way_to_ask(model, X)
    assert way.at_once
    np.testing.assert_allclose(way.outputs(X), one_by_one(model, X), rtol=1e-12)


@pytest.mark.parametrize("model", [Centred(), Branching()], ids=["Centred", "Branching"])
def test_but_row_by_row_where_that_would_be_something_else(model):
    way = way_to_ask(model, X)
    assert not way.at_once
    np.testing.assert_allclose(way.outputs(X), one_by_one(model, X), rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_are_not_taken_for_columns(rows):
    way = way_to_ask(Line(), X[:rows])
    np.testing.assert_allclose(way.outputs(X), one_by_one(Line(), X), rtol=1e-12)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_models_of_arrays_are_asked_in_the_mode_of_eval(outputs):
    model = Sequential(Linear(2, 3, seed=0), ReLU(), Dropout(0.9), Linear(3, outputs, seed=1))
    way = way_to_ask(model, X)
    assert way.at_once
    assert way.outputs(X).shape == (7, outputs)
    np.testing.assert_array_equal(way.outputs(X), model.predict(X))
    assert model.training


def test_functions_of_arrays_and_of_rows_are_models():
    for f in (
        lambda rows: rows[:, 0] - rows[:, 1],
        lambda rows: ad.Tensor(rows)[:, :1] - rows[:, 1:],
        lambda row: float(row[0]) - row[1],
        lambda row: [row[0] - row[1]],
        lambda row: ad.Value(row[0]) - row[1],
    ):
        np.testing.assert_allclose(way_to_ask(f, X).outputs(X)[:, 0], X[:, 0] - X[:, 1])


def test_images_are_rows():
    images = np.random.default_rng(0).normal(size=(5, 3, 3))
    model = Sequential(Flatten(), Linear(9, 4, seed=0))
    np.testing.assert_array_equal(way_to_ask(model, images).outputs(images), model.predict(images))


def test_what_is_no_model_of_these_rows_is_refused():
    with pytest.raises(TypeError, match=r"what it predicts, but this is .*\n.*nn\.Module"):
        way_to_ask(3.0, X)
    with pytest.raises(ValueError, match=r"3.*2|2.*3"):  # in the words of the model itself
        way_to_ask(Linear(3, 1, seed=0), X)
    with pytest.raises(ValueError, match="one row of outputs for each row of inputs"):
        way_to_ask(lambda rows: np.zeros((3, 3, 3)), X)
    with pytest.raises(TypeError, match=r"as floats, but .* int.*\n.*predict_proba"):
        way_to_ask(lambda rows: np.zeros(len(rows), int), X)


# -- probabilities -------------------------------------------------------------------------


def test_outputs_are_probabilities_where_they_can_be():
    logits = np.array([[0.2, -1.0, 3.0], [1.0, 2.0, 0.5]])
    p = Softmax()(logits)
    np.testing.assert_array_equal(probabilities(p), p)
    np.testing.assert_allclose(probabilities(logits), p, rtol=1e-15)
    np.testing.assert_allclose(probabilities(p.astype(np.float32)), p, rtol=1e-6)
    inside = np.array([[0.2, 0.7, 0.9]])  # from 0 to 1, but their sum is not 1
    np.testing.assert_allclose(probabilities(inside), Softmax()(inside), rtol=1e-15)
    np.testing.assert_array_equal(probabilities(inside, logits=False), inside)


def test_one_output_is_of_the_second_class():
    z = np.array([[-2.0], [0.0], [0.5]])
    p = Sigmoid()(z)
    np.testing.assert_array_equal(probabilities(p), np.hstack([1 - p, p]))
    np.testing.assert_array_equal(probabilities(z), np.hstack([1 - p, p]))
    np.testing.assert_array_equal(probabilities(p, logits=True)[:, 1:], Sigmoid()(p))


def test_outputs_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="1 of 2 rows"):
        probabilities(np.array([[1.0, 2.0], [np.nan, 1.0]]))


# -- labels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "classes", "names", "places", "called"),
    [
        ([0, 2, 1], 3, None, [0, 2, 1], ["0", "1", "2"]),
        ([0, 0, 1], 3, "abc", [0, 0, 1], ["a", "b", "c"]),
        ([[0.0], [1.0], [1.0]], 2, None, [0, 1, 1], ["0", "1"]),
        ([-1, 1, -1], 2, None, [0, 1, 0], ["-1", "1"]),
        ([-1.0, 1.0, -1.0], 2, None, [0, 1, 0], ["-1", "1"]),
        (["b", "a", "b"], 2, None, [1, 0, 1], ["a", "b"]),
        ([[0, 1], [1, 0], [0, 1]], 2, None, [1, 0, 1], ["0", "1"]),
        ([True, False, True], 2, None, [1, 0, 1], ["0", "1"]),
        ([1, 1, 1], 2, None, [1, 1, 1], ["0", "1"]),
    ],
)
def test_labels_of_every_kind(labels, classes, names, places, called):
    found, names = places_of(labels, classes, len(labels), names)
    assert (found.tolist(), names) == (places, called)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="these 4 rows have labels of shape"):
        places_of([0, 1, 0], 2, 4, None)
    with pytest.raises(ValueError, match=r"2 classes apart, but the labels are 0, 1, 2\."):
        places_of([0, 1, 2], 2, 3, None)
    with pytest.raises(ValueError, match="2 classes, but 3 names"):
        places_of([0, 1, 0], 2, 3, ["a", "b", "c"])
