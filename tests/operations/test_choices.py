"""Operations that choose, at every pair of special values: ties, infinities, NaN, both bounds.

What each derivative is said to be stands here once, as a plain Python function of two numbers.
"""

import itertools
import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value, compile, grad

NUMBERS = [-math.inf, -2.0, -1.0, 0.0, 1.0, 2.0, math.inf]
PAIRS = list(itertools.product(NUMBERS, repeat=2))
NAN_PAIRS = [(math.nan, b) for b in NUMBERS] + [(a, math.nan) for a in NUMBERS]


def first_is_larger(a, b):
    """1 for the larger of two, shared at a tie; 1 for a number beside NaN."""
    if math.isnan(a) or math.isnan(b):
        return float(math.isnan(b) and not math.isnan(a))
    return 1.0 if a > b else 0.5 if a == b else 0.0


def logistic_of_difference(base):
    def derivative(a, b):
        if a == b:
            return 0.5
        return 1 / (1 + math.exp(min(math.log(base) * (b - a), 700.0)))

    return derivative


def is_exactly(f, expected_a, expected_b, pairs, rtol=0.0):
    """Whether f has these two partial derivatives, on Values and, all at once, on Tensors."""
    a, b = np.array(pairs).T
    right = [[expected(*pair) for pair in pairs] for expected in (expected_a, expected_b)]
    with np.errstate(all="ignore"):
        arrays = grad(lambda x, y: f(x, y).sum(), (0, 1))(a, b)
    for pair, expected in zip(pairs, zip(*right, strict=True), strict=True):
        x, y = Value(pair[0]), Value(pair[1])
        f(x, y).backward()
        np.testing.assert_allclose((x.grad, y.grad), expected, rtol, 1e-300, err_msg=str(pair))
    np.testing.assert_allclose(arrays, right, rtol, 1e-300)


@pytest.mark.parametrize(
    ("larger", "smaller"), [(ad.maximum, ad.minimum), (ad.fmax, ad.fmin)], ids=["max", "fmax"]
)
def test_the_larger_and_the_smaller(larger, smaller):
    def other(a, b):
        return first_is_larger(b, a)

    is_exactly(larger, first_is_larger, other, PAIRS)
    is_exactly(smaller, other, first_is_larger, PAIRS)


def test_beside_nan_the_number_is_chosen():
    for f in (ad.fmax, ad.fmin):
        is_exactly(f, first_is_larger, lambda a, b: first_is_larger(b, a), NAN_PAIRS)
        with np.errstate(all="ignore"):
            neither = grad(lambda x, f=f: f(x, x).sum())(np.array([math.nan]))
        assert neither.item() == 0.0


@pytest.mark.parametrize(("f", "base"), [(ad.logaddexp, math.e), (ad.logaddexp2, 2.0)])
def test_a_sum_of_exponentials(f, base):
    share = logistic_of_difference(base)
    near = [(1.0, 1.5), (-700.0, 20.0), (1000.0, 999.0), (3.0, 3.0)]
    is_exactly(f, share, lambda a, b: share(b, a), PAIRS + near, rtol=1e-13)


@pytest.mark.parametrize(("f", "base"), [(ad.logaddexp, math.e), (ad.logaddexp2, 2.0)])
def test_a_sum_of_exponentials_bends_where_they_are_equal(f, base):
    for i, sign in [(0, 1.0), (1, -1.0)]:
        second = grad(lambda a, i=i: grad(f, i)(a, 3.0))(3.0)
        np.testing.assert_allclose(second, sign * 0.25 * math.log(base))


@pytest.mark.parametrize("x", [-2.0, -1.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
def test_between_two_bounds(x, low, high):
    """Inside and at the bounds x, outside the bound; NumPy takes the upper of crossed ones."""
    chosen = 2 if low > high or x > high else 1 if x < low else 0
    expected = tuple(float(i == chosen) for i in range(3))
    assert grad(ad.clip, (0, 1, 2))(x, low, high) == expected
    arrays = grad(lambda *args: ad.clip(*args).sum(), (0, 1, 2))(*np.array([[x], [low], [high]]))
    assert tuple(a.item() for a in arrays) == expected
    assert grad(lambda v: ad.clip(v, low))(x) == float(x >= low)
    assert grad(lambda v: ad.clip(v, high=high))(x) == float(x <= high)


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0])
def test_a_sign_taken_from_another(x):
    for y in (-0.0, 0.0, 5.0, -5.0):
        expected = math.copysign(1.0, y) * np.sign(x)
        assert grad(ad.copysign, (0, 1))(x, y) == (expected, 0.0)


LINE = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("conditions", "functions", "slope"),
    [
        ([LINE < 0, LINE > 1], [np.negative, np.square], [-1, -1, 0, 0, 4, 6]),
        ([LINE < 0, LINE > 1], [np.negative, 7.0, np.square], [-1, -1, 0, 2, 0, 0]),
        ([LINE < 2, LINE > 0], [np.negative, np.square], [-1, -1, -1, 2, 4, 6]),
        (LINE > 0, [np.square, np.negative], [-1, -1, -1, 2, 4, 6]),
        (LINE > 0, [np.square], [0, 0, 0, 2, 4, 6]),
        ([LINE > 0], [3.0, 4.0], [0] * 6),
        (np.array([LINE < 0, LINE > 1]), [np.negative, np.square], [-1, -1, 0, 0, 4, 6]),
    ],
)
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_piecewise_functions(conditions, functions, slope, shape):
    if shape == (2, 3):
        conditions = list(np.reshape(conditions, (-1, *shape)))
    t = Tensor(LINE.reshape(shape))
    out = np.piecewise(t, conditions, functions)
    np.testing.assert_array_equal(out.data, np.piecewise(t.data, conditions, functions))
    out.sum().backward()
    np.testing.assert_array_equal(t.grad, np.reshape(slope, shape))


def test_piecewise_functions_of_an_infinity():
    t = Tensor([-np.inf, 3.0])
    out = np.piecewise(t, [t.data > 0], [np.square, 5.0])
    np.testing.assert_array_equal(out.data, [5.0, 9.0])
    out.sum().backward()
    np.testing.assert_array_equal(t.grad, [0.0, 6.0])


X = np.array([1.0, -2.0, 3.0])


def straight_through(x):
    """Rounded, with the derivative of x: what stop_gradient is for."""
    return np.sum((x + ad.stop_gradient(np.round(x) - x)) ** 2)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.sum(x * ad.stop_gradient(x)), X),
        (lambda x: np.sum(x * ad.stop_gradient(x * x)), X**2),
        (lambda x: np.sum(ad.stop_gradient({"a": [x, x]})["a"][1] * x), X),
        (straight_through, 2 * np.round(X)),
    ],
)
def test_stop_gradient_in_every_reading(f, expected):
    np.testing.assert_array_equal(ad.grad(f)(X), expected)
    np.testing.assert_array_equal(ad.derive(f, X)(X)[1], expected)
    program = ad.compile(ad.grad(f))
    np.testing.assert_array_equal(program(X + 1), ad.grad(f)(X + 1))
    np.testing.assert_array_equal(program(X), expected)


def test_stop_gradient_of_every_order():
    assert ad.grad(ad.grad(lambda x: x**2 * ad.stop_gradient(x)))(3.0) == 6.0
    assert ad.jvp(ad.stop_gradient, (3.0,), (1.0,)) == (3.0, 0.0)


def test_what_stop_gradient_gives_is_the_callers():
    t = ad.Tensor(X)
    ad.stop_gradient(t)[0] = 7.0
    assert t.data[0] == 1.0
    for program in (ad.compile(ad.stop_gradient), ad.derive(ad.stop_gradient, X)):
        x = X.copy()
        program(x)[0] = 7.0
        assert x[0] == 1.0


def test_what_counts_no_choice():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    for which in ([0, 1, 1], (0, 1, 1), np.array([0, 1, 1]), [True]):
        expected = np.choose(np.asarray(which, int), [0 * b, 0 * b + 1])
        found = grad(lambda b, which=which: np.sum(np.choose(which, [a, b])))(b)
        np.testing.assert_array_equal(found, expected)
    for which in ([0, 2, 1], [0, -1, 1]):
        with pytest.raises(ValueError, match=r"choice"):
            np.choose(which, [ad.Tensor(a), b])
        with pytest.raises(ValueError, match="2 choices, counted from 0"):
            ad.choose(which, [ad.Tensor(a), b])
    with pytest.raises(TypeError, match="whole numbers"):
        ad.choose(ad.Tensor([0.0]), [a, b])


def test_a_program_that_chooses_has_nan_where_nothing_is_counted():
    def f(x, y):
        return np.choose(np.floor(x).astype(int), [y, 2 * y])

    program = compile(f)
    y = np.array([1.0, 3.0])
    np.testing.assert_array_equal(program(np.array([0.5, 1.5]), y), [1.0, 6.0])
    np.testing.assert_array_equal(program(np.array([0.5, 2.5]), y), [1.0, np.nan])
    slopes = compile(grad(lambda y, x: np.sum(f(x, y))))
    np.testing.assert_array_equal(slopes(y, np.array([0.5, 1.5])), [1.0, 2.0])
    np.testing.assert_array_equal(slopes(y, np.array([0.5, 2.5])), [1.0, np.nan])


TYPED = [
    np.ones(3, np.float32), np.ones(3, np.float16), np.ones(3), np.ones(3, np.int8), 2, 2.0, True,
    [1.0, 2.0, 3.0], np.float32(2), np.float64(2), np.int64(2), np.ones(3, int),
]  # fmt: skip


@pytest.mark.parametrize("default", TYPED, ids=str)
@pytest.mark.parametrize("other", TYPED, ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_selection_has_the_type_of_all_it_selects_from(dtype, other, default):
    x, conditions = np.ones(3, dtype), [[True, False, False], [True, True, False]]
    conditions = [np.array(condition) for condition in conditions]
    f = lambda x: np.select(conditions, [x, other], default)  # noqa: E731
    right = f(x)
    for found in (f(ad.Tensor(x)).data, ad.compile(f)(x)):
        np.testing.assert_array_equal(found, right, strict=True)
