"""Mini-batches: every row once an epoch, in an order that a seed decides; resumed as left."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Tensor, Value
from autodiff.extend import read_archive, write_archive
from optim import Batches, batches


def rows(epoch):
    return [int(i) for (batch,) in epoch for i in batch]


def cut(data):
    """How a draw is cut: the rows there are, and keywords of `batches`."""
    count = data.draw(st.integers(1, 50))
    return count, {
        "batch_size": data.draw(st.integers(1, count)),
        "seed": data.draw(st.integers(0, 2**32)),
        "shuffle": data.draw(st.booleans()),
        "drop_last": data.draw(st.booleans()),
    }


@given(st.data())
def test_every_row_once_an_epoch(data):
    count, keywords = cut(data)
    draw, size = batches(np.arange(count), **keywords), keywords["batch_size"]
    for _ in range(3):
        epoch = list(draw)
        sizes = [len(batch) for (batch,) in epoch]
        assert sizes[:-1] == [size] * (len(sizes) - 1)
        assert 1 <= sizes[-1] <= size
        assert len(draw) == len(sizes)
        found, whole = rows(epoch), count - count % size * keywords["drop_last"]
        assert len(found) == len(set(found)) == whole
        if not keywords["shuffle"]:
            assert found == list(range(whole))


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


def test_a_tuple_of_arrays():
    X, y = np.arange(10.0).reshape(5, 2), [0, 1, 2, 3, 4]
    apart, together = batches(X, y, batch_size=2, seed=0), batches((X, y), batch_size=2, seed=0)
    assert repr(list(apart)) == repr(list(together))


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_copies_that_cannot_be_written(shuffle):
    X = np.arange(6.0)
    for (batch,) in batches(X, batch_size=4, seed=0, shuffle=shuffle):
        assert not np.shares_memory(batch, X)
        with pytest.raises(ValueError, match="read-only"):
            batch[0] = 1


# -- an epoch that is interrupted ----------------------------------------------------------

KINDS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


@given(st.data())
def test_an_interrupted_epoch_goes_on_exactly(data):
    """Whatever is drawn after the state was taken comes again, batch by batch."""
    count, keywords = cut(data)
    rng = np.random.Generator(data.draw(st.sampled_from(KINDS))(keywords["seed"]))
    draw = batches(np.arange(count), **{**keywords, "seed": rng})
    for _ in range(data.draw(st.integers(0, 2))):
        list(draw)
    epoch = iter(draw)
    for _ in range(data.draw(st.integers(0, len(draw)))):
        next(epoch)
        rng.random(dtype=np.float32)  # which someone else draws from as well
    saved = copy.deepcopy(draw.state_dict())
    expected = [rows(epoch), rows(draw), rows(draw), rng.random()]

    again_rng = np.random.Generator(type(rng.bit_generator)())
    again = batches(np.arange(count), **{**keywords, "seed": again_rng})
    if data.draw(st.booleans()):
        next(iter(again))
    again.load_state_dict(saved)
    assert str(again.state_dict()) == str(saved)
    assert [rows(again), rows(again), rows(again), again_rng.random()] == expected


def test_a_state_survives_json_and_is_not_written_into():
    draw = batches(np.arange(7), batch_size=2, seed=0)
    next(iter(draw))
    saved = draw.state_dict()
    text = json.dumps(saved)
    list(draw)
    assert json.dumps(saved) == text
    again = batches(np.arange(7), batch_size=2)
    again.load_state_dict(json.loads(text))
    rest = batches(np.arange(7), batch_size=2)
    rest.load_state_dict(saved)
    assert rows(again) == rows(rest)
    assert json.dumps(saved) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_any_generator_in_a_file(kind, tmp_path):
    draw = batches(np.arange(9), batch_size=2, seed=np.random.Generator(kind(3)))
    epoch = iter(draw)
    next(epoch)
    write_archive(tmp_path / "draw.npz", draw.state_dict())
    again = batches(np.arange(9), batch_size=2, seed=np.random.Generator(kind(4)))
    again.load_state_dict(read_archive(tmp_path / "draw.npz"))
    assert (rows(again), rows(again)) == (rows(epoch), rows(draw))


def test_after_the_last_batch_nothing_of_the_epoch_is_left_and_then_comes_the_next():
    draw = batches(np.arange(6), batch_size=2, seed=0)
    for _ in draw:
        saved = draw.state_dict()
    over = draw.state_dict()
    assert (saved["position"], over["position"], over["order"]) == (3, 0, None)
    following = rows(draw)
    again = batches(np.arange(6), batch_size=2)
    again.load_state_dict(saved)
    assert (rows(again), rows(again)) == ([], following)
    again.load_state_dict(over)
    assert rows(again) == following


def test_the_state_is_of_the_epoch_that_was_begun_last():
    draw = batches(np.arange(6), batch_size=1, seed=0)
    first = iter(draw)
    next(first)
    second = iter(draw)
    next(second)
    saved = draw.state_dict()
    rest = rows(first)  # goes on, and is over
    assert len(rest) == 5
    assert draw.state_dict() == saved
    assert saved["position"] == 1
    following = rows(second)
    draw.load_state_dict(saved)
    assert rows(draw) == following


def test_an_iteration_from_before_a_load_counts_no_more():
    draw = batches(np.arange(6), batch_size=2, seed=0)
    saved, old = draw.state_dict(), iter(draw)
    next(old)
    draw.load_state_dict(saved)
    list(old)
    assert draw.state_dict() == saved


PCG = np.random.default_rng(1).bit_generator.state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 8}, "`rows` is 8 there, and 7 here"),
        ({"batch_size": 3}, "`batch_size` is 3 there, and 2 here"),
        ({"shuffle": False}, "`shuffle` is False there"),
        ({"drop_last": True}, "`drop_last` is True there"),
        ({"position": -1}, "`position` is a number of batches, up to 4, and not -1"),
        ({"position": 5}, "not 5"),
        ({"position": 1.0}, "not 1.0"),
        ({"position": True}, "not True"),
        ({"position": 0}, "`order` is what the rest"),
        ({"order": None}, "`order` is what the rest"),
        ({"generator": None}, "it has"),
        ({"generator": 3}, "its generator is none of PCG64"),
        ({"generator": np.random.MT19937(0).state}, "its generator is none of PCG64"),
        ({"order": np.random.MT19937(0).state}, "its generator is none of PCG64"),
        ({"order": {**PCG, "state": {"state": -1, "inc": 1}}}, "its generator is none of PCG64"),
        ({"order": {"bit_generator": "PCG64"}}, "its generator is none of PCG64"),
        (
            {"more": 1},
            r"it has \['batch_size', .*, and this is \['batch_size', .*'more'",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changed(change, message):
    draw = batches(np.arange(7), batch_size=2, seed=0)
    next(iter(draw))
    before = draw.state_dict()
    wrong = {name: x for name, x in {**before, **change}.items() if name != "generator" or x}
    with pytest.raises(ValueError, match=message):
        draw.load_state_dict({**wrong})
    assert draw.state_dict() == before


@pytest.mark.parametrize("wrong", [None, [], "state", 3, {}])
def test_what_is_no_state(wrong):
    with pytest.raises(ValueError, match="A state fits batches of data made as those"):
        batches(np.arange(7), batch_size=2).load_state_dict(wrong)


def test_an_order_where_none_was_drawn():
    draw = batches(np.arange(7), batch_size=2, shuffle=False)
    next(iter(draw))
    with pytest.raises(ValueError, match="`order` is what the rest"):
        draw.load_state_dict({**draw.state_dict(), "order": PCG})


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        (), ((),), (np.ones(3), np.ones(4)), (np.ones((0, 2)),), (1.0,), (np.ones(3), 2), ((1, 2),),
        ([],), ((np.ones(3), np.ones(4)),),
    ],
)  # fmt: skip
def test_arrays_that_are_refused(arrays):
    with pytest.raises(ValueError, match="the same number of rows, and at least one"):
        batches(*arrays, batch_size=2)


@pytest.mark.parametrize(
    "data",
    [
        np.array([None, 1.0]), np.ma.masked_array([1.0, 2.0], [True, False]), [object(), object()],
        np.zeros(2, "f8,f8"), np.zeros(2, "M8[s]"),
    ],
)  # fmt: skip
def test_data_that_are_no_numbers(data):
    with pytest.raises(TypeError, match=r"drawn from arrays of numbers, but array 1 is "):
        batches(np.ones(2), data, batch_size=2)


def test_rows_of_other_lengths():
    for rows in ([[1.0], [1.0, 2.0]], [np.ones((4, 2)), np.ones(4)]):
        with pytest.raises(TypeError, match=r"rows are not of one shape.*\n?.*side by side"):
            batches(rows, batch_size=1)


@pytest.mark.parametrize("data", [[Value(1.0)], [Tensor([1.0])]])
def test_lists_of_nodes(data):
    with pytest.raises(TypeError, match="its gradient would be lost"):
        batches(data, batch_size=1)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", None, True])
def test_sizes_that_are_refused(size):
    with pytest.raises(ValueError, match="a whole number of rows from 1 up"):
        batches(np.ones(3), batch_size=size)


@pytest.mark.parametrize("drop_last", [True, False])
def test_a_batch_larger_than_the_data(drop_last):
    with pytest.raises(ValueError, match=r"this is 4 of 3\.\nPass `batch_size=3`"):
        batches(np.ones(3), batch_size=4, drop_last=drop_last)


@pytest.mark.parametrize("name", ["shuffle", "drop_last", "allow_nan"])
@pytest.mark.parametrize("on", ["no", 1, None])
def test_switches_that_are_none(name, on):
    with pytest.raises(TypeError, match=f"`{name}` is True or False, but this is "):
        batches(np.ones(3), batch_size=1, **{name: on})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, complex])
def test_nan_is_named_by_array_and_row(dtype):
    X = np.ones((5, 2, 3), dtype)
    X[3, 1, 2] = X[4, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"array 1, .* in 2 of its 5 rows, first in row 3\."):
        batches(np.arange(5), X, batch_size=2)
    draw = batches(np.arange(5), X, batch_size=2, allow_nan=True, shuffle=False)
    assert [np.isnan(x).any(axis=(1, 2)).tolist() for _, x in draw] == [
        [False, False], [False, True], [True],
    ]  # fmt: skip


def test_infinities_whole_numbers_text_and_rows_of_nothing_have_no_nan():
    given_ = [-np.inf, np.inf], [1, 2], [True, False], ["a", "b"], np.ones((2, 0)), [b"a", b"b"]
    assert len(Batches(given_, batch_size=2)) == 1
