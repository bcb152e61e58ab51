"""Programs of plain floats."""

import itertools
import math

import numpy as np
import pytest
from agreement import saved
from on_numbers import EXAMPLE, FEW, OF_NUMBERS, POINTS, WHOLE

import autodiff as ad
from autodiff import compile, derive, value_and_grad
from autodiff.extend import operations
from autodiff.programs.tracing.standins import TraceError
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


# -- every operation at special points ----------------------------------------------------------

# Whose shape, or whose count of steps, the numbers decide: they are refused by name.
NOT_IN_PROGRAMS = {"argwhere", "flatnonzero", "matrix_power", "nonzero", "unique"}


# Of which eager looks at a number and refuses it, where a program says NaN.
NAN_IN_PROGRAMS = {"nanpercentile", "nanquantile", "percentile", "quantile"}


def test_most_operations_take_numbers():
    assert len(OF_NUMBERS) > 190
    assert operations().keys() & OF_NUMBERS.keys() >= {"add", "pow", "erfinv", "where", "max"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", sorted(OF_NUMBERS.keys() - NOT_IN_PROGRAMS))
def test_every_operation_on_floats_is_what_eager_says(name):
    f, count = OF_NUMBERS[name]
    both = value_and_grad(f, tuple(range(count)))
    readings = [derive(both, *EXAMPLE[:count], argnums=())]
    readings += [saved(readings[0]), compile(both)]
    points = [*itertools.product(POINTS if count < 3 else FEW, repeat=count)]
    points += [*itertools.product(WHOLE, repeat=count)]
    for point in points:
        expected = result_of(both, map(float, point))
        for reading in readings:
            found = result_of(reading, point)
            if expected is ValueError and name in NAN_IN_PROGRAMS:
                expected = [np.nan, *found[1:]]
            if isinstance(expected, type):
                assert found is expected
                continue
            np.testing.assert_array_equal(found, expected, f"{name} at {point}")
            assert np.signbit(found[0]) == np.signbit(expected[0]) or found[0] != found[0]


def result_of(reading, point):
    """The numbers that a reading gives, or the kind of error that it raises."""
    try:
        return list(map(float, leaves(reading(*point))))
    except Exception as error:
        return type(error)


@pytest.mark.filterwarnings("ignore:Calling nonzero on 0d arrays")  # NumPy 2.0
@pytest.mark.parametrize("name", sorted(NOT_IN_PROGRAMS & OF_NUMBERS.keys()))
def test_what_is_not_in_programs_is_refused_by_name(name):
    f, count = OF_NUMBERS[name]
    with pytest.raises(TraceError, match=f"`{name}`"):
        derive(f, *EXAMPLE[:count])


LEAST = np.finfo(float).tiny  # smaller numbers are 0 to XLA
# What these are made of by JAX is NaN at infinity or at a pole.
NAN_FOR_JAX = {"beta", "betaln", "digamma", "i0"}


def elementwise_on_numbers():
    return [
        name for name, found in operations().items() if found.elementwise and name in OF_NUMBERS
    ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", elementwise_on_numbers())
def test_every_operation_on_floats_by_jax(name):
    pytest.importorskip("jax")
    f, count = OF_NUMBERS[name]
    both = value_and_grad(f, tuple(range(count)))
    by_jax = compile(both, engine="jax")
    for point in itertools.product(POINTS if count == 1 else FEW, repeat=count):
        if 5e-324 in point or (name in NAN_FOR_JAX and not all(0 < x < np.inf for x in point)):
            continue
        for found, right in zip(leaves(by_jax(*point)), leaves(both(*point)), strict=True):
            near = 16 * np.finfo(float).eps
            np.testing.assert_allclose(float(found), float(right), near, max(near, LEAST))
