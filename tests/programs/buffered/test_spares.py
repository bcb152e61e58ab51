"""Memory that donated arguments leave: used again, but never while anyone can see it."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import compile
from autodiff.programs.buffered.spares import Spare


def test_two_arrays_take_turns_in_a_loop():
    spare, w = Spare(), np.ones(3)
    seen = []
    for _ in range(10):
        seen.append(id(w))
        w = spare(w)
    assert len(set(seen)) == 2
    assert seen[::2] == [seen[0]] * 5


HOLDERS = {
    "a name": lambda w: w,
    "a list": lambda w: [w],
    "a view": lambda w: w[1:],
    "a view of a view": lambda w: w[1:].reshape(-1)[:1],
    "a buffer": memoryview,
    "a subclass's view": lambda w: w.view(np.recarray),
    "a method": lambda w: w.sum,
    "an iterator": iter,
    "a default": lambda w: lambda x=w: x,
    "a weak reference": weakref.ref,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_anyone_holds_is_not_used_again(holder):
    step = compile(lambda w: w + 1.0, donate="w")
    w = np.zeros(3)
    held, address = holder(w), w.ctypes.data
    for i in range(4):
        assert not i or w.ctypes.data != address
        w = step(w)
    np.testing.assert_array_equal(w, 4.0)
    assert held is not None


OTHERS = {
    "a part of another": lambda: np.zeros(8)[2:5],
    "in another order": lambda: np.zeros((3, 2), order="F"),
    "every other entry": lambda: np.zeros(6)[::2],
    "of a buffer": lambda: np.frombuffer(bytearray(24)),
    "read-only": lambda: np.broadcast_to(np.zeros(3), (3,)),
    "locked": lambda: (w := np.zeros(3), w.setflags(write=False))[0],
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_memory_that_is_not_its_own_to_write_is_not_used_again(make):
    spare, w = Spare(), make()
    known = id(w)
    other = spare(w)
    del w
    third = spare(other)
    assert id(third) != known
    assert third.flags.carray


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 3))
def test_whatever_is_kept_of_a_loop_stays_as_it_was(keeps, size):
    """Of each step the argument, a view of it or nothing is kept, and let go of later."""
    step = compile(lambda w, x: w + x, donate=("w", "x"))
    w, x = np.zeros(size), np.ones(size)
    kept = {}
    for i, keep in enumerate(keeps):
        if keep < 2:
            kept[i] = w[:1] if keep else w
        elif kept and keep == 2:
            kept.pop(min(kept))
        w = step(w, x)
        np.testing.assert_array_equal(w, i + 1.0)
        for then, array in kept.items():
            np.testing.assert_array_equal(array, float(then))
    np.testing.assert_array_equal(x, 1.0)


def test_what_is_done_again_with_care_has_its_arguments_still():
    step = compile(lambda w, s: (w * 2.0, 1 / s), donate="w")
    w = np.ones(2)
    for i, s in enumerate([1.0, 0.0, 2.0, 0.0]):
        w, inverse = step(w, s)
        np.testing.assert_array_equal(w, 2.0 ** (i + 1))
        assert inverse == (1 / s if s else np.inf)


def test_a_program_holds_one_array_for_each_that_is_donated():
    step = compile(lambda w: w * 2.0, donate="w")
    w = np.ones(1000)
    for _ in range(5):
        w = step(w)
    gc.collect()
    mine = [o for o in gc.get_referents(*step._programs.used._idle) if isinstance(o, np.ndarray)]
    assert len(mine) <= 1
