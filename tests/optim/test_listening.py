"""ListeningGD: it never ends higher, and takes about what the best constant rate takes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from least_squares_problems import PROBLEMS
from rough_functions import ROUGH, can_begin

import autodiff as ad
from autodiff import Tensor, Value
from optim import GD, ListeningGD

RNG = np.random.default_rng(0)


def quadratic(condition, size):
    """½ xᵀ A x, where A has eigenvalues from 1 to `condition`."""
    Q = np.linalg.qr(RNG.normal(size=(size, size)))[0]
    A = (Q * np.geomspace(1, condition, size)) @ Q.T
    return lambda x: x @ (A @ x) / 2, RNG.normal(size=size), 0.0


X, NOISE = RNG.normal(size=(50, 3)), RNG.normal(size=50)
CLASSES = (X @ np.array([1.0, -2.0, 0.5]) + NOISE > 0) * 1.0
TARGETS = X @ np.array([1.0, -2.0, 0.5]) + NOISE
BEST = np.linalg.lstsq(X, TARGETS, rcond=None)[0]


def logistic(w):
    z = X @ w
    return ad.mean(ad.softplus(z) - CLASSES * z) + 0.005 * (w * w).sum()


def least_loss(f, start):
    """By Newton's method on plain arrays."""
    x = np.array(start, float)
    for _ in range(30):
        x = x - np.linalg.solve(ad.hessian(f)(x), ad.grad(f)(x))
    return float(f(x))


def of_the_paper(name):
    problem = PROBLEMS[name]
    return problem.loss, problem.start, problem.minima[-1]


# Of each the loss, where to begin, and the least loss.
DESCENTS = {
    "quadratic of 2, condition 10": quadratic(10, 2),
    "quadratic of 10, condition 10": quadratic(10, 10),
    "quadratic of 10, condition 30": quadratic(30, 10),
    "quadratic of 2, condition 100": quadratic(100, 2),
    "quadratic of 20, condition 100": quadratic(100, 20),
    "quadratic of 10, condition 300": quadratic(300, 10),
    "quadratic of 2, condition 1000": quadratic(1000, 2),
    "quadratic of 20, condition 1000": quadratic(1000, 20),
    "least squares": (
        lambda w: ((X @ w - TARGETS) ** 2).mean(),
        [0, 0, 0],
        float(np.mean((X @ BEST - TARGETS) ** 2)),
    ),
    "logistic regression": (logistic, [0, 0, 0], least_loss(logistic, [0, 0, 0])),
    "quartic": (lambda x: (x**4).sum(), [1, 2, -1.5], 0.0),
    "quartic and quadratic": (
        lambda x: (x**4).sum() / 4 + (x * x).sum() / 2,
        [1, 2, -1.5, 3],
        0.0,
    ),
    "log cosh": (lambda x: ad.log(ad.cosh(np.array([1.0, 3.0]) * x)).sum(), [2, 1.5], 0.0),
    "Himmelblau": (
        lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
        [0, 0],
        0.0,
    ),
    "Rosenbrock": of_the_paper("Rosenbrock"),
    "Beale": of_the_paper("Beale"),
    "Freudenstein and Roth": of_the_paper("Freudenstein and Roth"),
    "helical valley": of_the_paper("helical valley"),
    "Powell singular": of_the_paper("Powell singular"),
    "Broyden tridiagonal": of_the_paper("Broyden tridiagonal"),
}
QUICK = [
    name
    for name in DESCENTS
    if not any(word in name for word in ("000", "300", "Rosen", "Freud", "valley", "singular"))
]
LONG = settings.default.max_examples > 1000
RATES = np.geomspace(1e-5, 10, 61)


def best_of_constant_rates(f, start, target):
    """The least steps of gradient descent, over the rates, until the loss is at most `target`."""
    both = ad.compile(ad.value_and_grad(f))
    for most in (50, 500, 5_000, 50_000):
        for lr in RATES:
            x = np.array(start, float)
            for steps in range(most):
                loss, gradient = both(x)
                if loss <= target:
                    most = steps
                    break
                if not loss < 1e15:
                    break
                x = x - lr * gradient
        if most not in (50, 500, 5_000, 50_000):
            return most
    raise AssertionError("no rate comes down")


def evaluations(f, start, target, lr):
    """How often ListeningGD asks for the loss until it is told of one that is at most `target`."""
    w, losses = Tensor(start), []

    def closure():
        loss = f(w)
        losses.append(float(loss.data))
        return loss

    optimizer = ListeningGD([w], lr=lr)
    while min(losses, default=math.inf) > target and len(losses) < 50_000:
        optimizer.step(closure)
    return next(i for i, loss in enumerate(losses, 1) if loss <= target)


@pytest.mark.parametrize("name", DESCENTS if LONG else QUICK)
def test_it_takes_about_what_the_best_constant_rate_takes(name):
    f, start, least = DESCENTS[name]
    first = float(f(np.array(start, float)))
    target = least + 1e-6 * (first - least)
    with np.errstate(all="ignore"):
        known = best_of_constant_rates(f, start, target)
    found = [evaluations(f, start, target, lr) for lr in (1e-6, 1.0, 1e6)]
    print(f"{name:<34} {known:>6}", *(f"{n:>6}" for n in found))
    assert max(found) <= 2 * known + 30


@pytest.mark.parametrize("f", ROUGH.values(), ids=ROUGH)
@settings(max_examples=settings.default.max_examples // 2)
@given(
    st.floats(-6, 6),
    st.tuples(*[st.floats(-3, 3)] * 2),
    st.integers(1, 4),
)
def test_it_never_ends_higher_than_it_began(f, power, start, steps):
    w = Tensor(np.array(start))
    optimizer = ListeningGD([w], lr=10.0**power)
    loss = math.inf
    for _ in range(steps):
        before = w.data
        if not can_begin(f, w.data):
            with pytest.raises(ValueError, match="begins where the loss is finite"):
                optimizer.step(lambda: f(w))
            np.testing.assert_array_equal(w.data, before)
            assert loss == math.inf  # at the start
            return
        found = float(optimizer.step(lambda: f(w)).data)
        assert found <= loss
        loss = float(f(w).data)
        assert loss <= found
        assert np.isfinite(w.data).all()
        assert 0 < optimizer.lr < math.inf


# -- what it does, step by step --------------------------------------------------------------


def path(w, lr, f, count, **settings):
    """The rates, and the numbers that the loss was asked for at."""
    asked, rates = [], []
    optimizer = ListeningGD([w], lr=lr, max_iter=1, **settings)

    def closure():
        asked.append(w.data)
        return f(w)

    for _ in range(count):
        optimizer.step(closure)
        rates.append(optimizer.lr)
    return rates, asked[1::2]


def test_it_searches_by_factors_of_ten_and_then_grows_and_cuts():
    rates, asked = path(Value(1.0), 0.02, lambda w: w * w / 2, 6, growth=1.5, cut=0.25)
    # 0.02 and 0.2 fall; 2 goes to -0.784, as high as before; ½ and ¾ of all do.
    assert rates == pytest.approx([0.2, 2.0, 0.5, 0.75, 1.125, 1.6875])
    start = 0.98 * 0.8
    expected = [0.98, start, -start, start * 0.5, start * 0.5 * 0.25, start * 0.125 * -0.125]
    assert asked == pytest.approx(expected)


def test_a_rate_that_is_too_great_is_divided_by_ten():
    rates, asked = path(Value(1.0), 1e3, lambda w: w * w / 2, 4)
    assert rates == pytest.approx([100.0, 10.0, 1.0, 0.1 * 10 * 1.1])
    assert asked == pytest.approx([-999.0, -99.0, -9.0, 0.0])


def test_a_step_asks_for_the_loss_once_and_max_iter_times():
    w, calls = Tensor([1.0, 1.0]), []

    def closure():
        calls.append(1)
        return (w * w * np.array([1.0, 30.0])).sum()

    ListeningGD([w], max_iter=7).step(closure)
    assert len(calls) == 8


def test_at_a_minimum_it_stays_and_keeps_its_rate():
    w = Tensor([0.0, 0.0])
    optimizer = ListeningGD([w], lr=0.5)
    for _ in range(3):
        assert optimizer.step(lambda: (w * w).sum()).data == 0.0
    assert (w.data.tolist(), optimizer.lr) == ([0.0, 0.0], 0.5)
    t = Tensor([3.0, 2.0])
    optimizer = ListeningGD([t], lr=0.5)
    for _ in range(50):
        optimizer.step(lambda: ((t - 1) ** 2 * np.array([1.0, 3.0])).sum() + 1)
    np.testing.assert_allclose(t.data, 1.0, atol=1e-7)
    assert 0.01 < optimizer.lr < 1.0


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"lr": 0}, "A first learning rate is a finite number above 0"),
        ({"growth": 1.0}, "A growth is a finite number above 1"),
        ({"growth": math.inf}, "A growth is a finite number above 1"),
        ({"cut": 1.0}, "A cut is a number between 0 and 1"),
        ({"max_iter": 0}, "The number of losses that a step asks for is a whole number"),
    ],
)
def test_settings_that_are_refused(settings, rule):
    with pytest.raises(ValueError, match=rule):
        ListeningGD([Value(1.0)], **settings)


def test_where_gd_at_the_same_rate_flies_off_it_comes_down():
    for make in (GD, ListeningGD):
        w = Tensor([1.0, 1.0])
        optimizer = make([w], lr=3.0)
        for _ in range(20):
            loss = optimizer.step(lambda w=w: (w * w).sum())
        assert (loss.data > 1e10) == (make is GD)
