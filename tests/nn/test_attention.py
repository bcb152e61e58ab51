"""MultiHeadAttention against sums by hand, its masks, and the rows of which they leave nothing."""

import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from autodiff.testing import check_gradients
from nn import Dropout, MultiHeadAttention

rng = np.random.default_rng(0)
BATCH, QUERIES, KEYS, HEADS = 2, 4, 3, 2
QUERY, KEY = rng.normal(size=(BATCH, QUERIES, 6)), rng.normal(size=(BATCH, KEYS, 6))
VALUE = rng.normal(size=(BATCH, KEYS, 6))


def made(**settings):
    """A layer with other biases than zeros."""
    model = MultiHeadAttention(6, HEADS, **{"seed": 0, **settings})
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data = np.random.default_rng(1).normal(size=parameter.shape)
    return model


def by_hand(model, query, key, value, added):
    """The weights and the output for one sample, with numbers added to the scores of each head."""
    q, k, v = (
        x @ p.weight.data + p.bias.data
        for x, p in ((query, model.q_proj), (key, model.k_proj), (value, model.v_proj))
    )
    size = q.shape[1] // model.num_heads
    weights = np.zeros((model.num_heads, len(query), len(key)))
    joined = np.zeros((len(query), q.shape[1]))
    for h in range(model.num_heads):
        part = slice(h * size, (h + 1) * size)
        for i in range(len(query)):
            scores = [
                float(q[i, part] @ k[j, part]) / math.sqrt(size) + added[h, i, j]
                for j in range(len(key))
            ]
            powers = [math.exp(score) for score in scores]
            for j, power in enumerate(powers):
                weights[h, i, j] = power / sum(powers) if power else 0.0
                joined[i, part] += weights[h, i, j] * v[j, part]
    return weights, joined @ model.out_proj.weight.data + model.out_proj.bias.data


def agrees(added, **masks):
    """Hold a call and its weights to those by hand, with `added` of the shape of all scores."""
    model, added = made(), np.broadcast_to(added, (BATCH, HEADS, QUERIES, KEYS))
    output = model(QUERY, KEY, VALUE, **masks).data
    weights = model.weights(QUERY, KEY, **masks).data
    for i in range(BATCH):
        expected = by_hand(model, QUERY[i], KEY[i], VALUE[i], added[i])
        np.testing.assert_allclose(weights[i], expected[0], rtol=1e-12)
        np.testing.assert_allclose(output[i], expected[1], rtol=1e-12)


def minus_inf(condition):
    return np.where(condition, -math.inf, 0.0)


def test_without_a_mask():
    agrees(0.0)


@pytest.mark.parametrize(
    "shape",
    [
        (QUERIES, KEYS),
        (BATCH * HEADS, QUERIES, KEYS),
        (BATCH, HEADS, QUERIES, KEYS),
        (BATCH, 1, QUERIES, KEYS),
        (1, HEADS, QUERIES, KEYS),
    ],
)
def test_masks(shape):
    full = (BATCH, HEADS, QUERIES, KEYS)
    condition, numbers = rng.random(shape) < 0.4, rng.normal(size=shape)
    if len(shape) == 3:
        condition[0, 0], whole = True, lambda mask: mask.reshape(full)
    else:
        condition[..., 0, :], whole = True, lambda mask: mask
    agrees(minus_inf(whole(condition)), mask=condition)
    agrees(whole(numbers), mask=numbers)
    agrees(whole(numbers + minus_inf(condition)), mask=Tensor(numbers + minus_inf(condition)))


def test_masks_together():
    condition, padding = rng.random((QUERIES, KEYS)) < 0.3, rng.random((BATCH, KEYS)) < 0.5
    later = np.arange(KEYS) > np.arange(QUERIES)[:, None]
    padded = minus_inf(padding)[:, None, None]
    agrees(minus_inf(later), causal=True)
    agrees(padded, key_padding_mask=padding)
    agrees(padded + 0.5, key_padding_mask=minus_inf(padding) + 0.5)
    agrees(
        padded + minus_inf(condition) + minus_inf(later),
        mask=condition, causal=True, key_padding_mask=padding,
    )  # fmt: skip


def test_what_is_left_out_is_the_query_or_the_key():
    model = made()
    for short, full in (
        (model(QUERY), model(QUERY, QUERY, QUERY)),
        (model(QUERY, KEY), model(QUERY, KEY, KEY)),
        (model(QUERY.tolist(), value=2 * QUERY), model(QUERY, QUERY, 2 * QUERY)),
    ):
        np.testing.assert_array_equal(short.data, full.data)


def test_one_sample_without_a_batch():
    model, mask = made(), rng.random((HEADS, QUERIES, KEYS)) < 0.3
    padding = np.array([False, True, False])
    output = model(QUERY, KEY, VALUE, np.stack([mask] * BATCH), False, np.stack([padding] * BATCH))
    for i in range(BATCH):
        one = model(QUERY[i], KEY[i], VALUE[i], mask, key_padding_mask=padding)
        np.testing.assert_allclose(one.data, output.data[i], rtol=1e-12)


def test_other_sizes_of_keys_and_values():
    model = made(kdim=2, vdim=5)
    assert model(QUERY, np.ones((BATCH, KEYS, 2)), np.ones((BATCH, KEYS, 5))).shape == QUERY.shape
    shapes = {name: p.shape for name, p in model.named_parameters()}
    assert shapes["k_proj.weight"] == (2, 6)
    assert shapes["v_proj.weight"] == (5, 6)
    without = MultiHeadAttention(6, 2, bias=False)
    assert [n.partition(".")[2] for n, _ in without.named_parameters()] == ["weight"] * 4


def test_a_row_of_which_nothing_is_left_gives_the_bias_and_pulls_nothing_back():
    model, query = made(), Tensor(QUERY)
    mask = np.zeros((QUERIES, KEYS), bool)
    mask[1] = True
    for given in (mask, minus_inf(mask)):
        query.zero_grad()
        output = model(query, KEY, VALUE, mask=given)
        expected = np.broadcast_to(model.out_proj.bias.data, (BATCH, 6))
        np.testing.assert_allclose(output.data[:, 1], expected, rtol=1e-12)
        np.testing.assert_array_equal(model.weights(query, KEY, mask=given).data[:, :, 1], 0.0)
        output.sum().backward()
        assert np.isfinite(query.grad).all()
        np.testing.assert_array_equal(query.grad[:, 1], 0.0)
        assert np.abs(query.grad[:, 0]).min() > 0


def test_causal_outputs_do_not_change_with_what_comes_later():
    model, x = made(), QUERY.copy()
    before = model(x, causal=True).data
    x[:, 2:] += 1.0
    after = model(x, causal=True).data
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert np.abs(after[:, 2:] - before[:, 2:]).min() > 1e-6


def test_dropout_leaves_out_weights():
    model, plain = made(dropout=0.5), made()
    model.dropout.generator = np.random.default_rng(2)
    dropout = Dropout(0.5)
    dropout.generator = np.random.default_rng(2)
    weights = dropout(plain.weights(QUERY).data)
    assert 0.3 < np.mean(weights == 0) < 0.7
    values = (QUERY @ model.v_proj.weight.data + model.v_proj.bias.data).reshape(2, 4, 2, 3)
    joined = np.einsum("bhij,bjhd->bihd", weights, values).reshape(2, 4, 6)
    expected = joined @ model.out_proj.weight.data + model.out_proj.bias.data
    np.testing.assert_allclose(model(QUERY).data, expected, rtol=1e-12)
    np.testing.assert_allclose(model.eval()(QUERY).data, plain(QUERY).data, rtol=1e-12)
    np.testing.assert_array_equal(model.train().weights(QUERY).data, plain.weights(QUERY).data)


@pytest.mark.parametrize(("training", "causal"), [(True, True), (False, False)])
def test_gradients(training, causal):
    settings = {"embed_dim": 2, "num_heads": 2, "dropout": 0.3, "seed": 0}
    model = MultiHeadAttention(**settings)
    parameters = {n: rng.normal(size=p.shape) for n, p in model.named_parameters()}
    condition = np.array([[False, True], [False, False], [True, True]])

    def f(query, key, value, added, parameters):
        model = MultiHeadAttention(**settings).train(training)
        for name, parameter in parameters.items():
            part, last = name.split(".")
            vars(getattr(model, part))[last] = parameter
        return model(query, key, value, ad.where(condition, -math.inf, added), causal)

    shapes = (2, 3, 2), (2, 2, 2), (2, 2, 2), (3, 2)
    report = check_gradients(f, *(rng.normal(size=shape) for shape in shapes), parameters)
    assert "kink" not in repr(report)


def test_programs():
    model = made()
    condition = rng.random((QUERIES, KEYS)) < 0.4
    condition[1] = True

    def loss(query, key, mask):
        output = model(query, key, mask=mask, causal=True)
        return ad.mean(ad.sin(output) ** 2)

    f = ad.value_and_grad(loss, (0, 1))
    for mask in (condition, minus_inf(condition) + 0.5):
        value, slopes = f(QUERY, KEY, mask)
        for program in (ad.compile(f), ad.derive(loss, QUERY, KEY, mask, argnums=(0, 1))):
            found, by = program(QUERY, KEY, mask)
            assert found == pytest.approx(value, rel=1e-12)
            for a, b in zip(by, slopes, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def test_single_precision_stays():
    model = MultiHeadAttention(6, 2, dropout=0.2, dtype=np.float32, seed=0)
    x, mask = Tensor(QUERY.astype(np.float32)), np.zeros((QUERIES, QUERIES))
    mask[1] = -math.inf
    output = model(x, mask=mask, causal=True)
    output.sum().backward()
    assert {t.dtype for t in (output, *model.parameters())} == {np.dtype(np.float32)}
    assert {t.grad.dtype for t in (x, *model.parameters())} == {np.dtype(np.float32)}


def test_how_it_shows_itself():
    shown = "MultiHeadAttention(6, num_heads=2, dropout=0.1) of 168 parameters"
    assert repr(MultiHeadAttention(6, 2, dropout=0.1)) == shown
    assert repr(made()) == "MultiHeadAttention(6, num_heads=2) of 168 parameters"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: MultiHeadAttention(6, 4), ValueError, "divides `embed_dim`, .* are 4 and 6"),
        (lambda m: MultiHeadAttention(0, 1), ValueError, "`embed_dim` is a whole number"),
        (lambda m: MultiHeadAttention(6, 2.0), ValueError, "`num_heads` is a whole number"),
        (lambda m: MultiHeadAttention(6, 2, kdim=0), ValueError, "`kdim` is a whole number"),
        (lambda m: MultiHeadAttention(6, 2, dropout=2), ValueError, "from 0 to 1"),
        (lambda m: MultiHeadAttention(6, 2, dtype=int), ValueError, "`dtype` is a float type"),
        (lambda m: m(np.ones(6)), ValueError, r"query .* \(batch, length, 6\), .* has \(6,\)"),
        (lambda m: m(np.ones((2, 4, 5))), ValueError, r"query .* has \(2, 4, 5\)"),
        (lambda m: m(QUERY, KEY[0]), ValueError, r"key .* shape \(2, 3, 6\), but .* \(3, 6\)"),
        (lambda m: m(QUERY, KEY[:1]), ValueError, r"key .* \(2, 3, 6\), but .* \(1, 3, 6\)"),
        (lambda m: m(QUERY, KEY, VALUE[:, 1:]), ValueError, r"value .* \(2, 3, 6\), .*\(2, 2, 6\)"),
        (lambda m: m(QUERY, mask=np.ones((4, 4), int)), TypeError, r"`mask` is boolean, .*astype"),
        (lambda m: m(QUERY, KEY, mask=np.ones((4, 4), bool)), ValueError, r"shape \(4, 3\) here"),
        (lambda m: m(QUERY, KEY, mask=np.ones((2, 4, 3), bool)), ValueError, r"\(2, 2, 4, 3\)"),
        (lambda m: m(QUERY, KEY, mask=np.ones((2, 2, 4, 1))), ValueError, r"has \(2, 2, 4, 1\)"),
        (lambda m: m(QUERY, KEY, mask=np.ones((3, 2, 4, 3))), ValueError, "an axis of length 1"),
        (
            lambda m: m(QUERY, KEY, key_padding_mask=np.ones((2, 4), bool)),
            ValueError,
            r"`key_padding_mask` has shape \(2, 3\) here, .* has \(2, 4\)",
        ),
        (lambda m: m(QUERY, key_padding_mask=[[0, 1]]), TypeError, "`key_padding_mask` is boolean"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        call(made())
