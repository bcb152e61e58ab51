"""Saved programs: what they are called with is right, or refused."""

import itertools
import types

import numpy as np
import pytest
from agreement import saved
from numpy.testing import assert_array_equal

import autodiff as ad
from autodiff import derive, value_and_grad
from autodiff.support.tree import leaves, tree_map

RNG = np.random.default_rng(0)
NETWORK = {"W": [RNG.normal(size=(3, 2)), np.zeros(2)], ("a", 1): (2.0, np.ones((), np.float32))}


def network(p, X, mask, k):
    (W, b), (scale, shift) = p["W"], p["a", 1]
    return np.mean(np.where(mask, np.tanh(X @ W + b) * scale, 0.0)) * k + shift


PROGRAMS = {
    "mean of squares": (
        lambda w, X, y: np.mean((X @ w - y) ** 2),
        (np.ones(3), RNG.normal(size=(10, 3)), np.ones(10)),
    ),
    "tree": (network, (NETWORK, RNG.normal(size=(4, 3)), np.eye(4, 2) == 1, 3)),
    "numbers": (lambda x, y: ad.sigmoid(x) / y, (1.0, 2.0)),
    "whole numbers": (lambda x, i: np.sum(ad.take_along_axis(x, i, 0)), (np.ones(3), np.arange(3))),
    "float32": (lambda x: np.sum(x * x), (np.ones((2, 1), np.float32),)),
}


def same(found, expected):
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype


def other_leaves(leaf):
    """What is of another shape or kind than a leaf."""
    array = np.asarray(leaf)
    yield np.stack([array, array])
    yield array[None]
    for axis in range(array.ndim):
        yield np.concatenate([array, array], axis)
        yield np.take(array, [], axis)
        yield array.sum(axis)
    yield None
    yield "text"
    yield {"x": leaf}
    yield array.astype(complex)
    if array.ndim or array.dtype == np.float32:
        yield array.astype(np.float16)


def other_trees(tree):
    """What is of another structure than a tree, at each of its branches and leaves."""
    if isinstance(tree, dict):
        yield {**tree, "another": 1.0}
        for key in tree:
            yield {k: v for k, v in tree.items() if k != key}
            yield from ({**tree, key: other} for other in other_trees(tree[key]))
    elif isinstance(tree, (list, tuple)):
        yield [*tree, tree[-1]]
        yield [*tree[:-1]]
        for i, branch in enumerate(tree):
            yield from ([*tree[:i], other, *tree[i + 1 :]] for other in other_trees(branch))
        yield dict(enumerate(tree))
    else:
        yield from other_leaves(tree)


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_right_or_refuses(name):
    f, args = PROGRAMS[name]
    program = derive(f, *args)
    function = saved(program)
    same(function(*args), program(*args))
    for i, arg in enumerate(args):
        for other in other_trees(arg):
            with pytest.raises(ValueError, match="This program was derived for"):
                function(*args[:i], other, *args[i + 1 :])


def test_the_rows_of_a_mean_are_counted():
    f, (w, X, y) = PROGRAMS["mean of squares"]
    function = saved(derive(f, w, X, y))
    with pytest.raises(ValueError, match=r"for `X` as float64 \(10, 3\), but it is float64 \(5, 3"):
        function(w, X[:5], y[:5])
    params = PROGRAMS["tree"][1][0]
    tree = saved(derive(*(lambda f, args: (f, *args))(*PROGRAMS["tree"])))
    with pytest.raises(
        ValueError, match=r"`p\['W'\]\[1\]` as float64 \(2,\), but it is float64 \(3"
    ):
        tree({**params, "W": [params["W"][0], np.zeros(3)]}, *PROGRAMS["tree"][1][1:])


def test_what_the_engine_takes_for_floats_is_taken():
    f, (w, X, y) = PROGRAMS["mean of squares"]
    function = saved(derive(f, w, X, y))
    whole = np.arange(3), X, np.arange(10) > 4
    same(function(*whole), derive(f, w, X, y)(*whole))
    same(function(w.tolist(), X.tolist(), y), function(w, X, y))
    numbers = saved(derive(lambda x, y: x * y, 1.0, 2.0))
    for x in (3, True, np.float32(3.0), np.array(3.0), np.int64(3)):
        assert numbers(x, 2.0) == (2.0 * float(x), (2.0, float(x)))
        assert type(numbers(x, 2.0)[0]) is float


@pytest.mark.parametrize("argnums", [None, ()])
@pytest.mark.parametrize("example", [2.0, 2, np.array(2.0), np.ones(2), np.ones(2, np.float32)])
@pytest.mark.parametrize("dtype", [*"bBhHiIlLqQ?", int])
def test_whole_numbers_of_any_width_are_floats_where_floats_were(dtype, example, argnums):
    whole = np.broadcast_to(np.array(100, dtype), np.shape(example))
    x = float(np.asarray(whole).flat[0])  # 100 ** 3 is beyond what 8 bits hold, or 16
    program = derive(lambda x: ad.sum(x * x * x), example, argnums=argnums)
    given = [whole.copy(), whole.tolist()] if np.ndim(example) else [whole.copy(), whole[()]]
    for function in (saved(program), program):
        for arg in given if function is not program else given[:1]:
            value, slope = function(arg) if argnums is None else (function(arg), 3 * x * x)
            assert value == x**3 * np.size(example)
            assert_array_equal(slope, np.full_like(example, 3 * x * x, float))


def test_its_docstring_names_the_arguments():
    f, args = PROGRAMS["tree"]
    program = derive(f, *args)
    text = program._saved
    module = types.ModuleType("saved")
    exec(text, vars(module))
    assert module.__doc__.splitlines()[2:] == [
        'p: {"W": [float64 (3, 2), float64 (2,)], ("a", 1): [number, float32 ()]}',
        "X: float64 (4, 3)",
        "mask: bool (4, 2)",
        "k: number",
    ]
    assert "_checked" not in program.source
    assert str(program) == program.source
    for line in program.source.split("# forward")[1].strip().splitlines():
        assert line in text  # it is the program that is shown


@pytest.mark.parametrize("key", ['"""', "\\", "\\N", "'", '"', "\n", "\ud800"])
def test_any_text_is_a_key(key):
    function = saved(derive(lambda p: p[key] ** 2, {key: 3.0}))
    assert function({key: 3.0}) == (9.0, {key: 6.0})
    with pytest.raises(ValueError, match="derived for"):
        function({})


@pytest.mark.parametrize(
    "name", ["_checked", "_with_care", "_plainly", "_carefully", "np", "leaves"]
)
def test_a_parameter_may_be_called_as_what_a_module_has(name):
    scope = {"np": np}
    exec(f"def f({name}, x):\n    found = {name} * x\n    return found / x", scope)
    assert saved(derive(scope["f"], 2.0, 3.0))(0.0, 0.0)[0] != 0.0


# -- where the plain steps cannot do -----------------------------------------------------------


def masked(x, keep):
    return np.sum(np.where(keep, x * x, 0.0)) + np.sum(np.where(keep, x, 1.0) / 2)


HIDDEN = np.array([1.0, np.nan, np.inf, -2.0])
KEPT = np.array([True, False, False, True])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_data_that_a_mask_hides_is_hidden(engine):
    if engine == "jax":
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
    x = np.ones(4)
    program = derive(masked, x, KEPT, argnums=0, engine=engine)
    function = saved(program)
    expected = value_and_grad(masked)(HIDDEN, KEPT)
    assert expected[1].tolist() == [2.5, 0.0, 0.0, -3.5]
    same(tree_map(np.asarray, function(HIDDEN, KEPT)), expected)
    same(tree_map(np.asarray, program(HIDDEN, KEPT)), expected)
    seen = value_and_grad(masked)(HIDDEN, ~KEPT)
    for found, right in zip(leaves(function(HIDDEN, ~KEPT)), leaves(seen), strict=True):
        assert_array_equal(found, right)
    if engine == "jax":
        same(tree_map(np.asarray, jax.jit(function)(HIDDEN, KEPT)), expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_hidden_row_of_a_network_is_hidden():
    def loss(w, X, keep):
        return np.sum(np.where(keep, np.maximum(X @ w, 0.0), 0.0))

    w, X = np.array([1.0, -2.0]), np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 1.0]])
    keep = np.array([True, False, True])
    program = derive(loss, w, np.ones((3, 2)), np.ones(3) > 0, argnums=0)
    expected = value_and_grad(loss)(w, X, keep)
    same(saved(program)(w, X, keep), expected)
    same(program(w, X, keep), expected)


@pytest.mark.filterwarnings("error")
def test_numbers_are_ieee_754():
    def f(x, y):
        return 1 / ad.relu(x) + ad.log(abs(y)) + ad.exp(x * y) + x**y

    function = saved(derive(f, 1.0, 2.0))
    for x, y in itertools.product([-1.0, 0.0, -0.0, 2.0, 1e308, np.inf, np.nan], repeat=2):
        same(function(x, y), value_and_grad(f, (0, 1))(x, y))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whole_numbers_are_differentiated_by_with_care():
    def f(x):
        return np.log10(ad.digamma(x))[1]  # NaN at another entry

    x = np.array([1, 2, -1])
    program = derive(f, x, argnums=0)
    for given in (x, x.astype(float)):
        for found in (program(given), saved(program)(given)):
            np.testing.assert_allclose(found[1], ad.grad(f)(given), rtol=1e-14)
