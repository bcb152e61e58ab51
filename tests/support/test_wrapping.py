"""What is made of a function has its name, is a method where that is, is copied and pickled."""

import copy
import inspect
import multiprocessing
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value

TRANSFORMS = {
    "grad": ad.grad,
    "value_and_grad": ad.value_and_grad,
    "jacobian": ad.jacobian,
    "hessian": ad.hessian,
    "grad of grad": lambda f: ad.grad(lambda_sum(ad.grad(f))),
    "compile": ad.compile,
    "compile of grad": lambda f: ad.compile(ad.grad(f)),
    "grad of compile": lambda f: ad.grad(ad.compile(f)),
    "no_grad": lambda f: ad.compile(f, cache_size=3),
}
X = np.array([0.5, 1.5])


def f(x):
    """Its words."""
    return (x * x * x).sum()


class Summed:
    """A function that is an object, as pickle knows them."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return self.inner(x).sum()


lambda_sum = Summed


@ad.grad
def decorated(x):
    return (x * x).sum()


@ad.compile
def program(x):
    return x + 1


class Model:
    def __init__(self, scale):
        self.scale = scale

    @ad.grad
    def slope(self, x):
        raise NotImplementedError

    def loss(self, x):
        return self.scale * f(x)

    by_x = ad.grad(loss, argnums=1)


def copies(thing):
    return [copy.copy(thing), copy.deepcopy(thing), *map(pickled, [thing] * 2, (2, None))]


def pickled(thing, protocol=None):
    return pickle.loads(pickle.dumps(thing, protocol))


def same(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("name", TRANSFORMS)
def test_what_a_transform_returns_is_copied_and_pickled(name):
    g = TRANSFORMS[name](f)
    for copied in copies(g):
        assert same(copied(X), g(X))


@pytest.mark.parametrize("options", [{"argnums": (0, 1)}, {"argnums": 1}, {"has_aux": True}])
def test_with_its_options(options):
    for make in (ad.grad, ad.value_and_grad, ad.jacobian):
        g = make(with_more if options.get("has_aux") else of_two, **options)
        for copied in copies(g):
            assert same(copied(X, X + 1), g(X, X + 1))


def of_two(x, y):
    return (x * y * y).sum()


def with_more(x, y):
    return of_two(x, y), 3.0


def test_the_name_the_words_and_the_signature_are_the_functions():
    for g in (ad.grad(f), ad.value_and_grad(f), ad.jacobian(f), ad.hessian(f), ad.compile(f)):
        assert (g.__name__, g.__doc__, g.__module__) == ("f", "Its words.", __name__)
        assert inspect.signature(g) == inspect.signature(f)
        assert inspect.unwrap(g) is f


def test_they_say_what_they_are():
    assert repr(ad.grad(f)) == "<gradient of f>"
    assert repr(ad.value_and_grad(f)) == "<value and gradient of f>"
    assert repr(ad.hessian(Summed(f))).startswith("<jacobian of <gradient of <")


def test_a_decorated_function_is_pickled_by_its_name():
    for thing in (decorated, program):
        assert pickled(thing) is thing
        assert copy.deepcopy(thing) is thing


def test_a_method():
    model = Model(2.0)
    np.testing.assert_array_equal(model.by_x(X), 6 * X * X)
    for g in copies(ad.grad(model.loss)):
        np.testing.assert_array_equal(g(X), 6 * X * X)


def test_what_pulls_back_through_a_graph_says_so():
    _, pull = ad.vjp(f, X)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"no graph behind it.*\n.*call `vjp` again"):
            attempt(pull)


class Pair(NamedTuple):
    a: object
    b: object


def scalar(w, x, b):
    return ad.sigmoid(w * x + b)


def of_a_tree(tree, rng):
    noise = rng.normal(size=2)
    return Pair((tree["a"] * noise).sum(), [tree["b"][0] * 2.0])


PROGRAMS = {
    "of numbers": lambda: (ad.derive(scalar, 2.0, -1.0, 0.5), lambda: (1.0, 2.0, 3.0)),
    "of an array": lambda: (ad.derive(f, X), lambda: (X + 1,)),
    "of float32": lambda: (ad.derive(f, X.astype("f")), lambda: (X.astype("f"),)),
    "of a lambda": lambda: (ad.derive(lambda x: np.log(x).sum(), X), lambda: (X,)),
    "that goes on with care": lambda: (
        ad.derive(lambda x: ad.where(x > 0, ad.log(x), 0.0).sum(), X),
        lambda: (np.array([0.0, 1.0]),),
    ),
    "of a tree and a generator": lambda: (
        ad.derive(of_a_tree, {"a": X, "b": [1.0]}, np.random.default_rng(0), argnums=()),
        lambda: ({"b": [3.0], "a": X}, np.random.default_rng(1)),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_copied_and_pickled(name):
    derived, args = PROGRAMS[name]()
    for when in ("before", "after"):
        for copied in copies(derived):
            assert copied.source == derived.source
            found, expected = copied(*args()), derived(*args())
            assert str(found) == str(expected), when
            assert type(found) is type(expected)
    with pytest.raises((ValueError, TypeError)) as error:
        derived(np.ones((3, 3)), *args()[1:])
    for copied in copies(derived):
        with pytest.raises(type(error.value)) as again:
            copied(np.ones((3, 3)), *args()[1:])
        assert str(again.value) == str(error.value)


def test_programs_of_jax_are_pickled():
    pytest.importorskip("jax")
    derived = ad.derive(f, X, engine="jax")
    compiled = ad.compile(f, engine="jax")
    expected = f(X), 3 * X * X
    derived(X), compiled(X)
    for copied in copies(derived):
        np.testing.assert_allclose(copied(X)[1], expected[1])
    for copied in copies(compiled):
        np.testing.assert_allclose(copied(X), expected[0])


def call(job):
    function, args = job
    return function(*args)


def test_they_go_to_other_processes():
    w = Tensor(X, name="w")
    (w * w).sum().backward()
    jobs = [(ad.grad(f), (X,)), (decorated, (X,)), (ad.compile(ad.grad(f)), (X,)),
            (ad.derive(f, X), (X,)), (step, (w, Value(2.0))), (ad.hessian(f), (X,))]  # fmt: skip
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.map(call, jobs)
    for (function, args), answer in zip(jobs, found, strict=True):
        expected = function(*args)
        if function is step:
            assert answer.name == "w"
            expected, answer = (expected.data, expected.grad), (answer.data, answer.grad)
        assert same(answer, expected)


def step(w, rate):
    moved = Tensor(w.data - rate.data * w.grad, name=w.name)
    moved.grad = w.grad
    return moved
