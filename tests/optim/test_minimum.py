"""minimize: on the problems of Moré, Garbow and Hillstrom; what it takes, and what it gives."""

import math
import re
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from least_squares_problems import PROBLEMS

import autodiff as ad
from autodiff import Tensor, Value
from optim import GD, Optimizer, minimize

LONG = settings.default.max_examples > 1000
SLOW = {"Meyer", "Watson of 9", "Penalty II of 4", "Penalty II of 10", "Osborne 1"}
# The least one that is known of this is another than the one in the paper.
ELSEWHERE = {("Newton", "Chebyquad of 10")}
METHODS = ["LBFGS", "Newton", "ListeningGD", "GD", "SGD", "RMSprop", "Adagrad", "Adam", "AdamW"]


def is_solved(problem, value):
    return any(abs(value - least) <= 1e-8 * max(1, abs(least)) for least in problem.minima)


@pytest.mark.parametrize("method", ["LBFGS", "Newton"])
@pytest.mark.parametrize("name", [n for n in PROBLEMS if LONG or n not in SLOW])
def test_the_minimum_is_the_papers(method, name):
    problem = PROBLEMS[name]
    found = minimize(problem.loss, problem.start, method, max_evaluations=2000)
    assert is_solved(problem, found.fun) or (method, name) in ELSEWHERE
    assert found.nfev <= 2000
    assert found.success or name == "Meyer"  # whose gradient is 0.4 where rounding ends it


@pytest.mark.skipif(not LONG, reason="of the long profile")
@pytest.mark.parametrize(("method", "theirs"), [("LBFGS", "BFGS"), ("Newton", "trust-exact")])
def test_as_many_are_solved_as_by_scipy(method, theirs):
    optimize = pytest.importorskip("scipy.optimize")
    ours = scipys = 0
    for problem in PROBLEMS.values():
        found = minimize(problem.loss, problem.start, method, max_evaluations=2000)
        ours += is_solved(problem, found.fun)
        with np.errstate(all="ignore"):
            answer = optimize.minimize(
                ad.value_and_grad(problem.loss), np.array(problem.start, float), jac=True,
                hess=ad.hessian(problem.loss) if theirs == "trust-exact" else None, method=theirs,
                options={"gtol": 1e-10, "maxiter": 2000},
            )  # fmt: skip
        scipys += is_solved(problem, answer.fun) and answer.nfev <= 2000
    assert ours >= scipys >= 30


# -- what it takes ---------------------------------------------------------------------------


def bowl(x):
    return ((x - np.arange(x.size)) ** 2 * (1 + x * x)).sum() + 1


@pytest.mark.parametrize("method", METHODS)
def test_every_optimiser_is_a_method(method):
    options = {"lr": 1.0 if method == "Adagrad" else 0.02} if method not in METHODS[:3] else {}
    if method == "RMSprop":  # whose steps do not become small by themselves
        options = {"lr": 0.01, "momentum": 0.9, "eps": 1.0}
    if method == "AdamW":
        options["weight_decay"] = 0.0
    found = minimize(bowl, np.array([0.5, 2.0, 1.0]), method, tol=1e-4, **options)
    np.testing.assert_allclose(found.x, [0.0, 1.0, 2.0], atol=1e-3)
    assert found.success
    assert found.fun == pytest.approx(1.0, abs=1e-5)


def test_the_names_of_settings_are_the_optimisers():
    for hessian in ("products", "finite-difference"):
        found = minimize(bowl, np.ones(3), "Newton", hessian=hessian)
        np.testing.assert_allclose(found.x, [0, 1, 2], atol=1e-6)
    assert minimize(bowl, np.ones(3), "GD", lr=0.01, max_evaluations=5).nit == 4
    with pytest.raises(ValueError, match="Momentum is from 0 to below 1"):
        minimize(bowl, np.ones(3), "SGD", momentum=2.0)


def test_an_optimiser_of_ones_own_is_a_method():
    class Halves(Optimizer):
        def update(self, parameter, gradient, state, group):
            return gradient / 4

    found = minimize(lambda x: (x * x).sum(), np.array([4.0, -8.0]), Halves)
    assert [x.tolist() for x in found.path[:3]] == [[4.0, -8.0], [2.0, -4.0], [1.0, -2.0]]
    assert found.success
    assert minimize(lambda x: (x * x).sum(), np.ones(2), GD, lr=0.5).x.tolist() == [0.0, 0.0]


class Pair(NamedTuple):
    a: object
    b: object


STARTS = {
    "a number": (3.0, lambda x: x),
    "a whole number": (3, lambda x: x),
    "an array": (np.array([3.0, -1.0]), lambda x: x),
    "an array of whole numbers": (np.array([3, -1]), lambda x: x),
    "an array without axes": (np.array(3.0), lambda x: x),
    "a list of numbers": ([3.0, -1], lambda x: x),
    "rows": ([[3.0, -1], [2, 2]], lambda x: x),
    "a tuple": ((3.0, np.ones((2, 2))), lambda x: x[0] + x[1]),
    "a list of arrays": ([np.ones(2), np.ones((2, 2))], lambda x: x[0] + x[1]),
    "a dict": ({"b": np.ones(2), "a": {"c": 3.0}}, lambda x: x["b"] + 2 * x["a"]["c"]),
    "a named tuple": (Pair(1.0, (2.0, np.ones(2))), lambda x: x.a + x.b[0] * x.b[1]),
    "nodes": ((Value(2.0), Tensor([1.0, 2.0])), lambda x: x[0] * x[1]),
}


@pytest.mark.parametrize("method", ["LBFGS", "Newton", "ListeningGD"])
@pytest.mark.parametrize(("start", "read"), STARTS.values(), ids=STARTS)
def test_x_has_the_structure_of_the_start(method, start, read):
    found = minimize(lambda x: ad.sum((read(x) - 2.0) ** 2), start, method, tol=1e-6)
    np.testing.assert_allclose(ad.Tensor(read(found.x)).data, 2.0, atol=1e-5)
    plain = read(start)
    if isinstance(start, (dict, tuple)):
        assert type(found.x) is type(start)
        assert list(found.x) == list(start) or isinstance(start, tuple)
    elif isinstance(plain, (float, int)):
        assert type(found.x) is float
    else:
        assert isinstance(found.x, (np.ndarray, list))
    assert found.fun == pytest.approx(0.0, abs=1e-8)
    for x in (found.path[0], found.jac):
        assert ad.ravel_tree(x)[0].shape == ad.ravel_tree(found.x)[0].shape


def test_single_precision_is_kept():
    found = minimize(bowl, np.ones(3, np.float32), tol=1e-3)
    assert found.x.dtype == np.float32
    np.testing.assert_allclose(found.x, [0, 1, 2], atol=1e-2)


def test_the_start_is_left_alone_and_answers_are_ones_own():
    start = np.ones(3)
    found = minimize(bowl, start)
    assert start.tolist() == [1.0] * 3
    found.x += 1.0
    found.path[-1][:] = 9.0
    np.testing.assert_allclose(found.x, [1, 2, 3], atol=1e-6)


@pytest.mark.parametrize("method", ["LBFGS", "Newton", "ListeningGD", "Adam"])
@pytest.mark.parametrize("how", ["jac", "both"])
def test_a_gradient_may_be_given(method, how):
    """Of a function of plain numbers, which autodiff never sees."""
    seen = []

    def f(p):
        seen.append(type(p["a"]))
        return math.cosh(p["a"] - 1) + float(np.sum((p["b"] - 3) ** 2))

    def gradient(p):
        return {"b": 2 * (p["b"] - 3), "a": math.sinh(p["a"] - 1)}

    start = {"a": 2.0, "b": np.array([1.0, 1.0])}
    options = {"Newton": {"hessian": "finite-difference"}, "Adam": {"lr": 0.1}}.get(method, {})
    if how == "jac":
        found = minimize(f, start, method, jac=gradient, tol=1e-6, **options)
    else:
        both = lambda p: (f(p), gradient(p))  # noqa: E731
        found = minimize(both, start, method, jac=True, tol=1e-6, **options)
    assert found.x["a"] == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(found.x["b"], 3.0, atol=1e-5)
    assert found.fun == pytest.approx(1.0)
    assert set(seen) == {float}
    assert len(seen) == found.nfev


# -- what it gives ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("most", [1, 2, 7, 50])
def test_the_function_is_asked_no_more_often_than_it_may_be(method, most):
    calls = []

    def f(x):
        calls.append(1)
        return bowl(x)

    options = {"hessian": "finite-difference"} if method == "Newton" else {}
    start = np.array([30.0, -20.0, 10.0])
    found = minimize(f, start, method, max_evaluations=most, **options)
    assert len(calls) == found.nfev <= most
    assert found.fun == bowl(found.x)
    assert found.fun <= bowl(start)
    if not found.success:
        assert found.message in (f"The {most} evaluations are spent.", DIVERGED)


DIVERGED = "The function or its gradient is not finite any more."


@pytest.mark.parametrize("method", ["LBFGS", "Newton", "ListeningGD", "GD"])
def test_the_path_and_what_is_noted_of_it(method):
    called = []
    found = minimize(bowl, np.ones(3), method, callback=called.append, tol=1e-6)
    assert len(found.path) == found.nit + 1 == len(called) + 1
    for x, y in zip(found.path[1:], called, strict=True):
        np.testing.assert_array_equal(x, y)
    losses = [bowl(x) for x in found.path]
    assert losses[0] == bowl(np.ones(3))
    assert losses == sorted(losses, reverse=True)
    np.testing.assert_array_equal(found.path[-1], found.x)
    np.testing.assert_allclose(found.jac, ad.grad(bowl)(found.x), atol=1e-9)
    assert np.abs(found.jac).max() <= 1e-6
    assert found.message == "No entry of the gradient is greater than 1e-06."


def test_without_its_path_a_minimum_is_the_same():
    whole, short = (minimize(bowl, np.ones(3), keep_path=keep) for keep in (True, False))
    assert [x.tolist() for x in short.path] == [[1.0] * 3]
    assert (whole.x.tolist(), whole.nit, whole.nfev) == (short.x.tolist(), short.nit, short.nfev)
    assert whole.nit > 3


def test_items_are_attributes():
    found = minimize(bowl, np.ones(3))
    assert set(found) == {"x", "fun", "jac", "nit", "nfev", "success", "message", "path"}
    for name, value in found.items():
        assert getattr(found, name) is value
    with pytest.raises(AttributeError, match=r"A minimum has x, fun, .*, but no hess"):
        _ = found.hess
    assert re.search(r"fun: 1\.0.*success: True.*path: <\d+ points>", repr(found), re.DOTALL)


@pytest.mark.parametrize("how", [lambda x: True, lambda x: next(iter(()))])
def test_a_callback_ends_the_search(how):
    found = minimize(bowl, np.ones(3), callback=how)
    assert (found.nit, found.success) == (1, False)
    assert found.message == "The callback has ended the search."


def test_what_has_no_minimum():
    found = minimize(lambda x: -ad.exp(x), 0.0, "GD", lr=1.0)
    assert not found.success
    assert found.message == DIVERGED
    assert math.isfinite(found.fun)
    assert found.fun == -math.exp(found.x) < -1


@pytest.mark.parametrize("method", ["LBFGS", "ListeningGD", "Newton"])
@pytest.mark.parametrize(
    "endless", [lambda x: x.sum(), lambda x: -(x**4).sum(), lambda x: -(x**2).sum() - 3.0]
)
def test_a_search_without_an_end_is_no_success(endless, method):
    """Its gradient is small beside the loss in the end, and yet there is no minimum."""
    found = minimize(endless, np.array([1.0, 2.0]), method, max_evaluations=2000)
    assert not found.success
    assert found.fun < -1e6


def test_where_rounding_hides_what_is_lower():
    found = minimize(lambda x: 1e6 + ((x - 1) ** 2).sum(), np.full(2, 3.3), tol=0.0)
    assert found.success
    assert (
        re.fullmatch("Nothing lower is found, with .* up to .*", found.message)
        or found.jac.any() == 0
    )
    kink = minimize(lambda x: ad.abs(x - 1.0) + 0.5 * x, 3.3)
    assert not kink.success
    assert kink.x == pytest.approx(1.0, abs=1e-3)
    assert "Nothing lower is found, with entries of the gradient up to" in kink.message


def test_at_the_minimum_there_is_nothing_to_do():
    found = minimize(lambda x: (x * x).sum(), np.zeros(2))
    assert (found.nit, found.nfev, found.success) == (0, 1, True)


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0, 1.0), TypeError, "`f` is a function of x, but this is float 3.0"),
        ((bowl, "start"), TypeError, "real numbers, but this is str 'start'"),
        ((bowl, None), TypeError, "A start has numbers or arrays in it, but this is None"),
        ((bowl, []), TypeError, "A start has numbers or arrays in it, but this is list"),
        ((bowl, np.ones(2), "BFGS"), ValueError, r"one of LBFGS, Newton, .*'BFGS'.\nLeave it out"),
        ((bowl, np.ones(2), None), ValueError, "but this is None"),
        ((bowl, np.ones(2), ["GD"]), ValueError, "`method` is an optimiser of yours or one of"),
        ((bowl, np.ones(2), dict), ValueError, "`method` is an optimiser of yours or one of"),
        ((bowl, np.ones(2), "GD", 3), TypeError, "`jac` is a function .* int 3.\nLeave it out"),
        ((bowl, np.ones(2), "GD", None, 3), TypeError, "`callback` is a function of x"),
        ((bowl, np.ones(2), "GD", None, None, -1), ValueError, "A tolerance is a finite number"),
        (
            (bowl, np.ones(2), "GD", None, None, 0, 0),
            ValueError,
            "of evaluations is",
        ),
        ((lambda x: x, np.ones(2)), TypeError, r"returned a Tensor of shape \(2,\).\nReduce it"),
        ((lambda x: 3.0, np.ones(2)), TypeError, "returned float 3.0.\n.* gradient by `jac`"),
        ((lambda x: float(x), 1.0), TypeError, "this one returned float 1.0"),
        ((lambda x: ad.log(x), 0.0), ValueError, "finite, but here it is -inf"),
        ((lambda x: Value(1.0) * 2, 0.0), ValueError, "computed from none of them"),
        ((lambda x: 1.0, 1.0, "GD", True), TypeError, "returns a pair"),
        ((lambda x: "1", 1.0, "GD", lambda x: x), TypeError, "one number, but this one returned"),
        ((lambda x: 1.0, 1.0, "GD", lambda x: [x]), TypeError, "A gradient has the structure of"),
        ((lambda x: 1.0, 1.0, "GD", lambda x: np.ones(2)), ValueError, "A gradient"),
        ((lambda x: x * x, 1.0, "Newton", lambda x: 2 * x), TypeError, 'Use hessian="finite-dif'),
    ],
)
def test_arguments_that_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        minimize(*arguments)
