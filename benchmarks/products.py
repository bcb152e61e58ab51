"""Sums and products whose gradient is to cost about what their value does, by hand and by us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
Array = Any


def cumprod(rng: np.random.Generator, size: int) -> tuple[Any, Any, list[Array]]:
    """Running products of numbers near 1; by hand without a zero among them."""

    def by_hand(x: Array) -> float:
        z = np.cumprod(x)
        slope = np.cumsum(z[::-1])[::-1] / x
        return float(np.sum(z) + slope[0])

    return lambda x: np.sum(np.cumprod(x)), by_hand, [1 + 1e-6 * rng.normal(size=size)]


def convolve(rng: np.random.Generator, size: int, window: int) -> tuple[Any, Any, list[Array]]:
    """A convolution, differentiated by the longer vector: two calls of NumPy's."""
    v = rng.normal(size=window)

    def by_hand(a: Array) -> float:
        z = np.convolve(a, v)
        return float(np.sum(z * z) + np.correlate(2 * z, v, "valid")[0])

    return lambda a: np.sum(np.convolve(a, v) ** 2), by_hand, [rng.normal(size=size)]


def einsum(rng: np.random.Generator, size: int) -> tuple[Any, Any, list[Array]]:
    """Four matrices as one sum, contracted along NumPy's path; by hand with `@`."""
    a, b, c, d = (rng.normal(size=(size, size)) for _ in range(4))

    def by_hand(a: Array) -> float:
        right = b @ c @ d
        return float(np.sum(a @ right) + (np.ones((size, size)) @ right.T)[0, 0])

    path = "ij,jk,kl,lm->im"
    return lambda a: np.sum(np.einsum(path, a, b, c, d, optimize=True)), by_hand, [a]


def multi_dot(rng: np.random.Generator, size: int) -> tuple[Any, Any, list[Array]]:
    """A chain of matrices that ends in a vector: from the right, each product is of one."""
    a = rng.normal(size=(size, size)) / size
    a.setflags(write=False)  # so that it is not copied

    def by_hand(y: Array) -> float:
        return float(np.sum(a @ (a @ y)) + (a.T @ (a.T @ np.ones(size)))[0])

    return lambda y: np.sum(np.linalg.multi_dot([a, a, y])), by_hand, [rng.normal(size=size)]


FUNCTIONS = {f.__name__: f for f in (cumprod, convolve, einsum, multi_dot)}


class Problem:
    """A function of one array by name, with its value and gradient by hand."""

    def __init__(self, name: str, *sizes: int) -> None:
        self.f, self.by_hand, (self.x,) = FUNCTIONS[name](np.random.default_rng(0), *sizes)


def by_hand(p: Problem) -> Step:
    """Value and first slope in NumPy."""
    return lambda: p.by_hand(p.x)  # type: ignore[no-any-return]


def eager(p: Problem) -> Step:
    """The same by the eager engine."""
    from autodiff import value_and_grad

    return _both(value_and_grad(p.f), p.x)


def compiled(p: Problem) -> Step:
    """The same by a compiled program."""
    from autodiff import compile, value_and_grad

    return _both(compile(value_and_grad(p.f)), p.x)


def _both(run: Any, x: Array) -> Step:
    def step() -> float:
        value, slope = run(x)
        return float(value + slope.flat[0])

    return step
