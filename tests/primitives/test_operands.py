"""What operands become before an operation computes with them."""

import numpy as np
import pytest
from agreement import close, saved

import autodiff as ad
from autodiff import compile, derive, no_grad, value_and_grad
from autodiff.extend import operations
from autodiff.primitives.primitive import Primitive
from autodiff.primitives.registry import registry
from autodiff.testing.uses import kinds_of

NARROW = {
    "float32": np.array([3.3, 1.7, 0.9], np.float32),
    "float16": np.array([3.3, 1.7, 0.9], np.float16),
    "int8": np.array([3, 100, 127], np.int8),
    "uint8": np.array([3, 200, 7], np.uint8),
}
WIDE = np.array([1.1, 2.3, 0.7])
PAIRED = [
    name
    for name, o in operations().items()
    if o.elementwise and o.public and len(o.operands) == 2 and kinds_of(o) == ("f", "f")
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("name", PAIRED)
def test_a_narrower_operand_is_as_if_it_had_been_cast(name, dtype):
    """Beside float64: in the value, in both gradients, and in the second derivatives."""
    call, narrow = operations()[name].call, NARROW[dtype]
    readings = [
        lambda f, by, *args: value_and_grad(f, by)(*args),
        lambda f, by, *args: compile(value_and_grad(f, by))(*args),
        lambda f, by, *args: derive(f, *args, argnums=by)(*args),
    ]
    for pair, i in (((WIDE, narrow), 0), ((narrow, WIDE), 1)):
        cast = [a.astype(np.float64) for a in pair]
        for f in (lambda a, b: ad.sum(call(a, b)), lambda a, b, i=i: slopes(call, a, b, i)):
            for by in (i, (0, 1)):
                value, gradients = value_and_grad(f, by)(*cast)
                for read in readings:
                    found, given = read(f, by, *pair)
                    close(found, value, scale=np.sum(np.abs(call(*cast))))
                    for one, right in zip(*map(as_list, (given, gradients)), strict=True):
                        close(one, np.asarray(right, one.dtype), one.dtype)


def slopes(call, a, b, wide):
    """A function of which the derivative has second derivatives of the operation in it."""
    slope = ad.grad(lambda a, b: ad.sum(call(a, b)), wide)(a, b)
    return ad.sum(slope**2)


def as_list(found):
    return found if isinstance(found, tuple) else (found,)


def test_programs_write_no_cast_that_numpy_makes_by_itself():
    narrow, wide = np.ones(3, np.float32), np.ones(3)
    source = derive(lambda w, x: ad.sum((w * x) ** 2), wide, narrow, argnums=0).source
    assert "astype" not in source
    assert "astype" in derive(lambda w, x: ad.sum(w / x), wide, narrow, argnums=0).source


def test_what_is_all_of_one_type_stays_in_it():
    narrow = ad.Tensor(np.ones(3, np.float32))
    for result in (narrow * narrow, narrow / 2, 3 - narrow, narrow * narrow.data, narrow**2):
        assert result.dtype == np.float32
        assert result.op != "cast"


# -- whole numbers and booleans ------------------------------------------------------------

WHOLE = {
    "bool": np.array([True, False, True]),
    "int8": np.array([1, 0, 2, -3, 100, -128], np.int8),
    "uint8": np.array([1, 0, 2, 3, 200, 255], np.uint8),
    "int32": np.array([1, 0, 2, -3, 100_000], np.int32),
    "int64": np.array([1, 0, 2, -3, 100_000]),
}
READINGS = {
    "plain": lambda call, *args: call(*args),
    "no_grad": lambda call, *args: no_grad(call)(*args),
    "compile": lambda call, *args: compile(call)(*args),
    "derive": lambda call, *args: derive(call, *args, argnums=())(*args),
    "its text": lambda call, *args: saved(derive(call, *args, argnums=()))(*args),
}  # and JAX: see test_special_points.py
BY_ENTRY = {name: o for name, o in operations().items() if o.elementwise}
OURS = [n for n, o in BY_ENTRY.items() if o.formula.numpy is None and n != "identity"]


def arguments_of(operation, numbers):
    """Arrays of these numbers: of two operands all pairs, also beside floats."""
    if len(operation.operands) == 1:
        return [(numbers,), (numbers[0, ...],)]
    a, b = (grid.ravel() for grid in np.meshgrid(numbers, numbers))
    return [(a, b), (a, b.astype(np.float64)), (a.astype(np.float32), b)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", OURS)
def test_a_formula_of_ours_takes_whole_numbers_for_floats(name, dtype):
    """-x of a uint8 wraps, that of booleans is none, and log(x) of few bits has few digits."""
    call = operations()[name].call
    for args in arguments_of(operations()[name], WHOLE[dtype]):
        kind = np.result_type(*args)
        kind = np.dtype(float) if kind.kind in "biu" else kind
        expected = np.asarray(call(*[a.astype(kind) for a in args]))
        for read in READINGS.values():
            found = np.asarray(read(call, *args))
            assert found.dtype == expected.dtype == kind
            finite = np.isfinite(expected)
            np.testing.assert_array_equal(found[~finite], expected[~finite])
            eps = np.finfo(kind).eps
            np.testing.assert_allclose(found[finite], expected[finite], rtol=4 * eps)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", [name for name in BY_ENTRY if name not in OURS])
def test_a_function_of_numpys_takes_whole_numbers_as_numpy_does(name, dtype):
    operation = operations()[name]
    for args in arguments_of(operation, WHOLE[dtype]):
        try:
            expected = operation.formula.on_arrays()(*args, *operation.defaults.values())
        except (TypeError, ValueError) as refused:  # as of -x of booleans, and 2 ** -1
            for read in READINGS.values():
                with pytest.raises(type(refused)):
                    read(operation.call, *args)
            continue
        for read in READINGS.values():
            found = np.asarray(read(operation.call, *args))
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype


NUMBERS = (3, -1, 255, -200, 70_000, 2**63)
OF_TWO = [
    name
    for name, o in registry.operations.items()
    if isinstance(o, Primitive) and len(o.operands) == 2 and not o.variadic
    if o.elementwise or (not o.differentiable and o.formula.operator)
]


def outcome(f, *args):
    """What f gives, or the kind of its error."""
    try:
        return np.asarray(f(*args))
    except (OverflowError, TypeError, ValueError) as error:
        return type(error)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64"])
@pytest.mark.parametrize("name", OF_TWO)
def test_a_number_that_whole_numbers_have_no_room_for_is_a_float(name, dtype):
    """Where there is room a program computes as NumPy does, and else as eager: with a float."""
    operation = registry.operations[name]
    by_numpy, whole = operation.formula.on_arrays(), WHOLE[dtype][:3]
    room = np.iinfo("int64" if dtype == "bool" else dtype)
    for number in NUMBERS:
        for call in (lambda call, x, n=number: call(x, n), lambda call, x, n=number: call(n, x)):
            f = lambda x, call=call: call(operation.call, x)  # noqa: E731
            if operation.differentiable and not room.min <= number <= room.max:
                expected = call(operation.call, whole)
                assert expected.dtype == np.float64
            elif operation.differentiable and name in OURS:
                expected = call(operation.call, whole.astype(np.float64))
            else:
                expected = outcome(call, by_numpy, whole)
            for reading in ("compile", "derive", "its text"):
                found = outcome(READINGS[reading], f, whole)
                np.testing.assert_array_equal(found, expected)
                assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)
