"""Where results are put: in memory that no one else reads."""

import numpy as np
from agreement import close

import autodiff as ad
from autodiff import compile, value_and_grad


def test_a_donated_array_that_cannot_be_written_is_left_alone():
    w = np.ones(3)
    w.setflags(write=False)
    step = compile(lambda w: w - 0.1 * w, donate="w")
    close(step(w), 0.9 * w)
    close(step(np.ones(3)), 0.9 * w)
    close(step(np.ones((3, 2)).T[0]), 0.9 * w)


def test_results_are_safe_to_keep():
    f = compile(value_and_grad(lambda x: np.sum(ad.tanh(x) * x[::-1])))
    x = np.arange(4.0)
    kept = [f(x + i) for i in range(3)]
    for i, (value, slope) in enumerate(kept):
        expected, eager = value_and_grad(lambda x: np.sum(ad.tanh(x) * x[::-1]))(x + i)
        close(value, expected)
        close(slope, eager)
    passed = compile(lambda x: (x, x.T, x + 0, x))
    given = np.ones((2, 2))
    for part in passed(given):
        part += 1
    np.testing.assert_array_equal(given, 1.0)


def test_two_outputs_are_two_arrays():
    first, second = compile(lambda x: (ad.exp(x), ad.exp(x)))(np.zeros(3))
    first += 1
    np.testing.assert_array_equal(second, 1.0)


def test_results_do_not_see_each_other():
    def pair(x):
        return np.linalg.inv(x), np.linalg.inv(x).T, np.tanh(x)[0], np.tanh(x)

    outs = compile(pair)(np.array([[2.0, 1.0], [0.0, 1.0]]))
    for i, out in enumerate(outs):
        assert not any(np.shares_memory(out, other) for other in outs[:i])


def test_an_array_is_not_written_over_while_another_argument_sees_it():
    one = compile(lambda a, b: (a + 1, b * 2, a * b), donate="a")
    both = compile(lambda a, b: (a + 1, b * 2), donate=("a", "b"))
    for _ in range(2):
        x, like = np.arange(4.0), np.arange(4.0)
        for found, right in zip(one(x, x), (like + 1, like * 2, like * like), strict=True):
            close(found, right)
        x = np.arange(4.0)
        for found, right in zip(both(x, x), (like + 1, like * 2), strict=True):
            close(found, right)
        x, like = np.arange(10.0), np.arange(10.0)
        for found, right in zip(one(x[:8], x[2:]), one(like[:8], like[2:].copy()), strict=True):
            close(found, right)
        x = np.arange(4.0)
        close(one(x, x[::-1])[2], [0.0, 2.0, 2.0, 0.0])


def test_donated_arrays_that_are_results_themselves():
    kept, doubled = compile(lambda a: (a, a * 2), donate="a")(np.ones(3))
    close(kept, np.ones(3))
    close(doubled, np.full(3, 2.0))
    first, second = compile(lambda a, b: (b + 0 * a, a + 0 * b), donate=("a", "b"))(
        np.zeros(3), np.ones(3)
    )
    close(first, np.ones(3))
    close(second, np.zeros(3))
    close(compile(lambda x: (np.ones(3), 2.0, x))(np.zeros(2))[0], np.ones(3))


def test_a_donated_array_that_is_read_later_is_not_written_into_before():
    f = compile(lambda w, x: (w - 0.1 * np.tanh(x), np.sum(x.T @ w)), donate="w")
    w, x = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    moved, total = f(w.copy(), x)
    np.testing.assert_allclose(moved, w - 0.1 * np.tanh(x))
    assert total == np.sum(x.T @ w)
