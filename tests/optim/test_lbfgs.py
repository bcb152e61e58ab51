"""LBFGS: its direction against dense BFGS, its minima against closed forms, SciPy and PyTorch."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from optim import LBFGS
from optim.lbfgs import downhill

RNG = np.random.default_rng(0)
Q = np.linalg.qr(RNG.normal(size=(8, 8)))[0]
A = (Q * np.geomspace(1, 100, 8)) @ Q.T
B = RNG.normal(size=8)
X = RNG.normal(size=(40, 3))
CLASSES = (X @ np.array([1.0, -2.0, 0.5]) + RNG.normal(size=40) > 0) * 1.0


def quadratic(x):
    return x @ (A @ x) / 2 - B @ x


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def logistic(w):
    z = X @ w
    return ad.mean(ad.softplus(z) - CLASSES * z) + 0.005 * (w * w).sum()


PROBLEMS = {
    "quadratic": (quadratic, np.ones(8)),
    "Rosenbrock": (rosenbrock, np.array([-1.2, 1.0])),
    "logistic": (logistic, np.zeros(3)),
}


def descended(f, start, **settings):
    w = Tensor(start)
    optimizer = LBFGS([w], max_iter=200, tolerance_grad=1e-12, tolerance_change=0, **settings)
    for _ in range(2):
        optimizer.step(lambda: f(w))
    return w.data


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_the_direction_is_that_of_bfgs_with_all_its_matrices(count):
    """H ← (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ, from sᵀy / yᵀy times I of the last pair."""
    steps = RNG.normal(size=(count, 8))
    pairs = [(s, A @ s) for s in steps]
    H = np.eye(8)
    if pairs:
        s, y = pairs[-1]
        H *= (s @ y) / (y @ y)
    for s, y in pairs:
        V = np.eye(8) - np.outer(y, s) / (s @ y)
        H = V.T @ H @ V + np.outer(s, s) / (s @ y)
    gradient = RNG.normal(size=8)
    np.testing.assert_allclose(downhill(gradient, pairs), -H @ gradient, rtol=1e-10)


def test_the_minimum_of_a_quadratic():
    np.testing.assert_allclose(descended(quadratic, np.ones(8)), np.linalg.solve(A, B), rtol=1e-8)


@pytest.mark.parametrize(("f", "start"), PROBLEMS.values(), ids=PROBLEMS)
def test_the_minimum_is_scipys(f, start):
    optimize = pytest.importorskip("scipy.optimize")
    both = ad.value_and_grad(f)
    theirs = optimize.minimize(both, start, jac=True, method="BFGS", options={"gtol": 1e-11})
    x = descended(f, start)
    np.testing.assert_allclose(x, theirs.x, rtol=1e-8, atol=1e-8)
    assert float(f(x)) == pytest.approx(theirs.fun, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("f", "start"), PROBLEMS.values(), ids=PROBLEMS)
def test_the_minimum_is_pytorchs(f, start):
    torch = pytest.importorskip("torch")
    data = {name: torch.tensor(x) for name, x in {"A": A, "B": B, "X": X, "y": CLASSES}.items()}

    def theirs(w):
        if f is quadratic:
            return w @ (data["A"] @ w) / 2 - data["B"] @ w
        if f is rosenbrock:
            return rosenbrock(w)
        z = data["X"] @ w
        loss = torch.nn.functional.softplus(z) - data["y"] * z
        return loss.mean() + 0.005 * (w * w).sum()

    w = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [w], max_iter=200, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = theirs(w)
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(descended(f, start), w.detach().numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("history_size", [1, 3, 10])
def test_what_was_learnt_is_there_in_the_next_step(history_size):
    """As many steps of one are those of one step of as many."""
    found = []
    for steps, max_iter in [(12, 1), (3, 4), (1, 12)]:
        w = Tensor([-1.2, 1.0])
        optimizer = LBFGS([w], max_iter=max_iter, max_eval=1000, history_size=history_size)
        for _ in range(steps):
            optimizer.step(lambda w=w: rosenbrock(w))
        found.append(w.data)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-9)
    np.testing.assert_allclose(found[1], found[2], rtol=1e-9)
    assert not np.allclose(found[0], descended(rosenbrock, [-1.2, 1.0]), atol=1e-3)


def test_a_history_that_is_made_shorter_or_longer_is_gone_on_with():
    w = Tensor([-1.2, 1.0])
    optimizer = LBFGS([w], max_iter=5, history_size=5)
    for size in (5, 2, 8, 8, 8, 8, 8, 8, 8):
        optimizer.history_size = size
        optimizer.step(lambda: rosenbrock(w))
        state = optimizer.state_dict()
        assert len(state["state"][0]) <= 2 * size
        optimizer.load_state_dict(state)
    np.testing.assert_allclose(w.data, 1.0, atol=1e-6)


def losses_of(f, start, **settings):
    """How often the loss is asked for in one step."""
    w, losses = Tensor(start), []

    def closure():
        losses.append(f(w))
        return losses[-1]

    optimizer = LBFGS([w], **settings)
    first = optimizer.step(closure)
    assert first.data == losses[0].data
    return len(losses), w.data


def test_when_a_step_ends():
    start = np.array([-1.2, 1.0])
    count, _ = losses_of(rosenbrock, start, max_iter=1000, max_eval=7)
    assert 8 <= count <= 32  # the search along a direction is brought to its end
    count, x = losses_of(rosenbrock, start, max_iter=1000, tolerance_grad=1e-2)
    assert np.abs(ad.grad(rosenbrock)(x)).max() <= 1e-2
    assert count < losses_of(rosenbrock, start, max_iter=1000)[0]
    count, x = losses_of(rosenbrock, start, max_iter=1000, tolerance_change=0.1)
    assert 0.1 < rosenbrock(x) < 10
    count, x = losses_of(rosenbrock, start, max_iter=1000, tolerance_grad=1e9)
    assert (count, x.tolist()) == (1, start.tolist())


def test_without_a_line_search_a_step_is_as_long_as_its_rate():
    w = Tensor([3.0, 4.0])
    optimizer = LBFGS([w], lr=0.5, max_iter=1, line_search=None)
    optimizer.step(lambda: (w * w).sum() / 2)
    np.testing.assert_allclose(w.data, np.array([3.0, 4.0]) * (1 - 0.5 / 7), rtol=1e-14)
    optimizer.step(lambda: (w * w).sum() / 2)  # the Hessian is 1 now
    np.testing.assert_allclose(w.data, np.array([3.0, 4.0]) * (1 - 0.5 / 7) / 2, rtol=1e-14)
    for _ in range(40):
        optimizer.step(lambda: (w * w).sum() / 2)
    np.testing.assert_allclose(w.data, 0.0, atol=1e-6)


def test_functions_that_end_or_have_no_value_somewhere():
    w = Tensor([0.1, 2.5])
    optimizer = LBFGS([w], max_iter=50)
    optimizer.step(lambda: (w - ad.log(w) - ad.log(3 - w)).sum())
    np.testing.assert_allclose(w.data, (5 - np.sqrt(13)) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"max_iter": 0}, "The number of steps of a search is a whole number from 1 up"),
        ({"max_eval": 0}, "The losses of a search are a whole number from 1 up, or None"),
        ({"tolerance_grad": -1}, "A tolerance for the gradient is a finite number from 0 up"),
        ({"tolerance_change": "0"}, "A tolerance for the change is a finite number from 0 up"),
        ({"history_size": 1.5}, "The number of steps that are remembered is a whole number"),
        ({"line_search": "wolfe"}, '`line_search` is "strong_wolfe" or None, but this is'),
    ],
)
def test_settings_that_are_refused(settings, rule):
    with pytest.raises(ValueError, match=rule):
        LBFGS([Value(1.0)], **settings)
