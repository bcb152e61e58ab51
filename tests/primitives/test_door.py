"""Indices, axes and shapes of every form that NumPy takes are one form to every reading."""

import array
import ast
import collections
import enum
import fractions
import inspect

import numpy as np
import pytest
from agreement import weighted
from registry_cases import calls

import autodiff as ad
from autodiff import Tensor, Value, compile, derive, grad, hessian, primitive, value_and_grad
from autodiff.extend import operations
from autodiff.primitives.door import COUNTS, is_known
from autodiff.primitives.registry import registry
from autodiff.support.syntax import literal
from autodiff.support.tree import leaves
from autodiff.testing.scratch import temporary_operations

# A member for each number, as `Axis.ROWS` would be.
Axis = enum.IntEnum("Axis", {f"N{i}": i for i in range(-9, 10)})


class Whole:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


class ArrayLike:
    """As a Series of pandas and a tensor of PyTorch are."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers)


X = np.arange(1.0, 13.0).reshape(3, 4)
PLACES = [[0, 0, 2], [1], [-1, 0]]
SEQUENCES = {
    "list": list,
    "tuple": tuple,
    "deque": collections.deque,
    "array.array": lambda p: array.array("i", p),
    "memoryview": lambda p: memoryview(array.array("i", p)),
    "an array": np.array,
    "array-like": ArrayLike,
}
NUMBERS = {"int": int, "np.int64": np.int64, "IntEnum": Axis, "__index__": Whole, "0-d": np.array}
READINGS = {
    "eager": lambda f: grad(f)(X),
    "derive": lambda f: derive(f, X)(X)[1],
    "compile": lambda f: compile(grad(f))(X),
    "hessian": lambda f: hessian(f)(X),
}


def same(f, plainly):
    """Whether every reading of f gives what it gives of the same with a plain index or axis."""
    before = X.copy()
    for name, reading in READINGS.items():
        np.testing.assert_allclose(reading(f), reading(plainly), err_msg=name)
        np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("form", SEQUENCES)
def test_an_index_of_several(form, places):
    index = SEQUENCES[form](places)
    same(lambda x: np.sum(x[index,] ** 2), lambda x: np.sum(x[np.array(places)] ** 2))
    same(lambda x: np.sum(x[:, index] ** 2), lambda x: np.sum(x[:, np.array(places)] ** 2))


@pytest.mark.parametrize("form", NUMBERS)
def test_an_index_of_one(form):
    one = NUMBERS[form](1)
    same(lambda x: np.sum(x[one] ** 2), lambda x: np.sum(x[1] ** 2))
    same(lambda x: np.sum(x[:, one] ** 2), lambda x: np.sum(x[:, 1] ** 2))
    same(lambda x: np.sum(x[one:, :one] ** 2), lambda x: np.sum(x[1:, :1] ** 2))


@pytest.mark.parametrize("form", [list, np.array, ArrayLike])
@pytest.mark.parametrize("mask", [[True, False, True], [False] * 3], ids=["some", "none"])
def test_a_mask_is_a_mask(mask, form):
    index, plainly = form(mask), np.array(mask)
    same(lambda x: np.sum(x[index] ** 2), lambda x: np.sum(x[plainly] ** 2))


@pytest.mark.parametrize("empty", [[], range(0), np.zeros(0, int)])
def test_an_index_of_nothing(empty):
    same(lambda x: np.sum(x[empty] ** 2) + np.sum(x**2), lambda x: np.sum(x**2))


@pytest.mark.parametrize("form", NUMBERS)
def test_an_axis(form):
    one = NUMBERS[form](1)
    if form != "0-d":  # which NumPy does not take for an axis everywhere
        same(lambda x: np.sum(np.max(x, axis=one) ** 2), lambda x: np.sum(np.max(x, 1) ** 2))
        same(lambda x: np.sum(ad.sum(x, one) ** 2) / 4, lambda x: np.sum(ad.sum(x, 1) ** 2) / 4)


@pytest.mark.parametrize("order", [range(1, -1, -1), [1, 0], (Axis.N1, 0)], ids=str)
def test_axes_and_shapes(order):
    shape = range(2, 8, 4)
    same(lambda x: np.sum(np.transpose(x, order)[1:] ** 2), lambda x: np.sum(x.T[1:] ** 2))
    same(lambda x: np.sum(ad.reshape(x, shape)[1] ** 2), lambda x: np.sum(x.reshape(2, 6)[1] ** 2))


def test_what_is_written_into_afterwards_has_no_part_in_it():
    places = np.array([0, 0])
    x = Tensor([1.0, 2.0])
    y = x[places].sum()
    places[:] = 1
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0])


def test_an_index_that_is_a_node_is_refused():
    for index in (Value(1.0), (0, Tensor([1.0]))):
        with pytest.raises(TypeError, match="An index is whole numbers, but this is a "):
            Tensor(X)[index]


# -- over all operations -------------------------------------------------------------------


def whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def with_numbers(value, form):
    """A static value with each whole number in it in another form."""
    if whole(value):
        return form(int(value))
    if isinstance(value, tuple):
        return tuple(with_numbers(v, form) for v in value)
    if isinstance(value, list) and form is not Whole:  # in an array NumPy takes it for an object
        return [with_numbers(v, form) for v in value]
    if isinstance(value, slice):
        ends = (value.start, value.stop, value.step)
        return slice(*(with_numbers(end, form) for end in ends))
    return value


def with_sequences(name, value, form):
    """A static value with each sequence of whole numbers in it in another form."""
    if name == "index":
        if isinstance(value, tuple):
            return tuple(with_sequences("", part, form) for part in value)
        made = with_sequences("", value, form)
        return value if isinstance(made, tuple) else made  # which would be of several axes
    if isinstance(value, np.ndarray) and value.dtype.kind == "i" and value.ndim == 1:
        value = value.tolist()
    if isinstance(value, (tuple, list)) and value:
        if all(map(whole, value)):
            return form(list(value))
        return type(value)(with_sequences("", v, form) for v in value)
    return value


def formed(params):
    """The same static parameters in all forms, by what these are called."""
    for called, form in NUMBERS.items():
        named = COUNTS.union(["index"])
        yield called, {n: with_numbers(v, form) if n in named else v for n, v in params.items()}
    for called, form in SEQUENCES.items():
        yield called, {n: with_sequences(n, v, form) for n, v in params.items()}


def counts(operation):
    return [n for n in getattr(operation, "defaults", {}) if n in COUNTS or n == "index"]


def agree(found, expected):
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)


USES = 16  # of each operation, at most, in all forms
COUNTING = [name for name, operation in operations().items() if counts(operation)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", COUNTING)
def test_every_form_of_every_operation_is_one_to_every_reading(name):
    texts = set()  # of which forms a program was written
    counted = set(counts(operations()[name]))
    uses = [(operands, params) for operands, params in calls(name) if params.keys() & counted]
    for operands, params in uses[:: 1 + len(uses) // USES]:
        f, args = weighted(name, operands, params)
        for arg in args:
            arg.setflags(write=False)  # which no program writes into
        by = tuple(range(len(args)))
        expected = value_and_grad(f, by)(*args)
        source = derive(f, *args).source
        for called, other in formed(params):
            g = weighted(name, operands, other)[0]
            agree(value_and_grad(g, by)(*args), expected)
            if called not in texts or "index" in params:
                texts.add(called)
                assert derive(g, *args).source == source
        agree_closely(compile(value_and_grad(g, by))(*args), expected)


def agree_closely(found, expected):
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


MATRIX = np.array([[2.0, 0.3, 0.4], [0.5, 3.0, 0.7], [0.8, 0.9, 4.0]])
SQUARE = MATRIX[:2, :2]
STACK = np.stack([SQUARE, MATRIX[1:, 1:]])
# What is passed beside the first operand where it is required.
BESIDE = {
    "indices": [0, 1], "condition": [True, False], "obj": 1, "values": SQUARE, "q": 0.4,
    "stop": 2.0, "b": MATRIX, "new_shape": 4, "start": 0,
}  # fmt: skip
# Of these a number alone is no form.
OF_SEVERAL = {("rot90", "axes"), ("tensorsolve", "axes"), ("linspace", "start")}
UNTRACED = {"unique"}  # by what is in the array
OTHERS = [
    (name, parameter)
    for name, operation in registry.operations.items()
    if operation.kind in ("composite", "nondifferentiable")
    for parameter in inspect.signature(operation.call).parameters
    if parameter in COUNTS and (name, parameter) not in OF_SEVERAL
]


def composite(name, parameter, number):
    """A composite as a function of an array that gives one number, with a parameter of it."""
    call = registry.operations[name].call
    parameters = inspect.signature(call).parameters.values()
    required = [
        p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL
    ]
    operand = next(n for n in ("x", "a", "m", "f", "y", "p", "keys", "start") if n in required)
    beside = {n: BESIDE.get(n, 1) for n in required if n != operand} | {parameter: number}

    def f(x):
        given = {operand: x, **beside}
        found = leaves(call(**given))
        return sum(
            np.sum(part * np.cos(np.arange(np.size(part))).reshape(np.shape(part)))
            for part in found
            if np.size(part)
        )

    return f


def baseline(name, parameter):
    """An operand and a number that the composite takes."""
    for x in (SQUARE, MATRIX, STACK, MATRIX[0]):
        for number in (1, 2, 0, 3):
            try:
                if np.all(np.isfinite(grad(composite(name, parameter, number))(x))):
                    return x, number
            except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
                continue
    raise AssertionError(f"{name} was called with no {parameter}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "parameter"), OTHERS)
def test_what_composites_count_with_is_of_any_form(name, parameter):
    x, number = baseline(name, parameter)
    plainly = composite(name, parameter, number)
    expected = value_and_grad(plainly)(x)
    source = "" if name in UNTRACED else derive(plainly, x).source
    for form in NUMBERS.values():
        f = composite(name, parameter, form(number))
        agree(value_and_grad(f)(x), expected)
    if source:
        assert derive(f, x).source == source
        agree_closely(compile(value_and_grad(f))(x), expected)


def test_counts_are_named_alike_in_all_operations():
    named = {n for name in COUNTING for n in counts(operations()[name])}
    assert named | {parameter for _, parameter in OTHERS} >= COUNTS


# -- what is refused -----------------------------------------------------------------------

UNKNOWN = {
    "a set": {0}, "an object": object(), "a dict": {0: 1}, "a function": len, "bytes": b"0",
    "a fraction": fractions.Fraction(1), "a complex number": 1j, "a type": set,
    "objects": np.array([None]), "a set in a tuple": ({0},), "a node in a tuple": (Value(1.0),),
}  # fmt: skip
FLIPS = [  # operations for which NumPy itself would take some of these
    lambda x, axis: ad.flip(x, axis), lambda x, axis: ad.roll(x, 1, axis),
    lambda x, axis: ad.moveaxis(x, axis, -1), lambda x, axis: ad.sum(x, axis),
    lambda x, axis: ad.broadcast_to(x, axis), lambda x, axis: ad.tril(x, axis),
    lambda x, axis: x[axis], lambda x, axis: x[:, axis],
    lambda x, axis: x.at[axis].set(0.0), lambda x, axis: x[axis:],
]  # fmt: skip


@pytest.mark.parametrize("kind", UNKNOWN)
@pytest.mark.parametrize("call", range(len(FLIPS)))
def test_what_no_program_could_be_written_of_is_refused_in_every_reading(call, kind):
    def f(x):
        return np.sum(FLIPS[call](x, UNKNOWN[kind]) ** 2)

    messages = set()
    for reading in READINGS.values():
        with pytest.raises((TypeError, IndexError)) as error:
            reading(f)
        messages.add(str(error.value).splitlines()[0])
    assert len(messages) == 1


def test_the_refusal_names_the_parameter():
    with pytest.raises(
        TypeError, match=r"(?s)`axis` of `flip` is a whole.* set \{0\}\.\n.*axis=0`"
    ):
        np.flip(Tensor(X), axis={0})
    with pytest.raises(IndexError, match=r"(?s)An index is whole numbers, .* in this one is set"):
        Tensor(X)[:, {0}]


class Mode(enum.StrEnum):
    HEAP = "heapsort"


class Half(float):
    def __repr__(self):
        return "half"


@temporary_operations()
def test_static_values_of_ones_own():
    @primitive("sort(x, axis=0, kind=mode) * scale")
    def scaled(ct, z, x, scale=1.0, mode="stable", whatever=None):
        return ct * scale  # of what is in order already, as X is

    def plainly(x):
        return np.sum(scaled(x, 0.5, "heapsort") ** 2)

    def f(x):
        return np.sum(scaled(x, Half(0.5), Mode.HEAP) ** 2)

    same(f, plainly)
    assert "half" not in derive(f, X).source
    with pytest.raises(TypeError, match="`whatever` of `scaled` is numbers, texts, arrays and"):
        scaled(Tensor(X), whatever=object())


def test_nothing_unknown_is_written():
    for name, value in UNKNOWN.items():
        assert not is_known(value)
        if name != "objects":
            with pytest.raises(TypeError, match="What is written in a program is"):
                literal(value)
    for value in (1, True, -2.5, np.inf, "a", None, ..., slice(1, None), np.float32, float,
                  np.dtype("f4"), np.float32(2), np.longdouble(1), (1, [2, "b"])):  # fmt: skip
        assert is_known(value)
        assert ast.unparse(ast.fix_missing_locations(literal(value)))


def test_a_draw_is_of_any_form_too():
    def noisy(size):
        return lambda x, rng: np.sum(x * rng.normal(size=size))

    sources = [
        derive(noisy(size), X, np.random.default_rng(0)).source
        for size in ((3, 4), [3, 4], range(3, 5), (Whole(3), np.int64(4)))
    ]
    assert len(set(sources)) == 1
    with pytest.raises(TypeError, match="A traced generator draws by numbers"):
        derive(noisy({3}), X, np.random.default_rng(0))


def taken(index):
    return lambda x: x[index] ** 1.0


def test_truth_values_are_what_numpy_makes_of_them():
    t = Tensor(X)
    for index in ((True,), (slice(None), True), (slice(None), False), np.True_, (0, True)):
        np.testing.assert_array_equal(t[index].data, X[index], strict=True)
        np.testing.assert_array_equal(compile(taken(index))(X), X[index])
    for call in (np.flip, np.sort, np.cumsum, np.sum, np.max):
        for data in (X, t):  # of which NumPy 2.0 only warns
            with pytest.raises((TypeError, DeprecationWarning)):
                call(data, axis=np.True_)
    np.testing.assert_array_equal(ad.sum(t, keepdims=np.True_).data, np.sum(X, keepdims=True))


class Sequence(collections.UserList):
    """What is no sequence of Python's own."""


@pytest.mark.parametrize("index", [Sequence([0, 0]), Sequence([Axis.N0, np.int8(0)])])
def test_any_sequence_is_an_index(index):
    same(lambda x: np.sum(x[index] ** 2), lambda x: np.sum(x[[0, 0]] ** 2))
