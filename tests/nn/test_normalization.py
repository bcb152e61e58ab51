"""LayerNorm and the two BatchNorms against sums by hand, and the statistics that a batch leaves."""

import itertools

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor
from nn import BatchNorm1d, BatchNorm2d, LayerNorm

rng = np.random.default_rng(0)


def by_hand(numbers, eps=1e-5):
    """(x - mean) / sqrt(variance + eps) of a list of numbers, with the two; by Python's floats."""
    numbers = [float(x) for x in numbers]
    mean = sum(numbers) / len(numbers)
    variance = sum((x - mean) ** 2 for x in numbers) / len(numbers)
    return [(x - mean) / (variance + eps) ** 0.5 for x in numbers], mean, variance


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_layer_norm(shape, axes, eps):
    axes = min(axes, len(shape))
    inner = shape[-axes:]
    norm = LayerNorm(inner if axes > 1 else inner[0], eps=eps)
    x, w, b = rng.normal(3, 2, shape), rng.normal(size=inner), rng.normal(size=inner)
    norm.weight.data, norm.bias.data = w, b
    rows = [by_hand(row, eps)[0] for row in x.reshape(-1, w.size)]
    expected = np.reshape(rows, shape) * w + b
    np.testing.assert_allclose(norm(x).data, expected, rtol=1e-11, atol=1e-13)


def test_what_follows_may_be_left_out():
    x = rng.normal(size=(5, 3))
    kinds = {
        ("weight", "bias"): (LayerNorm(3), BatchNorm1d(3)),
        ("weight",): (LayerNorm(3, bias=False),),
        (): (LayerNorm(3, elementwise_affine=False), BatchNorm1d(3, affine=False)),
    }
    for names, norms in kinds.items():
        for norm in norms:
            assert [n for n, _ in norm.named_parameters()] == list(names)
            full = type(norm)(3)
            np.testing.assert_array_equal(ad.stack([norm(x)])[0].data, full(x).data)


def columns(x):
    """The numbers of each feature."""
    return [np.ravel(x[:, i]) for i in range(x.shape[1])]


def norm_for(shape):
    return BatchNorm2d(3) if len(shape) == 4 else BatchNorm1d(3)


@pytest.mark.parametrize(
    "shape", [(5, 3), (2, 3), (1, 3, 2), (4, 3, 6), (2, 3, 4, 5), (1, 3, 1, 2)]
)
def test_batch_norm_in_training(shape):
    norm = norm_for(shape)
    x, w, b = rng.normal(3, 2, shape), rng.normal(size=3), rng.normal(size=3)
    norm.weight.data, norm.bias.data = w, b
    y = norm(Tensor(x)).data
    for i, column in enumerate(columns(x)):
        scaled, mean, variance = by_hand(column)
        expected = np.array(scaled) * w[i] + b[i]
        np.testing.assert_allclose(columns(y)[i], expected, rtol=1e-11, atol=1e-13)
        count = len(column)
        assert norm.running_mean[i] == pytest.approx(0.1 * mean, rel=1e-12)
        unbiased = variance * count / (count - 1)
        assert norm.running_var[i] == pytest.approx(0.9 + 0.1 * unbiased, rel=1e-12)
    assert norm.num_batches_tracked == 1


@pytest.mark.parametrize("shape", [(5, 3), (1, 3), (4, 3, 6), (2, 3, 4, 5)])
def test_batch_norm_in_eval_uses_what_it_has_learnt(shape):
    norm = norm_for(shape).eval()
    norm.running_mean, norm.running_var = rng.normal(size=3), rng.uniform(1, 2, 3)
    before = norm.state_dict()
    x = rng.normal(size=shape)
    y = norm(x).data
    for i, column in enumerate(columns(x)):
        root = (before["running_var"][i] + 1e-5) ** 0.5
        expected = (column - before["running_mean"][i]) / root
        np.testing.assert_allclose(columns(y)[i], expected, rtol=1e-12, atol=1e-14)
    for name, array in norm.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_without_a_momentum_the_statistics_are_averages():
    norm, batches = BatchNorm1d(2, momentum=None), rng.normal(size=(4, 5, 2))
    for batch in batches:
        norm(batch)
    np.testing.assert_allclose(norm.running_mean, batches.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(norm.running_var, batches.var(1, ddof=1).mean(0), rtol=1e-12)
    assert norm.num_batches_tracked == 4


def test_statistics_are_plain_also_inside_of_a_transform_and_one_that_is_kept_is_not_written_to():
    norm, x = BatchNorm1d(2), rng.normal(size=(5, 2))
    kept = norm.running_mean
    ad.grad(lambda x: ad.sum(ad.sin(norm(x))))(x)
    assert kept.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean(0), rtol=1e-12)
    ad.hessian(lambda x: ad.sum(ad.sin(norm(x))))(x)
    assert {type(b) for b in norm.buffers()} == {np.ndarray}


@pytest.mark.parametrize("make", [LayerNorm, BatchNorm1d])
@pytest.mark.parametrize("training", [True, False])
def test_single_precision_stays(make, training):
    norm, x = (
        make(3, dtype=np.float32).train(training),
        Tensor(rng.normal(size=(4, 3)).astype("f4")),
    )
    y = norm(x)
    y.sum().backward()
    floats = [y, x, *norm.parameters(), *(b for b in norm.buffers() if b.dtype.kind == "f")]
    assert {thing.dtype for thing in floats} == {np.dtype(np.float32)}
    assert x.grad.dtype == np.float32


def test_in_a_program():
    x = rng.normal(size=(4, 3))
    layer, batch = LayerNorm(3), BatchNorm1d(3)
    np.testing.assert_allclose(ad.compile(lambda x: layer(x))(x), layer(x).data, rtol=1e-13)
    program = ad.compile(lambda x: batch(x))
    with pytest.raises(ad.TraceError, match=r"(?s)In training BatchNorm1d changes .*model\.eval"):
        program(x)
    assert batch.num_batches_tracked == 0
    batch.eval()
    np.testing.assert_allclose(program(x), batch(x).data, rtol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *[(lambda s=s: LayerNorm(s), "`normalized_shape` is") for s in (0, (), (2, 0), 2.0, None)],
        *[
            (lambda k=k, e=e: k(3, eps=e), "`eps` is added")
            for k, e in itertools.product((LayerNorm, BatchNorm1d), (-1.0, np.nan, np.inf, "a"))
        ],
        (lambda: LayerNorm(3, dtype=int), "`dtype` is a float type"),
        (lambda: BatchNorm1d(3, dtype=int), "`dtype` is a float type"),
        (lambda: BatchNorm1d(0), "`num_features` is a whole number"),
        *[(lambda m=m: BatchNorm1d(3, momentum=m), "`momentum` is") for m in (-0.1, 1.1, "a")],
        (lambda: LayerNorm(3)(np.ones((3, 4))), r"last axes are \(3,\), .* shape \(3, 4\)"),
        (lambda: LayerNorm((2, 3))(np.ones(3)), r"last axes are \(2, 3\), .* shape \(3,\)"),
        (lambda: BatchNorm1d(3)(np.ones(3)), r"\(samples, 3\) .* has shape \(3,\)"),
        (lambda: BatchNorm1d(3)(np.ones((3, 4))), r"has shape \(3, 4\)"),
        (lambda: BatchNorm1d(3)(np.ones((3, 3, 3, 3))), "has shape"),
        (lambda: BatchNorm2d(3, dtype=int), "BatchNorm2d's `dtype` is a float type"),
        (
            lambda: BatchNorm2d(3)(np.ones((3, 4, 4))),
            r"\(samples, 3, height, width\), but .*\(3, 4",
        ),
        (lambda: BatchNorm2d(3)(np.ones((1, 4, 3, 3))), r"has shape \(1, 4, 3, 3\)"),
        (lambda: BatchNorm2d(3)(np.ones((1, 3, 1, 1))), "a BatchNorm2d needs two numbers"),
        (lambda: BatchNorm1d(3)(np.ones((1, 3))), "needs two numbers to each feature"),
        (lambda: BatchNorm1d(3)(np.ones((0, 3))), "needs two numbers to each feature"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()
