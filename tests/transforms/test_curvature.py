"""Second derivatives by leaves: those that `hessian` gives of a function, and differences."""

import functools
import itertools

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, hessian
from autodiff.extend import Curvature
from nn import Linear, Sequential, Tanh, mse

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 3))


def logistic(w, b):
    return ad.mean(ad.softplus(A @ w + b) - ad.sigmoid(w).sum())


def mixed(w, v, s):
    return (ad.tanh(w @ v) ** 2).sum() * s + ad.exp(s) * (v * v).sum() + w[0, 0] ** 3


# Functions of one number, and where: numbers become Values, arrays Tensors.
CASES = {
    "logistic": (logistic, [RNG.normal(size=3), 0.3]),
    "mixed": (mixed, [RNG.normal(size=(2, 3)), RNG.normal(size=3), 0.7]),
    "scalars": (lambda x, y: ad.sin(x * y) + x**3 / y, [0.8, 1.7]),
    "numbers": (
        lambda *xs: sum(x * y * y for x, y in itertools.pairwise(xs)),
        [*np.arange(1.0, 12)],
    ),
    "in part linear": (
        lambda x, y: (x * x).sum() + (3 * y).sum(),
        [RNG.normal(size=2), np.ones(3)],
    ),
    "linear": (lambda x: (3 * x).sum(), [np.ones(3)]),
    "absent": (lambda x, y: (x**3).sum(), [np.ones(3), np.ones(2)]),
    "one entry": (lambda x: x**4, [np.array([2.0])]),
    "large": (lambda x: (x[1:] * x[:-1] ** 2).sum(), [RNG.normal(size=60)]),
    "empty": (lambda x, y: (x * x).sum() + y.sum() ** 2, [np.ones(2), np.empty(0)]),
}


def leaves_of(point):
    return [Value(x) if np.ndim(x) == 0 else Tensor(x) for x in point]


def matrix_of(f, point):
    """The matrix from the blocks that `hessian` gives."""
    numbers = tuple(range(len(point)))
    blocks = hessian(f, argnums=numbers)(*map(float_or_array, point))
    sizes = [np.size(x) for x in point]
    rows = [[np.reshape(b, (n, m)) for b, m in zip(r, sizes)] for r, n in zip(blocks, sizes)]
    return np.block(rows)


def float_or_array(x):
    return float(x) if np.ndim(x) == 0 else x


@pytest.mark.parametrize(("f", "point"), CASES.values(), ids=CASES)
def test_it_is_that_of_the_function(f, point):
    leaves = leaves_of(point)
    curvature, expected = Curvature(f(*leaves), leaves), matrix_of(f, point)
    np.testing.assert_allclose(curvature.hessian(), expected, rtol=1e-12, atol=1e-12)
    tangents = [float_or_array(RNG.normal(size=np.shape(x))) for x in point]
    for _ in range(2):
        found = curvature.product(tangents)
        assert [np.shape(x) for x in found] == [np.shape(x) for x in point]
        product = expected @ np.concatenate([np.ravel(t) for t in tangents])
        flat = np.concatenate([np.ravel(x) for x in found])
        np.testing.assert_allclose(flat, product, rtol=1e-10, atol=1e-12)


def test_by_the_parameters_of_a_module_it_is_that_of_differences():
    model = Sequential(Linear(3, 4, seed=0), Tanh(), Linear(4, 2, seed=1))
    X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))
    params = list(model.parameters())
    matrix = Curvature(mse(model(X), Y), params).hessian()

    def gradient():
        model.zero_grad()
        mse(model(X), Y).backward()
        return np.concatenate([p.grad.ravel() for p in params])

    columns = []
    for p in params:
        for place in np.ndindex(p.shape):
            start, ends = p.data, []
            for h in (1e-5, -1e-5):
                moved = start.copy()
                moved[place] += h
                p.data = moved
                ends.append(gradient())
            p.data = start
            columns.append((ends[0] - ends[1]) / 2e-5)
    np.testing.assert_allclose(matrix, np.array(columns), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_has_the_dtype_of_the_leaves(dtype):
    w = Tensor(np.ones(3, dtype))
    curvature = Curvature((w**3).sum(), [w])
    assert curvature.hessian().dtype == dtype
    assert curvature.product([np.ones(3)])[0].dtype == dtype


def test_it_is_read_after_a_backward_pass_and_within_no_grad():
    w = Tensor([1.0, 2.0])
    loss = (w**3).sum()
    loss.backward()
    with ad.no_grad():
        found = Curvature(loss, [w]).hessian()
    np.testing.assert_allclose(found, [[6.0, 0.0], [0.0, 12.0]])
    assert w.grad.tolist() == [3.0, 12.0]


def test_answers_are_the_callers_own():
    w, tangent = Tensor([1.0, 2.0]), np.array([1.0, 0.0])
    curvature = Curvature((w * w).sum() / 2, [w])
    first, second = curvature.product([tangent])[0], curvature.product([tangent])[0]
    first += 7.0
    assert (tangent.tolist(), second.tolist()) == ([1.0, 0.0], [1.0, 0.0])
    assert curvature.product([tangent])[0].tolist() == [1.0, 0.0]


def test_what_is_refused():
    w = Tensor([1.0, 2.0])
    for wrong, what in [(w * w, r"shape \(2,\)"), (3.0, "float 3.0"), (lambda: w, "function")]:
        with pytest.raises(TypeError, match=f"of one number that was recorded.*this is {what}"):
            Curvature(wrong, [w])
    with ad.no_grad():
        loss = (w * w).sum()
    with pytest.raises(ValueError, match="computed within `no_grad`"):
        Curvature(loss, [w])
    curvature = Curvature((w * w * w).sum(), [w])
    for tangents, error, message in [
        ([np.ones(3)], ValueError, "A tangent has the shape of its leaf"),
        ([], TypeError, "A tangent has the structure of the leaf"),
    ]:
        with pytest.raises(error, match=message):
            curvature.product(tangents)


def test_a_leaf_that_was_changed_since():
    w = Tensor([1.0, 2.0], name="w")
    loss = (w * w * w).sum()
    curvature = Curvature(loss, [w])
    w.data = [3.0, 4.0]
    product = functools.partial(curvature.product, [w.data])
    for ask in (lambda: Curvature(loss, [w]), curvature.hessian, product):
        with pytest.raises(ValueError, match=r"`w` was changed after"):
            ask()
