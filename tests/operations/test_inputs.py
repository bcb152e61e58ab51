"""What comes in: every kind of number, array and list gives the right answer or a clear error."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, grad
from autodiff.extend import operations
from autodiff.graph.node import operands_of


class Metres(float):
    """A float by another name."""


class Picture(np.ndarray):
    """An array by another name."""


class Column:
    """Anything that knows how to become an array, as a data frame's column does."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0], dtype)


def read_only():
    array = np.array([1.0, 2.0])
    array.setflags(write=False)
    return array


def square(x):
    return (x * x).sum() if np.ndim(getattr(x, "data", x)) else x * x


NUMBERS = {
    "int": (3, 3.0),
    "a large int": (2**70, 2.0**70),
    "bool": (True, 1.0),
    "float": (0.5, 0.5),
    "a float's subclass": (Metres(2.0), 2.0),
    "numpy bool": (np.bool_(True), 1.0),
    "numpy int": (np.int8(-3), -3.0),
    "float64": (np.float64(2.5), 2.5),
    "float16": (np.float16(1.5), 1.5),
    "float32": (np.float32(0.1), float(np.float32(0.1))),
    "longdouble": (np.longdouble(1.5), 1.5),
    "Fraction": (Fraction(1, 4), 0.25),
    "0-d array": (np.array(2.0), 2.0),
    "0-d int array": (np.array(2), 2.0),
}


@pytest.mark.parametrize(("given", "number"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_any_kind(given, number):
    assert Value(given).data == number
    assert type(Value(given).data) is float
    assert Tensor(given).data == number
    assert Tensor(given).shape == ()
    assert grad(square)(given) == 2 * number
    for node in (Value(2.0), Tensor([2.0, 2.0])):
        for product in (node * given, given * node):
            assert isinstance(product, Value)
            np.testing.assert_allclose(product.data, 2 * number)
            product.backward(np.ones(np.shape(product.data)))
        np.testing.assert_allclose(node.grad, 2 * number)


ARRAYS = {
    "list": [1.0, 2.0],
    "tuple": (1.0, 2.0),
    "ints": [1, 2],
    "range": range(1, 3),
    "int array": np.array([1, 2]),
    "uint8": np.array([1, 2], np.uint8),
    "int8": np.array([1, 2], np.int8),
    "not contiguous": np.array([1.0, 0.0, 2.0])[::2],
    "reversed": np.array([2.0, 1.0])[::-1],
    "read-only": read_only(),
    "big-endian": np.array([1.0, 2.0], ">f8"),
    "big-endian ints": np.array([1, 2], ">i4"),
    "a subclass": np.array([1.0, 2.0]).view(Picture),
    "float16": np.array([1.0, 2.0], np.float16),
    "float32": np.array([1.0, 2.0], np.float32),
    "longdouble": np.array([1.0, 2.0], np.longdouble),
    "with __array__": Column(),
}


@pytest.mark.parametrize("given", ARRAYS.values(), ids=ARRAYS)
def test_an_array_of_any_kind(given):
    t = Tensor(given)
    np.testing.assert_array_equal(t.data, [1.0, 2.0])
    assert type(t.data.copy()) is np.ndarray
    assert t.dtype.isnative
    assert t.dtype.kind == "f"
    (t * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])
    assert t.grad.dtype == t.dtype
    with pytest.raises(TypeError, match=r"(?s)one real number.*Tensor"):
        Value(given)


@pytest.mark.parametrize("given", ARRAYS.values(), ids=ARRAYS)
def test_an_array_of_any_kind_as_an_operand(given):
    for node in (Value(3.0), Tensor([3.0, 3.0])):
        for product in (node * given, given * node):
            assert type(product) is Tensor
            np.testing.assert_array_equal(product.data, [3.0, 6.0])
            product.sum().backward()
        np.testing.assert_array_equal(node.grad, 6.0 if type(node) is Value else [2.0, 4.0])
    np.testing.assert_allclose(ad.exp(given), np.exp([1.0, 2.0]), rtol=2e-3)


@pytest.mark.parametrize("name", [n for n, a in ARRAYS.items() if isinstance(a, np.ndarray)])
def test_an_array_of_any_kind_as_an_argument(name):
    given = ARRAYS[name]
    found = grad(square)(given)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, [2.0, 4.0])
    kept = given.dtype.kind == "f"
    assert found.dtype == (given.dtype.newbyteorder("=") if kept else np.float64)


def test_booleans():
    mask = np.array([True, False])
    np.testing.assert_array_equal(Tensor(mask).data, [1.0, 0.0])
    assert Tensor(mask).dtype == np.float64
    np.testing.assert_array_equal((Tensor([2.0, 3.0]) * mask).data, [2.0, 0.0])
    np.testing.assert_array_equal(grad(square)(mask), [2.0, 0.0])


def test_a_memory_mapped_file(tmp_path):
    mapped = np.memmap(tmp_path / "weights", dtype=float, mode="w+", shape=2)
    mapped[:] = [1.0, 2.0]
    t, x = Tensor(mapped), Tensor([1.0, 1.0])
    y, z = (t * t).sum(), (x * mapped).sum()
    mapped[:] = 100.0
    y.backward()
    z.backward()
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
    assert type(t.grad.copy()) is np.ndarray
    np.testing.assert_array_equal(grad(square)(mapped), [200.0, 200.0])


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (3, 0, 2)])
def test_empty_arrays(shape):
    t = Tensor(np.zeros(shape))
    loss = (ad.exp(t) * 2.0 + t).sum()
    loss.backward()
    assert loss.data == 0.0
    assert t.grad.shape == shape
    assert grad(square)(np.zeros(shape)).shape == shape
    assert Tensor([]).shape == (0,)
    assert grad(lambda x: 1.0)([]) == []


def test_order_in_memory_changes_nothing():
    array = np.arange(6.0).reshape(2, 3)
    for given in (array, np.asfortranarray(array), np.array(array.T).T, array[::-1][::-1]):
        np.testing.assert_array_equal(grad(square)(given), 2 * array)


def test_nan_and_infinity_are_numbers():
    assert np.isnan(Value(float("nan")).data)
    assert grad(square)(np.inf) == np.inf
    np.testing.assert_array_equal(grad(square)(np.array([np.inf, 1.0])), [np.inf, 2.0])


REFUSED = {
    "None": None,
    "text": "2.0",
    "bytes": b"2.0",
    "complex": 1 + 2j,
    "an integer beyond floats": 10**400,
    "Decimal": Decimal("0.5"),
    "object": object(),
    "a function": len,
    "set": {1.0, 2.0},
    "dict": {"a": 1.0},
    "generator": (x for x in [1.0]),
    "object array": np.array([1.0, 2.0], object),
    "complex array": np.array([1.0, 2.0j]),
    "text array": np.array(["a", "b"]),
    "dates": np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"),
    "a time span": np.timedelta64(3, "s"),
    "a structured array": np.zeros(2, [("a", float)]),
    "a masked array": np.ma.array([1.0, 2.0], mask=[False, True]),
    "masked": np.ma.masked,
    "ragged": [[1.0], [1.0, 2.0]],
    "None in a list": [None, 1.0],
    "fractions in a list": [Fraction(1, 2), 1],
    "integers beyond floats in a list": [10**400, 1],
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_what_has_no_derivative_is_refused_everywhere(given):
    """Each time by one message of at least two lines: the rule, what came, and the fix."""
    attempts = [
        lambda: Tensor(given),
        lambda: Value(given),
        lambda: Tensor([1.0, 2.0]) * given,
        lambda: given * Tensor([1.0, 2.0]),
        lambda: Value(2.0) * given,
        lambda: given * Value(2.0),
        lambda: ad.exp(Tensor([1.0, 2.0])) + given,
        lambda: ad.maximum(given, Tensor([1.0, 2.0])),
        lambda: ad.stack([Value(1.0), given]),
    ]
    for attempt in attempts:
        with pytest.raises((TypeError, ValueError)) as caught:
            attempt()
        assert len(str(caught.value).splitlines()) > 1, caught.value
        assert type(caught.value) in (TypeError, ValueError)


@pytest.mark.parametrize(
    "name", [n for n, v in REFUSED.items() if not isinstance(v, (list, dict)) and v is not None]
)
def test_what_has_no_derivative_is_refused_as_an_argument(name):
    with pytest.raises(TypeError, match=r"\n"):
        grad(lambda x: 1.0)(REFUSED[name])


def test_a_list_is_a_structure_to_differentiate_by():
    assert grad(lambda p: p[0] * p[1])([2, 3.0]) == [3.0, 2.0]
    for item in ("text", 1j, object(), 10**400):
        with pytest.raises(TypeError, match=r"Argument 0 is what to differentiate by"):
            grad(lambda p: p[0])([1.0, item])


def test_none_in_a_structure_stays():
    assert grad(lambda p: p["w"] * 2.0)({"w": 1.0, "b": None}) == {"w": 2.0, "b": None}


def matrix():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix([[1.0, 2.0], [3.0, 4.0]])


def test_np_matrix_is_refused_for_its_other_product():
    m, t = matrix(), Tensor(np.ones((2, 2)))
    for attempt in (lambda: Tensor(m), lambda: t * m, lambda: m * t, lambda: m @ t):
        with pytest.raises(TypeError, match=r"np\.asarray"):
            attempt()
    with pytest.raises(TypeError, match=r"np\.asarray"):
        grad(square)(m)


def test_values_and_tensors_in_a_list_are_joined_by_stack():
    for given in ([Value(1.0)], [[Tensor(1.0), 2.0]]):
        for attempt in (lambda g: Tensor(g), lambda g: Tensor([1.0]) * g, ad.exp):
            with pytest.raises(TypeError, match=r"autodiff\.stack"):
                attempt(given)
        with pytest.raises(TypeError, match=r"autodiff\.stack"):
            np.array(given)


def test_a_node_is_not_made_from_a_node():
    for kind in (Value, Tensor):
        for node in (Value(1.0), Tensor(1.0)):
            with pytest.raises(TypeError, match=r"`\.data`"):
                kind(node)


def test_a_name_is_text():
    with pytest.raises(TypeError, match="name is a string"):
        Value(1.0, name=3)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64, np.float16, np.float32])
@pytest.mark.parametrize(
    "name", [n for n, p in operations().items() if p.elementwise and len(p.operands) == 2]
)
def test_a_constant_of_another_type_costs_the_gradient_no_digits(name, dtype):
    """A partial such as 1 / b or b * b is computed in the type of the result, not in b's own."""
    operation, constant = operations()[name].call, np.array([1, 3, 100]).astype(dtype)
    x = np.array([0.4, 0.7, 1.3])

    exact = constant.astype(float)
    for first in (True, False):

        def ours(c, first=first):
            t = Tensor(x)
            with np.errstate(all="ignore"):
                (operation(t, c) if first else operation(c, t)).sum().backward()
            return t.grad

        np.testing.assert_allclose(ours(constant), ours(exact), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16])
def test_a_constant_keeps_the_type_that_numpy_gives_the_result(dtype):
    t, constant = Tensor(np.ones(2, np.float32)), np.array([1, 3]).astype(dtype)
    expected = (np.ones(2, np.float32) / constant).dtype
    assert (t / constant).dtype == expected
    assert (constant / t).dtype == expected
    assert ad.where(np.array([True, False]), t, constant).dtype == expected


@pytest.mark.parametrize("given", [2, np.float64(2.0)], ids=["int", "float64"])
@pytest.mark.parametrize(
    "name", [n for n, p in operations().items() if p.elementwise and len(p.operands) == 2]
)
def test_a_number_beside_a_node_is_recorded_as_its_float(name, given):
    operation = operations()[name].call
    for leaf in (Value(0.75), Tensor([0.75, 0.5]), Tensor(0.75)):
        for order in (lambda t, c: (t, c), lambda t, c: (c, t)):
            found, right = (operation(*order(leaf, c)) for c in (given, 2.0))
            np.testing.assert_array_equal(found.data, right.data)
            assert type(found) is type(right) is type(leaf)
            assert sorted(map(type, operands_of(found)), key=str) == [type(leaf), float]
            pulled = []
            for result in (found, right):
                leaf.zero_grad()
                result.backward(np.ones(np.shape(result.data)))
                pulled.append(leaf.grad)
            np.testing.assert_array_equal(*pulled)


def test_a_number_gives_the_type_that_it_gives_in_numpy():
    array = np.ones(2, np.float32)
    t = Tensor(array)
    for number in (2, 2.0, np.float32(2.0), np.float64(2.0), np.int64(2), True):
        assert (t * number).dtype == (array * number).dtype
        assert (number * t).dtype == (number * array).dtype


def test_a_number_that_no_float_holds_is_refused_on_either_side():
    for node in (Value(2.0), Tensor([2.0])):
        for operation in (ad.mul, ad.maximum, ad.pow):
            for operands in ((node, 10**400), (10**400, node)):
                with pytest.raises(TypeError, match="too large for any of them"):
                    operation(*operands)
        with pytest.raises(TypeError, match="too large for any of them"):
            ad.where(np.array([True]), node, 10**400)


def test_a_division_by_a_whole_zero_is_infinite():
    with np.errstate(divide="ignore"):
        assert (Value(2.0) / 0).data == np.inf
        np.testing.assert_array_equal((Tensor([2.0, -2.0]) / 0).data, [np.inf, -np.inf])
        np.testing.assert_array_equal((1 / Tensor([0.0])).data, [np.inf])
        assert (1 / Value(0.0)).data == np.inf


def test_a_whole_number_among_three_operands():
    t = Tensor([1.0, -1.0])
    for zero in (0, 0.0, np.float64(0.0)):
        kept = np.where(t.data > 0, t, zero)
        kept.sum().backward()
        np.testing.assert_array_equal(kept.data, [1.0, 0.0])
        np.testing.assert_array_equal(t.grad, [1.0, 0.0])
        t.zero_grad()


def test_advice_fits_what_was_asked():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"in a list.*\n.*`concatenate\(\[a, b\]\)`"):
        ad.concatenate(t, t)
    with pytest.raises(ValueError, match="`stack` is of one operand or more"):
        ad.stack([])
    with pytest.raises(ValueError, match=r"[^.]\.\nPad the rows"):
        Tensor([[1.0], [1.0, 2.0]])
