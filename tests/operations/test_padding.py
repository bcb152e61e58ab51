"""Borders: every mode of NumPy's that has a derivative, and constants that are nodes."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, compile, derive, grad
from autodiff.testing import finite_differences

X = np.array([[0.45, -1.2, 0.35], [1.7, 0.6, -0.4]])
WIDTHS = [1, (2, 0), ((0, 2), (3, 1)), 0]
if np.lib.NumpyVersion(np.__version__) >= "2.2.0":  # which takes dicts, too
    WIDTHS += [{1: (1, 2)}, {-2: 2}]
OPTIONS = [
    {"mode": "constant", "constant_values": ((1.0, 2.0), (3.0, 4.0))},
    {"mode": "linear_ramp"}, {"mode": "linear_ramp", "end_values": 2.0},
    {"mode": "linear_ramp", "end_values": ((1.0, -1.0), (0.5, 2))},
    {"mode": "linear_ramp", "end_values": [[3, 4]]},
    *({"mode": mode, **length}
      for mode in ("maximum", "minimum", "mean", "median")
      for length in ({}, {"stat_length": 2}, {"stat_length": ((1, 2), (2, 9))},
                     {"stat_length": None})),
    *({"mode": mode} for mode in ("edge", "reflect", "symmetric", "wrap")),
]  # fmt: skip


def readings(f, *args):
    """The gradient of the sum of sines of what f gives, by every reading."""
    g = lambda *args: np.sum(np.sin(f(*args) * 0.7))  # noqa: E731
    by = tuple(range(len(args)))
    program = derive(g, *args, argnums=by)
    for found in (grad(g, by)(*args), program(*args)[1], compile(grad(g, by))(*args)):
        yield found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_every_mode_in_every_reading(options, widths):
    f = lambda x: np.pad(x, widths, **options)  # noqa: E731
    for x in (X, X.astype(np.float32), X[0] if widths in (1, (2, 0), 0) else X):
        if x.ndim == 1 and np.ndim(next(iter([*options.values()][1:]), 0)) == 2:
            continue
        np.testing.assert_allclose(f(Tensor(x)).data, f(x), rtol=1e-6, atol=1e-15, strict=True)
    right, _ = finite_differences(lambda x: np.sum(np.sin(f(x) * 0.7)), X)
    for (found,) in readings(f, X):
        np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("mode", "name"), [("constant", "constant_values"), ("linear_ramp", "end_values")]
)
@pytest.mark.parametrize(
    "values",
    [
        lambda c: c[0, 0], lambda c: (c[0, 0], 2.0), lambda c: ((c[0, 0], 1), (2.0, c[1, 1])),
        lambda c: c, lambda c: c[0], lambda c: [c[0]], lambda c: [c[0], [1.0, 2.0]],
        lambda c: c[:, :1],
    ],
)  # fmt: skip
@pytest.mark.parametrize("widths", [1, ((0, 2), (3, 1))], ids=str)
def test_constants_that_are_nodes(mode, name, values, widths):
    f = lambda x, c: np.pad(x, widths, mode, **{name: values(c)})  # noqa: E731
    c = np.array([[1.5, -2.0], [0.3, 0.8]])
    np.testing.assert_allclose(f(Tensor(X), Tensor(c)).data, f(X, c), 1e-14, 1e-15, strict=True)
    g = lambda x, c: np.sum(np.sin(f(x, c) * 0.7))  # noqa: E731
    by_x, _ = finite_differences(lambda x: g(x, c), X)
    by_c, _ = finite_differences(lambda c: g(X, c), c)
    for found in readings(f, X, c):
        np.testing.assert_allclose(found[0], by_x, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found[1], by_c, rtol=1e-7, atol=1e-9)


def test_a_constant_takes_the_type_of_what_it_surrounds():
    found = np.pad(Tensor(X.astype(np.float32)), 1, constant_values=Tensor(2.0))
    assert found.dtype == np.float32


def test_a_plain_array_has_a_border_of_a_node_by_the_function_of_the_engine():
    found = grad(lambda c: np.sum(ad.pad(X, 1, constant_values=c) ** 2))(3.0)
    assert found == 2 * 3.0 * 14


@pytest.mark.parametrize("mode", ["mean", "edge", "linear_ramp"])
def test_an_axis_without_entries_has_nothing_to_be_extended_by(mode):
    for x in (np.zeros((0, 3)), Tensor(np.zeros((0, 3)))):
        with pytest.raises(ValueError, match="empty axis 0"):
            np.pad(x, 1, mode)
        assert np.pad(x, ((0, 0), (1, 2)), mode).shape == (0, 6)


@pytest.mark.parametrize("widths", [-1, ((1, 2, 3),), 1.5, "1"])
@pytest.mark.parametrize("mode", ["mean", "constant"])
def test_what_is_no_width_is_refused_as_by_numpy(widths, mode):
    with pytest.raises((TypeError, ValueError)) as theirs:
        np.pad(X, widths, mode)
    with pytest.raises(theirs.type):
        np.pad(Tensor(X), widths, mode)


def test_whole_numbers_stay_so_in_a_program():
    n = np.array([1, 2, 4])
    for mode in {options["mode"] for options in OPTIONS}:
        program = compile(lambda n: np.pad(n, 1, mode))  # noqa: B023
        np.testing.assert_array_equal(program(n), np.pad(n, 1, mode), strict=True)
