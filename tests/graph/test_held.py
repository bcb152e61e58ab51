"""`.data` and `.grad` of a Tensor: read-only arrays, and plain ones once they are computed with."""

import copy
import io
import operator
import pickle

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.graph.held import Held
from autodiff.graph.node import operands_of
from autodiff.testing import check_gradients

IN_PLACE = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
}
DATA = {
    "float64": np.array([[1.5, 2.5], [3.5, 4.5]]),
    "float32": np.ones((2, 2), np.float32) * 1.5,
    "float16": np.ones((2, 2), np.float16) * 1.5,
    "without axes": np.array(2.5),
    "empty": np.zeros((0, 0)),
    "a view": np.arange(1.0, 9.0).reshape(4, 2)[::2],
}


def leaf_of(data):
    t = Tensor(data)
    (t * t).backward(np.ones(np.shape(data)))
    return t


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
@pytest.mark.parametrize("place", IN_PLACE, ids=lambda place: place.__name__)
@pytest.mark.parametrize("attribute", ["data", "grad"])
def test_in_place_operators_assign_what_they_compute(attribute, place, data):
    if place is operator.imatmul and not np.ndim(data):
        return
    t = leaf_of(data)
    graph, before = t * 2, getattr(t, attribute)
    was, step = before.copy(), 0.1 * t.grad + 1
    setattr(t, attribute, place(getattr(t, attribute), step))
    now = getattr(t, attribute)
    np.testing.assert_array_equal(now, IN_PLACE[place](was, step).astype(was.dtype))
    assert (now.dtype, now.shape) == (was.dtype, was.shape)
    np.testing.assert_array_equal(before, was)  # what was given out stays as it was
    if attribute == "data":
        with pytest.raises(ValueError, match="was changed after"):
            graph.backward(np.ones(was.shape))


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_the_step_of_every_tutorial(kind):
    parameters = [kind(1.0), kind(2.0)]
    for _ in range(200):
        a, b = parameters
        ((a - 3) ** 2 + (b + a) ** 2).backward()
        for p in parameters:
            p.grad *= 0.5
            p.data -= 0.2 * p.grad
            p.zero_grad()
    np.testing.assert_allclose([p.data for p in parameters], [3.0, -3.0], atol=1e-2)


def test_assigning_an_entry_says_what_to_write():
    t = leaf_of(DATA["float64"])
    for array in (t.data, t.data[:1], t.data.T, t.grad, t.grad.reshape(-1), (t * t).data):
        with pytest.raises(ValueError, match=r"read-only: .*\n.*a\[i\] = x; t\.data = a") as caught:
            array[0] = 5.0
        assert "`t.data -= step`" in str(caught.value)
    for array in (t.data, t.grad):
        for change in (
            lambda array: np.add(array, 1.0, out=array),
            lambda array: array.fill(0.0),
            lambda array: array.sort(),
            lambda array: array.setflags(write=True),
            lambda array: np.copyto(array, 0.0),
            lambda array: np.asarray(array).fill(0.0),
        ):
            with pytest.raises(ValueError, match=r"read-only|WRITEABLE"):
                change(array)
    np.testing.assert_array_equal(t.data, DATA["float64"])
    np.testing.assert_array_equal(t.grad, 2 * DATA["float64"])


THREE = np.full(3, 7.0)
# Of NumPy's functions and methods, those that write into an array that they are given.
WRITERS = {
    "a method": lambda a: a.put([0], 9.0),
    "its flat": lambda a: a.flat.__setitem__(0, 9.0),
    "all of its flat": lambda a: setattr(a, "flat", 9.0),
    "its real part": lambda a: setattr(a, "real", 9.0),
    "a field": lambda a: a.setfield(9.0, float),
    "partition": lambda a: a.partition(1),
    "byteswap": lambda a: a.byteswap(inplace=True),
    "put": lambda a: np.put(a, [0], 9.0),
    "place": lambda a: np.place(a, a > 0, 9.0),
    "putmask": lambda a: np.putmask(a, a > 0, 9.0),
    "fill_diagonal": lambda a: np.fill_diagonal(a.reshape(1, 3), 9.0),
    "put_along_axis": lambda a: np.put_along_axis(a, np.array([0]), 9.0, 0),
    "shuffle": lambda a: np.random.default_rng(0).shuffle(a),
    "random": lambda a: np.random.default_rng(0).random(out=a),
    "clip": lambda a: a.clip(5.0, 6.0, out=a),
    "cumsum": lambda a: np.cumsum(THREE, out=a),
    "dot": lambda a: np.dot(np.eye(3), THREE, out=a),
    "matmul": lambda a: np.matmul(np.eye(3), THREE, out=a),
    "einsum": lambda a: np.einsum("i->i", THREE, out=a),
    "take": lambda a: np.take(THREE, [0, 1, 2], out=a),
    "concatenate": lambda a: np.concatenate([THREE[:2], THREE[:1]], out=a),
    "mean": lambda a: np.mean(np.ones((3, 3)), axis=0, out=a),
    "median": lambda a: np.median(np.ones((3, 3)), axis=0, out=a),
    "reduceat": lambda a: np.add.reduceat(THREE, [0, 1, 2], out=a),
    "accumulate": lambda a: np.add.accumulate(THREE, out=a),
    "a buffer": lambda a: memoryview(a).__setitem__(0, 9.0),
    "a view": lambda a: a[:2].__setitem__(0, 9.0),
    "a plain view": lambda a: a.view(np.ndarray).__setitem__(0, 9.0),
    "strides": lambda a: np.lib.stride_tricks.as_strided(a, (3,), (8,)).__setitem__(0, 9.0),
    "a window": lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, writeable=True).fill(9.0),
}


OF_ANY_MEMORY = WRITERS["cumsum"], WRITERS["accumulate"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_writes_into_arrays_is_refused(write):
    ours, plain = Tensor([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    if write in OF_ANY_MEMORY and np.lib.NumpyVersion(np.__version__) < "2.4.0":
        pytest.skip("older versions of NumPy accumulate into an array that is read-only")
    with pytest.raises((ValueError, TypeError)):
        write(ours.data)
    assert ours.data.tolist() == [1.0, 2.0, 3.0]
    write(plain)
    assert plain.tolist() != [1.0, 3.0, 2.0]


def test_what_to_write_for_the_method_at_of_ufuncs():
    t = Tensor([1.0, 2.0])
    square = (t * t).sum()
    a = t.data.copy()
    np.add.at(a, [0, 0], 1.0)
    t.data = a
    assert t.data.tolist() == [3.0, 2.0]
    with pytest.raises(ValueError, match="was changed after"):
        square.backward()


def test_only_a_leaf_takes_what_was_computed_in_place():
    result = Tensor([1.0, 2.0]) * 2
    with pytest.raises(AttributeError, match="assigned on a leaf"):
        result.data -= 1.0
    t = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="must have the same"):
        t.data += np.ones((2, 2))
    with pytest.raises(TypeError, match="already a Tensor"):
        t.data += t
    assert t.data.tolist() == [1.0, 2.0]


PLAIN = [
    lambda a: a + 1,
    lambda a: 1 - a,
    lambda a: 0.1 * a * a,
    lambda a: -a,
    lambda a: a @ a,
    lambda a: a > 2,
    lambda a: np.exp(a),
    lambda a: np.add.outer(a, a),
    lambda a: a.sum(axis=0),
    lambda a: a.mean(),
    lambda a: np.where(a > 1, a, 0),
    lambda a: np.concatenate([a, a]),
    lambda a: np.linalg.inv(a),
    lambda a: a[0, 0],
    lambda a: a.copy(),
    np.copy,
    np.array,
    np.asarray,
    copy.copy,
    copy.deepcopy,
    lambda a: pickle.loads(pickle.dumps(a)),
    repr,
    str,
    lambda a: f"{a[0, 0]:.2f}",
]


@pytest.mark.parametrize("f", PLAIN)
@pytest.mark.parametrize("attribute", ["data", "grad"])
def test_what_is_computed_from_it_is_plain(f, attribute):
    held = getattr(leaf_of(DATA["float64"]), attribute)
    found, right = f(held), f(np.array(held))
    assert type(found) is type(right)
    np.testing.assert_array_equal(found, right)


def test_copies_are_written_into_as_arrays_are():
    t = leaf_of(DATA["float64"])
    for make in (np.zeros_like, lambda a: a.astype(np.float32), lambda a: a[[0, 1]], np.copy):
        copied = again = make(t.data)
        before = copied.copy()
        copied[0, 0] = 7.0
        copied *= 2
        assert copied is again
        before[0, 0] = 7.0
        np.testing.assert_array_equal(again, before * 2)
    file = io.BytesIO()
    np.save(file, t.data, allow_pickle=False)
    np.testing.assert_array_equal(np.load(io.BytesIO(file.getvalue())), t.data)


def test_a_subclass_decides_what_becomes_of_both():
    class Measured(np.ndarray):
        pass

    held = leaf_of(DATA["float64"]).data
    measured = np.ones((2, 2)).view(Measured)
    for result in (held * measured, measured * held):
        assert type(result) is Measured


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_engine_takes_it_as_any_array_that_no_one_writes_into(dtype):
    t, x = Tensor(np.ones((2, 2), dtype) * 3), Tensor(np.ones((2, 2), dtype))
    plain = np.ones((2, 2), dtype) * 3
    plain.setflags(write=False)
    for f in (operator.add, operator.mul, operator.matmul, lambda a, b: b / a, np.maximum):
        of_held, of_plain = f(x, t.data), f(x, plain)
        constant = next(o for o in operands_of(of_held) if o is not x)
        assert type(constant) is np.ndarray
        assert np.shares_memory(constant, t.data)
        grads = []
        for result in (of_held, of_plain):
            x.zero_grad()
            result.sum().backward()
            grads.append(x.grad)
        np.testing.assert_array_equal(of_held.data, of_plain.data)
        np.testing.assert_array_equal(*grads)
        assert grads[0].dtype == of_held.dtype == dtype


def test_transforms_and_programs_take_it():
    t = leaf_of(DATA["float64"])

    def f(x):
        return np.sum(np.tanh(x) * t.data)

    right = ad.grad(f)(np.array(t.data))
    for slope in (ad.grad(f), ad.compile(ad.grad(f)), ad.derive(ad.grad(f), t.data, argnums=())):
        for _ in range(2):
            found = slope(t.data)
            np.testing.assert_allclose(found, right, rtol=1e-12)
            assert type(found) is np.ndarray
    check_gradients(f, t.data)
    out, pull = ad.vjp(np.exp, t.data)
    assert type(out) is type(pull(t.grad)[0]) is np.ndarray
    assert type(Tensor(t.data).data) is Held
    assert not np.shares_memory(Tensor(t.data).data, t.data)
