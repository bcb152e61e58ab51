"""RNN, LSTM and GRU against their formulas, number by number, and what their settings do."""

import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from autodiff.testing import check_gradients
from nn import GRU, LSTM, RNN, Dropout

rng = np.random.default_rng(0)
KINDS = {
    "RNN": RNN,
    "RNN of relu": lambda *sizes, **settings: RNN(*sizes, nonlinearity="relu", **settings),
    "LSTM": LSTM,
    "GRU": GRU,
}


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def affine(x, weight, bias, unit):
    return sum(xi * row[unit] for xi, row in zip(x, weight, strict=True)) + bias[unit]


def step_by_hand(model, x, h, c):
    """One step of one sequence, in Python's floats: the new h and c."""
    parameters = [p.data.tolist() for p in model.parameters()]
    W, U, b, d = parameters if model.bias else (*parameters, *2 * [[0.0] * len(parameters[0][0])])
    size, new_h, new_c = len(h), [], []
    for j in range(size):
        given = [affine(x, W, b, j + k * size) for k in range(model.gates)]
        hidden = [affine(h, U, d, j + k * size) for k in range(model.gates)]
        gates = [a + b for a, b in zip(given, hidden, strict=True)]
        if isinstance(model, RNN):
            relu = model.nonlinearity == "relu"
            new_h.append(max(gates[0], 0.0) if relu else math.tanh(gates[0]))
        elif isinstance(model, LSTM):
            i, f, g, o = gates
            new_c.append(sigmoid(f) * c[j] + sigmoid(i) * math.tanh(g))
            new_h.append(sigmoid(o) * math.tanh(new_c[-1]))
        else:
            r, z = map(sigmoid, gates[:2])
            n = math.tanh(given[2] + r * hidden[2])
            new_h.append((1 - z) * n + z * h[j])
    return new_h, new_c


def flat(answer):
    """The output and each part of the state, as arrays."""
    output, state = answer
    return [np.asarray(ad.stack([a])[0].data) for a in (output, *parts_of(state))]


def parts_of(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("bias", [True, False])
def test_by_hand(make, bias):
    model = make(3, 4, bias=bias, seed=0)
    x, state = rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 1, 2, 4))
    hx = (Tensor(state[0]), state[1]) if isinstance(model, LSTM) else Tensor(state[0])
    output, *last = flat(model(x, hx))
    for i in range(2):
        h, c = state[:, 0, i].tolist()
        for t in range(5):
            h, c = step_by_hand(model, x[t, i].tolist(), h, c)
            np.testing.assert_allclose(output[t, i], h, rtol=1e-12)
        np.testing.assert_allclose(last[0][0, i], h, rtol=1e-12)
        if c:
            np.testing.assert_allclose(last[1][0, i], c, rtol=1e-12)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_forms_of_the_same_input(make):
    sizes = {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True, "seed": 0}
    model, other = make(**sizes), make(**sizes, batch_first=True)
    x, hx = rng.normal(size=(5, 2, 3)), rng.normal(size=(4, 2, 4))
    pair = isinstance(model, LSTM)
    zeros = np.zeros_like(hx)
    for given, begin in ((x, hx), (Tensor(x), Tensor(hx)), (x.tolist(), hx.tolist()), (x, None)):
        begin_of = (begin, begin) if pair and begin is not None else begin
        output, *last = flat(model(given, begin_of))
        assert (output.shape, last[0].shape) == ((5, 2, 8), (4, 2, 4))
        swapped = Tensor(x).swapaxes(0, 1)
        output_first, *last_first = flat(other(swapped, begin_of))
        np.testing.assert_array_equal(output_first.swapaxes(0, 1), output)
        np.testing.assert_array_equal(last_first, last)
        at = np.asarray(hx if begin is not None else zeros)[:, 1]
        one, *last_one = flat(other(x[:, 1], (at, at) if pair else at))
        assert (one.shape, last_one[0].shape) == ((5, 8), (4, 4))
        np.testing.assert_allclose(one, output[:, 1], rtol=1e-12)
        np.testing.assert_allclose(last_one, [part[:, 1] for part in last], rtol=1e-12)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_state_goes_on_where_it_was_left(make):
    model, x = make(3, 4, num_layers=2, seed=0), rng.normal(size=(6, 2, 3))
    output, *last = flat(model(x))
    first, state = model(x[:2])
    second, *end = flat(model(x[2:], state))
    np.testing.assert_allclose(np.concatenate([first.data, second]), output, rtol=1e-12)
    np.testing.assert_allclose(end, last, rtol=1e-12)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_layers_and_directions(make):
    """Of two layers in both directions: each part by a model of one layer and one direction."""
    model, x = make(3, 4, num_layers=2, bidirectional=True, seed=0), rng.normal(size=(5, 2, 3))
    states = []
    given = x
    for layer in range(2):
        halves = []
        for end in ("", "_reverse"):
            one = make(given.shape[-1], 4)
            for name, parameter in one.named_parameters():
                parameter.data = getattr(model, name.replace("_l0", f"_l{layer}{end}")).data
            output, *state = flat(one(given[::-1] if end else given))
            halves.append(output[::-1] if end else output)
            states.append(state)
        given = np.concatenate(halves, -1)
    output, *last = flat(model(x))
    np.testing.assert_allclose(output, given, rtol=1e-12)
    for i, part in enumerate(last):
        np.testing.assert_allclose(part, [state[i][0] for state in states], rtol=1e-12)


def test_parameters_and_their_spread():
    model = LSTM(30, 50, num_layers=2, bidirectional=True, seed=0)
    shapes = {name: p.shape for name, p in model.named_parameters()}
    assert list(shapes) == [
        f"{kind}_l{layer}{end}"
        for layer in range(2)
        for end in ("", "_reverse")
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    assert shapes["weight_ih_l0_reverse"] == (30, 200)
    assert shapes["weight_ih_l1"] == (100, 200)
    assert shapes["weight_hh_l1"] == (50, 200)
    assert shapes["bias_hh_l0"] == (200,)
    drawn = np.concatenate([p.data.ravel() for p in model.parameters()])
    assert np.abs(drawn).max() <= 1 / math.sqrt(50)
    assert np.std(drawn) == pytest.approx(1 / math.sqrt(150), rel=0.01)
    again = LSTM(30, 50, num_layers=2, bidirectional=True, seed=np.random.default_rng(0))
    np.testing.assert_array_equal(again.weight_hh_l1.data, model.weight_hh_l1.data)


def test_dropout_is_between_the_layers():
    model = GRU(3, 4, num_layers=2, dropout=0.5, seed=0)
    x = rng.normal(size=(5, 2, 3))
    first, second = GRU(3, 4), GRU(4, 4)
    for one, layer in ((first, 0), (second, 1)):
        for name, parameter in one.named_parameters():
            parameter.data = getattr(model, name.replace("_l0", f"_l{layer}")).data
    between = Dropout(0.5)
    between.generator = np.random.default_rng(1)
    model.dropout.generator = np.random.default_rng(1)
    expected = second(between(first(x)[0]))[0].data
    np.testing.assert_allclose(model(x)[0].data, expected, rtol=1e-12)
    plain = second(first(x)[0])[0].data
    assert np.abs(plain - expected).max() > 0.01
    np.testing.assert_allclose(model.eval()(x)[0].data, plain, rtol=1e-12)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_gradients(make, training):
    settings = {"num_layers": 2, "bidirectional": True, "seed": 0, "dropout": 0.3}
    x, hx = rng.normal(size=(3, 2, 3)), rng.normal(size=(4, 2, 2))
    parameters = {n: p.data for n, p in make(3, 2, **settings).named_parameters()}

    def f(x, hx, parameters):
        model = make(3, 2, **settings).train(training)
        vars(model).update(parameters)
        return model(x, (hx, 2 * hx) if isinstance(model, LSTM) else hx)

    report = check_gradients(f, x, hx, parameters)
    assert "kink" not in repr(report)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}])
def test_programs(make, settings):
    model = make(3, 4, seed=0, **settings)
    x, weights = rng.normal(size=(5, 2, 3)), {n: p.data for n, p in model.named_parameters()}

    def loss(weights, x):
        vars(model).update(weights)
        output, state = model(x)
        return sum((ad.sin(part) ** 2).mean() for part in (output, *parts_of(state)))

    value, slopes = ad.value_and_grad(loss, (0, 1))(weights, x)
    for program in (
        ad.compile(ad.value_and_grad(loss, (0, 1))),
        ad.derive(loss, weights, x, argnums=(0, 1)),
    ):
        found, (by_weights, by_x) = program(weights, x)
        assert found == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(by_x, slopes[1], rtol=1e-10, atol=1e-14)
        for name, slope in slopes[0].items():
            np.testing.assert_allclose(by_weights[name], slope, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_single_precision_stays(make):
    model = make(3, 4, num_layers=2, dropout=0.2, dtype=np.float32, seed=0)
    x = Tensor(rng.normal(size=(5, 2, 3)).astype(np.float32))
    output, state = model(x)
    (output.sum() + sum(part.sum() for part in parts_of(state))).backward()
    found = [output, *parts_of(state), *model.parameters()]
    assert {thing.dtype for thing in found} == {np.dtype(np.float32)}
    assert {thing.grad.dtype for thing in (x, *model.parameters())} == {np.dtype(np.float32)}
    assert make(3, 4).astype(np.float32)(x.data)[0].dtype == np.float32


def test_how_they_show_themselves():
    assert repr(LSTM(3, 4)) == "LSTM(3, 4) of 144 parameters"
    assert repr(RNN(3, 4, 2, "relu", False)) == (
        "RNN(3, 4, num_layers=2, bias=False, nonlinearity='relu') of 60 parameters"
    )
    shown = "GRU(3, 4, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)"
    model = GRU(3, 4, 2, True, True, 0.1, True)
    assert repr(model) == f"{shown} of 552 parameters"
    assert "dropout.generator" in model.state_dict()
    assert "dropout.generator" not in GRU(3, 4, 2).state_dict()


X = np.ones((5, 2, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LSTM(0, 4), ValueError, "`input_size` is a whole number"),
        (lambda: LSTM(3, 4.0), ValueError, "`hidden_size` is a whole number"),
        (lambda: GRU(3, 4, 0), ValueError, "`num_layers` is a whole number"),
        (lambda: RNN(3, 4, nonlinearity="sin"), ValueError, '"tanh" or "relu", .* \'sin\''),
        (lambda: LSTM(3, 4, dtype=int), ValueError, "LSTM's `dtype` is a float type"),
        (lambda: GRU(3, 4, 2, dropout=1.5), ValueError, "a probability from 0 to 1"),
        (lambda: GRU(3, 4, dropout=0.5), ValueError, r"between its layers, .*\n.*Dropout\(0.5\)"),
        (lambda: LSTM(3, 4)(np.ones((5, 2, 4))), ValueError, r"\(time, batch, 3\), .* \(5, 2, 4\)"),
        (lambda: LSTM(3, 4)(np.ones(3)), ValueError, r"this has shape \(3,\)"),
        (lambda: LSTM(3, 4, batch_first=True)(np.ones((1, 1, 1, 3))), ValueError, "batch, time, 3"),
        (lambda: RNN(3, 4)(np.ones((0, 2, 3))), ValueError, "one step or more, .* shape"),
        (lambda: RNN(3, 4, batch_first=True)(np.ones((2, 0, 3))), ValueError, "one step or more"),
        (lambda: LSTM(3, 4)(X, np.ones((1, 2, 4))), TypeError, r"a pair \(h, c\), but this is"),
        (lambda: LSTM(3, 4)(X, (np.ones((1, 2, 4)),)), TypeError, "a pair"),
        (
            lambda: LSTM(3, 4)(X, (np.ones((1, 2, 4)), np.ones((1, 4)))),
            ValueError,
            r"initial `c` of this LSTM has shape \(1, 2, 4\) .* has \(1, 4\)",
        ),
        (lambda: GRU(3, 4, 2)(X, np.ones((1, 2, 4))), ValueError, r"shape \(2, 2, 4\) for"),
        (lambda: GRU(3, 4)(X[:, 0], np.ones((1, 1, 4))), ValueError, r"shape \(1, 4\) for"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        make()
