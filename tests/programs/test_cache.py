"""Programs are found at once among many, and no more are kept than were asked for."""

import functools
import gc
import linecache
import threading
import time
import weakref
from typing import NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile


def counting(f=lambda x: np.sum(x * x), **options):
    """f, compiled, and the list of the times that it is traced."""
    traced = []

    @functools.wraps(f)
    def noted(*args, **keywords):
        traced.append(1)
        return f(*args, **keywords)

    return compile(noted, **options), traced


def shapes(*lengths):
    return [np.ones(n) for n in lengths]


def test_so_many_kinds_are_kept_and_those_used_last():
    f, traced = counting(cache_size=2)
    one, two, three = shapes(1, 2, 3)
    for x in (one, two, one, two, one):
        assert f(x) == len(x)
    assert (len(traced), len(f._programs)) == (2, 2)
    f(three)  # `two` was used longest ago
    f(one)
    assert len(traced) == 3
    f(two)
    assert (len(traced), len(f._programs)) == (4, 2)
    f(three)
    assert len(traced) == 5


def test_the_program_of_the_last_call_counts_as_used():
    f, traced = counting(cache_size=2)
    one, two, three = shapes(1, 2, 3)
    for x in (one, two, one, one, one, three, one):
        f(x)
    assert len(traced) == 3


def test_what_is_cleared_is_traced_again():
    f, traced = counting()
    one, two = shapes(1, 2)
    f(one)
    f(two)
    f.cache_clear()
    assert len(f._programs) == 0
    with pytest.raises(ValueError, match="before the first call"):
        print(f.source)
    f(one)
    assert len(traced) == 3
    assert "def " in f.source


@pytest.mark.parametrize("size", [0, -1, 2.0, None, "4", True])
def test_a_size_is_a_count(size):
    with pytest.raises(ValueError, match=r"cache_size.*\n?.*from 1 up"):
        compile(np.sum, cache_size=size)


class Pair(NamedTuple):
    a: object
    b: object


def test_each_kind_has_its_program():
    """Whatever tells kinds apart, in one cache: each call finds the program made for it."""
    f, traced = counting(
        lambda tree: np.sum(np.concatenate([np.ravel(x) for x in ad_leaves(tree)]))
    )
    x, y = np.ones(2), np.ones(3)
    trees = [
        x, x.astype(np.float32), x.reshape(1, 2), x.reshape(2, 1), 2.0, [x], (x,), [x, y], [y, x],
        [[x], y], [x, [y]], {"a": x}, {"b": x}, {"a": y}, {"a": x, "b": y}, {"b": x, "a": y},
        Pair(x, y), (x, y), [x, None], [None, x], [2.0, x], [x, 2.0],
    ]  # fmt: skip
    for _ in range(3):
        for tree in trees:
            expected = sum(np.sum(leaf) for leaf in ad_leaves(tree))
            assert f(tree) == expected
    assert len(traced) == len(trees) == len(f._programs)


def ad_leaves(tree):
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (list, tuple)):
        return [] if tree is None else [tree]
    return [leaf for branch in tree for leaf in ad_leaves(branch)]


def test_static_values_are_in_the_key():
    def f(x, n, *more, m="a", **others):
        return np.sum(x) * n * len(m) + sum(more) + len(others)

    g, traced = counting(f, static=("n", "m"))
    x = np.ones(3)
    calls = [
        ((1.0,), {}), ((2.0,), {}), ((1,), {}), ((True,), {}), ((0.0,), {}), ((-0.0,), {}),
        ((1.0,), {"m": "bb"}), ((1.0, 5.0), {}), ((1.0, 5.0, 6.0), {"m": "bb"}),
    ]  # fmt: skip
    for _ in range(2):
        for args, keywords in calls:
            assert g(x, *args, **keywords) == f(x, *args, **keywords)
    assert len(traced) == len(calls)
    keys = g._programs._programs
    assert max(map(len, keys.values())) == 1
    with pytest.raises(TypeError, match="static argument"):
        g(x, [1])


def test_donated_arrays_and_views_of_others_have_one_program():
    f = compile(lambda w, x: w + x, donate="w")
    x = np.ones(3)
    for _ in range(3):
        np.testing.assert_array_equal(f(np.ones(3), x), [2.0] * 3)
        np.testing.assert_array_equal(f(np.ones(6)[::2], x), [2.0] * 3)
    assert len(f._programs) == 1


def test_what_equals_nothing_does_not_fill_the_memory():
    class Never:
        def __eq__(self, other):
            return False

        def __hash__(self):
            return 1

    f = compile(lambda x, o: np.sum(x), static="o")
    for _ in range(40):
        f(np.ones(2), Never())
        f(np.ones(2), (Never(),))
    assert len(f._programs) < 100


def test_a_program_is_found_in_the_same_time_among_many():
    f, few = compile(lambda x: np.sum(x)), compile(lambda x: np.sum(x))
    count = 300
    for x in shapes(*range(1, count)):
        f(x)
    pair = shapes(1, 2)
    for x in pair:
        few(x)

    def taken(f):
        times = []
        for _ in range(30):
            start = time.perf_counter()
            for x in pair:
                f(x)
            times.append(time.perf_counter() - start)
        return min(times)

    assert taken(f) < 5 * taken(few)


def test_nothing_of_a_program_outlives_it():
    f = compile(lambda x: np.sum(x), cache_size=1)
    f(np.ones(1))
    program = weakref.ref(f._programs.used)
    name = next(n for n, entry in linecache.cache.items() if entry[2] == f.source.splitlines(True))
    f(np.ones(2))
    gc.collect()
    assert program() is None
    assert name not in linecache.cache
    f(np.ones(2))


def test_many_threads_in_a_small_cache():
    f = compile(lambda x: np.sum(x * 2), cache_size=2)
    wrong = []

    def work(start):
        for i in range(60):
            n = 1 + (start + i) % 4
            if f(np.ones(n)) != 2 * n:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(f._programs._programs) <= 2


def test_a_compiled_call_within_a_transform_is_the_function():
    f = compile(lambda x: np.sum(x * x))
    f(np.ones(2))
    np.testing.assert_array_equal(ad.grad(f)(np.ones(2)), [2.0, 2.0])
    assert len(f._programs) == 1
