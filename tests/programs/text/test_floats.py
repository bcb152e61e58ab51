"""Programs of plain floats."""

import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile, derive, value_and_grad
from autodiff.support.tree import leaves


def test_a_fractional_power_of_a_negative_number_is_no_number():
    value, slope = derive(lambda x: x**0.5, 1.0)(-1.0)
    assert math.isnan(value)
    assert math.isnan(slope)


@pytest.mark.parametrize("x", [-800.0, 800.0, 0.0])
def test_floats_without_bounds_are_ieee_754(x):
    def f(x):
        return ad.exp(x) / (1.0 + ad.exp(x)) + 1 / x

    program = derive(f, 1.0)
    value, gradient = program(x)
    expected, eager = value_and_grad(f)(x)
    np.testing.assert_array_equal([value, gradient], [expected, eager])


def test_a_number_of_the_text_is_divided_by_as_ieee_754_says():
    def f(x):
        return 1 / ad.maximum(x, 0.0) * 0.0 + x

    for program in (derive(f, 0.5), compile(value_and_grad(f))):
        assert program(0.5) == (0.5, 1.0)
        value, slope = program(-0.5)
        assert math.isnan(value)
        assert slope == value_and_grad(f)(-0.5)[1]


SHAPES = {
    "ravel F": lambda x: np.ravel(x, "F"),
    "ravel": np.ravel,
    "reshape F": lambda x: np.reshape(x, (1, 1), order="F"),
    "reshape": lambda x: np.reshape(x, (1, -1)),
    "flatten": lambda x: ad.flatten(x, "F"),
    "transpose": np.transpose,
    "squeeze": np.squeeze,
    "expand_dims": lambda x: np.expand_dims(x, (0, 1)),
    "atleast_1d": np.atleast_1d,
    "atleast_2d": np.atleast_2d,
    "atleast_3d": np.atleast_3d,
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones(2))[0],
    "moveaxis": lambda x: np.moveaxis(x, (), ()),
    "repeat": lambda x: np.repeat(x, 3),
    "tile": lambda x: np.tile(x, (2, 2)),
    "stack": lambda x: np.stack([x, x * 2]),
    "concatenate": lambda x: np.concatenate([np.ravel(x), np.ravel(x, "F")]),
    "pad": lambda x: np.pad(np.ravel(x), 1),
    "index": lambda x: np.ravel(x)[0] * np.atleast_1d(x)[None, ...],
    "sum": lambda x: np.sum(x, axis=()),
    "flip": lambda x: np.flip(x, ()),
    "diag": lambda x: np.diag(np.atleast_1d(x)),
    "block": lambda x: np.block([[x, 1.0], [2.0, x]]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_number_takes_every_shape(name):
    shaped = SHAPES[name]
    fs = [lambda x: np.sum(shaped(x * 2) * shaped(x)), lambda x: shaped(np.sin(x)) + shaped(x)]
    right = [value_and_grad(fs[0])(1.5), fs[1](ad.Value(1.5)).data]
    for f, expected in zip([value_and_grad(fs[0]), fs[1]], right, strict=True):
        for found in (derive(f, 1.5, argnums=())(1.5), compile(f)(1.5)):
            for part, its in zip(leaves(found), leaves(expected), strict=True):
                np.testing.assert_array_equal(part, its, strict=True)
