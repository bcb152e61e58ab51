"""Programs as people write them with NumPy: none of them knows that it will be differentiated."""

import numpy as np


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def kalman_log_likelihood(log_noise, observations, dt=0.5):
    """A body that moves at nearly constant velocity; its position is observed."""
    process, measured = np.exp(log_noise)
    F = np.array([[1.0, dt], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    Q = process * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    R = measured * np.eye(1)
    x, P = np.zeros(2), 10.0 * np.eye(2)
    log_likelihood = 0.0
    for y in observations:
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        innovation = y - H @ x
        K = np.linalg.solve(S, H @ P).T
        x = x + K @ innovation
        P = (np.eye(2) - K @ H) @ P
        log_likelihood -= 0.5 * (
            innovation @ np.linalg.inv(S) @ innovation + np.log(np.linalg.det(2 * np.pi * S))
        )
    return log_likelihood


def gp_kernel(theta, X):
    amplitude, length, noise = np.exp(theta)
    squared = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1)
    return amplitude**2 * np.exp(-0.5 * squared / length**2) + noise**2 * np.eye(len(X))


def gp_negative_log_likelihood(theta, X, y):
    L = np.linalg.cholesky(gp_kernel(theta, X))
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + 0.5 * len(y) * np.log(2 * np.pi)


def gp_negative_log_likelihood_by_slogdet(theta, X, y):
    K = gp_kernel(theta, X)
    _sign, logdet = np.linalg.slogdet(K)
    return 0.5 * (np.dot(y, np.linalg.solve(K, y)) + logdet + len(y) * np.log(2 * np.pi))


def render_sphere(scene, size=12):
    """The brightness of each pixel of a shaded sphere, seen from the origin along z."""
    center, radius, light = scene["center"], scene["radius"], scene["light"]
    u, v = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))
    rays = np.stack([u, v, np.full_like(u, 2.0)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    b = rays @ center
    discriminant = b**2 - np.dot(center, center) + radius**2
    with np.errstate(invalid="ignore"):
        distance = b - np.sqrt(discriminant)  # NaN where the ray misses
        hit = (discriminant > 0) & (distance > 0)
        points = distance[..., np.newaxis] * rays
        normals = (points - center) / radius
        towards = light / np.linalg.norm(light)
        diffuse = np.clip(np.einsum("ijk,k->ij", normals, towards), 0.0, None)
        halfway = towards - rays
        halfway = halfway / np.sqrt((halfway**2).sum(axis=-1, keepdims=True))
        shine = np.maximum((normals * halfway).sum(axis=-1), 0.0) ** 20
        return np.where(hit, 0.1 + 0.7 * diffuse + 0.2 * shine, 0.0)


def softmax_regression_loss(params, X, labels, penalty=0.01):
    W, b = params
    scores = X @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    log_probabilities = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    picked = log_probabilities[np.arange(len(labels)), labels]
    return -picked.mean() + penalty * np.sum(W * W)


def n_body_energy(positions, velocities, masses):
    kinetic = 0.5 * np.sum(masses * (velocities**2).sum(axis=1))
    i, j = np.triu_indices(len(masses), k=1)
    distances = np.linalg.norm(positions[i] - positions[j], axis=-1)
    return kinetic - np.sum(masses[i] * masses[j] / distances)


def n_body_accelerations(positions, masses, softening=0.05):
    apart = positions[np.newaxis] - positions[:, np.newaxis]
    cubed = (np.sum(apart**2, axis=-1) + softening**2) ** 1.5
    return np.sum(masses[:, np.newaxis] * apart / cubed[..., np.newaxis], axis=1)


def n_body_final_energy(positions, velocities, masses, dt=0.02, steps=15):
    """After some steps of the leapfrog integrator."""
    accelerations = n_body_accelerations(positions, masses)
    for _ in range(steps):
        velocities = velocities + 0.5 * dt * accelerations
        positions = positions + dt * velocities
        accelerations = n_body_accelerations(positions, masses)
        velocities = velocities + 0.5 * dt * accelerations
    return n_body_energy(positions, velocities, masses)


def lotka_volterra(rates, start, t_end=2.0, steps=40):
    """Prey and predators at the end, by the method of Runge and Kutta."""
    birth, hunt, growth, death = rates

    def slope(state):
        prey, predators = state
        return np.stack([birth * prey - hunt * prey * predators,
                         growth * prey * predators - death * predators])  # fmt: skip

    state, h = start, t_end / steps
    for _ in range(steps):
        k1 = slope(state)
        k2 = slope(state + h / 2 * k1)
        k3 = slope(state + h / 2 * k2)
        k4 = slope(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state
