"""Mini-batches: every row once an epoch, in a new order that a seed decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Tensor
from optim import batches


def rows(epoch):
    return [int(i) for (batch,) in epoch for i in batch]


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 2**32))
def test_every_row_once_an_epoch(count, size, seed):
    draw = batches(np.arange(count), batch_size=size, seed=seed)
    for _ in range(3):
        sizes = [len(batch) for (batch,) in draw]
        assert sizes[:-1] == [size] * (len(sizes) - 1)
        assert 1 <= sizes[-1] <= size
        assert len(draw) == len(sizes)
        assert sorted(rows(draw)) == list(range(count))


def test_each_epoch_has_an_order_of_its_own():
    draw = batches(np.arange(100), batch_size=10, seed=0)
    epochs = [rows(draw) for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert list(range(100)) not in epochs


def test_a_seed_or_a_generator_decides_the_order():
    def epochs(seed):
        draw = batches(np.arange(30), batch_size=7, seed=seed)
        return [rows(draw), rows(draw)]

    assert epochs(5) == epochs(5) == epochs(np.random.default_rng(5))
    assert epochs(5) != epochs(6)
    assert epochs(None) != epochs(None)
    rng = np.random.default_rng(5)
    assert epochs(rng) != epochs(rng)


def test_an_epoch_that_was_left_early_takes_nothing_from_the_next():
    draw = batches(np.arange(20), batch_size=3, seed=0)
    next(iter(draw))
    assert sorted(rows(draw)) == list(range(20))


def test_rows_of_several_arrays_stay_together():
    X = np.arange(40.0).reshape(20, 2)
    y = X.sum(axis=1)
    for images, labels in batches(X, y, batch_size=6, seed=0):
        np.testing.assert_array_equal(images.sum(axis=1), labels)


def test_kinds_and_types_stay():
    X, y, z = np.ones((5, 2, 3), np.float32), [0, 1, 2, 3, 4], Tensor(np.arange(5.0))
    for a, b, c in batches(X, y, z, batch_size=2, seed=0):
        assert (a.dtype, a.shape[1:], b.dtype.kind, type(c)) == (
            np.float32,
            (2, 3),
            "i",
            np.ndarray,
        )


def test_batches_are_copies_that_cannot_be_written():
    X = np.arange(6.0)
    for (batch,) in batches(X, batch_size=4, seed=0):
        assert not np.shares_memory(batch, X)
        with pytest.raises(ValueError, match="read-only"):
            batch[0] = 1


@pytest.mark.parametrize(
    "arrays", [(), (np.ones(3), np.ones(4)), (np.ones((0, 2)),), (1.0,), (np.ones(3), 2)]
)
def test_arrays_that_are_refused(arrays):
    with pytest.raises(ValueError, match="the same number of rows, and at least one"):
        batches(*arrays, batch_size=2)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", None, True])
def test_sizes_that_are_refused(size):
    with pytest.raises(ValueError, match="a whole number of rows from 1 up"):
        batches(np.ones(3), batch_size=size)
