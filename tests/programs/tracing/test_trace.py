"""What a trace keeps."""

import numpy as np
from agreement import close

from autodiff import derive


def test_a_generator_is_an_argument_and_draws_anew():
    def f(x, rng):
        return np.sum(x * rng.normal(size=3))

    x = np.ones(3)
    program = derive(f, x, np.random.default_rng(0), argnums=0)
    gradient = program(x, np.random.default_rng(5))[1]
    close(gradient, np.random.default_rng(5).normal(size=3))
    assert "rng.normal(size=(3,))" in program.source or "rng.normal(size=3)" in program.source
