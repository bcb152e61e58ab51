"""Variables: arrays are called as they are where a picture is asked for."""

import numpy as np

from viz.graphs.variables import Variables

GLOBAL = np.arange(5.0)
_HIDDEN = np.arange(6.0)


def test_a_local_an_outer_and_a_global_name():
    X = np.array([[1.0, 2.0], [3.0, 4.0]])

    def inner():
        y = np.array([7.0])
        return Variables(), y

    found, y = inner()
    assert found.name_of(X.copy()) == "X"
    assert found.name_of(y.copy()) == "y"
    assert found.name_of(GLOBAL.copy()) == "GLOBAL"
    assert found.name_of(np.array([9.0])) is None
    assert found.name_of(_HIDDEN) is None


def test_the_entries_and_the_shape_decide():
    counts = np.array([1, 2, 3])
    flags = np.array([True, False])
    holes = np.array([np.nan, 1.0])
    words = np.array(["a", "b"])
    found = Variables()
    assert len(words) == len(flags) == 2
    assert found.name_of(np.array([1.0, 2.0, 3.0])) == "counts"
    assert found.name_of(np.array([1.0, 0.0])) == "flags"
    assert found.name_of(holes.copy()) == "holes"
    assert found.name_of(counts.reshape(3, 1)) is None
    assert found.name_of(words) == "words"  # the same object, though nothing that is computed with


def test_a_name_that_is_not_certain_is_none():
    zeros, other = np.zeros(3), np.zeros(3)
    found = Variables()
    assert found.name_of(zeros.copy()) is None
    alias = other
    del zeros
    assert alias is other
    assert Variables().name_of(np.zeros(3)) in ("other", "alias")


def test_the_inner_name_hides_the_outer_one():
    data = np.array([1.5, 2.5])

    def f(x):
        return Variables().name_of(x.copy())

    assert f(data) == "x"
