"""Running products and recurrences where their entries are 0."""

import numpy as np

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
