"""JAX as an outside oracle: its own derivatives of the same random programs and operations.

A program is printed over `jax.numpy`, forward alone; what JAX then says of it shares no rule
with the engine.
"""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings

from autodiff import derive, hvp, value_and_grad
from autodiff.extend import operations
from autodiff.support.tree import leaves
from autodiff.testing import expressions
from autodiff.testing.expression import Expression, Ref, Step
from autodiff.testing.uses import symmetric, uses

jax = pytest.importorskip("jax")

FEW = max(settings.default.max_examples // 5, 1)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def by_jax(f, args):
    """The value, the gradients, and the Hessian along the arguments themselves."""
    by = tuple(range(len(args)))
    program = derive(f, *args, argnums=(), engine="jax")

    def slopes(*args):
        return jax.grad(lambda *args: program(*args), by)(*args)

    def everything(*args):
        return program(*args), *jax.jvp(slopes, args, args)

    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jax.jit(everything)(*args)


def by_engine(f, args):
    value, slopes = value_and_grad(f, tuple(range(len(args))))(*args)
    return value, slopes, hvp(f, args, args)


def alike(found, expected):
    for mine, right in zip(leaves(found), leaves(expected), strict=True):
        mine, right = np.asarray(mine), np.asarray(right)
        assert mine.shape == right.shape
        scale = np.max(np.abs(right), initial=1.0)
        np.testing.assert_allclose(mine / scale, right / scale, rtol=1e-8, atol=1e-9)


@settings(max_examples=FEW)
@given(expressions(max_nodes=4))
def test_jax_agrees_about_random_programs(f):
    try:
        expected = by_jax(f, f.args)
    except ValueError as error:  # NumPy reduces a number over its axis -1, JAX does not
        assume("out of bounds for array of dimension 0" not in str(error))
        raise
    alike(by_engine(f, f.args), expected)


@pytest.mark.parametrize("name", operations())
def test_jax_agrees_about_every_operation(name):
    use = max(uses(name, 6), key=lambda use: sum(np.size(x) for x in use.args))
    places = {p: Ref(i) for i, p in enumerate(use.places)}
    operands = tuple(places.get(i, o) for i, o in enumerate(use.operands))
    f = Expression(use.args, [Step(name, operands, use.params)])
    alike(by_engine(use_of(f, use), f.args), by_jax(use_of(f, use), f.args))


def use_of(f, use):
    """The expression, of the symmetric part of a matrix where the operation reads a triangle."""
    return (lambda *args: f(*map(symmetric, args))) if use.symmetric else f
