"""The line search: where it ends, the strong conditions of Wolfe hold, or nothing is lower."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Value
from optim.line_search import FALL, FLATTER, strong_wolfe
from optim.objective import Objective

# Functions of a number that fall from 0 on, with a minimum along the way.
FALLING = {
    "parabola": lambda t: (t - 1) ** 2,
    "far parabola": lambda t: (t - 1e5) ** 2,
    "near parabola": lambda t: (1e5 * t - 1) ** 2,
    "quartic": lambda t: (t - 2) ** 4 + t,
    "waves": lambda t: -ad.sin(3 * t) - 2 * t + 0.2 * t * t,
    "flat and steep": lambda t: ad.exp(t - 5) - t / 10,
    "More and Thuente 1": lambda t: -t / (t * t + 2),
    "a wall of infinity": lambda t: -t - ad.log(3 - t),
    "a wall of NaN": lambda t: ad.where(t > 1.5, np.nan, (t - 1) ** 2),
    "a cliff": lambda t: ad.where(t > 1.5, t + 1e6, (t - 1) ** 2),
    "overflow": lambda t: ad.exp(t * t) - 3 * t,
}


def searched(f, first, direction=1.0, **settings):
    w = Value(0.0)
    objective = Objective(lambda: f(w), [w])
    begin = objective.begin()
    found = strong_wolfe(objective, begin, np.array([direction]), first, **settings)
    return begin, found, objective


@pytest.mark.parametrize("f", FALLING.values(), ids=FALLING)
@given(power=st.floats(-6, 6), scale=st.floats(1e-3, 1e3))
def test_the_conditions_hold(f, power, scale):
    begin, found, objective = searched(f, 10.0**power / scale, direction=scale)
    slope = begin.gradient[0] * scale
    assert found.loss <= begin.loss + FALL * (found.x[0] / scale) * slope
    assert abs(found.gradient[0] * scale) <= FLATTER * abs(slope)
    assert found.loss == float(f(Value(found.x[0])).data)
    assert objective.evaluations <= 26


def test_a_first_trial_that_is_good_is_taken():
    begin, found, objective = searched(lambda t: (t - 1) ** 2, 0.9)
    assert (begin.x[0], found.x[0], objective.evaluations) == (0.0, 0.9, 2)


def test_of_a_parabola_and_a_cubic_it_finds_the_minimum_at_once():
    for f in (lambda t: (t - 1) ** 2, lambda t: t**3 / 3 + t * t - 3 * t):
        _, found, objective = searched(f, 5.0)
        assert found.x[0] == pytest.approx(1.0, rel=1e-12)
        assert objective.evaluations == 3


def test_without_a_minimum_it_goes_as_far_as_it_may():
    _, found, objective = searched(lambda t: -t, 1.0, most=5)
    assert (found.x[0], objective.evaluations) == (1e4, 6)


def test_where_nothing_is_lower_it_is_back_at_the_beginning():
    for f in (
        lambda t: ad.where(t > 0, 1.0, -t),  # a gradient that promises what is not so
        lambda t: ad.where(t > 0, np.nan, -t),
    ):
        begin, found, _ = searched(f, 1.0)
        assert found is begin


def test_a_fall_that_the_loss_cannot_show_is_not_sought():
    """The loss is known to 2e-16 of 1, and falls by 1e-20."""
    begin, found, objective = searched(lambda t: 1.0 + 1e-20 * (t - 1) ** 2, 1e-3, most=1000)
    assert objective.evaluations < 60
    assert found.loss <= begin.loss
