"""The best steps of quadratics, against the conditions that no other step could meet."""

import math

import numpy as np
import pytest

from optim.quadratic import Dense, Products

RNG = np.random.default_rng(0)


def matrix(values):
    Q = np.linalg.qr(RNG.normal(size=(len(values),) * 2))[0]
    H = (Q * values) @ Q.T
    return (H + H.T) / 2, Q


SPECTRA = {
    "definite": [1.0, 2.0, 30.0, 1000.0],
    "indefinite": [-5.0, -1.0, 2.0, 10.0],
    "one below": [-1e-3, 1.0, 2.0, 3.0],
    "all below": [-4.0, -3.0, -2.0, -1.0],
    "singular": [0.0, 1.0, 2.0, 3.0],
    "nothing": [0.0, 0.0, 0.0],
    "one": [3.0],
}
every = pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)


def fall_of(H, g, step):
    return -(g @ step + step @ H @ step / 2)


@every
@pytest.mark.parametrize("radius", [1e-3, 0.3, 1.0, 50.0])
def test_no_other_step_within_the_radius_is_better(values, radius):
    H, _ = matrix(values)
    g = RNG.normal(size=len(values))
    step, fall, is_cut = Dense(H, g).best(radius)
    length = np.linalg.norm(step)
    assert length <= 1.01 * radius
    assert is_cut == (length > 0.98 * radius)
    assert fall == pytest.approx(fall_of(H, g, step), rel=1e-12)
    others = RNG.normal(size=(2000, len(values)))
    others *= radius * RNG.uniform(size=(2000, 1)) / np.linalg.norm(others, axis=1)[:, None]
    assert fall >= 0.97 * max(fall_of(H, g, other) for other in others)
    # More and Sorensen: (H + damping) step = -g, with a damping that makes it definite.
    damping = -(step @ (H @ step + g)) / (step @ step)
    np.testing.assert_allclose(H @ step + damping * step, -g, rtol=1e-6, atol=1e-9)
    assert damping >= max(0.0, -min(values)) * (1 - 1e-9) - 1e-9
    assert is_cut or damping == pytest.approx(0.0, abs=1e-9)


@every
def test_without_a_radius_it_is_newtons_or_goes_as_far_as_it_may(values):
    H, Q = matrix(values)
    g = RNG.normal(size=len(values))
    step, _, is_cut = Dense(H, g, reach=7.0).best(math.inf)
    if min(values) > 0:
        np.testing.assert_allclose(H @ step, -g, rtol=1e-9)
    else:
        assert np.linalg.norm(step) == pytest.approx(7.0, rel=0.01)
    assert is_cut == (min(values) <= 0)
    if min(values) == 0:  # of what has a curvature alone
        g = g - Q[:, 0] * (Q[:, 0] @ g) if len(values) == 4 else 0 * g
        step, _, is_cut = Dense(H, g, reach=7.0).best(math.inf)
        np.testing.assert_allclose(step, -np.linalg.pinv(H, rcond=1e-10) @ g, rtol=1e-9, atol=1e-12)
        assert not is_cut


@pytest.mark.parametrize("radius", [0.1, 2.0, math.inf])
def test_the_way_down_that_the_gradient_does_not_show(radius):
    """The hard case: the gradient has no part along the most negative curvature."""
    H, Q = matrix([-2.0, 1.0, 5.0])
    for g in (np.zeros(3), 1e-2 * Q[:, 1], -1e-2 * Q[:, 2]):
        step, fall, is_cut = Dense(H, g, reach=3.0).best(radius)
        length = min(radius, 3.0)
        assert np.linalg.norm(step) == pytest.approx(length, rel=1e-9)
        assert fall >= 0.99 * length**2
        assert is_cut


def test_damping_stands_on_the_diagonal():
    H, _ = matrix([-1.0, 2.0, 3.0])
    g = RNG.normal(size=3)
    for damping in (1.5, 10.0):
        expected = np.linalg.solve(H + damping * np.eye(3), -g)
        np.testing.assert_allclose(Dense(H, g, damping).best(math.inf).step, expected, rtol=1e-10)
        found = Products(lambda v: H @ v, g, damping).best(math.inf).step
        np.testing.assert_allclose(found, expected, rtol=1e-10)


@every
@pytest.mark.parametrize("radius", [1e-3, 0.3, 1.0, 50.0, math.inf])
def test_by_products_it_falls_at_least_as_along_the_gradient(values, radius):
    H, _ = matrix(values)
    g = RNG.normal(size=len(values))
    step, fall, is_cut = Products(lambda v: H @ v, g, reach=7.0).best(radius)
    length, limit = np.linalg.norm(step), 7.0 if math.isinf(radius) else radius
    assert fall == pytest.approx(fall_of(H, g, step), rel=1e-9)
    assert length <= limit * (1 + 1e-9) or (math.isinf(radius) and min(values) <= 0)
    cauchy = g @ g / (g @ H @ g) if g @ H @ g > 0 else math.inf
    along = -g * min(cauchy, limit / np.linalg.norm(g))
    assert fall >= fall_of(H, g, along) * (1 - 1e-9)
    if not is_cut and min(values) > 0:
        np.testing.assert_allclose(step, Dense(H, g).best(radius).step, rtol=1e-8)


@every
def test_by_products_a_smaller_radius_is_the_same_way_not_as_far(values):
    H, _ = matrix(values)
    H, g = np.kron(H, np.diag([1.0, 0.1, 0.01])), RNG.normal(size=3 * len(values))
    model, calls = Products(lambda v: calls.append(1) or H @ v, g, reach=7.0), []
    whole = model.best(math.inf)
    count, falls, length = len(calls), [whole.fall], np.linalg.norm(whole.step)
    for part in (0.9, 0.5, 0.1, 1e-3, 1e-6):
        step, fall, is_cut = model.best(part * length)
        assert np.linalg.norm(step) == pytest.approx(part * length, rel=1e-9)
        assert fall == pytest.approx(fall_of(H, g, step), rel=1e-6)
        assert is_cut
        falls.append(fall)
    assert falls == sorted(falls, reverse=True)
    assert falls[-1] > 0
    assert len(calls) == count
