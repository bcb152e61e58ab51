"""The beta function against mpmath: for any sizes of its arguments, and left of 0."""

import itertools
import math

import mpmath
import numpy as np
import pytest

import autodiff as ad
from autodiff import Value, compile, derive, grad

SIZES = [1e-30, 1e-10, 1e-3, 0.5, 1.5, 9.9, 10.1, 30.3, 1e3, 1e10, 1e15]
LEFT = [-0.3, -1.5, -10.75, -100.3]


def close(found, exact, rtol, atol=0.0):
    assert abs(mpmath.mpf(float(found)) - exact) <= rtol * abs(exact) + atol


@pytest.mark.parametrize("a", SIZES)
def test_of_all_sizes(a):
    for b in SIZES:
        with mpmath.workdps(150):
            left, right = mpmath.mpf(a), mpmath.mpf(b)
            joint = left + right
            log = mpmath.loggamma(left) + mpmath.loggamma(right) - mpmath.loggamma(joint)
            slope = mpmath.digamma(left) - mpmath.digamma(joint)
            close(ad.betaln(a, b), log, 1e-14, 1e-15)
            close(grad(ad.betaln)(a, b), slope, 2e-15)
            close(grad(ad.betaln, 1)(b, a), slope, 2e-15)
            if abs(log) < 700:
                close(ad.beta(a, b), mpmath.exp(log), 2e-13)
                close(grad(ad.beta)(a, b), mpmath.exp(log) * slope, 2e-13)


@pytest.mark.parametrize(
    ("a", "b"), list(itertools.product(LEFT, [*LEFT, 0.2, 1.0, 2.0, 10.5, 200.0]))
)
def test_left_of_zero(a, b):
    with mpmath.workdps(60):
        left, right = mpmath.mpf(a), mpmath.mpf(b)
        exact = mpmath.gamma(left) * mpmath.gamma(right) * mpmath.rgamma(left + right)
        for found in (ad.beta(a, b), ad.beta(b, a), ad.beta(Value(a), np.array([b])).data[0]):
            close(found, exact, 1e-13)
        if exact:
            close(ad.betaln(a, b), mpmath.log(abs(exact)), 1e-13, 1e-14)
            slope = exact * (mpmath.digamma(left) - mpmath.digamma(left + right))
            close(grad(ad.beta)(a, b), slope, 1e-13)


def test_poles_and_ends():
    assert ad.beta(-2.0, 1.0) == pytest.approx(-0.5, rel=1e-14)  # a pole over a pole
    assert ad.beta(-5.0, 3.0) == pytest.approx(-1 / 30, rel=1e-14)
    assert ad.beta(-2.0, 3.0) == ad.betaln(0.0, 1.0) == ad.betaln(-1.0, -1.0) == math.inf
    assert ad.beta(-0.5, 0.5) == 0.0
    assert ad.betaln(math.inf, 1.0) == -math.inf
    for pair in ((math.nan, 1.0), (1.0, math.nan), (-math.inf, 1.0)):
        assert math.isnan(ad.beta(*pair))
        assert math.isnan(ad.betaln(*pair))


def test_the_second_derivative_of_its_logarithm():
    second = grad(grad(ad.betaln))
    with mpmath.workdps(60):
        for a, b in ((2.0, 3.0), (0.1, 1e8), (1e8, 0.1)):
            exact = mpmath.psi(1, mpmath.mpf(a)) - mpmath.psi(1, mpmath.mpf(a) + mpmath.mpf(b))
            close(second(a, b), exact, 1e-14)


def test_in_every_reading_and_dtype():
    f = lambda a, b: np.sum(ad.betaln(a, b) + ad.beta(a, b))  # noqa: E731
    for a, b in ((2.5, 1e5), (np.array([1e10, 0.3]), np.array([1e-3, -0.7]))):
        expected = grad(f, (0, 1))(a, b)
        for found in (derive(f, a, b, argnums=(0, 1))(a, b)[1], compile(grad(f, (0, 1)))(a, b)):
            for mine, right in zip(found, expected, strict=True):
                np.testing.assert_allclose(mine, right, 1e-14)
    single = np.float32([2.0])
    assert (
        ad.betaln(single, 3.0).dtype == grad(lambda a: ad.beta(a, 3.0).sum())(single).dtype == "f4"
    )
