"""What a program computes with again and again is made once."""

import numpy as np
import pytest

from autodiff import compile


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_and_repeated_rows_are_hoisted(dtype):
    rng = np.random.default_rng(0)
    x, row = rng.normal(size=(16, 32)).astype(dtype), rng.normal(size=32).astype(dtype)
    column = rng.normal(size=(16, 1)).astype(dtype)

    def f(x, row, column):
        for _ in range(3):
            x = np.tanh((1 - x) * -0.5 + row) * column
        return x

    compiled = compile(f)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, row, column), f(x, row, column), strict=True)
    text = "" if dtype == np.float64 else ", np.float32"
    name = "" if dtype == np.float64 else "_float32"
    assert f"_1{name} = np.array(1.0{text})\n" in compiled.source
    assert f"_minus_0_5{name} = np.array(-0.5{text})\n" in compiled.source
    assert compiled.source.count("full_row = np.positive(row, out=") == 1
    assert compiled.source.count("full_column = np.positive(column, out=") == 1
    assert compiled.source.count(", full_row, out=") == 3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("number", [1e-5, 1e5, 1e16, 1e-16, 1e300, np.inf, np.nan, 3, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_hoisted_number_is_that_number(number, dtype):
    x = np.array([0.5, 3.0, -2.0], dtype)

    def f(x):
        return x * number + (x + 1e-16) * (x > 2.5), np.hypot(x, 1e16)

    for found, right in zip(compile(f)(x), f(x), strict=True):
        np.testing.assert_array_equal(found, right, strict=True)


def test_a_parameter_may_be_called_like_what_is_hoisted():
    def f(_1, full_b, ones_2):
        for _ in range(3):
            _1 = (1 - _1) + ones_2 * full_b
        return _1

    args = np.ones((2, 2)), np.array([1.0, 2.0]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(compile(f)(*args), f(*args), strict=True)
