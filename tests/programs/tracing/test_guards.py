"""What a traced function must not do."""

import functools
import random

import numpy as np
import pytest
from agreement import close

from autodiff import derive
from autodiff.programs.tracing.standins import TraceError


def test_fresh_randomness_is_refused_and_a_generator_made_inside_is_a_constant():
    rng = np.random.default_rng(0)

    def noisy(x):
        return x * rng.normal()

    class Dropout:
        def __init__(self):
            self.settings = [{"rng": np.random.default_rng(1)}]

        def __call__(self, x):
            return x * self.settings[0]["rng"].normal()

    draws = (
        noisy,
        lambda x: x * np.random.normal(),
        lambda x: x * random.random(),
        lambda x: noisy(x) + 1,
        Dropout(),
        Dropout().__call__,
        functools.partial(lambda a, x: noisy(x) * a, 2.0),
    )
    for f in draws:
        with pytest.raises(TraceError, match="Make the generator an argument"):
            derive(f, 1.0)
    seeded = derive(lambda x: x * np.random.default_rng(7).normal(), 1.0)
    close(seeded(2.0)[0], 2 * np.random.default_rng(7).normal())
