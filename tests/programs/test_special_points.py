"""Every reading says what the engine says, also at ties, infinities, NaN and whole numbers."""

import importlib.util

import numpy as np
import pytest
from agreement import saved, slope_of
from hypothesis import given, settings
from hypothesis import strategies as st
from special_programs import nudged, programs, special_arrays

import autodiff as ad
from autodiff import compile, derive, grad, value_and_grad
from autodiff.extend import operations
from autodiff.primitives.registry import registry
from autodiff.support.tree import leaves

BASE = settings.default.max_examples

pytestmark = pytest.mark.filterwarnings("ignore")


def expected_of(f, args):
    """What the engine says, and how far roundings of the arguments move it; None if it refuses."""
    try:
        found = [np.asarray(leaf) for leaf in leaves(f(*args))]
    except (ValueError, np.linalg.LinAlgError):
        return None
    slack = [np.zeros(leaf.shape) for leaf in found]
    for steps in (-4, 4):
        try:
            moved = leaves(f(*(nudged(a, steps) for a in args)))
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
    eps = max([np.finfo(leaf.dtype).eps for leaf in right if leaf.dtype.kind == "f"], default=0)
    for mine, theirs, may in zip(found, right, slack, strict=True):
        assert mine.shape == theirs.shape
        assert mine.dtype == theirs.dtype or not mine.ndim
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(mine[~finite], theirs[~finite])
        least = np.finfo(theirs.dtype).tiny if theirs.dtype.kind == "f" else 0
        near = 8 * may + 64 * eps * np.abs(theirs.astype(float)) + least
        off = np.abs(mine.astype(float) - theirs.astype(float))
        assert (off[finite] <= near[finite]).all(), (mine, theirs)


def check(make, f, expected):
    """Whether what a reading makes says the same at every point, called several times."""
    program = make(f)
    for args, said in [*expected, *expected[:1]]:  # the first again, in buffers that were used
        if said is not None:
            assert_said(program(*args), said)


def points_of(f, by, all_args):
    return [(args, expected_of(value_and_grad(f, by), args)) for args in all_args]


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
        check(lambda f: compile(value_and_grad(f, by)), f, expected)
        check(lambda f: derive(f, *program.args, argnums=by), f, expected)
        check(lambda f: saved(derive(f, *program.args, argnums=by)), f, expected)

    agree()


WITH_JAX = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)


@WITH_JAX
def test_jax_too():
    @settings(max_examples=max(BASE // 10, 5))
    @given(programs(), st.integers(1, 2))
    def agree(drawn, order):
        program, others = drawn
        by = tuple(range(len(program.args)))
        f = program if order == 1 else slope_of(program, by)
        expected = points_of(f, by, (program.args, others))
        if expected[0][1] is not None:
            check(lambda f: compile(value_and_grad(f, by), engine="jax"), f, expected)

    agree()


def of_entries():
    """Each operation of one operand or two that is computed entry by entry."""
    plain = [n for n, o in registry.operations.items() if o.kind == "nondifferentiable"]
    found = [n for n, o in operations().items() if o.elementwise]
    found += [n for n in plain if registry.operations[n].formula.operator]
    return [n for n in found if len(registry.operations[n].operands) <= 2]


def defined(operation, args):
    """Whether NumPy makes a right number of whole ones: not of 1 / 0."""
    return operation.name != "reciprocal" or {array.dtype.kind for array in args} == {"f"}


def told(f, args):
    try:
        return expected_of(f, args)
    except TypeError:  # NumPy has no such function of such numbers
        return None


@WITH_JAX
@pytest.mark.parametrize("name", of_entries())
def test_jax_in_every_dtype(name):
    """All dtypes in one program, which takes less time to compile than a program for each.

    Two of an operation by a helper of ours: long programs, which are cast to floats in one place.
    """
    operation = registry.operations[name]
    count = len(operation.operands)

    def f(*args):
        value = operation.call(*args)
        if operation.kind == "nondifferentiable":
            return [value]
        by = tuple(range(count))
        return [value, *leaves(grad(lambda *args: ad.sum(operation.call(*args)), by)(*args))]

    arrays = [args for args in special_arrays(count) if defined(operation, args)]
    slow = any(f"{helper}(" in operation.formula.text for helper in registry.helpers)
    cases = [(args, told(f, args)) for args in arrays[: 2 if slow else None]]
    taken = [(args, said) for args, said in cases if said is not None]
    assert taken

    def of_all(*flat):
        return [f(*flat[i : i + count]) for i in range(0, len(flat), count)]

    program = compile(of_all, engine="jax")
    found = program(*[array for args, _ in taken for array in args])
    for mine, (_, said) in zip(found, taken, strict=True):
        assert_said(mine, said)
