"""What a program must agree with the engine about, and the operations to try it on."""

import numpy as np

import autodiff as ad
from autodiff import grad, value_and_grad
from autodiff.primitive import REGISTRY
from autodiff.tree import leaves


def close(found, expected):
    """Bit for bit, but for a few units in the last place of the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    scale = np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=8e-16 * scale)


def weighted(name, operands, params):
    """The operation as a function of its float operands that gives one number, and these."""
    primitive, call = REGISTRY[name], getattr(ad, name)
    places = [i for i, o in enumerate(operands) if o.dtype.kind == "f"]

    def f(*floats):
        given = list(operands)
        for place, x in zip(places, floats, strict=True):
            given[place] = x
        z = call(given, **params) if primitive.variadic else call(*given, **params)
        return np.sum(z * np.random.default_rng(0).normal(size=np.shape(z)))

    return f, [np.asarray(operands[p]) for p in places]


def slope_of(f, argnums):
    """The squared length of the gradient: what the second order is tested on."""

    def slope(*args):
        return sum(np.sum(g * g) for g in leaves(grad(f, argnums)(*args)))

    return slope


def agree(program, f, *args, argnums):
    """Whether the program's value and gradients are the engine's."""
    value, gradients = program(*args)
    expected, eager = value_and_grad(f, argnums)(*args)
    close(value, expected)
    for found, right in zip(leaves(gradients), leaves(eager), strict=True):
        close(found, right)
