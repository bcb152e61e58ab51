"""NumPy's own functions on a Tensor: NumPy's values, and the derivatives of what NumPy computes.

The functions are found in what the operations declare. The first argument is tried in several
shapes; only arguments that NumPy cannot do without are given here.
"""

import re
import warnings

import numpy as np
import pytest
from numpy_calls import CALLS, V

import autodiff as ad
from autodiff import Tensor, Value, grad, hvp
from autodiff.primitives.namespaces import signature_of
from autodiff.primitives.registry import registry
from autodiff.testing import finite_differences

SHAPES = [(3,), (3, 3), (2, 3, 3), (3, 2), (), (1,)]
MAKERS = [
    lambda x: x,
    lambda x: np.abs(x) + 0.2,
    lambda x: 0.8 * np.tanh(x),
    lambda x: 1.2 + np.abs(x),
    lambda x: x @ np.swapaxes(x, -1, -2) + np.eye(3) if x.shape[-2:] == (3, 3) else x,
]


REFUSALS = (
    DeprecationWarning,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    np.linalg.LinAlgError,
)
OF_WHOLE = (
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
)  # fmt: skip
OF_NUMBERS = [f for f in registry.numpy if f not in OF_WHOLE]


def functions_of(function):
    """The calls to try, each a function of one array."""
    if function.__name__ in CALLS:
        return CALLS[function.__name__]
    required = (
        function.nin
        if isinstance(function, np.ufunc)
        else sum(p.default is p.empty for p in signature_of(function).parameters.values())
    )
    if required == 1:
        return [(lambda t: function([t, t * t])) if needs_list(function) else function]
    return [
        lambda t: function(t, V),
        lambda t: function(V[:, None], t),
        lambda t: function(t, t * 2.0),
    ]


def needs_list(function):
    if isinstance(function, np.ufunc):
        return False
    return next(iter(signature_of(function).parameters)) in ("tup", "arrays")


def flat(result):
    """All the numbers of a result, in a row."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    parts = [ad.reshape(p, (-1,)) if isinstance(p, Value) else np.ravel(p) for p in parts]
    return np.concatenate(parts)


def numpy_says(call, x):
    """NumPy's own answer, or None where it has none that is finite."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", DeprecationWarning)
            result = flat(call(x))
    except (
        DeprecationWarning,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        np.linalg.LinAlgError,
    ):
        return None
    real = result.dtype.kind in "biuf"
    return result if real and result.size and np.isfinite(result).all() else None


def spelt(function):
    return f"{getattr(function, '__module__', 'numpy')}.{function.__name__}"


@pytest.mark.parametrize("function", OF_NUMBERS, ids=spelt)
def test_numpy_function(function):
    found = 0
    for number, call in enumerate(functions_of(function)):
        for shape in SHAPES:
            x = np.random.default_rng(3).normal(size=shape)
            x = next((m(x) for m in MAKERS if numpy_says(call, m(x)) is not None), None)
            if x is None:
                continue
            compare(call, x, f"call {number} on shape {shape}")
            found += 1
    assert found, "no call of it gives a finite result"


def compare(call, x, label):
    expected = numpy_says(call, x)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        z = flat(call(Tensor(x)))
    data = z.data if isinstance(z, Value) else z
    np.testing.assert_allclose(data, expected, rtol=1e-10, atol=1e-12, err_msg=label)
    weights = np.random.default_rng(1).normal(size=expected.shape)

    def f(t):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.sum(flat(call(t)) * weights)

    value, error = map(np.asarray, finite_differences(f, x))
    trusted = np.isfinite(error) & (error < 1e-6 * (1 + np.abs(value)))
    slope = np.asarray(grad(f)(x)) if isinstance(z, Value) else np.zeros(x.shape)
    np.testing.assert_allclose(slope[trusted], value[trusted], rtol=1e-5, atol=1e-6, err_msg=label)
    if trusted.all() and isinstance(z, Value):
        compare_second_order(f, x, label)


def compare_second_order(f, x, label):
    along = np.random.default_rng(2).normal(size=x.shape)
    value, error = finite_differences(lambda s: np.sum(grad(f)(x + s * along) * along), 0.0)
    if error < 1e-6 * (1 + abs(value)):
        found = np.sum(hvp(f, (x,), (along,)) * along)
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-5, err_msg=f"{label}, order 2")


# -- other libraries' arrays, which compute by NumPy's functions -------------------------------


class Labelled:
    """An array with a label, as xarray has them: its operators are of whatever is inside."""

    def __init__(self, inside):
        self.inside = inside

    def _with(self, function, other):
        return Labelled(function(self.inside, getattr(other, "inside", other)))

    def __mul__(self, other):
        return self._with(np.multiply, other)

    def __rmul__(self, other):
        return self._with(lambda a, b: np.multiply(b, a), other)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.inside, dtype=dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        plain = [getattr(i, "inside", i) for i in inputs]
        return Labelled(getattr(ufunc, method)(*plain, **keywords))


class Column(Labelled):
    """One as pandas has them: it lets an operand that stands above it decide."""

    def __mul__(self, other):
        if getattr(other, "__pandas_priority__", 0) > 4000:
            return NotImplemented
        return Column(np.asarray(self.inside * np.asarray(other)))


def products(array, node):
    for product in (array * node, node * array):
        yield getattr(product, "inside", product)


@pytest.mark.parametrize("kind", [Labelled, Column])
@pytest.mark.parametrize("node", [Value(2.0), Tensor(2.0), Tensor([2.0, 3.0])])
def test_operators_of_arrays_that_are_not_numpys_keep_the_graph(kind, node):
    array = np.array([5.0, 7.0])
    for product in products(kind(array), node):
        node.zero_grad()
        assert product.op == "mul"
        product.sum().backward()
        np.testing.assert_array_equal(node.grad, array if np.ndim(node.data) else array.sum())


@pytest.mark.parametrize("node", [Value(2.0), Tensor(2.0), Tensor([2.0, 3.0])])
def test_operators_of_pandas_and_xarray(node):
    pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    array = np.array([5.0, 7.0])
    for kind in (pandas.Series, pandas.Index, lambda a: xarray.DataArray(a, dims="x")):
        for product in (kind(array) * node, node * kind(array)):
            node.zero_grad()
            inside = product if isinstance(product, Value) else product.data
            inside.sum().backward()
            np.testing.assert_array_equal(node.grad, array if np.ndim(node.data) else array.sum())


# NumPy makes these float64 of float32 and a number; here a number has no type.
WIDENED = {"dot", "polyval", "vander"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", sorted(CALLS.keys() - WIDENED))
def test_the_dtype_is_numpys(name, dtype):
    for f in CALLS[name]:
        for shape in SHAPES[:3]:
            x = np.abs(np.random.default_rng(1).normal(size=shape)).astype(dtype) + dtype(0.1)
            try:
                expected = f(x)
            except REFUSALS:
                continue
            found = f(Tensor(x))
            if isinstance(found, Value):
                assert found.dtype == np.asarray(expected).dtype


def test_what_numpy_refuses_by_another_exception_is_raised_as_numpys_beside_ours():
    with pytest.raises(TypeError) as theirs:
        np.gradient(V, edge_order="1")
    with pytest.raises(TypeError, match=re.escape(str(theirs.value))) as found:
        np.gradient(Tensor(V), edge_order="1")
    assert "edge orders 1 and 2" in str(found.value.__cause__)
    with pytest.raises(ValueError, match="edge orders 1 and 2, but not 3") as ours:
        np.gradient(Tensor(V), edge_order=3)  # which NumPy refuses by the same one
    assert ours.value.__cause__ is None


def test_an_infinity_is_never_shown_to_lapack_when_something_is_refused():
    x = np.full((2, 2), np.inf)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.matrix_power(Tensor(x[:1]), "1")
    with pytest.raises(TypeError):
        np.linalg.matrix_power(Tensor(x), "1")
