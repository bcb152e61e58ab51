"""What a function calls its arguments."""

import numpy as np
import pytest

from autodiff import compile, derive, value_and_grad


def test_parameters_by_keyword_keep_their_defaults():
    def power(x, *, n=2, by=3.0):
        return by * x**n

    program = derive(power, 2.0)
    assert program(2.0) == (12.0, 12.0)
    assert "def power(x):" in program.source
    assert compile(power)(2.0) == 12.0
    assert compile(power)(2.0, n=3, by=1.0) == 8.0


@pytest.mark.parametrize("ufunc", [np.sin, np.tanh])
def test_a_function_of_numpys_own_is_derived(ufunc):
    value, slope = derive(ufunc, 0.5)(0.5)
    assert (value, slope) == pytest.approx(value_and_grad(ufunc)(0.5), rel=1e-15)
    assert compile(ufunc)(0.5) == pytest.approx(ufunc(0.5), rel=1e-15)
    assert derive(np.multiply, 2.0, 3.0)(2.0, 3.0) == (6.0, (3.0, 2.0))
