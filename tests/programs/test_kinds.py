"""Which arguments a compiled program is for."""

import numpy as np
import pytest
from agreement import close

import autodiff as ad
from autodiff import compile


def test_it_is_traced_again_for_other_arguments():
    traced = []

    @compile(static="power")
    def f(x, power=2):
        traced.append(np.shape(x))
        return ad.sum(x**power)

    close(f(np.ones(3)), 3.0)
    close(f(np.full(3, 2.0)), 12.0)
    close(f(np.ones(4)), 4.0)
    close(f(np.full(3, 2.0, np.float32)), 12.0)
    close(f(np.full(3, 2.0), power=3), 24.0)
    close(f(np.full(3, 2.0), 2), 12.0)
    assert len(traced) == 4


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), ((1,), (True,)), ((1,), (1.0,)), (((0.0,),), ((-0.0,),))]
)
def test_static_values_that_are_equal_have_a_program_each(one, other):
    seen = []
    f = compile(lambda x, s: (seen.append(s), x)[1], static="s")
    for s in (one, other, one, other):
        f(np.ones(2), s)
    assert list(map(repr, seen)) == [repr(one), repr(other)]


def test_a_static_nan_has_one_program():
    seen = []
    f = compile(lambda x, s: (seen.append(s), x)[1], static="s")
    for _ in range(3):
        f(np.ones(2), np.nan)
    assert len(seen) == 1


def test_keys_that_are_equal_stay_as_they_are():
    f = compile(lambda p: {k: v * 2.0 for k, v in p.items()})
    for key in (1, True, 1.0, 1):
        assert list(map(repr, f({key: np.ones(2)}))) == [repr(key)]
