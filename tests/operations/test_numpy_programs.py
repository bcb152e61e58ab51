"""Ordinary NumPy programs differentiate unchanged; each is checked by what shares no code."""

import numpy as np
import pytest
from numpy_programs import (
    gp_kernel,
    gp_negative_log_likelihood,
    gp_negative_log_likelihood_by_slogdet,
    kalman_log_likelihood,
    lotka_volterra,
    n_body_energy,
    n_body_final_energy,
    render_sphere,
    rosenbrock,
    softmax_regression_loss,
)

from autodiff import grad, hessian, hvp, jacobian, value_and_grad
from autodiff.testing import complex_step, finite_differences


def close(found, expected, rtol=1e-9):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.max(np.abs(expected)))


def agrees(f, *args, argnums=0, rtol=1e-8):
    """The gradient against finite differences, and the value against the plain program."""
    value, gradient = value_and_grad(f, argnums)(*args)
    close(value, f(*args), 1e-12)
    close(gradient, finite_differences(f, *args, argnums=argnums).value, rtol)
    return gradient


def test_rosenbrock():
    x = np.array([-1.2, 1.0, 0.5, 1.5])
    inside = 400 * x**3 - 400 * x * np.append(x[1:], 0.0) + 2 * x - 2
    expected = np.where(np.arange(4) < 3, inside, 0.0)
    expected[1:] += 200 * (x[1:] - x[:-1] ** 2)
    close(grad(rosenbrock)(x), expected, 1e-14)
    diagonal = np.where(np.arange(4) < 3, 1200 * x**2 - 400 * np.append(x[1:], 0.0) + 2, 0.0)
    diagonal[1:] += 200
    matrix = np.diag(diagonal) + np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    close(hessian(rosenbrock)(x), matrix, 1e-14)
    v = np.array([1.0, -2.0, 0.5, 3.0])
    close(hvp(rosenbrock, (x,), (v,)), matrix @ v, 1e-13)


def test_newtons_method_finds_the_minimum_of_rosenbrock():
    x = np.array([-1.2, 1.0])
    for _ in range(8):
        x = x - np.linalg.solve(hessian(rosenbrock)(x), grad(rosenbrock)(x))
    close(x, np.ones(2), 1e-10)


def test_kalman_filter():
    y = np.cumsum(np.random.default_rng(0).normal(size=12))
    theta = np.array([-0.7, 0.2])
    gradient = agrees(kalman_log_likelihood, theta, y)
    close(gradient, complex_step(kalman_log_likelihood, theta, y), 1e-12)
    close(
        hessian(kalman_log_likelihood)(theta, y),
        [complex_slope(lambda t, i=i: grad_by_complex_step(t, y)[i], theta) for i in range(2)],
        1e-5,
    )
    by_data = grad(kalman_log_likelihood, 1)(theta, y)
    close(by_data, complex_step(kalman_log_likelihood, theta, y, argnums=1), 1e-12)


def grad_by_complex_step(theta, y):
    return complex_step(kalman_log_likelihood, theta, y)


def complex_slope(f, theta):
    """Central differences of what is itself exact."""
    h = 1e-6
    steps = h * np.eye(len(theta))
    return [(f(theta + s) - f(theta - s)) / (2 * h) for s in steps]


def gp_closed_form(theta, X, y):
    """1/2 tr((K^-1 - alpha alpha') dK/dtheta): Rasmussen and Williams (2006), equation 5.9."""
    K = gp_kernel(theta, X)
    inverse = np.linalg.inv(K)
    alpha = inverse @ y
    noise = np.exp(2 * theta[2]) * np.eye(len(X))
    squared = np.sum((X[:, None] - X[None]) ** 2, -1)
    slopes = [2 * (K - noise), (K - noise) * squared / np.exp(2 * theta[1]), 2 * noise]
    return [0.5 * np.sum((inverse - np.outer(alpha, alpha)) * s) for s in slopes]


@pytest.mark.parametrize(
    "program", [gp_negative_log_likelihood, gp_negative_log_likelihood_by_slogdet]
)
def test_gaussian_process(program):
    rng = np.random.default_rng(1)
    X = rng.uniform(-2, 2, size=(8, 2))
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=8)
    theta = np.log([1.2, 0.8, 0.3])
    close(agrees(program, theta, X, y), gp_closed_form(theta, X, y), 1e-10)
    agrees(program, theta, X, y, argnums=1)
    h = 1e-5
    rows = [
        (np.array(gp_closed_form(theta + h * e, X, y)) - gp_closed_form(theta - h * e, X, y))
        / (2 * h)
        for e in np.eye(3)
    ]
    close(hessian(program)(theta, X, y), rows, 1e-7)


def test_ray_sphere_intersection():
    scene = {
        "center": np.array([0.2, -0.1, 5.0]), "radius": 1.3, "light": np.array([2.0, 3.0, -4.0])
    }  # fmt: skip
    image = render_sphere(scene)
    assert 20 < np.count_nonzero(image) < 130  # some rays hit, others miss
    target = np.random.default_rng(2).uniform(size=image.shape) * (image > 0)

    def loss(scene):
        return np.sum((render_sphere(scene) - target) ** 2 * (image > 0))

    value, gradient = value_and_grad(loss)(scene)
    close(value, loss(scene), 1e-12)
    expected, _ = finite_differences(loss, scene)
    for name in scene:
        close(gradient[name], expected[name], 1e-6)
    second = hessian(lambda light: loss({**scene, "light": light}))(scene["light"])
    h = 1e-5
    slope = grad(lambda light: loss({**scene, "light": light}))
    rows = [
        (slope(scene["light"] + h * e) - slope(scene["light"] - h * e)) / (2 * h) for e in np.eye(3)
    ]
    close(second, rows, 1e-6)


def test_softmax_regression():
    rng = np.random.default_rng(3)
    X, labels = rng.normal(size=(10, 4)), rng.integers(3, size=10)
    W, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    value, (by_W, by_b) = value_and_grad(softmax_regression_loss)((W, b), X, labels)
    close(value, softmax_regression_loss((W, b), X, labels), 1e-13)
    p = np.exp(X @ W + b)
    p /= p.sum(axis=1, keepdims=True)
    error = (p - np.eye(3)[labels]) / 10
    close(by_W, X.T @ error + 0.02 * W, 1e-12)
    close(by_b, error.sum(axis=0), 1e-12)
    second = hessian(lambda b: softmax_regression_loss((W, b), X, labels))(b)
    close(second, (np.diag(p.sum(0)) - p.T @ p) / 10, 1e-12)
    steps = [(W, b)]
    for _ in range(30):
        slopes = grad(softmax_regression_loss)(steps[-1], X, labels)
        steps.append(tuple(w - g for w, g in zip(steps[-1], slopes, strict=True)))
    assert softmax_regression_loss(steps[-1], X, labels) < 0.7 * value


def test_n_body():
    rng = np.random.default_rng(4)
    x, v, m = rng.normal(size=(4, 2)), 0.3 * rng.normal(size=(4, 2)), rng.uniform(0.5, 1.5, 4)
    apart = x[None] - x[:, None]
    distance = np.linalg.norm(apart, axis=-1, keepdims=True) + np.eye(4)[..., None]
    forces = np.sum(m[:, None, None] * m[None, :, None] * apart / distance**3, axis=1)
    close(grad(n_body_energy)(x, v, m), -forces, 1e-12)
    close(grad(n_body_energy, 1)(x, v, m), m[:, None] * v, 1e-13)
    agrees(n_body_energy, x, v, m, argnums=2)
    for argnums in range(3):
        agrees(n_body_final_energy, x, v, m, argnums=argnums, rtol=1e-7)


def test_runge_kutta():
    rates, start = np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0])
    for argnums in range(2):
        found = jacobian(lotka_volterra, argnums)(rates, start)
        for i in range(2):
            expected = complex_step(
                lambda *a, i=i: lotka_volterra(*a)[i], rates, start, argnums=argnums
            )
            close(found[i], expected, 1e-12)
    along = np.array([1.0, -1.0, 0.5, 0.2])
    found = hvp(lambda r: lotka_volterra(r, start)[0], (rates,), (along,))
    h = 1e-5

    def slope(r):
        return complex_step(lambda r: lotka_volterra(r, start)[0], r)

    close(found, (slope(rates + h * along) - slope(rates - h * along)) / (2 * h), 1e-6)
