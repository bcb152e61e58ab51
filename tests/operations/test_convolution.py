"""Convolutions against sums by loops: of any axes and settings, layouts, orders and readings."""

import itertools

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import Tensor
from autodiff.operations import convolution as module
from autodiff.testing import check_gradients

# The shapes of x and w, and the settings.
CASES = {
    "signals": ((2, 3, 7), (4, 3, 3), {}),
    "one signal": ((3, 5), (2, 3, 2), {"padding": 1}),
    "images": ((2, 3, 5, 6), (4, 3, 3, 2), {}),
    "padded images": ((2, 2, 4, 4), (3, 2, 3, 3), {"padding": 1}),
    "strides": ((2, 2, 7, 6), (3, 2, 3, 2), {"stride": (3, 2), "padding": (2, 0)}),
    "a stride over the edge": ((1, 1, 6), (1, 1, 2), {"stride": 3}),
    "uneven borders": ((1, 2, 4, 5), (2, 2, 2, 3), {"padding": ((1, 0), (0, 2))}),
    "dilations": ((2, 2, 7, 6), (2, 2, 3, 2), {"dilation": (2, 3), "padding": 1}),
    "all of it": (
        (2, 4, 6, 7),
        (6, 2, 2, 3),
        {"stride": (1, 2), "padding": (1, (2, 1)), "dilation": (3, 2), "groups": 2},
    ),
    "a channel for each": ((3, 4, 5), (4, 1, 2), {"groups": 4}),
    "several for each": ((2, 3, 4, 4), (6, 1, 2, 2), {"groups": 3}),
    "windows of one": ((3, 2, 4, 4), (5, 2, 1, 1), {"stride": 2}),
    "the whole image": ((3, 2, 4, 3), (5, 2, 4, 3), {}),
    "bodies": ((2, 2, 3, 4, 3), (3, 2, 2, 2, 2), {"padding": (1, 0, 0)}),
    "an image": ((2, 4, 4), (3, 2, 2, 2), {}),
    "more axes in front": ((2, 2, 3, 4, 4), (2, 3, 2, 2), {"stride": 2}),
    "no samples": ((0, 2, 4, 4), (3, 2, 2, 2), {"padding": 1}),
}


def arrays(name, dtype=float):
    x, w, _ = CASES[name]
    rng = np.random.default_rng(len(name))
    return rng.normal(size=x).astype(dtype), rng.normal(size=w).astype(dtype)


def each(setting, axes):
    return tuple(setting) if isinstance(setting, tuple) else (setting,) * axes


def by_loops(x, w, stride=1, padding=0, dilation=1, groups=1):
    """The definition, place by place."""
    axes = w.ndim - 2
    front, (channels, *_) = x.shape[: -axes - 1], x.shape[-axes - 1 :]
    stride, dilation = each(stride, axes), each(dilation, axes)
    borders = [each(p, 2) for p in each(padding, axes)]
    x = x.reshape(int(np.prod(front)), *x.shape[-axes - 1 :])
    x = np.pad(x, [(0, 0), (0, 0), *borders])
    reach = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation, strict=True)]
    places = [
        len(range(0, n - r + 1, s)) for n, r, s in zip(x.shape[2:], reach, stride, strict=True)
    ]
    z = np.zeros((len(x), len(w), *places))
    inside, outside = channels // groups, len(w) // groups
    for n, o, *p in np.ndindex(z.shape):
        for c, *k in np.ndindex(w.shape[1:]):
            at = [a * s + b * d for a, s, b, d in zip(p, stride, k, dilation, strict=True)]
            z[(n, o, *p)] += w[(o, c, *k)] * x[(n, o // outside * inside + c, *at)]
    return z.reshape(*front, *z.shape[1:])


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    x, w = arrays(name)
    settings = CASES[name][2]
    expected = by_loops(x, w, **settings)
    for found in (ad.convolution(x, w, **settings), ad.convolution(Tensor(x), w, **settings).data):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_gradients_in_both_modes_to_second_order(name):
    x, w = arrays(name)
    if x.size:
        settings = CASES[name][2]
        report = check_gradients(lambda x, w: ad.convolution(x, w, **settings), x, w)
        assert report.checked


@pytest.mark.parametrize(
    ("x", "w", "settings"),
    [
        ((2, 3), (2, 2, 2), {"padding": 1}),
        ((1, 2, 2, 3), (2, 1, 2, 1), {"stride": (1, 2), "padding": ((1, 0), 0), "groups": 2}),
    ],
)
def test_in_every_reading(x, w, settings):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=x), rng.normal(size=w)
    every_reading_agrees(lambda x, w: ad.sum(ad.sin(ad.convolution(x, w, **settings))), x, w)


@pytest.mark.parametrize("most", [1, 50, 200])
@pytest.mark.parametrize("name", CASES)
def test_many_windows_are_gone_through_in_runs(name, most, monkeypatch):
    x, w = arrays(name)
    settings = CASES[name][2]

    def everything():
        z, pull = ad.vjp(lambda x, w: ad.convolution(x, w, **settings), x, w)
        return z, *pull(np.cos(np.arange(z.size)).reshape(z.shape))

    expected = everything()
    monkeypatch.setattr(module, "_MOST", most)
    for found, right in zip(everything(), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["padded images", "all of it", "windows of one", "bodies"])
def test_in_whatever_order_the_axes_lie_in_memory(name):
    x, w = arrays(name)
    settings = CASES[name][2]
    expected = ad.convolution(x, w, **settings)
    for order in itertools.permutations(range(x.ndim)):
        turned = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
        for weights in (w, np.asfortranarray(w)):
            found = ad.convolution(turned, weights, **settings)
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    np.testing.assert_allclose(ad.convolution(strided, w, **settings), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_few_bits_stay_few(dtype):
    x, w = map(Tensor, arrays("all of it", dtype))
    z = ad.convolution(x, w, **CASES["all of it"][2])
    z.sum().backward()
    assert z.dtype == x.grad.dtype == w.grad.dtype == dtype
    expected = by_loops(x.data.astype(float), w.data.astype(float), **CASES["all of it"][2])
    np.testing.assert_allclose(z.data, expected, rtol=0.02, atol=100 * np.finfo(dtype).eps)


def test_whole_numbers():
    x, w = np.arange(12).reshape(1, 3, 4), np.array([[[1, -1]], [[2, 0]], [[0, 3]]])
    found = ad.convolution(x, w, groups=3)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, by_loops(x, w, groups=3))


def test_a_convolution_of_vectors_is_numpys_correlation():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=20), rng.normal(size=5)
    found = ad.convolution(x[None], w[None, None])
    np.testing.assert_allclose(found[0], np.correlate(x, w, "valid"), rtol=1e-12)


def test_jacobians_and_hessians_are_row_by_row():
    x, w = arrays("one signal")

    def slope(w):
        return ad.grad(lambda w: ad.sum(ad.tanh(ad.convolution(x, w, padding=1))))(w)

    found = ad.jacobian(slope)(w)
    np.testing.assert_allclose(found, ad.jacfwd(slope)(w), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ad.compile(ad.jacobian(slope))(w), found, rtol=1e-10, atol=1e-12)
    by_x = ad.jacobian(lambda x: ad.convolution(x, w, padding=1))(x)
    rows = [
        ad.grad(lambda x, i=i: ad.ravel(ad.convolution(x, w, padding=1))[i])(x)
        for i in range(by_x[..., 0, 0].size)
    ]
    np.testing.assert_allclose(by_x.reshape(-1, *x.shape), rows, rtol=1e-12)


def test_a_zero_cotangent_stops_at_what_is_not_finite():
    x = np.arange(1.0, 7.0).reshape(1, 6)
    x[0, 4:] = np.inf, np.nan
    w = np.array([[[1.0, -1.0]]])
    kept = [1.0, 1.0, 1.0, 0.0, 0.0]

    def f(x, w):
        return ad.sum(ad.where(np.array(kept) > 0, ad.convolution(x, w), 0.0))

    for program in (ad.value_and_grad(f, (0, 1)), ad.compile(ad.value_and_grad(f, (0, 1)))):
        value, (by_x, by_w) = program(x, w)
        assert value == -3.0
        np.testing.assert_array_equal(by_x, [[1.0, 0.0, 0.0, -1.0, 0.0, 0.0]])
        np.testing.assert_array_equal(by_w, [[[6.0, 9.0]]])


@pytest.mark.parametrize(
    ("x", "w", "settings"),
    [
        ((2, 3, 4), (2, 2, 2), {}),  # channels
        ((2, 4, 4), (3, 2, 2), {"groups": 2}),  # three outputs in two groups
        ((2, 3, 4), (2, 3, 5), {}),  # a window that is too long
        ((2, 3, 4), (2, 3, 3), {"dilation": 2}),
        ((4,), (2, 1, 2), {}),  # no channels
        ((2, 3), (3, 2), {}),  # no windows
        ((2, 3, 4), (2, 3, 2), {"stride": 0}),
        ((2, 3, 4), (2, 3, 2), {"stride": (1, 1)}),
    ],
)
def test_what_is_refused(x, w, settings):
    for kind in (np.asarray, Tensor):
        with pytest.raises(ValueError, match=r"(?s)`convolution` takes arrays of shapes .*\(.*\)"):
            ad.convolution(kind(np.ones(x)), np.ones(w), **settings)
