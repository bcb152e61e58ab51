"""Running products and recurrences where their entries are 0."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from agreement import every_reading_agrees

import autodiff as ad
from autodiff import grad, hessian, hvp, jacobian
from autodiff.testing import check_gradients


def test_a_recurrence_changes_with_a_factor_beside_a_zero():
    found = hessian(lambda z: ad.sum(ad.recurrence(z, z)))(np.zeros(3))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    check_gradients(lambda t: ad.sum(ad.recurrence(t, t)), np.zeros(3))


def test_the_third_derivative_of_a_running_product_with_a_zero():
    x = np.array([0.5, 0.0, 2.0])
    a, _, c = x  # of a**2 + (a b)**2 + (a b c)**2
    found = jacobian(hessian(lambda x: ad.sum(ad.cumprod(x) ** 2)))(x)
    np.testing.assert_allclose(found[0, 1, 1], 4 * a * (1 + c * c))
    np.testing.assert_allclose(found[1, 1, 2], 4 * a * a * c)
    np.testing.assert_allclose(found, np.transpose(found, (1, 2, 0)))


def test_a_weight_of_zero_has_a_derivative_at_second_order():
    y, v = np.array([2.0, 3.0, 5.0]), np.array([1.0, 0.5, -1.0])

    def curved(w):
        return ad.sum(hvp(lambda y: ad.sum(np.cumprod(y) * w), (y,), (v,)))

    exact = [hvp(lambda y, i=i: np.cumprod(y)[i], (y,), (v,)).sum() for i in range(3)]
    np.testing.assert_allclose(grad(curved)(np.zeros(3)), exact)


def by_a_loop(factor, x):
    """The recurrence as it is defined, from its end."""
    s = np.array(x)
    for i in range(len(x) - 2, -1, -1):
        s[i] += 0.0 if s[i + 1] == 0 else factor[i] * s[i + 1]
    return s


def factors(kind, rng, size):
    f = rng.normal(size=size)
    if kind == "zeros":
        f[rng.random(size) < 0.1] = 0.0
    if kind in ("inf", "nan"):
        f[rng.random(size) < 0.02] = float(kind)
    if kind in ("huge", "tiny"):
        f *= 1e80 if kind == "huge" else 1e-80
    return np.exp(300 * f) if kind == "wild" else f


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("size", [1, 2, 7, 8, 32, 33, 40, 63, 65, 200, 513])
@pytest.mark.parametrize("kind", ["usual", "zeros", "inf", "nan", "huge", "tiny", "wild"])
def test_a_recurrence_in_blocks_is_that_of_a_loop(kind, size):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        f, x = factors(kind, rng, size), rng.normal(size=size)
        x[rng.random(size) < 0.3] = 0.0
        x[rng.random(size) < 0.1] *= 1e200
        expected = by_a_loop(f, x)
        np.testing.assert_allclose(ad.recurrence(f, x), expected, rtol=1e-13)
        rows = ad.recurrence(np.stack([f, f]), x)
        np.testing.assert_allclose(rows, [expected, expected], rtol=1e-13)


@pytest.mark.parametrize("zeros", [[], [0], [37], [99], [10, 60]])
def test_a_long_running_product_has_the_gradient_of_exact_arithmetic(zeros):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=100), rng.normal(size=100)
    x[zeros] = 0.0
    exact, w = [Fraction(e) for e in x], [Fraction(e) for e in weights]
    s, before, right = Fraction(0), [Fraction(1)], []
    for e in exact:
        before.append(before[-1] * e)
    for i in range(99, -1, -1):
        s = w[i] + (exact[i + 1] * s if i < 99 else 0)
        right.append(float(before[i] * s))
    found = grad(lambda x: ad.sum(weights * np.cumprod(x)))(x)
    np.testing.assert_allclose(found, right[::-1], rtol=1e-11)


@pytest.mark.parametrize("zeros", [[], [0], [3, 50]])
def test_a_long_running_product_in_every_reading(zeros):
    x = 1 + 0.1 * np.random.default_rng(0).normal(size=70)
    x[zeros] = 0.0
    every_reading_agrees(lambda x: np.sum(np.sin(np.cumprod(x))), x)


def test_a_long_running_product_is_pulled_back_by_few_calls():
    """As many as it has entries would be a loop of Python's, which takes seconds."""
    x = np.random.default_rng(0).uniform(-2.0, 2.0, size=100_000)
    x[500] = 0.0
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "c_call"

    sys.setprofile(count)
    try:
        grad(lambda x: np.sum(np.cumprod(x)))(x)
    finally:
        sys.setprofile(None)
    assert calls < 10_000
