"""Quantiles by the part that is asked for, in programs too."""

import numpy as np
import pytest

import autodiff as ad
from autodiff import compile, derive, grad, jacobian, value_and_grad
from autodiff.operations.quantiles import PLACES

X = np.array([4.0, 1.0, 16.0, 0.0, 9.0])
SORTED = np.sort(X)


@pytest.mark.parametrize("method", PLACES)
def test_a_quantile_by_the_part(method):
    """It is straight between two entries, so that a difference is exact but for rounding."""
    for q in (0.13, 0.31, 0.44, 0.61, 0.87):
        ends = [np.quantile(X, q + h, method=method) for h in (1e-4, -1e-4)]
        expected = (ends[0] - ends[1]) / 2e-4
        for f in (np.quantile, np.nanquantile):
            found = grad(lambda q, f=f: f(X, q, method=method))(q)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        found = grad(lambda q: np.percentile(X, q, method=method))(100 * q)
        np.testing.assert_allclose(found, expected / 100, rtol=1e-9, atol=1e-9)


def test_a_quantile_at_an_entry_has_the_derivative_of_its_right():
    by_q = [grad(lambda q: np.quantile(X, q))(q) for q in (0.0, 0.25, 0.5, 0.75, 1.0)]
    np.testing.assert_array_equal(by_q, 4 * np.diff([*SORTED, 23.0])[[0, 1, 2, 3, 3]])


def test_quantiles_by_parts_and_entries_at_once():
    q = np.array([[0.2, 0.3], [0.6, 0.9]])
    np.testing.assert_allclose(
        jacobian(lambda q: np.quantile(X, q))(q).reshape(4, 4),
        np.diag(4 * np.array([1, 3, 5, 7.0])),
    )
    by_x, by_q = grad(lambda x, q: np.sum(np.quantile(x, q) ** 2), (0, 1))(X, q)
    values = np.quantile(X, q)
    np.testing.assert_allclose(by_q, 2 * values * 4 * [[1, 3], [5, 7]], rtol=1e-12)
    np.testing.assert_allclose(np.sum(by_x), 2 * np.sum(values), rtol=1e-12)


@pytest.mark.parametrize("f", [np.quantile, np.nanquantile])
def test_a_program_of_a_part_is_for_every_part(f):
    """Also where there are other numbers, of which all is NaN in a program and eager refuses."""

    def g(x, q):
        return f(x, q)

    programs = [compile(value_and_grad(g, (0, 1))), derive(g, X, 0.3, argnums=(0, 1))]
    for x in (X, X[::-1] ** 2):
        for q in (0.0, 0.2, 0.5, 0.77, 1.0):
            expected, slopes = value_and_grad(g, (0, 1))(x, q)
            for program in programs:
                value, found = program(x, q)
                np.testing.assert_allclose(value, expected, rtol=1e-12)
                for mine, right in zip(found, slopes, strict=True):
                    np.testing.assert_allclose(mine, right, rtol=1e-12, atol=1e-12)
    for program in programs:
        for part in (1.5, -0.1, np.nan, np.inf):
            value, (by_x, by_q) = program(X, part)
            assert np.isnan([value, np.sum(by_x), by_q]).all()
    with pytest.raises(ValueError, match="from 0 to 1"):
        g(ad.Tensor(X), 1.5)


def test_numbers_among_nan_are_counted_by_the_program():
    program = compile(grad(np.nanmedian))
    for x in (X, np.where(X > 5, np.nan, X), np.where(X < 5, np.nan, X)):
        np.testing.assert_array_equal(program(x), grad(np.nanmedian)(x))
