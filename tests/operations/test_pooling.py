"""Pooling against loops over windows: of any axes and settings, ties, NaN, and every reading."""

import functools
import itertools

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import Tensor
from autodiff.testing import check_gradients

CASES = {
    "pairs": ((3, 8), (2,), {}),
    "a number": ((3, 8), 2, {}),
    "images": ((2, 3, 6, 4), (2, 2), {}),
    "with a rest": ((2, 7, 5), (2, 3), {}),
    "that overlap": ((2, 2, 5, 6), (3, 2), {"stride": (1, 2)}),
    "with gaps": ((2, 2, 7, 7), (2, 2), {"stride": 3}),
    "padded": ((2, 5, 6), (3, 3), {"stride": 2, "padding": (1, 0)}),
    "over the edge": ((2, 7, 6), (2, 4), {"ceil": True}),
    "padded and over the edge": ((2, 6, 5), (3, 2), {"stride": 2, "padding": 1, "ceil": True}),
    "none behind the array": ((1, 3, 4), (2, 2), {"stride": 3, "padding": 1, "ceil": True}),
    "windows of one": ((2, 3, 4), (1, 1), {}),
    "the whole": ((2, 3, 4), (3, 4), {}),
    "bodies": ((2, 4, 3, 4), (2, 3, 2), {}),
    "no samples": ((0, 2, 4), (2, 2), {}),
}
DILATED = {
    "dilated": ((2, 2, 7, 8), (3, 2), {"stride": 1, "dilation": (2, 3)}),
    "dilated and padded": ((2, 8, 9), (3, 3), {"stride": 2, "dilation": 2, "padding": 1}),
}


def array(shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def tuple_of(setting, axes):
    return setting if isinstance(setting, tuple) else (setting,) * axes


def windows(shape, size, stride=None, padding=0, dilation=1, ceil=False):
    """The number of windows along each axis; of each, where it stands, and where its entries do."""
    size = size if isinstance(size, tuple) else (size,)
    axes, found = len(size), []
    settings = [tuple_of(s, axes) for s in (stride or size, padding, dilation)]
    for n, k, s, p, d in zip(shape[-axes:], size, *settings, strict=True):
        starts = range(-p, n + p, s)
        along = [[a + d * i for i in range(k)] for a in starts]
        fits = [w for w in along if w[-1] < n + p or (ceil and w[0] < n and w[-1] - n - p < s)]
        found.append([(w, [i for i in w if i < n + p]) for w in fits])
    counts = [len(f) for f in found]
    inside = []
    for place in np.ndindex(*counts):
        rows = [found[a][i][1] for a, i in enumerate(place)]
        inside.append((place, rows))
    return counts, inside


def by_loops(x, reduce, size, **settings):
    """`reduce(entries, how many in the padded array)` of each window."""
    counts, inside = windows(x.shape, size, **settings)
    z = np.zeros((*x.shape[: x.ndim - len(counts)], *counts))
    for front in np.ndindex(*x.shape[: x.ndim - len(counts)]):
        for place, rows in inside:
            many = int(np.prod([len(r) for r in rows]))
            own = [
                [i for i in r if 0 <= i < n]
                for r, n in zip(rows, x.shape[x.ndim - len(counts) :], strict=True)
            ]
            entries = [x[(*front, *at)] for at in itertools.product(*own)]
            z[(*front, *place)] = reduce(entries, many)
    return z


@pytest.mark.parametrize("name", [*CASES, *DILATED])
def test_the_largest(name):
    shape, size, settings = {**CASES, **DILATED}[name]
    x = array(shape)
    expected = by_loops(x, lambda entries, _: max(entries, default=-np.inf), size, **settings)
    np.testing.assert_array_equal(ad.max_pool(x, size, **settings), expected)
    np.testing.assert_array_equal(ad.max_pool(Tensor(x), size, **settings).data, expected)


@pytest.mark.parametrize("include_pad", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_the_mean(name, include_pad):
    shape, size, settings = CASES[name]
    x = array(shape)

    def mean(entries, many):
        return sum(entries) / (many if include_pad else len(entries))

    expected = by_loops(x, mean, size, **settings)
    found = ad.avg_pool(Tensor(x), size, include_pad=include_pad, **settings).data
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [*CASES, *DILATED])
def test_gradients_in_both_modes_to_second_order(name):
    shape, size, settings = {**CASES, **DILATED}[name]
    x = array(shape)
    if x.size:
        assert check_gradients(lambda x: ad.sin(ad.max_pool(x, size, **settings)), x).checked
    if x.size and name in CASES:
        f = functools.partial(ad.avg_pool, size=size, include_pad=False, **settings)
        assert check_gradients(lambda x: ad.sin(f(x)), x).checked


@pytest.mark.parametrize(
    ("shape", "size", "settings"),
    [((3, 4), (2, 2), {}), ((2, 3), (2, 2), {"stride": 1, "padding": 1, "ceil": True})],
)
def test_in_every_reading(shape, size, settings):
    x = array(shape)
    every_reading_agrees(lambda x: ad.sum(ad.sin(ad.max_pool(x, size, **settings))), x)
    every_reading_agrees(lambda x: ad.sum(ad.sin(ad.avg_pool(x, size, **settings))), x)


def test_ties_share_equally():
    x = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 2.0], [-np.inf, -np.inf, 2.0]])
    for program in (
        ad.grad(lambda x: ad.sum(ad.max_pool(x, (2, 2), 1))),
        ad.compile(ad.grad(lambda x: ad.sum(ad.max_pool(x, (2, 2), 1)))),
    ):
        expected = [[1 / 3, 1 / 3, 0], [1 / 3 + 1, 0, 1 + 1 / 2], [0, 0, 1 / 2]]
        np.testing.assert_allclose(program(x), expected, rtol=1e-15)
    least = np.full((1, 4), -np.inf)  # the border, which is as small, takes no share
    np.testing.assert_array_equal(
        ad.grad(lambda x: ad.sum(ad.max_pool(x, (1, 2), padding=(0, 1))))(least),
        [[1.0, 0.5, 0.5, 1.0]],
    )


def test_what_is_nan_and_what_is_infinite():
    x = np.array([[np.nan, 1.0, 2.0, 3.0, np.inf, 4.0]])
    z, pull = ad.vjp(lambda x: ad.max_pool(x, (1, 2)), x)
    np.testing.assert_array_equal(z, [[np.nan, 3.0, np.inf]])
    np.testing.assert_array_equal(pull(np.ones((1, 3)))[0], [[0.0, 0.0, 0.0, 1.0, 1.0, 0.0]])
    for step in (None, 1):  # without a NaN where nothing was chosen
        z, pull = ad.vjp(lambda x, step=step: ad.max_pool(x, (1, 2), step), np.arange(6.0)[None])
        ct = np.full(z.shape, np.inf)
        chosen = np.arange(6) % 2 == 1 if step is None else np.arange(6) > 0
        np.testing.assert_array_equal(pull(ct)[0][0], np.where(chosen, np.inf, 0.0))
    _, tangent = ad.jvp(
        lambda x: ad.max_pool(x, (1, 2)), (np.array([[0.0, 1.0]]),), (np.array([[np.inf, 2.0]]),)
    )
    np.testing.assert_array_equal(tangent, [[2.0]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_few_bits_stay_few(dtype):
    x = Tensor(array((2, 3, 6, 6)).astype(dtype))
    for pool in (ad.max_pool, ad.avg_pool):
        z = pool(x, (2, 3))
        z.sum().backward()
        assert z.dtype == x.grad.dtype == dtype
    assert ad.max_pool(np.arange(4), 2).tolist() == [1.0, 3.0]
    assert ad.avg_pool(np.arange(4), 2).tolist() == [0.5, 2.5]


def test_many_entries_that_tie():
    x = np.zeros((1, 400))
    slope = ad.grad(lambda x: ad.sum(ad.max_pool(x, (1, 400))))(x)
    np.testing.assert_allclose(slope, 1 / 400, rtol=1e-14)


def test_in_whatever_order_the_axes_lie_in_memory():
    x = array((2, 3, 6, 4))
    for order in itertools.permutations(range(4)):
        turned = Tensor(np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order)))
        for pool in (ad.max_pool, ad.avg_pool):
            z = pool(turned, (2, 2))
            np.testing.assert_array_equal(z.data, pool(x, (2, 2)))


def test_a_jacobian_is_one_walk_and_row_by_row():
    x = array((2, 4, 4))
    for pool in (ad.max_pool, ad.avg_pool):
        found = ad.jacobian(lambda x, pool=pool: pool(x, (2, 2), 1))(x)
        rows = [
            ad.grad(lambda x, i=i, pool=pool: ad.ravel(pool(x, (2, 2), 1))[i])(x) for i in range(18)
        ]
        np.testing.assert_allclose(found.reshape(18, *x.shape), rows, rtol=1e-14)


@pytest.mark.parametrize(
    ("shape", "size", "settings"),
    [
        ((3, 4), (5,), {}),
        ((3, 4), (2, 2, 2), {}),
        ((3, 4), (0,), {}),
        ((3, 4), (2,), {"stride": 0}),
        ((3, 4), (2,), {"padding": -1}),
        ((3, 4), (2, 2), {"stride": (1,)}),
    ],
)
def test_what_is_refused(shape, size, settings):
    for kind in (np.ones, lambda s: Tensor(np.ones(s))):
        with pytest.raises(ValueError, match="`max_pool` takes an array whose last axes"):
            ad.max_pool(kind(shape), size, **settings)
        with pytest.raises(ValueError, match="`sum_pool` takes an array whose last axes"):
            ad.avg_pool(kind(shape), size, **settings)
