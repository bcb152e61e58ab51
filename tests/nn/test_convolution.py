"""Layers over images against loops, their gradients in every reading, and what is refused."""

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import Tensor
from autodiff.testing import check_gradients
from nn import AvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from nn.initialisers import he_normal

rng = np.random.default_rng(0)

LAYERS = {
    "plain": lambda: Conv2d(2, 3, 2, seed=0),
    "without bias": lambda: Conv2d(2, 3, (2, 3), bias=False, seed=0),
    "of strides": lambda: Conv2d(2, 4, 3, stride=(2, 1), padding=(1, 2), seed=0),
    "same": lambda: Conv2d(2, 2, (3, 2), padding="same", dilation=(1, 2), seed=0),
    "valid": lambda: Conv2d(2, 2, 2, padding="valid", dilation=2, seed=0),
    "in groups": lambda: Conv2d(2, 4, 3, padding=1, groups=2, seed=0),
    "largest": lambda: MaxPool2d(2),
    "largest of dilated": lambda: MaxPool2d((3, 2), 1, (1, 0), dilation=(1, 2)),
    "largest over the edge": lambda: MaxPool2d(2, 3, 1, ceil_mode=True),
    "mean": lambda: AvgPool2d((2, 3)),
    "mean of what there is": lambda: AvgPool2d(3, 2, 1, True, count_include_pad=False),
    "normalised": lambda: BatchNorm2d(2),
}


def test_every_layer_over_images_is_among_them():
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type)}
    assert {type(make()) for make in LAYERS.values()} == {k for k in kinds if "2d" in k.__name__}


def convolved(x, layer, before, behind, stride, dilation):
    """What a Conv2d is to give of (N, C, H, W), by loops over the places of the window."""
    w, b = layer.weight.data, layer.bias
    x = np.pad(x, [(0, 0), (0, 0), *zip(before, behind, strict=True)])
    reach = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation, strict=True)]
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    z = np.zeros((len(x), len(w), *size)) + (0 if b is None else b.data[:, None, None])
    for o, c, i, j in np.ndindex(w.shape):
        channel = o // (len(w) // layer.groups) * w.shape[1] + c
        rows = slice(i * dilation[0], i * dilation[0] + stride[0] * (size[0] - 1) + 1, stride[0])
        columns = slice(j * dilation[1], j * dilation[1] + stride[1] * (size[1] - 1) + 1, stride[1])
        z[:, o] += w[o, c, i, j] * x[:, channel, rows, columns]
    return z


@pytest.mark.parametrize(
    ("name", "before", "behind", "stride", "dilation"),
    [
        ("plain", (0, 0), (0, 0), (1, 1), (1, 1)),
        ("without bias", (0, 0), (0, 0), (1, 1), (1, 1)),
        ("of strides", (1, 2), (1, 2), (2, 1), (1, 1)),
        ("same", (1, 1), (1, 1), (1, 1), (1, 2)),
        ("valid", (0, 0), (0, 0), (1, 1), (2, 2)),
        ("in groups", (1, 1), (1, 1), (1, 1), (1, 1)),
    ],
)
def test_a_convolution(name, before, behind, stride, dilation):
    layer, x = LAYERS[name](), rng.normal(size=(3, 2, 5, 6))
    if layer.bias is not None:
        layer.bias.data = rng.normal(size=layer.bias.shape)
    expected = convolved(x, layer, before, behind, stride, dilation)
    np.testing.assert_allclose(layer(Tensor(x)).data, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("window", [1, 2, 3, 4, (2, 5)])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_the_padding_same_keeps_the_size(window, dilation):
    layer = Conv2d(1, 1, window, padding="same", dilation=dilation, init=nn.initialisers.ones)
    x = np.zeros((1, 1, 31, 31))
    x[0, 0, 15, 15] = 1.0
    z = layer(x).data
    assert z.shape == x.shape
    height, width = layer.window
    assert z.sum() == height * width
    if window == 2 and dilation == 1:  # of one row and one column more, both are behind
        assert z[0, 0, 14:16, 14:16].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_pooling():
    x = rng.normal(size=(2, 3, 4, 6))
    blocks = x.reshape(2, 3, 2, 2, 2, 3)
    np.testing.assert_array_equal(MaxPool2d((2, 3))(x), blocks.max((3, 5)))
    np.testing.assert_allclose(AvgPool2d((2, 3))(x), blocks.mean((3, 5)), rtol=1e-13)
    ones = np.ones((1, 3, 3))
    assert AvgPool2d(2, padding=1)(ones).tolist() == [[[0.25, 0.5], [0.5, 1.0]]]
    assert AvgPool2d(2, padding=1, count_include_pad=False)(ones).tolist() == [[[1, 1], [1, 1]]]


def test_ties_share_equally():
    x = Tensor(np.zeros((1, 2, 2)))
    MaxPool2d(2)(x).sum().backward()
    assert x.grad.tolist() == [[[0.25, 0.25], [0.25, 0.25]]]


@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name):
    make = LAYERS[name]
    parameters = {n: p.data + 0.1 * rng.normal(size=p.shape) for n, p in make().named_parameters()}

    def f(x, parameters):
        layer = make()
        vars(layer).update(parameters)
        return layer(x)

    report = check_gradients(f, rng.normal(size=(2, 2, 4, 5)), parameters)
    assert "kink" not in repr(report)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "normalised"])
def test_one_image(name):
    layer, images = LAYERS[name](), rng.normal(size=(3, 2, 5, 6))
    for image, expected in zip(images, ad.stack([layer(images)])[0], strict=True):
        found = ad.stack([layer(image)])[0]
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", LAYERS)
def test_single_precision_stays(name):
    layer, x = LAYERS[name]().astype(np.float32), Tensor(rng.normal(size=(2, 2, 4, 5)).astype("f4"))
    y = layer(x)
    y.sum().backward()
    assert {t.dtype for t in (y, x, *layer.parameters())} == {np.dtype(np.float32)}
    assert x.grad.dtype == np.float32
    assert Conv2d(1, 1, 1, dtype=np.float32).weight.dtype == np.float32


def network(dtype=np.float64):
    return Sequential(
        Conv2d(1, 4, 3, padding=1, seed=0, dtype=dtype, init=he_normal), ReLU(), MaxPool2d(2),
        Conv2d(4, 6, 3, padding="same", seed=1, dtype=dtype), BatchNorm2d(6, dtype=dtype), ReLU(),
        AvgPool2d(2), Flatten(), Linear(24, 3, seed=2, dtype=dtype),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_programs_are_as_the_graph(dtype):
    model = network(dtype).eval()
    x, labels = rng.normal(size=(5, 1, 8, 8)).astype(dtype), np.array([0, 2, 1, 1, 0])

    def loss_of(x):
        return nn.cross_entropy(model(x), labels)

    value, slope = ad.value_and_grad(loss_of)(x)
    near = 1e-12 if dtype is np.float64 else 1e-5
    programs = [ad.compile(ad.value_and_grad(loss_of)), ad.derive(loss_of, x)]
    for program in (*programs, programs[0]):  # the first again, in buffers that were used
        found, by_x = program(x)
        np.testing.assert_allclose(found, value, rtol=near)
        np.testing.assert_allclose(by_x, slope, rtol=near, atol=near)
    np.testing.assert_allclose(ad.compile(lambda x: model(x))(x), model.predict(x), rtol=near)


def test_the_gradient_of_a_network_is_what_differences_say():
    model = network()
    x, labels = rng.normal(size=(4, 1, 8, 8)), np.array([0, 2, 1, 1])
    report = check_gradients(lambda x: nn.cross_entropy(model(x), labels), x)
    assert report.checked


def test_a_network_learns_where_a_bar_stands():
    model = Sequential(
        Conv2d(1, 3, 3, seed=0), ReLU(), MaxPool2d(4), Flatten(), Linear(3, 2, seed=1)
    )
    x = np.zeros((8, 1, 6, 6))
    for i in range(4):
        x[i, 0, i + 1], x[4 + i, 0, :, i + 1] = 1.0, 1.0
    labels = np.repeat([0, 1], 4)
    for _ in range(100):
        model.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        for p in model.parameters():
            p.data = p.data - 0.3 * p.grad
    assert np.argmax(model.predict(x), 1).tolist() == labels.tolist()


def test_what_the_initialiser_is_told():
    seen = []

    def noting(shape, fan_in, fan_out, rng):
        seen.append((shape, fan_in, fan_out))
        return np.zeros(shape)

    Conv2d(4, 6, (3, 2), groups=2, init=noting)
    assert seen == [((6, 2, 3, 2), 12, 18)]
    weight = Conv2d(50, 40, 3, seed=0).weight.data
    assert np.abs(weight).max() == pytest.approx((6 / (9 * 90)) ** 0.5, rel=1e-3)
    assert Conv2d(1, 2, 3).bias.data.tolist() == [0.0, 0.0]


def test_how_they_show_themselves():
    assert repr(Conv2d(3, 16, 3)) == "Conv2d(3, 16, kernel_size=3) of 448 parameters"
    conv = Conv2d(4, 8, (3, 5), (1, 2), 1, (2, 1), 2, False)
    assert repr(conv) == (
        "Conv2d(4, 8, kernel_size=(3, 5), stride=(1, 2), padding=1, dilation=(2, 1), groups=2) "
        "of 240 parameters"
    )
    assert "padding='same'" in repr(Conv2d(1, 1, 3, padding="same"))
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=2) of 0 parameters"
    assert repr(MaxPool2d((3, 2), 2, 1, ceil_mode=True)) == (
        "MaxPool2d(kernel_size=(3, 2), stride=2, padding=1, ceil_mode=True) of 0 parameters"
    )
    assert repr(AvgPool2d(2, count_include_pad=False)) == (
        "AvgPool2d(kernel_size=2, count_include_pad=False) of 0 parameters"
    )
    table = network().summary(np.zeros((5, 1, 8, 8)))
    assert "layers.0  Conv2d(1, 4, kernel_size=3, padding=1)" in table
    assert "(5, 6, 4, 4)" in table


IMAGE = np.ones((2, 3, 8, 8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(0, 1, 3), "`in_channels` is a whole number"),
        (lambda: Conv2d(1, 1.0, 3), "`out_channels` is a whole number"),
        *[
            (lambda k=k: Conv2d(1, 1, k), r"`kernel_size` is a whole number from 1 up, or a pair")
            for k in (0, (3, 0), (3, 3, 3), 2.0, "3", None, True)
        ],
        (lambda: Conv2d(1, 1, 3, stride=0), "`stride` is a whole number from 1 up"),
        (lambda: Conv2d(1, 1, 3, dilation=(1, 0)), "`dilation` is a whole number from 1 up"),
        (lambda: Conv2d(1, 1, 3, padding=-1), "`padding` is a whole number from 0 up"),
        (lambda: Conv2d(1, 1, 3, padding="full"), '"same" or "valid", but this is \'full\''),
        (lambda: Conv2d(1, 1, 3, 2, "same"), 'padding "same" .* stride of 2 it becomes smaller'),
        (lambda: Conv2d(4, 6, 3, groups=4), "4 does not divide 4 and 6"),
        (lambda: Conv2d(4, 6, 3, groups=0), "`groups` is a whole number"),
        (lambda: Conv2d(1, 1, 3, dtype=int), "Conv2d's `dtype` is a float type"),
        (lambda: Conv2d(4, 6, 3)(IMAGE), r"\(N, 4, H, W\), or .* shape \(2, 3, 8, 8\)"),
        (lambda: Conv2d(1, 6, 3)(np.ones((5, 8, 8))), r"shape \(5, 8, 8\).\n.*`x\[:, None\]`"),
        (lambda: Conv2d(1, 6, 3)(np.ones((8, 8))), r"has shape \(8, 8\).\n.*`x\[None\]`"),
        (lambda: Conv2d(1, 6, 3)(np.ones(8)), r"has shape \(8,\).\nReshape"),
        (lambda: Conv2d(3, 6, (9, 1))(IMAGE), "covers 9 by 1, .* is smaller, with its padding"),
        (lambda: Conv2d(3, 6, 5, dilation=2)(IMAGE), "covers 9 by 9"),
        (lambda: MaxPool2d(0), "`kernel_size` is a whole number from 1 up"),
        (lambda: MaxPool2d(2, 0), "`stride` is a whole number from 1 up"),
        (lambda: MaxPool2d(3, padding=2), "at most half of the window, .* 2 for a window of 3 by"),
        (lambda: MaxPool2d(9)(IMAGE), "window of this MaxPool2d covers 9 by 9"),
        (lambda: AvgPool2d(9)(IMAGE), "window of this AvgPool2d covers 9 by 9"),
        (lambda: AvgPool2d(2)(np.ones(3)), r"takes images of shape \(N, C, H, W\).*\(3,\)"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()
