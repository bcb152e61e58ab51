"""What a trace is simplified to: the lines that are left, and that they compute the same."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, derive

X = np.array([[0.0, 1.0, -2.0], [3.0, -0.5, 4.0]])
Y = np.array([[2.0, -1.0, 5.0], [0.25, 3.0, -7.0]])
ROW = np.array([1.0, 2.0, 3.0])


def lines(program):
    """The assignments of a program, without their comments."""
    body = program.source.splitlines()
    return [line.partition("#")[0].strip() for line in body if " = " in line]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, y: x * 1.0, []),
        (lambda x, y: 1.0 * x, []),
        (lambda x, y: -1.0 * x, ["value = -x"]),
        (lambda x, y: x * -1.0, ["value = -x"]),
        (lambda x, y: 4.0 * (3.0 * x), ["value = 12 * x"]),
        (lambda x, y: (x * 3.0) * 0.5, ["value = 1.5 * x"]),
        (lambda x, y: 3.0 * (x * 4.0), ["value = 12 * x"]),
        (lambda x, y: 3.0 * (x * -4.0), ["value = -12 * x"]),
        (lambda x, y: 3.0 * (5.0 * x), ["v1 = 5 * x", "value = 3 * v1"]),
        (lambda x, y: (-x) * y, ["v1 = x * y", "value = -v1"]),
        (lambda x, y: x * (-y), ["v1 = x * y", "value = -v1"]),
        (lambda x, y: (-x) * (-y), ["value = x * y"]),
        (lambda x, y: y * x**0, []),
        (lambda x, y: x**0 * y, []),
        (lambda x, y: x / 1.0, []),
        (lambda x, y: (-x) / y, ["v1 = x / y", "value = -v1"]),
        (lambda x, y: x / 2.0, ["value = x / 2"]),
        (lambda x, y: x + x, ["value = 2 * x"]),
        (lambda x, y: x + 0.0, []),
        (lambda x, y: 0.0 + x, []),
        (lambda x, y: x + (-y), ["value = x - y"]),
        (lambda x, y: (-x) + y, ["value = y - x"]),
        (lambda x, y: x - 0.0, []),
        (lambda x, y: x - (-y), ["value = x + y"]),
        (lambda x, y: (-x) - x, ["value = -2 * x"]),
        (lambda x, y: (-x) - y, ["v1 = -x", "value = v1 - y"]),
        (lambda x, y: x - x, ["value = x - x"]),
        (lambda x, y: np.negative(-x), []),
        (lambda x, y: x**1, []),
        (lambda x, y: x**1.0, []),
        (lambda x, y: x.T.T, []),
        (lambda x, y: np.positive(x), []),
        (lambda x, y: x.reshape(2, 3), []),
        (lambda x, y: np.broadcast_to(x, (2, 3)), []),
        (lambda x, y: ad.astype(x, np.float64), []),
        (lambda x, y: x * np.ones((2, 3)), []),
        (lambda x, y: x * np.full((2, 3), -1.0), ["value = -x"]),
        (lambda x, y: y + np.zeros((2, 3)), []),
        (lambda x, y: x * np.full((2, 3), 5.0), ["value = x * 5"]),
        (lambda x, y: x * ad.broadcast_to(ad.sum(y), (2, 3)), ["v1 = np.sum(y)", "value = x * v1"]),
        (lambda x, y: x * y[0].reshape(1, 3), ["v1 = y[0]", "value = x * v1"]),
        (lambda x, y: x * np.expand_dims(y[1], 0), ["v1 = y[1]", "value = x * v1"]),
        (
            lambda x, y: x * y[:, 0].reshape(2, 1),
            ["v1 = y[:, 0]", "v2 = np.reshape(v1, (2, 1))", "value = x * v2"],
        ),
        (lambda x, y: (x * y) * (y * x), ["v1 = x * y", "value = v1 * v1"]),
        (lambda x, y: (x + y) - (y + x), ["v1 = x + y", "value = v1 - v1"]),
        (lambda x, y: (x - y) * (y - x), ["v1 = x - y", "v2 = y - x", "value = v1 * v2"]),
    ],
)
def test_what_is_the_same_and_simpler(f, expected):
    program = derive(f, X, Y, argnums=())
    found = lines(program)
    assert found == expected
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(program(Y, X), f(Y, X))


def test_what_gives_another_shape_or_dtype_stays():
    for f in (
        lambda x: x * np.ones((2, 3)),
        lambda x: x.reshape(1, 3),
        lambda x: ad.broadcast_to(x, (2, 3)),
        lambda x: np.zeros((2, 3)) + x,
        lambda x: x * ad.broadcast_to(ad.sum(x), (2, 3)),
        lambda x: ad.transpose(ad.transpose(ad.reshape(x, (1, 1, 3)), (1, 0, 2)), (2, 0, 1)),
    ):
        program = derive(f, ROW + 1, argnums=())
        np.testing.assert_array_equal(program(ROW), f(ROW), strict=True)
    low = ROW.astype(np.float32)
    for f in (
        lambda x: x * np.ones(3),
        lambda x: x + np.zeros(3),
        lambda x: ad.astype(x, np.float64),
        lambda x: x * np.ones(3, np.float32),
        lambda x: x / np.full(3, 1.0),
    ):
        program, engine = derive(f, low + 1, argnums=()), f(Tensor(low))
        np.testing.assert_array_equal(program(low), engine.data, strict=True)


def test_zeros_keep_their_sign_and_their_nan():
    x = np.array([0.0, -0.0, 1.0, np.inf, np.nan])
    for f in (
        lambda x: x * np.array([-0.0, 0.0, -0.0, 0.0, 0.0]),
        lambda x: (-x) * (-x),
        lambda x: x / np.full(5, -1.0),
        lambda x: 0.0 - x,
        lambda x: x * 0.0,
    ):
        with np.errstate(all="ignore"):
            expected, found = f(x), derive(f, x + 1, argnums=())(x)
        np.testing.assert_array_equal(found, expected)
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


def test_numbers_are_numbers_still():
    program = derive(lambda x: (x * 1.0 + 0.0) ** 1, 3.0, argnums=())
    assert lines(program) == []
    assert type(program(3.0)) is float


# -- whole numbers wrap, and `+` of booleans is "or": the laws are of floats --------------------

OF_WHOLE = {
    "-n * x": lambda x, n: np.sum(-n * x),
    "x * -n": lambda x, n: np.sum(x * -n),
    "x - (n + n)": lambda x, n: np.sum(x - (n + n)),
    "x * (n + n + n)": lambda x, n: np.sum(x * (n + n + n)),
    "n * 2": lambda x, n: np.sum(x * (n * 2)),
    "n * 3 * 5": lambda x, n: np.sum(x * (n * 3 * 5)),
    "n * 0": lambda x, n: np.sum(x * (n * 0)),
    "-(-n)": lambda x, n: np.sum(x * np.negative(-n)),
    "cross entropy": lambda x, n: np.sum(-n * np.log(x) - (1 - n) * np.log(1 - x)),
    "~n": lambda x, n: np.sum(x * ~n),
    "n ^ n": lambda x, n: np.sum(x * ((n ^ 5) & ~n | n)),
    "n << n": lambda x, n: np.sum(x * ((n << 1) + (1 << (n & 3)) + (n >> 1) + (100 >> (n & 3)))),
    "np.left_shift": lambda x, n: np.sum(x * np.left_shift(n, np.right_shift(n, 7))),
    "np.invert": lambda x, n: np.sum(x * np.invert(n)),
    "differences": lambda x, n: np.sum(x[1:] * np.diff(n)),
    "differences of masks": lambda x, n: np.sum(x * np.diff(n > 5, prepend=True)),
    "masks": lambda x, n: np.sum(x * ((x > 0.3) + (x > 0.3)) * ~(n > 1) * ((n > 1) ^ (x > 0.5))),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("name", OF_WHOLE)
def test_whole_numbers_are_computed_as_they_are(name, dtype):
    f = OF_WHOLE[name]
    x, n = np.array([0.25, 0.75]), np.array([3, 200]).astype(dtype)
    expected = ad.value_and_grad(f)(x, n)
    for found in (ad.compile(ad.value_and_grad(f))(x, n), ad.derive(f, x, n, argnums=0)(x, n)):
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-14)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda n: n << 1, lambda n: 1 << n, lambda n: n >> 1, lambda n: 1 >> n, lambda n: ~n,
        lambda n: n & 1, lambda n: n | 1, lambda n: n ^ 1, np.invert, lambda n: np.left_shift(n, 1),
        lambda n: np.bitwise_and(1, n),
    ],
)  # fmt: skip
def test_the_bits_of_a_number_which_is_a_float_are_refused(f):
    for reading in (ad.compile(f), lambda n: ad.derive(f, n, argnums=())):
        with pytest.raises(TypeError, match=r"whole numbers or conditions.*\n.*`np\.array\(n\)`"):
            reading(3)
    assert ad.compile(f)(np.array(3)) == f(3)
    assert ad.compile(lambda n: f(n), static="n")(3) == f(3)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("ends", [{}, {"prepend": True}, {"append": [False, True]}])
def test_masks_differ_where_they_are_not_equal(n, ends):
    mask = np.array([True, True, False, True])
    f = lambda mask: np.diff(mask, n, **ends)  # noqa: E731
    for found in (ad.diff(mask, n, **ends), ad.compile(f)(mask), ad.derive(f, mask)(mask)):
        np.testing.assert_array_equal(found, f(mask), strict=True)
    with pytest.raises(TypeError):
        np.ediff1d(mask)
    with pytest.raises(TypeError):
        ad.compile(np.ediff1d)(mask)


def test_masks_are_added_as_numpy_adds_them():
    x, mask = np.array([0.25, 0.75]), np.array([True, False])
    for f in (lambda x, m: np.sum(x * (m + m)), lambda x, m: np.sum(x * (~m + m))):
        assert ad.compile(f)(x, mask) == f(x, mask)
        np.testing.assert_array_equal(ad.compile(ad.grad(f))(x, mask), ad.grad(f)(x, mask))
