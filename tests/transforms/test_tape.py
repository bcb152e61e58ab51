"""Whole numbers and booleans have the gradient that floats have, in every reading and order."""

import importlib.util
import itertools
from fractions import Fraction

import numpy as np
import pytest
from agreement import weighted
from registry_cases import calls

import autodiff as ad
from autodiff import compile, derive, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autodiff.extend import operations
from autodiff.support.tree import leaves
from autodiff.testing import finite_differences

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

DTYPES = ("bool", "int8", "uint8", "int32", "int64", "uint64")
A = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]])
FUNCTIONS = {
    "of an image": lambda x: np.mean((x - 100.0) ** 2),
    "a product with itself": lambda x: np.sum(x * x * x),  # which a uint8 has no room for
    "a power": lambda x: np.sum((x + 1) ** -2),
    "a quotient": lambda x: np.sum(1 / (x + 1)),
    "a matrix": lambda x: np.sum((A @ x) ** 2),
    "indices": lambda x: x[0] * x[1] ** 2 + x[-1],
    "a choice": lambda x: np.sum(np.where(x > 1, x**3, x * x)),
    "parts": lambda x: np.sum(np.concatenate([x, -2 * x]) ** 3 * x[0]),
    "an order": lambda x: np.sum(np.sort(x) * A[0] * x),
    "an extreme": lambda x: np.max(x) * np.sum(x),
    "a remainder": lambda x: np.sum(x % 2 * x),
    "a negative": lambda x: np.sum(-x * np.abs(x - 2)),
    "a softmax": lambda x: ad.logsumexp(x / 50),
    "linear": lambda x: np.sum(x) * 2,
    "a constant": lambda x: 3.0,
    "a gradient inside": lambda x: np.sum(grad(lambda w: np.sum((x * w - 1) ** 2))(A[0]) ** 2),
}
ORDERS = {
    "value_and_grad": value_and_grad,
    "grad": grad,
    "hessian": hessian,
    "jacobian": lambda f: jacobian(lambda x: f(x) * x),
    "jvp": lambda f: lambda x: jvp(f, (x,), (x,)),
    "hvp": lambda f: lambda x: hvp(f, (x,), (x,)),
    "vjp": lambda f: lambda x: vjp(lambda x: f(x) * x, x)[1](x),
    "a gradient of a gradient": lambda f: grad(lambda x: np.sum(grad(f)(x) ** 2)),
    "a step": lambda f: lambda x: x - 0.1 * grad(f)(x),
}


def text(program):
    """The function that a saved program is."""
    namespace = {}
    exec(str(program), namespace)
    return namespace[program.name]


READINGS = {
    "compile": lambda g, x: compile(g)(x),
    "derive": lambda g, x: derive(g, x, argnums=())(x),
    "its text": lambda g, x: text(derive(g, x, argnums=()))(x),
    "compile by JAX": lambda g, x: compile(g, engine="jax")(x),
}
NUMPYS = [name for name in READINGS if "JAX" not in name]


def whole(dtype):
    return np.array([3, 200, 7] if dtype == "uint8" else [1, 0, 3]).astype(dtype)


def same(found, expected):
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_programs_say_what_eager_says(function, order):
    g = ORDERS[order](FUNCTIONS[function])
    first = sum(map(ord, function + order))  # each is met with every dtype somewhere
    for i, reading in enumerate(NUMPYS):
        for dtype in {DTYPES[(first + i) % len(DTYPES)], "uint8"}:
            x = whole(dtype)
            same(READINGS[reading](g, x), g(x))


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
@pytest.mark.parametrize(("order", "dtype"), list(zip(ORDERS, itertools.cycle(DTYPES))))
def test_programs_of_jax_say_what_eager_says(order, dtype):
    g, x = ORDERS[order](FUNCTIONS["indices"]), whole(dtype)
    same(READINGS["compile by JAX"](g, x), g(x))
    same(derive(g, x, argnums=(), engine="jax")(x), g(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_whole_numbers_are_floats_and_of_these_differences_say_the_same(function, dtype):
    f, x = FUNCTIONS[function], whole(dtype)
    same(grad(f)(x), grad(f)(x.astype(float)))
    same(hessian(f)(x), hessian(f)(x.astype(float)))
    beside = x + np.array([0.125, 0.25, 0.375])  # what jumps and what ties
    expected = finite_differences(f, beside).value
    np.testing.assert_allclose(grad(f)(beside), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [n for n, o in operations().items() if o.kind != "composite"])
def test_every_operation(name):
    for operands, params in calls(name, 1):
        f, args = weighted(name, operands, params)
        if not args:
            continue
        by = tuple(range(len(args)))
        for dtype in ("int64", "bool"):
            given = [np.asarray(np.round(np.abs(x)).astype(dtype)) for x in args]
            try:
                expected = value_and_grad(f, by)(*given)
            except (ValueError, np.linalg.LinAlgError):  # of no such numbers
                continue
            same(compile(value_and_grad(f, by))(*given), expected)
            same(derive(f, *given, argnums=by)(*given), (expected[0], expected[1]))


NUMBERS = (
    3, True, np.True_, np.int64(3), np.uint8(200), Fraction(1, 2), np.array(3), np.array(True),
)  # fmt: skip


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
@pytest.mark.parametrize("order", ["value_and_grad", "hessian", "hvp", "a step"])
def test_numbers(x, order):
    g = ORDERS[order](lambda x: x**3)
    for reading in NUMPYS[:2]:
        same(READINGS[reading](g, x), g(x))
    same(derive(lambda x: x**3, x)(x), value_and_grad(lambda x: x**3)(x))


def test_nested_arguments():
    def f(p):
        (a, b), mask = p["pair"], p["mask"]
        return np.sum(np.where(mask, a * b, mask * a)) ** 2 + p["n"][0] * p["n"][1] ** 2

    p = {"pair": (np.array([1, 2]), [3.0, 4][1]), "mask": np.array([True, False]), "n": [2, 5]}
    for order in ("value_and_grad", "hessian", "hvp"):
        g = ORDERS[order](f)
        same(compile(g)(p), g(p))
        same(derive(g, p, argnums=())(p), g(p))


def test_derive_is_by_whole_numbers_where_there_are_no_floats():
    x = np.array([200, 50], np.uint8)
    program = derive(lambda x: np.sum(x * x), x)
    for run in (program, text(program)):
        same(run(x), (42500.0, np.array([400.0, 100.0])))
        same(run(x + 0.5), (200.5**2 + 50.5**2, np.array([401.0, 101.0])))
    w = np.ones(2)
    assert len(leaves(derive(lambda w, x: np.sum(w * x), w, x)(w, x))) == 2  # by w alone


def test_whole_numbers_go_on_to_be_whole_numbers():
    labels, table = np.array([0, 2, 1, 1]), np.arange(12.0).reshape(4, 3)

    def chosen(labels):
        return np.sum(np.take_along_axis(table, labels[:, None], 1))

    def one_hot(labels):
        return np.sum(table * (np.arange(3) == labels[:, None]))

    for f in (chosen, one_hot):
        assert compile(f)(labels) == f(labels) == 22.0
        assert leaves(derive(f, labels)(labels))[0] == 22.0
    for f in (lambda n: n * 2 // 3, lambda n: n & 1):
        for found in (compile(f)(labels), derive(f, labels)(labels)):
            np.testing.assert_array_equal(found, f(labels), strict=True)

    def loss(w, labels):
        return np.sum(np.take_along_axis(table * w, labels[:, None], 1) ** 2)

    same(compile(grad(loss))(1.5, labels), grad(loss)(1.5, labels))
    same(derive(loss, 1.5, labels)(1.5, labels), value_and_grad(loss)(1.5, labels))


def test_a_truth_value_of_a_trace_is_promoted_as_a_plain_one():
    def f(x):
        return grad(lambda b: b**2 * x)(x > 0) + grad(lambda c: c * c * x)(np.sum(x > -1))

    assert f(2.0) == 8.0
    assert compile(f)(2.0) == derive(f, 2.0)(2.0)[0] == 8.0


def test_jax_takes_whole_numbers_for_floats():
    pytest.importorskip("jax")
    program = derive(lambda x: np.sum(x * x), np.ones(2), engine="jax")
    same(program(np.array([1, 2])), (5.0, np.array([2.0, 4.0])))
