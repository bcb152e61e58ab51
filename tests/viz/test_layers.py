"""What flows back to each layer: norms, the shares that are flat, and what a pass leaves alone."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from nn import (
    LSTM,
    MLP,
    BatchNorm1d,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    Linear,
    Module,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Tanh,
    mse,
)
from optim.diagnosis.units import units_in
from viz import gradient_flow
from viz.figures import colours_of

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 3)), RNG.normal(size=(50, 1))


def deep(activation, layers=4, width=8, scale=1.0):
    parts = []
    for k in range(layers):
        parts += [Linear(3 if k == 0 else width, width, seed=k), activation()]
    model = Sequential(*parts, Linear(width, 1, seed=99))
    for parameter in model.parameters():
        parameter.data = parameter.data * scale
    return model


def heights(axes, which=0):
    """The heights of a series of bars, and of the layers their names."""
    bars = axes.containers[which]
    return [bar.get_height() + bar.get_y() for bar in bars]


def names(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def norms_by_hand(model):
    """The norm of all gradients of each layer, after a backward pass."""
    model.zero_grad()
    mse(model(X), Y).backward()
    found = {}
    for name, parameter in model.named_parameters():
        square = float(np.sum(np.square(parameter.grad)))
        layer = name.rpartition(".")[0]
        found[layer] = found.get(layer, 0.0) + square
    model.zero_grad()
    return {layer: np.sqrt(square) for layer, square in found.items()}


@pytest.mark.parametrize("activation", [Sigmoid, ReLU, Tanh])
def test_norms_are_those_of_a_backward_pass(activation):
    model = deep(activation)
    expected = norms_by_hand(model)
    upper, lower = gradient_flow(model, X, Y, loss=mse).axes
    assert names(lower) == list(expected)
    np.testing.assert_allclose(heights(upper), list(expected.values()), rtol=1e-10)
    assert upper.get_yscale() == "log"
    mse(model(X), Y).backward()
    (alone,) = gradient_flow(model).axes
    np.testing.assert_allclose(heights(alone), list(expected.values()), rtol=1e-10)


def test_vanishing_is_seen_and_said():
    models = {"sigmoid": deep(Sigmoid, 8), "ReLU": deep(ReLU, 8)}
    drawn = gradient_flow(models, X, Y, loss=mse, title="Deep")
    sigmoid, relu = drawn.axes[:2]
    assert sigmoid.get_ylim() == relu.get_ylim()
    found = heights(sigmoid)
    assert found[0] < 1e-3 * found[-1]
    factor = float(f"{found[-1] / found[0]:.2g}")
    said = f"{factor:,.10g} times smaller in the first layer than in the last"
    assert sigmoid.get_title(loc="right") == said
    assert [axes.get_title() or axes.get_title(loc="left") for axes in drawn.axes[:2]] == [*models]
    assert drawn.get_suptitle() == "Deep"


@pytest.mark.parametrize("scale", [1.0, 8.0])
@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
def test_shares_are_those_of_the_diagnosis(activation, scale):
    model = deep(activation, scale=scale)
    _, lower = gradient_flow(model, X, Y, loss=mse).axes
    expected = [units.share for units in units_in(mse(model(X), Y))]
    which = 2 if activation is ReLU else 0  # of a ReLU those that are dead
    np.testing.assert_allclose(heights(lower, which)[: len(expected)], expected)
    assert np.isnan(heights(lower)[-1])  # the last layer has no activation
    if scale > 1:
        assert max(expected) > 0


def test_shares_by_hand():
    model = Sequential(Linear(2, 3, seed=0), Sigmoid(), Linear(3, 1, seed=1))
    model[0].weight.data = np.eye(2, 3)
    model[0].bias.data = np.array([0.0, 0.0, 50.0])
    rows = np.array([[0.0, 20.0], [20.0, 20.0], [0.0, 0.0], [0.0, 20.0]])
    _, lower = gradient_flow(model, rows, np.zeros((4, 1)), loss=mse).axes
    # Of 12 outputs: one of the first unit, three of the second, all of the third.
    assert heights(lower)[0] == pytest.approx(8 / 12)
    assert heights(lower, 2)[0] == pytest.approx(1 / 3)
    assert [text.get_text() for text in lower.texts] == ["67%", "none"]


def test_a_pass_of_its_own_leaves_all_as_it_was():
    model = Sequential(
        Linear(3, 4, seed=0), BatchNorm1d(4), ReLU(), Dropout(0.5, seed=1), Linear(4, 1)
    )
    mse(model(X), Y).backward()
    before = [np.array(p.grad) for p in model.parameters()]
    state = model.state_dict()
    first = gradient_flow(model, X, Y, loss=mse)
    again = gradient_flow(model, X, Y, loss=mse)
    assert heights(first.axes[0]) == heights(again.axes[0])  # with the same draws
    for p, grad in zip(model.parameters(), before, strict=True):
        assert (np.array(p.grad) == grad).all()
    for name, part in model.state_dict().items():
        np.testing.assert_array_equal(part, state[name])
    assert model.training


class Odd(Module):
    """Parameters by themselves, one that is not used, and an activation of what is no layer's."""

    def __init__(self):
        self.slope, self.unused = Value(2.0), Value(1.0)
        self.inner = Linear(1, 1, seed=0)

    def forward(self, x):
        return self.inner(ad.tanh(x) * self.slope)


def test_parameters_by_themselves_are_layers_and_nothing_that_reaches_one_is_said():
    upper, _ = gradient_flow(Odd(), X[:, :1], Y, loss=mse).axes
    found = heights(upper)
    assert found[0] > 0
    assert np.isnan(found[1])
    assert [text.get_text() for text in upper.texts][1] == "0"
    assert upper.texts[1].get_color() == colours_of("light").mark


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda: MLP(3, [4, 4, 1], seed=0), [0.5, -1.0, 2.0]),
        (lambda: MLP(3, [4, 4, 1], seed=0), list(X.T)),
    ],
)
def test_neurons_of_a_layer_are_one_layer(make, inputs):
    target = 1.0 if isinstance(inputs[0], float) else Y[:, 0]
    loss = lambda out, y: ((out - y) ** 2 * 1.0).sum() if np.ndim(y) else (out - y) ** 2  # noqa: E731
    _, lower = gradient_flow(make(), inputs, target, loss=loss).axes
    assert names(lower) == ["layers.0", "layers.1", "layers.2"]
    flat = heights(lower)
    assert all(0 <= share <= 1 for share in flat[:2])


@pytest.mark.parametrize(
    ("model", "inputs", "layers"),
    [
        (lambda: Sequential(Conv2d(1, 2, 3, seed=0), ReLU(), Flatten(), Linear(32, 1, seed=0)),
         RNG.normal(size=(5, 1, 6, 6)), ["layers.0", "layers.3"]),
        (lambda: Sequential(Embedding(7, 4, seed=0), Flatten(), Linear(8, 1, seed=0)),
         np.arange(10).reshape(5, 2) % 7, ["layers.0", "layers.2"]),
        (lambda: Residual(Sequential(Linear(3, 3, seed=1), SiLU())), X, None),
    ],
)  # fmt: skip
def test_layers_of_other_kinds(model, inputs, layers):
    _, lower = gradient_flow(model(), inputs, loss=lambda out: (out * out).sum()).axes
    assert layers is None or names(lower) == layers
    shares = np.array(heights(lower))
    assert ((shares >= 0) & (shares <= 1) | np.isnan(shares)).all()


def test_a_recurrent_layer_and_several_inputs():
    lstm = LSTM(3, 4, seed=0)
    drawn = gradient_flow(lstm, RNG.normal(size=(6, 2, 3)), loss=lambda out: (out[0] ** 2).sum())
    assert len(drawn.axes) == 2

    class Both(Module):
        def __init__(self):
            self.left, self.right = Linear(3, 1, seed=0), Linear(3, 1, seed=1)

        def forward(self, a, b):
            return self.left(a) - self.right(b)

    _, lower = gradient_flow(Both(), (X, X + 1), Y, loss=mse).axes
    assert names(lower) == ["left", "right"]


def test_what_is_not_finite_is_said():
    model = deep(ReLU, 2)
    with np.errstate(all="ignore"):
        upper, _ = gradient_flow(model, X * 1e200, loss=lambda out: (out * out).sum()).axes
    assert {"inf"} <= {text.get_text() for text in upper.texts} <= {"inf", "NaN"}
    assert np.isnan(heights(upper)).all()


def test_many_layers_and_one():
    drawn = gradient_flow(deep(Tanh, 70, 4), X, Y, loss=mse)
    upper, lower = drawn.axes
    assert len(heights(upper)) == 71
    assert len(names(lower)) <= 36
    assert not upper.texts
    upper, lower = gradient_flow(Sequential(Linear(3, 1, seed=0)), X, Y, loss=mse).axes
    assert names(lower) == ["layers.0"]
    assert upper.get_title(loc="right") == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_it_is_written(tmp_path, kind, theme):
    gradient_flow(deep(ReLU), X, Y, tmp_path / f"flow.{kind}", loss=mse, theme=theme)
    start = (tmp_path / f"flow.{kind}").read_bytes()[:8]
    assert start.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


def test_before_a_backward_pass_there_is_nothing_to_read():
    model = deep(ReLU)
    with pytest.raises(ValueError, match=r"of this Sequential are all 0.*\n.*loss\.backward\(\)"):
        gradient_flow(model)
    mse(model(X), Y).backward()
    gradient_flow(model)
    model.zero_grad()
    with pytest.raises(ValueError, match="no backward pass"):
        gradient_flow({"a": model})


@pytest.mark.parametrize("thing", [None, 3.0, "model", Tensor([1.0]), [("w", Value(1.0))], abs])
def test_what_is_no_module_is_refused(thing):
    with pytest.raises(TypeError, match=r"layers of a Module.*\n.*Pass the model"):
        gradient_flow(thing)
    with pytest.raises(TypeError, match="layers of a Module"):
        gradient_flow({"a": thing}, X, Y, loss=mse)


def test_half_of_a_pass_is_refused():
    model = deep(ReLU)
    with pytest.raises(ValueError, match=r"here is only X.*\n.*loss=nn\.mse"):
        gradient_flow(model, X, Y)
    with pytest.raises(ValueError, match="here is only the loss"):
        gradient_flow(model, loss=mse)
    with pytest.raises(TypeError, match=r"one number.*\n?.*this is"):
        gradient_flow(model, X, Y, loss=lambda out, y: out - y)
    with pytest.raises(TypeError, match="one number"):
        gradient_flow(model, X, Y, loss=lambda out, y: 3.0)
    with pytest.raises(ValueError, match="one model or more"):
        gradient_flow({})


def test_a_loss_that_reaches_no_parameter_is_refused():
    model = deep(ReLU)
    refused = pytest.raises(
        ValueError, match=r"reaches no parameter of this Sequential.*\n.*no_grad"
    )
    with refused, ad.no_grad():
        gradient_flow(model, X, Y, loss=mse)
    with pytest.raises(ValueError, match="reaches no parameter"):
        gradient_flow(model.freeze(), X, Y, loss=lambda out, y: mse(Tensor(out), y))
