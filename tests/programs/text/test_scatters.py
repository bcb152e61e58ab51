"""Sums of scatters, as a person writes them."""

import numpy as np
from agreement import agree

from autodiff import derive


def test_entries_are_added_in_place():
    def rosenbrock(x):
        return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2 + np.sum(x[[0, 0, 1]] ** 2)

    x = np.array([1.5, -2.0])
    program = derive(rosenbrock, x)
    assert "d_x = np.zeros(2)  # (2,)\n" in program.source
    assert "    d_x[0] += d_v" in program.source
    assert "np.add.at(d_x, np.array([0, 0, 1]), " in program.source
    agree(program, rosenbrock, x, argnums=0)
    assert "d_x = jnp.zeros(2).at[" in derive(rosenbrock, x, engine="jax").source
    for f in (lambda x: np.sum(x[::2]) + x[1] ** 2 * x[2], lambda x: np.sum(x * x) + x[1] ** 3):
        agree(derive(f, np.arange(3.0)), f, np.arange(3.0), argnums=0)


def test_a_scatter_that_is_used_twice_has_a_line_of_its_own():
    def f(x):
        y = x + x[0]
        return np.sum(y[:, 1] ** 3)

    x = np.cos(np.arange(9.0)).reshape(3, 3)
    program = derive(f, x)
    agree(program, f, x, argnums=0)
    assert "d_y[:, 1] += " in program.source
    assert "d_y.copy()" in program.source
