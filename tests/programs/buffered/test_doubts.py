"""Where chance brings a zero and an infinity together, a program finds the NaN and mends it."""

import numpy as np
import pytest
from agreement import saved

import autodiff as ad
from autodiff import compile, derive, grad, value_and_grad
from autodiff.programs.buffered.doubts import _passes_on

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# A function, and arguments at which a zero cotangent meets what is not finite, or an infinite one
# a branch that is not taken; at the regular arguments that programs are traced on, none does.
MEETINGS = {
    "a power that overflows": (lambda x: ad.sum(1 / x**3), [1e200, 2.0]),
    "a product beside infinity": (lambda x: ad.sum(x[0] * ad.tanh(x) * x[1]), [0.0, np.inf]),
    "NaN that a maximum passes": (lambda x: ad.sum(np.maximum(x, 0.0) ** 2), [np.nan, 2.0]),
    "NaN that relu passes": (lambda x: ad.sum(ad.relu(x) ** 2), [np.nan, 2.0]),
    "an infinite row": (lambda x: ad.sum(ad.softmax(x) @ np.outer(x, x)), [np.inf, 0.0]),
    "an infinity in a matrix": (
        lambda x: ad.sum(ad.tanh(np.outer(x, x) @ np.array([1.0, 0.5]))[1:]), [np.inf, 0.5],
    ),
}  # fmt: skip
READINGS = {
    "derived": derive,
    "saved": lambda f, x: saved(derive(f, x)),
    "compiled": lambda f, x: compile(value_and_grad(f)),
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("meeting", MEETINGS)
def test_at_other_arguments_than_the_first(meeting, reading):
    f, numbers = MEETINGS[meeting]
    program = READINGS[reading](f, np.array([0.7, 1.3]))
    for x in (np.array([0.7, 1.3]), np.array(numbers), np.array([0.3, -2.0])):
        for found, expected in zip(program(x), value_and_grad(f)(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("meeting", MEETINGS)
def test_what_is_donated_is_as_it_was_when_it_is_done_again(meeting):
    f, numbers = MEETINGS[meeting]

    @compile(donate=("w", "v"))
    def step(w, v):
        slope = grad(f)(w)
        v = 0.9 * v + slope
        return w - 0.1 * v, v

    step(np.array([0.7, 1.3]), np.ones(2))
    w = np.array(numbers)
    v = 0.9 * np.ones(2) + grad(f)(w)
    for one, expected in zip(step(w, np.ones(2)), (w - 0.1 * v, v), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-14)


def test_so_few_results_are_looked_at_as_show_every_doubt():
    @compile(donate="layers")
    def step(layers, X, y):
        def loss(layers):
            (W, b), (V, c) = layers
            return ad.mean((ad.tanh(X @ W + b) @ V + c - y) ** 2)

        value, slopes = value_and_grad(loss)(layers)
        return value, [(W - s, b - t) for (W, b), (s, t) in zip(layers, slopes, strict=True)]

    rng = np.random.default_rng(0)
    layers = [
        (rng.normal(size=(3, 4)), np.zeros(4)),
        (rng.normal(size=(4, 2)), np.zeros(2)),
    ]
    step(layers, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
    (look,) = [line for line in step.source.splitlines() if "isnan" in line]
    assert look.count("isnan") == 2  # of the weights; a bias shows no more than its weight


def test_through_which_functions_a_nan_always_shows():
    shows = ["add", "subtract", "multiply", "divide", "negative", "tanh", "exp", "maximum", "sqrt"]
    assert all(_passes_on(f, 0, np.__dict__[f].nin) for f in shows)
    hides = ["power", "hypot", "fmax", "less", "isnan", "ldexp", "copysign"]
    assert not any(_passes_on(f, np.__dict__[f].nin - 1, np.__dict__[f].nin) for f in hides)
