"""Views in compiled programs: none is written over while it is read, none is copied."""

import itertools

import numpy as np
import pytest
from agreement import close, saved

import autodiff as ad
from autodiff import compile, derive, grad, hessian
from autodiff.graph.node import data_of
from autodiff.support.tree import leaves

VIEWS = {
    # The second inverse is the first: what is seen of it is seen of the first.
    "one step for two": lambda x: np.linalg.inv(x) * 3 + np.exp(np.linalg.inv(x).T),
    "seen before, used after": lambda x: (
        x @ np.linalg.inv(x).T * np.tanh(np.linalg.inv(x)) + np.linalg.inv(x).T @ x
    ),
    # What NumPy computes of a transposed array is transposed, and what stands in a buffer is not.
    "another layout": lambda x: np.tanh(np.tanh(x.T).T.reshape(-1)) * 2,
    "an argument's layout": lambda x: np.exp(np.sin(x.reshape(-1)) * 2) + x.ravel(),
    "of a sum": lambda x: np.sort((x.T + 1).T.reshape(-1))[::-1] * (x.T + 1).reshape(-1),
    "of a copy in its order": lambda x: (
        np.sort(x, 0).T.reshape(-1) + np.cumsum((np.sort(x, 0) - np.sum(x, 0)).ravel())
    ),
    "two results": lambda x: np.stack([np.sort(x) * 2, np.sort(x)[:, ::-1] + 1]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_a_view_is_known(name):
    f, compiled = VIEWS[name], compile(VIEWS[name])
    rng = np.random.default_rng(0)
    for order in ("C", "F", "C", "F"):
        x = np.array(rng.normal(size=(3, 3)), order=order)
        before = x.copy()
        close(compiled(x), f(x))
        np.testing.assert_array_equal(x, before)
        slope = grad(lambda x: (f(x) * np.cos(np.arange(f(x).size)).reshape(f(x).shape)).sum())
        close(compile(slope)(x), slope(x))


@pytest.mark.parametrize(
    "number", [lambda A: ad.reshape(A, ()), lambda A: A[0, 0, ...], lambda A: np.squeeze(A)]
)
def test_a_view_without_axes_keeps_its_buffer(number):
    def f(x):
        A = x.reshape(1, 3) @ x.reshape(3, 1)
        B = ad.broadcast_to(number(A), (1, 1))
        C = x.reshape(1, 3) @ ad.sin(x).reshape(3, 1)
        return B @ (C @ C)

    compiled = compile(f)
    for x in (np.array([0.1, 0.2, 0.3]), np.array([1.1, 1.2, 1.3])):
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12)


def test_the_curvature_of_an_inner_product():
    found = compile(hessian(lambda y: ad.sum(ad.cumprod(np.inner(y, y)) - y)))(np.ones(3) / 5)
    np.testing.assert_allclose(found, 6 * np.eye(3), rtol=1e-12)


@pytest.mark.parametrize(
    "wide",
    [
        lambda x: np.squeeze(ad.exp(x[:1]))[None] * x,
        lambda x: ad.exp(x[:1])[0, ...][..., None] * x,
        lambda x: ad.concatenate([np.squeeze(ad.exp(x[:1]))[None], x]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_view_without_axes_can_be_given_some(wide, dtype):
    compiled, slope = compile(wide), compile(grad(lambda x: ad.sum(wide(x) ** 2)))
    for x in (np.array([0.1, 0.2, 0.3], dtype), np.array([1.1, 1.2, 1.3], dtype)):
        np.testing.assert_allclose(compiled(x), wide(x), rtol=1e-6)
        np.testing.assert_allclose(slope(x), grad(lambda x: ad.sum(wide(x) ** 2))(x), rtol=1e-5)


@pytest.mark.parametrize("view", [np.squeeze, np.transpose, lambda x: ad.reshape(x, ())])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_view_without_axes_of_an_argument_is_the_callers_own(view, shape):
    for program in (compile(view), derive(view, np.full(shape, 0.3), argnums=())):
        x = np.full(shape, 0.3)
        result = program(x)
        x[...] = 9.0
        assert result == 0.3


# -- whose memory a result is in -----------------------------------------------------------------

STARTS = {
    "an argument": lambda x, w: x,
    "a buffer": lambda x, w: np.sin(x),
    "a new array": lambda x, w: np.sort(np.atleast_1d(x)),
    "a node around it": lambda x, w: w,
    "a constant": lambda x, w: x * 0 + CONSTANT,
}
CONSTANT = np.array(1.5)
SIGHTS = {
    "itself": lambda x: x,
    "T": lambda x: x.T,
    "transpose": np.transpose,
    "ellipsis": lambda x: x[...],
    "no axes": lambda x: x[()],
    "squeeze": np.squeeze,
    "new axis": lambda x: x[..., None],
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "ravel": np.ravel,
    "ravel F": lambda x: np.ravel(x, "F"),
    "reshape": lambda x: np.reshape(x, (-1, 1)),
    "reshape to none": lambda x: np.reshape(x, ()),
    "atleast_1d": np.atleast_1d,
    "broadcast_to": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones(()))[0],
    "moveaxis": lambda x: np.moveaxis(x, (), ()),
    "entry": lambda x: x[0],
    "entry, a view": lambda x: x[0, ...],
    "slice": lambda x: x[:1],
    "backwards": lambda x: x[::-1],
    "flip": np.flip,
    "split": lambda x: np.split(x, 1)[0],
    "swapaxes": lambda x: np.swapaxes(x[None], 0, -1),
    "diagonal": lambda x: np.diagonal(x[None]),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 1),
    "real": np.real,
}
THEN = ["itself", "squeeze", "new axis", "ellipsis", "ravel", "entry, a view"]


def memory(thing):
    return [leaf for leaf in leaves(thing) if isinstance(leaf, np.ndarray)]


def check_memory(f, program, x, around):
    """Whether results are right, the caller's own, and left alone by another call."""
    expected = [np.array(data_of(leaf)) for leaf in leaves(f(ad.Tensor(x)))]
    first = leaves(program(x))
    arrays = [x, *around, *memory(first)]
    for one, other in itertools.combinations(arrays, 2):
        assert not np.may_share_memory(one, other)
    program(np.asarray(x + 1.0))
    for found, right in zip(first, expected, strict=True):
        np.testing.assert_allclose(found, right, 1e-15)
    for found in memory(first):
        assert found.flags.writeable
        found += 7.0
    for found, right in zip(leaves(program(x)), expected, strict=True):
        np.testing.assert_allclose(found, right, 1e-15)


def seen_twice(start, sight, then, w):
    """A function that returns what it sees of an array, after it has computed more."""

    def f(x):
        y = STARTS[start](x, w)
        seen = SIGHTS[sight](y)
        again = SIGHTS[then](seen)
        over = np.exp(y) * 2 + np.exp(y)  # into the buffers that are free by then
        return seen, again, over * np.sum(again) + np.sum(over), y

    return f


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("sight", SIGHTS)
def test_every_result_is_the_callers_own(start, sight):
    checked = 0
    for then, shape in itertools.product(THEN, [(), (1,), (2,)]):
        x = np.linspace(0.3, 0.7, np.prod(shape, dtype=int)).reshape(shape)
        w = ad.Tensor(x + 2.0)
        f = seen_twice(start, sight, then, w)
        try:
            f(ad.Tensor(x))
        except (ValueError, IndexError, np.exceptions.AxisError):
            continue  # of other shapes
        checked += 1
        program = derive(f, x, argnums=())
        for reading in (compile(f), program, saved(program)):
            check_memory(f, reading, x, [w._data, CONSTANT])
    assert checked
