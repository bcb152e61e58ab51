"""Buffers in the order of what is computed into them: the same numbers, in every program."""

import itertools

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile
from autodiff.programs.buffered.orders import common, empty, laid_out, order_of
from autodiff.support.tree import leaves

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (4, 2, 3, 5)])
def test_an_array_of_every_order(shape):
    for order in itertools.permutations(range(len(shape))):
        lengths = [shape[a] for a in order]
        array = np.empty(lengths).transpose(np.argsort(order))
        found = order_of(array)
        assert found == (None if order == tuple(range(len(shape))) else order)
        made = eval(empty(shape, array.dtype, found))
        assert (made.shape, made.strides) == (array.shape, array.strides)
        assert eval(laid_out("array", found)).flags.c_contiguous


def test_what_has_no_order_of_its_own():
    assert order_of(np.ones((3, 4))[:, ::2]) is None  # rows, with gaps
    assert order_of(np.broadcast_to(1.0, (3, 4)).T) is None
    assert order_of(np.ones((1, 5)).T) is None
    assert order_of(np.ones((3, 1, 5)).T) == (1, 2, 0)
    assert order_of(2.0) is None
    assert common([None, (1, 0)]) is common([]) is common([None]) is None
    assert common([(1, 0), (1, 0)]) == (1, 0)


X, W = rng.normal(size=(5, 2, 6, 7)), 0.5 * rng.normal(size=(3, 2, 3, 3))


def image(x):
    """What lies in memory with its samples last."""
    return ad.convolution(x, W, padding=1)


COMPUTED = {
    "entry by entry": lambda z, x: ad.tanh(z) * 2.0 + z,
    "beside what is in C's order": lambda z, x: ad.exp(-ad.square(z)) * x[:, :1] + z,
    "beside another order": lambda z, x: ad.tanh(z) * ad.transpose(ad.sin(z), (0, 1, 3, 2)).mT,
    "beside rows": lambda z, x: (z + x[0, 0, 0]) * x[0, 0, 0] - x[0, 0, 0] / (1 + z * z),
    "reshaped": lambda z, x: ad.reshape(ad.tanh(z), (15, 42)) @ np.cos(np.arange(42.0)),
    "flat": lambda z, x: ad.ravel(ad.tanh(z) + 1.0)[::-1] * np.arange(630.0),
    "turned": lambda z, x: ad.transpose(ad.tanh(z), (1, 0, 3, 2))[0] * 2.0,
    "parts": lambda z, x: ad.tanh(z)[:, 1:, ::2] * 3.0,
    "sums": lambda z, x: ad.sum(ad.tanh(z), (0, 2)) + ad.max(z, (0, 3)).mean(),
    "matrices": lambda z, x: ad.tanh(z) @ ad.cos(x[:, :1].mT),
    "again": lambda z, x: image(ad.concatenate([ad.relu(z), z], 1)[:, 1:3] + 1.0),
    "pooled": lambda z, x: ad.max_pool(ad.relu(z), (2, 2)) + ad.avg_pool(z, (2, 2)),
    "as it is": lambda z, x: z,
    "several": lambda z, x: (ad.tanh(z), ad.tanh(z) + 1, z.mT, ad.reshape(z, (5, -1))),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_computed_of_an_image(name):
    def f(x):
        return COMPUTED[name](image(x), x)

    def total(x):
        return sum(ad.sum(ad.sin(part)) for part in leaves(f(x)))

    for g in (f, ad.grad(total)):
        program = compile(g)
        found, expected = leaves(program(X)), leaves(g(X))
        kept = [part.copy() for part in found]
        for again in (X + 1.0, np.asfortranarray(X) - 0.5):  # in buffers that were used before
            for part, right in zip(leaves(program(again)), leaves(g(again)), strict=True):
                np.testing.assert_allclose(part, right, rtol=1e-11, atol=1e-12)
        for part, before, right in zip(found, kept, expected, strict=True):
            np.testing.assert_array_equal(part, before)
            np.testing.assert_allclose(part, right, rtol=1e-11, atol=1e-12)


def test_buffers_are_in_the_order_of_the_image():
    program = compile(lambda x: ad.sum(ad.relu(image(x) + 1.0) * 2.0))
    program(X)
    assert "np.empty((3, 6, 7, 5), np.float64).transpose((3, 0, 1, 2))" in program.source
    assert "np.empty((5, 3, 6, 7)" not in program.source


def test_chains_in_blocks():
    x = rng.normal(size=(7, 2, 50, 50))

    def f(x):
        z = image(x)
        for _ in range(4):
            z = ad.tanh(z) * 0.9 + ad.square(z) / 3.0
        return z, ad.sum(ad.exp(-z * z) + z)

    program = compile(f)
    program(x - 1.0)
    (z, total), (expected, right) = program(x), f(x)
    assert "in_blocks" in program.source
    assert ".transpose((1, 2, 3, 0))).reshape(-1)" in program.source
    np.testing.assert_allclose(z, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(total, right, rtol=1e-12)
