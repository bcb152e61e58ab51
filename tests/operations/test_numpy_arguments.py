"""NumPy's arguments, operators and methods on a Tensor: they work, or are refused by a message."""

import numpy as np
import pytest

from autodiff import Tensor, Value, compile, derive, grad
from autodiff.testing import finite_differences

T = Tensor([[1.0, 2.0], [3.0, 4.0]])


A = np.ones((2, 2))


MASK = np.eye(2, dtype=bool)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda: np.exp(T, out=A), r"np\.exp.* cannot write into `out=`"),
        (lambda: np.add(A, T, A), "cannot write into `out=`"),
        (lambda: np.sum(T, out=A), r"np\.sum.* cannot write into `out=`"),
        (lambda: np.concatenate([T, T], out=A), "cannot write into `out=`"),
        (lambda: np.matmul(T, T, out=A), "cannot write into `out=`"),
        (lambda: np.exp(T, where=MASK), "has no `where="),
        (lambda: np.exp(T, dtype=complex), "real numbers"),
        (lambda: np.exp(T, dtype=int), "[Nn]o loop matching"),
        (lambda: np.var(T, dtype=int), "of real numbers"),
        (lambda: np.sum(T, dtype=complex), r"real numbers.*\n.*t\.data\.astype"),
        (lambda: np.max(T, where=MASK), "one has to specify 'initial'"),
        (lambda: np.sum(T, axis=[0]), "'list' object cannot be interpreted as an integer"),
        (lambda: T.sum(0, True), "data type"),
        (lambda: np.std(T, ddof=1, correction=1), "another name for `ddof`"),
        (lambda: np.pad(T, 1, mode="empty"), "not 'empty'"),
        (lambda: np.pad(T, 1, mode="mean", end_values=1.0), "for other modes|unsupported keyword"),
        (lambda: np.pad(T, 1, mode="reflect", reflect_type="odd"), "not 'odd'"),
        (lambda: np.linalg.qr(T, mode="raw"), "not 'raw'"),
        (lambda: np.quantile(T, 0.5, method="best"), "not 'best'"),
        (lambda: np.quantile(T, 1.5), "from 0 to 1"),
        (lambda: np.einsum("ij->i", T, dtype=np.float32), "no argument `dtype`"),
        (lambda: np.add.at(A, [0], T[0]), "t.at"),
        (lambda: np.subtract.reduce(T), r"np\.subtract\.reduce"),
        (lambda: np.multiply.reduceat(T, [0, 1]), r"np\.multiply\.reduceat"),
        (lambda: np.spacing(T), r"NumPy's `np\.spacing` has no derivative rule"),
        (lambda: np.histogram(T), r"`np\.histogram` has no derivative rule.*\n.*np\.histogram\(t"),
        (lambda: np.linalg.eig(T), r"`np\.linalg\.eig` has no derivative rule"),
        (lambda: np.fft.fft(T), r"`np\.fft\.fft` has no derivative rule"),
        (lambda: np.copyto(A, T), "writes into an array"),
        (lambda: np.full((2, 2), T[0, 0]), r"Use `\.data`"),
        (lambda: np.put(A, [0], T[0, 0]), "writes into an array"),
        (lambda: np.array([T[0, 0], 1.0]), "autodiff.stack"),
        (lambda: np.asarray(T), r"Use `\.data`"),
        (lambda: np.array([Value(1.0), Value(2.0)]), "autodiff.stack"),
        (lambda: A.__setitem__(0, T[0]), r"autodiff\.stack"),
        (lambda: T.__setitem__(0, 1.0), r"t\.at\[index\]\.set"),
    ],
)
def test_what_is_refused(f, message):
    before = A.copy()
    with pytest.raises((TypeError, ValueError), match=message):
        f()
    np.testing.assert_array_equal(A, before)


def test_an_array_is_not_changed_in_place_by_a_tensor():
    array = np.ones(2)
    with pytest.raises(TypeError, match="`a = a \\* t` instead of `a \\*= t`"):
        array += Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="out="):
        array *= Tensor([1.0, 2.0])
    np.testing.assert_array_equal(array, [1.0, 1.0])


def test_a_tensor_may_be_counted_up():
    """`t += a` gives the name a new Tensor, as for any immutable number."""
    t = first = Tensor([1.0, 2.0])
    t += np.array([1.0, 1.0])
    t *= 2.0
    np.testing.assert_array_equal(t.data, [4.0, 6.0])
    np.testing.assert_array_equal(first.data, [1.0, 2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda a, t: a * t,
        lambda a, t: t * a,
        lambda a, t: a - t,
        lambda a, t: a / t,
        lambda a, t: a**t,
        lambda a, t: t**a,
        lambda a, t: a @ t,
        lambda a, t: t @ a,
        lambda a, t: a % t,
        lambda a, t: t // a,
        lambda a, t: divmod(a, t)[1],
        lambda a, t: +t - -a,
        lambda a, t: np.float64(2.0) * t,
        lambda a, t: np.float32(2.0) + t,
        lambda a, t: 2 * t,
        lambda a, t: np.int64(3) - t,
        lambda a, t: [1.0, 2.0] * t,
        lambda a, t: t - (1.0, 2.0),
        lambda a, t: np.add.reduce(t),
        lambda a, t: np.add.reduce(t, axis=None, keepdims=True),
        lambda a, t: np.multiply.reduce(t, 1),
        lambda a, t: np.maximum.reduce(t, axis=(0, 1)),
        lambda a, t: np.add.accumulate(t, 1),
        lambda a, t: np.subtract.outer(a, t),
        lambda a, t: np.multiply.outer(t, 2.0),
        lambda a, t: np.concatenate([a, t]),
        lambda a, t: np.stack([a, t, a], axis=1),
        lambda a, t: np.where(a > 1, a, t),
    ],
)
def test_arrays_and_tensors_mix(f):
    a, x = np.array([[1.5, 0.5], [2.0, 3.0]]), np.array([[1.2, 2.6], [0.7, 3.1]])
    result = f(a, Tensor(x))
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result.data, f(a, x), rtol=1e-13)
    weights = np.random.default_rng(0).normal(size=np.shape(f(a, x)))
    expected = finite_differences(lambda t: np.sum(weights * f(a, t)), x).value
    found = grad(lambda t: np.sum(weights * f(a, t)))(x)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.exp(v),
        lambda v: np.float64(2.0) ** v,
        lambda v: np.stack([v, v * v]).sum(),
        lambda v: (np.array([1.0, 2.0]) * v).sum(),
        lambda v: np.concatenate([[1.0], np.ravel(v)])[1],
        lambda v: np.hypot(v, 3.0),
        lambda v: np.where(v > 0, v, 0.0),
        lambda v: np.clip(v, 0, 1.0),
        lambda v: v % 0.3,
        lambda v: np.sum([1.0, 2.0]) * v,
        lambda v: np.dot(v, 2.0),
        lambda v: np.polyval([1.0, 2.0, 3.0], v),
        lambda v: np.linspace(0.0, v, 5)[2],
    ],
)
def test_values_go_through_numpy(f):
    np.testing.assert_allclose(grad(f)(0.7), finite_differences(f, 0.7).value, rtol=1e-8)


def test_questions_are_answered_by_plain_data():
    answers = [
        T > 2,
        A == T,
        np.isfinite(T),
        np.logical_and(T > 1, T < 4),
        np.argmax(T, axis=0),
        np.argsort(T),
        np.nonzero(T)[0],
        np.any(T > 3, axis=1),
        np.isclose(T, A),
        np.signbit(T),
        np.greater(A, T),
        np.searchsorted([1.0, 2.0], T),
        np.sort(T.data),
        T.argmin(axis=1),
    ]
    assert all(type(a) is np.ndarray for a in answers)
    assert np.allclose(T, T.data)
    assert np.array_equal(T, T.data)
    assert np.all(T.data == T)
    assert (np.shape(T), np.ndim(T), np.size(T), len(T)) == ((2, 2), 2, 4, 2)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: t.sum(axis=(0, 1), keepdims=True),
        lambda t: t.mean(0),
        lambda t: t.var(axis=0, ddof=1),
        lambda t: t.std(),
        lambda t: t.prod(axis=-1),
        lambda t: t.max(0),
        lambda t: t.min(axis=(0, 1)),
        lambda t: t.cumsum(axis=0),
        lambda t: t.cumprod(),
        lambda t: t.reshape(-1),
        lambda t: t.T,
        lambda t: t.reshape((1, 9)),
        lambda t: t.transpose(1, 0),
        lambda t: t.transpose(),
        lambda t: t.mT,
        lambda t: t.swapaxes(0, 1),
        lambda t: t.ravel(),
        lambda t: t.flatten(),
        lambda t: t.squeeze(),
        lambda t: t.clip(-0.5, 0.5),
        lambda t: t.clip(min=0.0),
        lambda t: t.round(1),
        lambda t: t.dot(t),
        lambda t: t.repeat(2, axis=0),
        lambda t: t.take([0, 2], axis=1),
        lambda t: t.trace(offset=1),
        lambda t: t.diagonal(),
        lambda t: t.compress([True, False, True], axis=0),
        lambda t: t.conj(),
        lambda t: t.real,
        lambda t: t.imag,
        lambda t: t.argsort(axis=0),
        lambda t: t.any(axis=0),
        lambda t: t.all(),
        lambda t: t.argmax(1),
        lambda t: t.nonzero()[0],
        lambda t: t.searchsorted(0.3) if t.ndim == 1 else t,
        lambda t: t.astype(np.float32),
        lambda t: t.astype(int),
        lambda t: t.astype(dtype=bool),
        lambda t: t.copy(),
        lambda t: t.ravel(order="F"),
        lambda t: t.choose([t, t]) if t.ndim == 1 else t,
    ],
)
def test_methods_of_an_array(f):
    x = np.random.default_rng(5).normal(size=(3, 3))
    found = f(Tensor(x))
    np.testing.assert_allclose(found.data if isinstance(found, Value) else found, f(x), rtol=1e-6)


def test_whole_numbers_and_booleans_have_no_derivative():
    x = np.array([1.5, 2.5])

    def f(x):
        return np.sum(x.astype(int) * x)

    np.testing.assert_array_equal(grad(f)(x), [1.0, 2.0])
    assert type(Tensor(x).astype(bool)) is np.ndarray
    assert type(Value(2.5).astype(int)) is np.ndarray
    np.testing.assert_array_equal(compile(grad(f))(x), [1.0, 2.0])
    assert derive(lambda x: x.astype(int) * x, 2.5)(3.5) == (10.5, 3.0)
    assert compile(lambda n: n.astype(float) / 2)(np.array([1, 2])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("dtype", [complex, object, "S", "U", "M8[s]"])
def test_astype_of_what_is_no_real_number_is_refused(dtype):
    for x in (T, Value(1.0)):
        with pytest.raises(TypeError, match=r"real numbers.*\n.*t\.data\.astype"):
            x.astype(dtype)


@pytest.mark.parametrize("name", ["sort", "partition", "resize"])
def test_methods_that_write_in_place_are_refused(name):
    with pytest.raises(TypeError, match=rf"in place.*\n.*np\.{name}\(t, ...\)"):
        getattr(T, name)(1)
