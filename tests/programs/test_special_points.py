"""Every reading says what the engine says, also at ties, infinities, NaN and whole numbers."""

import importlib.util

import numpy as np
import pytest
from agreement import saved, slope_of
from hypothesis import given, settings
from hypothesis import strategies as st
from special_programs import nudged, programs

from autodiff import compile, derive, value_and_grad
from autodiff.support.tree import leaves

BASE = settings.default.max_examples

pytestmark = pytest.mark.filterwarnings("ignore")


def expected_of(f, by, args):
    """What the engine says, and how far roundings of the arguments move it; None if it refuses."""
    try:
        found = [np.asarray(leaf) for leaf in leaves(value_and_grad(f, by)(*args))]
    except (ValueError, np.linalg.LinAlgError):
        return None
    slack = [np.zeros(leaf.shape) for leaf in found]
    for steps in (-4, 4):
        try:
            moved = leaves(value_and_grad(f, by)(*(nudged(a, steps) for a in args)))
        except (ValueError, np.linalg.LinAlgError):
            continue
        for i, (leaf, other) in enumerate(zip(found, moved, strict=True)):
            far = np.abs(np.asarray(other, float) - leaf.astype(float))
            slack[i] = np.maximum(slack[i], np.where(np.isfinite(far), far, np.inf))
    return found, slack


def assert_said(found, expected):
    """The same NaN and infinities, and numbers that differ by what roundings make of them."""
    right, slack = expected
    found = [np.asarray(leaf) for leaf in leaves(found)]
    eps = max(np.finfo(leaf.dtype).eps for leaf in right)
    for mine, theirs, may in zip(found, right, slack, strict=True):
        assert mine.shape == theirs.shape
        assert mine.dtype == theirs.dtype or not mine.ndim
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(mine[~finite], theirs[~finite])
        near = 8 * may + 64 * eps * np.abs(theirs.astype(float)) + np.finfo(theirs.dtype).tiny
        off = np.abs(mine.astype(float) - theirs.astype(float))
        assert (off[finite] <= near[finite]).all(), (mine, theirs)


def check(make, f, by, expected):
    """Whether what a reading makes says the same at every point, called several times."""
    program = make(f)
    for args, said in [*expected, *expected[:1]]:  # the first again, in buffers that were used
        if said is not None:
            assert_said(program(*args), said)


def points_of(f, by, all_args):
    return [(args, expected_of(f, by, args)) for args in all_args]


@pytest.mark.parametrize("order", [1, 2])
def test_programs_say_what_the_engine_says(order):
    @settings(max_examples=2 * BASE)  # of each order
    @given(programs())
    def agree(drawn):
        program, others = drawn
        by = tuple(range(len(program.args)))
        f = program if order == 1 else slope_of(program, by)
        expected = points_of(f, by, (program.args, others))
        if expected[0][1] is None:
            return
        check(lambda f: compile(value_and_grad(f, by)), f, by, expected)
        check(lambda f: derive(f, *program.args, argnums=by), f, by, expected)
        check(lambda f: saved(derive(f, *program.args, argnums=by)), f, by, expected)

    agree()


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax_too():
    @settings(max_examples=max(BASE // 10, 5))
    @given(programs(), st.integers(1, 2))
    def agree(drawn, order):
        program, others = drawn
        by = tuple(range(len(program.args)))
        f = program if order == 1 else slope_of(program, by)
        expected = points_of(f, by, (program.args, others))
        if expected[0][1] is not None:
            check(lambda f: compile(value_and_grad(f, by), engine="jax"), f, by, expected)

    agree()
