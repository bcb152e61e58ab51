"""A loss as a function of one vector: what it gives is what the parameters themselves would."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from optim.objective import Objective

A = np.random.default_rng(0).normal(size=(4, 3))


def made(dtype=np.float64):
    """An objective of a Value, a matrix and a vector of none, and f of plain arrays."""
    params = [Value(0.5), Tensor(np.array([[1.0, -2.0, 3.0]], dtype)), Tensor(np.empty(0, dtype))]

    def f(a, M, none):
        return (ad.tanh(A @ M[0]) ** 2).sum() * a + ad.exp(a) + (none * 2).sum()

    return params, f, Objective(lambda: f(*params), params)


def test_it_gives_the_loss_its_gradient_and_its_curvature():
    params, f, objective = made()
    point = objective.begin()
    assert point.x.tolist() == [0.5, 1.0, -2.0, 3.0]

    def g(x):
        return f(x[0], x[None, 1:], np.empty(0))

    for x in (point.x, np.array([-1.0, 0.1, 0.2, 0.3])):
        found = objective.point(x)
        assert found.loss == pytest.approx(float(g(x)), rel=1e-14)
        np.testing.assert_allclose(found.gradient, ad.grad(g)(x), rtol=1e-12)
        hessian, product = objective.curvature()
        np.testing.assert_allclose(hessian(), ad.hessian(g)(x), rtol=1e-10, atol=1e-12)
        v = np.arange(4.0)
        np.testing.assert_allclose(product(v), ad.hessian(g)(x) @ v, rtol=1e-10, atol=1e-12)
    assert (params[0].data, params[1].data.tolist()) == (-1.0, [[0.1, 0.2, 0.3]])
    assert objective.evaluations == 3


def test_it_moves_to_what_the_parameters_can_hold():
    params, _, objective = made(np.float32)
    objective.at(np.full(4, 0.1))
    assert objective.x.tolist() == [0.1, *[float(np.float32(0.1))] * 3]
    assert params[1].data.dtype == np.float32
    start = objective.x
    objective.move(np.zeros(4))
    objective.move(start)
    np.testing.assert_array_equal(objective.x, start)


def test_where_there_is_no_loss_its_gradient_is_nan_and_nothing_warns():
    w = Tensor([1.0, 2.0])
    objective = Objective(lambda: ad.log(w).sum(), [w])
    objective.begin()
    for x in (np.array([-1.0, 1.0]), np.array([0.0, 1.0])):
        point = objective.point(x)
        assert not np.isfinite(point.loss)
        assert np.isnan(point.gradient).all()


@pytest.mark.parametrize(("dtype", "eps"), [(np.float32, 2.0**-23), (np.float64, 2.0**-52)])
def test_how_finely_the_loss_is_known(dtype, eps):
    w = Tensor(np.ones(2, dtype))
    objective = Objective(lambda: (w * w).sum(), [w])
    objective.begin()
    assert objective.precision == eps
