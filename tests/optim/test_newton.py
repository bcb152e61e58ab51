"""Newton's method: one step to the minimum of a quadratic, and never to a higher loss."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rough_functions import ROUGH, can_begin

import autodiff as ad
from autodiff import Tensor, Value
from nn import Linear, Sequential, Tanh, mse
from optim import Newton
from optim.newton import by_differences
from optim.objective import Objective

HESSIANS = {"exact": 1e-12, "products": 1e-9, "finite-difference": 1e-5}
every = pytest.mark.parametrize("hessian", HESSIANS)
RNG = np.random.default_rng(0)


def quadratic(size, condition, seed=0):
    """A matrix with eigenvalues from 1 to `condition`, a minimum and a start."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
    A = (Q * np.geomspace(1, condition, size)) @ Q.T
    return (A + A.T) / 2, rng.normal(size=size), rng.normal(size=size)


@every
@pytest.mark.parametrize("size", [1, 2, 10, 60])
@pytest.mark.parametrize("condition", [1, 30, 1000])
def test_one_step_is_at_the_minimum_of_a_quadratic(hessian, size, condition):
    for seed in range(3):
        A, least, start = quadratic(size, condition, seed)
        w, b = Tensor(start), A @ least
        optimizer = Newton([w], hessian=hessian)
        optimizer.step(lambda w=w, A=A, b=b: w @ (A @ w) / 2 - b @ w)
        error = np.linalg.norm(w.data - least) / np.linalg.norm(start - least)
        assert error <= HESSIANS[hessian]


@every
def test_parameters_of_all_kinds_are_one_vector(hessian):
    A, least, start = quadratic(7, 100)
    a, M, v = Value(start[0]), Tensor(start[1:5].reshape(2, 2)), Tensor(start[5:])

    def loss():
        w = ad.concatenate([ad.reshape(a, (1,)), M.reshape((4,)), v])
        return w @ (A @ w) / 2 - (A @ least) @ w

    Newton([a, M, v], hessian=hessian).step(loss)
    found = np.concatenate([[a.data], M.data.ravel(), v.data])
    np.testing.assert_allclose(found, least, rtol=100 * HESSIANS[hessian])


@every
@pytest.mark.parametrize("damping", [0.5, 100.0])
def test_damping_is_added_to_the_diagonal(hessian, damping):
    A, least, start = quadratic(5, 10)
    w = Tensor(start)
    Newton([w], hessian=hessian, damping=damping).step(lambda: (w - least) @ (A @ (w - least)) / 2)
    expected = start - np.linalg.solve(A + damping * np.eye(5), A @ (start - least))
    np.testing.assert_allclose(w.data, expected, rtol=1e-6)


@every
def test_a_part_of_the_step(hessian):
    A, least, start = quadratic(5, 10)
    w = Tensor(start)
    Newton([w], lr=0.25, hessian=hessian).step(lambda: (w - least) @ (A @ (w - least)) / 2)
    np.testing.assert_allclose(w.data, start + 0.25 * (least - start), rtol=1e-6)


@every
def test_where_the_hessian_is_singular_it_takes_the_shortest_step(hessian):
    """Least squares with more weights than equations."""
    X, y, start = RNG.normal(size=(3, 6)), RNG.normal(size=3), RNG.normal(size=6)
    w = Tensor(start)
    Newton([w], hessian=hessian).step(lambda: ((X @ w - y) ** 2).sum())
    expected = start + np.linalg.pinv(X) @ (y - X @ start)
    np.testing.assert_allclose(w.data, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("hessian", ["exact", "finite-difference"])
def test_it_leaves_a_saddle_where_no_gradient_leads_away(hessian):
    w = Tensor([0.0, 0.0])
    optimizer = Newton([w], hessian=hessian)
    for _ in range(20):
        optimizer.step(lambda: w[0] ** 2 - w[1] ** 2 + w[1] ** 4)
    np.testing.assert_allclose(np.abs(w.data), [0.0, math.sqrt(0.5)], atol=1e-8)


@every
def test_a_network_comes_down_at_every_step(hessian):
    X, Y = RNG.normal(size=(30, 2)), np.sin(RNG.normal(size=(30, 1)))
    model = Sequential(Linear(2, 5, seed=0), Tanh(), Linear(5, 1, seed=1))
    optimizer = Newton(model.parameters(), hessian=hessian)
    losses = [optimizer.step(lambda: mse(model(X), Y)).data.item() for _ in range(25)]
    assert all(b <= a for a, b in itertools.pairwise(losses))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_of_the_gradient_are_the_hessian(dtype):
    w = Tensor(np.array([0.5, -1.0, 2.0], dtype))
    objective = Objective(lambda: (ad.sin(w) * w[0] + w**2).sum(), [w])
    point = objective.begin()
    expected = objective.curvature()[0]()
    tolerance = 1e-6 if dtype is np.float64 else 1e-2
    found = by_differences(objective, point)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def loss_at(f, w):
    with np.errstate(all="ignore"):
        return float(f(w).data)


@every
@pytest.mark.parametrize("f", ROUGH.values(), ids=ROUGH)
@settings(max_examples=max(settings.default.max_examples // 10, 1))
@given(start=st.tuples(*[st.floats(-3, 3)] * 2), steps=st.integers(1, 4))
def test_it_never_ends_higher_than_it_began(hessian, f, start, steps):
    w = Tensor(np.array(start))
    optimizer = Newton([w], hessian=hessian)
    for _ in range(steps):
        before, loss = w.data, loss_at(f, w)
        if not can_begin(f, before):
            with pytest.raises(ValueError, match="begins where the loss is finite"):
                optimizer.step(lambda: f(w))
            return
        try:
            optimizer.step(lambda: f(w))
        except ValueError as error:
            if "second derivatives" not in str(error):
                raise
            np.testing.assert_array_equal(w.data, before)
            return
        assert loss_at(f, w) <= loss
        assert np.isfinite(w.data).all()


@pytest.mark.parametrize("hessian", ["exact", "products"])
def test_second_derivatives_that_are_not_finite_are_refused(hessian):
    w = Tensor([0.0, 1.0], name="w")
    with pytest.raises(ValueError, match="second derivatives of the loss, but here some are"):
        Newton([w], hessian=hessian).step(lambda: (w**1.5 + w).sum())
    assert w.data.tolist() == [0.0, 1.0]


def test_a_hessian_that_has_no_room_is_refused_in_words():
    w = Tensor(np.ones(5_000_000))
    with pytest.raises(MemoryError, match=r'5,000,000 by 5,000,000\.\n.*hessian="products"'):
        Newton([w]).step(lambda: w.sum() ** 2)
    assert (w.data == 1).all()


def test_of_many_parameters_the_products_are_still_to_be_had():
    """Of 10,000 parameters, of which the Hessian would be 800 MB."""
    scales, w = np.geomspace(1, 100, 10_000), Tensor(np.ones(10_000))
    Newton([w], hessian="products").step(lambda: (scales * (w - 2) ** 2).sum())
    np.testing.assert_allclose(w.data, 2.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        (
            {"hessian": "approximate"},
            "`hessian` is one of 'exact', 'finite-difference', 'products'",
        ),
        ({"hessian": None}, "`hessian` is one of"),
        ({"damping": -1}, "A damping is a finite number from 0 up"),
        ({"tolerance": 0}, "A tolerance for the residual is a finite number above 0"),
        ({"max_products": 0}, "The number of products is a whole number from 1 up"),
    ],
)
def test_settings_that_are_refused(settings, rule):
    with pytest.raises(ValueError, match=rule):
        Newton([Value(1.0)], **settings)
