"""What the variables of a program are called."""

import numpy as np
import pytest
from agreement import close

import autodiff as ad
from autodiff import compile, derive, hvp


def test_names_of_the_user_do_not_meet_those_of_a_program():
    def f(np1, slice):
        buffer1 = np.tanh(np1)
        f = buffer1.T
        return np.sum(f @ buffer1) * slice

    def mixed(w, w0, np):
        return np * (w[0] * 2 + w[1] * 3 + w0 * 5)

    x = np.arange(4.0).reshape(2, 2)
    close(compile(f)(x, 2.0), f(x, 2.0))
    close(derive(f, x, 2.0, argnums=())(x, 2.0), f(x, 2.0))
    for program in (compile(mixed), derive(mixed, [1.0, 2.0], 3.0, 4.0, argnums=())):
        close(program([1.0, 2.0], 3.0, 4.0), 92.0)
    close(compile(ad.softmax)(x), ad.softmax(x))
    close(derive(ad.softmax, x, argnums=())(x), ad.softmax(x))


def test_a_name_is_a_name():
    with pytest.raises(ValueError, match="no Python name"):
        derive(lambda x: x, 1.0, name="a b")


def test_the_outermost_name_of_a_variable_is_taken():
    def squared(thing):
        inner = thing * thing
        return inner

    def f(a, b):
        first = squared(a)
        second = squared(b)
        return first + second

    source = derive(f, 2.0, 3.0, argnums=()).source
    assert "first = a * a" in source
    assert "second = b * b" in source


def test_a_gradient_of_what_the_result_does_not_need_has_no_name():
    def f(x, y):
        return np.sum(np.where(y > 0, x, y) @ y)

    x, y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, -0.2], [0.7, -3.0]])
    product = lambda x, y: hvp(f, (x, y), (y, x))  # noqa: E731
    for found in (compile(product)(x, y), derive(product, x, y, argnums=())(x, y)):
        for part, right in zip(found, product(x, y), strict=True):
            close(part, right)
