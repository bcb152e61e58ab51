"""Interpolation, polynomials, differences and convolution: their forms, their ends, their cost."""

import tracemalloc

import numpy as np
import pytest
from agreement import differences_agree, every_reading_agrees

import autodiff as ad
from autodiff import Tensor, Value, compile, derive, grad, value_and_grad

RNG = np.random.default_rng(0)
V, W, M = RNG.normal(size=5), RNG.normal(size=5), RNG.normal(size=(3, 4))
INF, NAN = np.inf, np.nan


def is_numpys(f, *args):
    """The value, dtype and shape that NumPy gives, with each argument a Tensor in turn and all."""
    right = f(*args)
    picks = [range(len(args)), *([i] for i in range(len(args)))]
    for pick in picks:
        found = f(*(Tensor(a) if i in pick else a for i, a in enumerate(args)))
        np.testing.assert_allclose(found.data, right, rtol=1e-13, atol=1e-14)
        assert (found.shape, found.dtype) == (np.shape(right), np.asarray(right).dtype)


# -- interpolation -------------------------------------------------------------------------

POINTS = {
    "three knots": ([0.0, 1.0, 3.0], [1.0, 4.0, -2.0]),
    "a step": ([0.0, 1.0, 1.0, 3.0], [1.0, 4.0, -2.0, 5.0]),
    "a step at the end": ([0.0, 1.0, 1.0], [1.0, 4.0, -2.0]),
    "a step of three at the end": ([0.0, 1.0, 1.0, 1.0], [1.0, 4.0, -2.0, 3.0]),
    "a step at the start": ([0.0, 0.0, 1.0], [1.0, 4.0, -2.0]),
    "one knot": ([1.0], [4.0]),
    "one knot twice": ([1.0, 1.0], [4.0, 5.0]),
    "an infinite value": ([0.0, 1.0, 3.0], [1.0, 4.0, INF]),
    "an infinite value within": ([0.0, 1.0, 3.0], [1.0, -INF, 2.0]),
    "infinite values": ([0.0, 1.0, 3.0], [INF, INF, 2.0]),
    "a value that is NaN": ([0.0, 1.0, 3.0], [1.0, 4.0, NAN]),
    "an infinite knot": ([0.0, 1.0, INF], [1.0, 4.0, 2.0]),
    "a knot at minus infinity": ([-INF, 1.0, 3.0], [1.0, 4.0, 2.0]),
}
AT = np.array([-1.0, 0.0, 0.25, 1.0, 2.0, 3.0, 4.0, NAN, INF, -INF])


@pytest.mark.parametrize("name", POINTS)
def test_interpolation_gives_what_numpy_gives(name):
    xp, fp = map(np.array, POINTS[name])
    at = AT if np.isfinite(xp).all() else AT[:-2]
    at = at if len(xp) > 1 else at[:-3]  # of one point, NumPy's C code gives fp for NaN
    with np.errstate(invalid="raise" if np.isfinite([*xp, *fp]).all() else "ignore"):
        is_numpys(np.interp, at, xp, fp)
        is_numpys(lambda x, xp, fp: np.interp(x, xp, fp, -7.0, 9.0), at, xp, fp)
        for x in at:
            np.testing.assert_allclose(np.interp(Value(x), xp, fp).data, np.interp(x, xp, fp))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("points", "at", "by_x", "by_fp"),
    [
        ("three knots", 1.0, -3.0, [0, 1, 0]),  # at a knot: of the piece to the right
        ("three knots", 3.0, -3.0, [0, 0, 1]),  # at the last: to the left
        ("three knots", 0.5, 3.0, [0.5, 0.5, 0]),
        ("three knots", 4.0, 0.0, [0, 0, 1]),
        ("a step at the end", 1.0, 3.0, [0, 0, 1]),
        ("one knot twice", 1.0, 0.0, [0, 1]),
        ("an infinite value", 1.0, 0.0, [0, 1, 0]),  # what is infinite has weight 0
        ("a value that is NaN", 1.0, 0.0, [0, 1, 0]),
    ],
)
def test_the_slope_of_an_interpolation(points, at, by_x, by_fp):
    xp, fp = map(np.array, POINTS[points])
    f = lambda x, fp: np.interp(x, xp, fp)  # noqa: E731
    for found in (
        grad(f, (0, 1))(at, fp), compile(grad(f, (0, 1)))(at, fp), derive(f, at, fp)(at, fp)[1],
    ):  # fmt: skip
        np.testing.assert_array_equal(found[0], by_x)
        np.testing.assert_array_equal(found[1], by_fp)


def test_a_program_interpolates_in_whatever_piece_its_argument_is():
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([1.0, 4.0, -2.0])

    def f(x, xp, fp):
        return np.sum(np.sin(np.interp(x, xp, fp)))

    every_reading_agrees(f, np.array([0.3, 2.0, -1.0, 5.0]), xp, fp)
    program, compiled = derive(f, np.array([0.3]), xp, fp), compile(value_and_grad(f, (0, 1, 2)))
    compiled(np.array([0.3]), xp, fp)
    for x in (np.array([2.5]), np.array([-1.0]), np.array([3.0]), np.array([1.0])):
        value, slopes = value_and_grad(f, (0, 1, 2))(x, xp, fp)
        for found in (program(x, xp, fp), compiled(x, xp, fp)):
            np.testing.assert_allclose(found[0], value, rtol=1e-14)
            for mine, right in zip(found[1], slopes, strict=True):
                np.testing.assert_allclose(mine, right, rtol=1e-14)


@pytest.mark.parametrize("period", [1.0, 2, -1.5, np.float64(0.7)])
def test_interpolation_with_a_period(period):
    x, xp, fp = np.array([0.1, 3.3, -2.7, 0.45]), np.array([0.1, 0.6, 0.35]), np.array([1.0, 2, 4])
    is_numpys(lambda x, xp, fp: np.interp(x, xp, fp, period=period), x, xp, fp)
    x = x + 0.01  # off the knots
    every_reading_agrees(
        lambda x, fp: np.sum(np.sin(np.interp(x, xp, fp, period=period))), x, fp
    )  # fmt: skip
    with pytest.raises(ValueError, match="period"):
        np.interp(Tensor(x), xp, fp, period=0)


@pytest.mark.parametrize(
    ("xp", "fp"), [([0, 1], [0, 1, 2]), ([0, 1, 2], [0, 1]), ([], []), (1, 2), ([[0, 1]], [[0, 1]])]
)
def test_points_that_numpy_refuses_are_refused(xp, fp):
    for x in (V, Tensor(V)):
        with pytest.raises(ValueError):  # noqa: PT011
            np.interp(x, xp, fp)
    with pytest.raises(ValueError, match="two vectors of one length"):
        ad.interp(Tensor(V), xp, fp)


# -- polynomials ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "p", [[1, 2, 3], (1.0, 2.0, 3.0), np.poly1d([1.0, 2.0, 3.0]), range(1, 4), np.arange(1.0, 4.0)]
)
def test_coefficients_of_every_form(p):
    """A np.poly1d counts its entries from the other end."""
    is_numpys(lambda x: np.polyval(p, x), V)
    is_numpys(lambda x: np.polyval(p, x), M)
    every_reading_agrees(lambda x: np.sum(np.sin(np.polyval(p, x))), V)
    np.testing.assert_allclose(np.polyval(p, Value(2.0)).data, np.polyval(p, 2.0))
    assert compile(grad(lambda x: np.polyval(p, x)))(2.0) == 6.0


@pytest.mark.parametrize("x", [[1.0, 2.0], (1, 2), np.array([[1, 2]]), 2, 2.0, range(3), []])
def test_a_polynomial_at_points_of_every_form(x):
    is_numpys(lambda p: np.polyval(p, x), V)


def test_a_polynomial_is_of_a_sequence_and_of_numbers():
    for p in (2.0, Tensor(2.0)):
        with pytest.raises(TypeError):
            np.polyval(p, Tensor(V))
    with pytest.raises(TypeError, match="x is a polynomial"):
        np.polyval(Tensor(V), np.poly1d([1.0, 2.0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_vandermonde_matrix_is_of_a_vector(dtype):
    for form in ((), (2,), (np.int64(3),), (0,), (1, True)):
        is_numpys(lambda x, form=form: np.vander(x, *form), V.astype(dtype))
    for x, n in ((M, None), (np.array(1.0), None), (V, -1)):
        for given in (x, Tensor(x)):
            with pytest.raises(ValueError):  # noqa: PT011
                np.vander(given, n)


# -- differences ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_with_ends(dtype):
    v, m = V.astype(dtype), M.astype(dtype)
    is_numpys(lambda x: np.diff(x, 0, prepend=9.0), v)
    is_numpys(lambda x: np.diff(x, 2, prepend=dtype(9.0), append=[1, 2]), v)
    is_numpys(lambda x: np.diff(x, axis=0, prepend=0.5, append=m[:1]), m)
    is_numpys(lambda x: np.diff(m, prepend=x), v[0])
    every_reading_agrees(lambda x: np.sum(np.sin(np.diff(x, axis=0, prepend=x[0, 0]))), M)
    for form in ({"n": -1}, {"axis": 2}, {"axis": 0, "prepend": v[:2]}):
        for x in (m, Tensor(m)):
            with pytest.raises(ValueError):  # noqa: PT011
                np.diff(x, **form)


@pytest.mark.parametrize(
    ("spacings", "named", "error"),
    [
        (([0, 1],), {"axis": 0}, ValueError), (([0, 1, 3],), {}, TypeError),
        ((1, 2, 3), {}, TypeError), (([[0, 1, 3]], 1), {}, ValueError),
        ((), {"axis": 2}, ValueError), ((), {"axis": (0, 0)}, ValueError),
        ((), {"edge_order": 3}, ValueError),
    ],
)  # fmt: skip
def test_coordinates_that_numpy_refuses_are_refused(spacings, named, error):
    for x in (M, Tensor(M)):
        with pytest.raises(error):
            np.gradient(x, *spacings, **named)


@pytest.mark.parametrize(
    "named", [{"discont": 4.0}, {"period": 2.0}, {"discont": 1, "period": 1.5}]
)
def test_jumps_of_any_size_are_taken_out(named):
    is_numpys(lambda x: np.unwrap(3 * x, **named), V)
    every_reading_agrees(lambda x: np.sum(np.sin(np.unwrap(3 * x, axis=0, **named))), M)


# -- convolution ---------------------------------------------------------------------------

MODES = ["full", "same", "valid", 0, 1, 2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_sums_of_products_as_numpy_gives_them(function, mode):
    for n in range(1, 6):
        for m in range(1, 6):
            is_numpys(lambda a, v: function(a, v, mode), V[:n], W[:m])
    is_numpys(lambda a, v: function(a, v, mode), V.astype(np.float32), W[:2].astype(np.float32))
    is_numpys(lambda a: function(a, [1, 2], mode), V)


@pytest.mark.parametrize("sizes", [(5, 3), (3, 5), (4, 4), (1, 2)])
@pytest.mark.parametrize("mode", MODES[:3])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_sums_of_products_in_every_reading(function, mode, sizes):
    n, m = sizes
    every_reading_agrees(lambda a, v: np.sum(np.sin(function(a, v, mode))), V[:n], W[:m])


@pytest.mark.parametrize("mode", MODES[:3])
def test_a_zero_cotangent_stops_in_a_convolution(mode):
    a, v = np.ones(4), np.array([1.0, INF, NAN])
    value = np.convolve(a, v, mode)
    for i in np.flatnonzero(np.isfinite(value)):
        slope = grad(lambda a: np.convolve(a, v, mode)[i])(a)  # noqa: B023
        assert np.isfinite(slope).all()
    zero = grad(lambda a: np.sum(0.0 * np.convolve(a, v, mode)[:0]))(a)
    np.testing.assert_array_equal(zero, 0.0)


@pytest.mark.parametrize(
    ("function", "a", "v"),
    [
        (np.convolve, np.ones((2, 3)), np.ones(2)), (np.convolve, np.ones(3), np.ones((1, 3))),
        (np.convolve, np.ones(3), np.ones(0)), (np.correlate, np.ones((2, 2)), np.ones(2)),
        (np.correlate, np.ones(2), np.array(1.0)), (np.correlate, np.ones(0), np.ones(2)),
    ],
)  # fmt: skip
def test_what_are_no_vectors_is_refused(function, a, v):
    for given in (a, Tensor(a)):
        with pytest.raises(ValueError):  # noqa: PT011
            function(given, v)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of older versions of NumPy, for "f"
@pytest.mark.parametrize("mode", [3, "nonsense", "f"])
def test_modes_that_numpy_has_not_are_refused(mode):
    with pytest.raises(ValueError, match="full, same and valid"):
        np.convolve(Tensor(V), W, mode)


@pytest.mark.parametrize("mode", MODES[:3])
def test_a_long_convolution_takes_no_memory_for_each_pair(mode):
    a, v = np.ones(20_000), np.ones(2_000)

    def f(a, v):
        return np.sum(np.convolve(a, v, mode) ** 2)

    for function in (grad(f, (0, 1)), compile(grad(f, (0, 1)))):
        function(a, v)
        tracemalloc.start()
        function(a, v)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6  # n * m numbers are 3.2e8 bytes


def test_a_polynomial_times_its_own_derivative():
    """d/da sum(w * (a * a)) = 2 w correlated with a: a closed form, and its Hessian 2 w."""
    a, w = V, RNG.normal(size=9)
    slope = grad(lambda a: ad.sum(w * ad.convolve(a, a)))(a)
    np.testing.assert_allclose(slope, 2 * np.correlate(w, a))
    hankel = 2 * w[np.add.outer(np.arange(5), np.arange(5))]
    np.testing.assert_allclose(ad.hessian(lambda a: ad.sum(w * ad.convolve(a, a)))(a), hankel)


@pytest.mark.parametrize(
    ("shape", "axis", "given"),
    [
        ((3, 2), 0, {"dx": np.array([1.0, 10.0])}),
        ((2, 3, 4), 1, {"dx": np.array([1.0, 2.0, 4.0, 8.0])}),
        ((2, 3), -1, {"dx": np.array([[1.0, 2.0], [3.0, 4.0]])}),
        ((2, 3, 4), 1, {"x": np.array([0, 3, 1], np.uint8)}),
        ((3, 2), 0, {"x": np.array([[0.0, 1.0], [2.0, 5.0], [3.0, 9.0]])}),
        ((2, 3), 1, {"x": np.array([0.0, 0.5, 2.0])}),
    ],
)
def test_trapezoids_of_spacings_that_broadcast(shape, axis, given):
    y = np.random.default_rng(0).normal(size=shape)

    def f(y):
        return np.trapezoid(y, axis=axis, **given)

    np.testing.assert_allclose(f(ad.Tensor(y)).data, f(y), rtol=1e-14)
    differences_agree(f, y)


def test_trapezoids_of_points_that_do_not_fit_are_refused():
    y, x = np.arange(27.0).reshape(3, 3, 3), np.arange(9.0).reshape(3, 3)
    for data in (y, ad.Tensor(y)):
        with pytest.raises(ValueError, match="broadcast"):
            np.trapezoid(data, x, axis=1)


def test_a_gradient_over_places_in_unsigned_numbers():
    f, places = np.array([0.3, 0.6, 1.7]), np.array([200, 3, 0], np.uint8)
    np.testing.assert_allclose(np.gradient(ad.Tensor(f), places).data, np.gradient(f, places))
