"""What a transform returns is its caller's: writable, and shared with nothing else."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.extend import leaves, operations, tree_map
from autodiff.testing import temporary_operations
from autodiff.testing.uses import uses

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

CONSTANT = np.linspace(1.0, 2.0, 6)
WEIGHT = ad.Tensor(CONSTANT)


with temporary_operations():

    @ad.primitive("x.sum()")
    def careless(ct, z, x):
        """A sum whose rule gives an operand itself, which for it is the right number."""
        return x


def pair(x):
    return x, x


# Of six entries each: what comes out is an argument, a view, a constant, or one thing twice.
FUNCTIONS = {
    "the argument": lambda x: x,
    "a view": lambda x: x[::-1],
    "a reshaped view": lambda x: np.reshape(x, (2, 3)).T,
    "a broadcast": lambda x: np.broadcast_to(np.sum(x), (6,)),
    "entries": lambda x: x[:3],
    "an entry": lambda x: x[0],
    "a number": np.sum,
    "a mean": np.mean,
    "a product": lambda x: x * x,
    "a constant": lambda x: CONSTANT,
    "a constant view": lambda x: CONSTANT[1:],
    "a number apart": lambda x: 3.0,
    "a Tensor apart": lambda x: WEIGHT,
    "a view of a Tensor apart": lambda x: WEIGHT[1:],
    "the argument twice": pair,
    "a constant twice": lambda x: pair(CONSTANT),
    "a result twice": lambda x: pair(np.exp(x)),
    "a result and a view of it": lambda x: [y := np.exp(x), y[1:]],
    "the argument and a view of it": lambda x: {"x": x, "view": x[1:]},
    "a rule that gives an operand": lambda x: careless(x) + careless(x * 2.0),
}


def scalar(f):
    return lambda x: sum([np.sum(out) for out in leaves(f(x))])


def ones_like(tree):
    return tree_map(lambda out: np.ones_like(out) if np.ndim(out) else 1.0, tree)


def pulled(f):
    def call_it(x):
        out, pull = ad.vjp(f, x)
        ct = ones_like(out)
        return out, pull(ct), pull(ct)

    return call_it


TRANSFORMS = {
    "grad": lambda f: ad.grad(scalar(f)),
    "value_and_grad": lambda f: ad.value_and_grad(scalar(f)),
    "value_and_grad, more": lambda f: ad.value_and_grad(lambda x: (scalar(f)(x), f(x)), 0, True),
    "grad by two": lambda f: (
        lambda x: ad.grad(lambda x, y: scalar(f)(x) + scalar(f)(y), (0, 1))(x, x)
    ),
    "vjp": pulled,
    "jvp": lambda f: lambda x: ad.jvp(f, (x,), (x,)),
    "jacobian": ad.jacobian,
    "jacobian, more": lambda f: ad.jacobian(lambda x: (f(x), f(x)), 0, True),
    "hessian": lambda f: ad.hessian(scalar(f)),
    "hvp": lambda f: lambda x: ad.hvp(scalar(f), (x,), (x,)),
}
READINGS = {
    "eager": lambda f, x: f,
    "compiled": lambda f, x: ad.compile(f),
    "derived": lambda f, x: ad.derive(f, x, argnums=()),
}


def check_own(found, *others):
    """Each array of a result can be written to, and none is in the memory of another."""
    arrays = [leaf for leaf in leaves(found) if isinstance(leaf, np.ndarray)]
    for i, array in enumerate(arrays):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, o) for o in [*arrays[:i], *others])


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_each_transform_of_each_function(name, reading):
    for what, f in FUNCTIONS.items():
        if reading != "eager" and "rule" in what:
            continue
        x = np.arange(1.0, 7.0)
        run = READINGS[reading](TRANSFORMS[name](f), x)
        first = run(x)
        right = tree_map(np.array, first)
        check_own(first, x, CONSTANT, WEIGHT.data)
        for leaf in leaves(first):
            if isinstance(leaf, np.ndarray):
                leaf.fill(-7.0)
        assert x.tolist() == [1, 2, 3, 4, 5, 6]
        for again, before in zip(leaves(run(x)), leaves(right), strict=True):
            np.testing.assert_array_equal(again, before, err_msg=what)


@pytest.mark.parametrize("name", operations())
def test_the_pull_of_each_operation_is_not_changed_by_its_results(name):
    for use in uses(name, 3):
        given = [np.array(x) for x in use.args]
        out, pull = ad.vjp(use, *given)
        ct = np.ones_like(out, dtype=float)
        first = pull(ct)
        right = tree_map(np.array, first)
        check_own([out, *first], ct, *given)
        for leaf in [*leaves(first), out, ct]:
            if isinstance(leaf, np.ndarray):
                leaf.fill(-7.0)
        again = pull(np.ones_like(ct))
        for found, before in zip(leaves(again), leaves(right), strict=True):
            np.testing.assert_array_equal(found, before)


def test_the_tangent_of_what_does_not_depend_on_the_input_has_the_shape_of_the_output():
    x = np.ones((3, 2))
    for f, shape in [
        (lambda x: np.ones((3, 2)), (3, 2)),
        (lambda x: np.argmax(x, axis=0), (2,)),
        (lambda x: ad.Tensor(np.ones(5)), (5,)),
        (lambda x: np.arange(4), (4,)),
        (lambda x: x > 0, (3, 2)),
        (lambda x: np.float32(2.0), ()),
        (lambda x: 1, ()),
    ]:

        def push(x, f=f):
            return ad.jvp(f, (x,), (x,))

        for out, tangent in (push(x), ad.compile(push, static="f")(x)):
            assert np.shape(tangent) == np.shape(out) == shape
            assert not np.any(tangent)
    half = ad.jvp(lambda x: np.ones(2, np.float16), (x,), (x,))[1]
    assert half.dtype == np.float16
    second = ad.jvp(lambda x: ad.jvp(lambda y: np.ones(3), (x,), (x,)), (x,), (x,))
    assert [np.shape(part) for part in leaves(second)] == [(3,)] * 4
