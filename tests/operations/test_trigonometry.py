"""Inverse functions close to their ends, and hypot where one side is zero."""

import numpy as np
import pytest
from agreement import differences_agree

import autodiff as ad
from autodiff import grad


@pytest.mark.parametrize("f", [ad.arcsec, ad.arccsc])
def test_inverses_of_secants_on_the_left(f):
    differences_agree(f, np.array([-3.0, -1.5, 1.5, 3.0]))


@pytest.mark.parametrize("f", [ad.arcsin, ad.arccos, ad.arctanh])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_slopes_close_to_both_ends(f, side):
    x = side * (1 - 2.0**-40)
    gap = 2.0**-40 * (2 - 2.0**-40)  # 1 - x * x, without rounding
    expected = {ad.arcsin: gap**-0.5, ad.arccos: -(gap**-0.5), ad.arctanh: 1 / gap}[f]
    np.testing.assert_allclose(grad(f)(x), expected, rtol=4e-16)


def test_hypot_twice_where_one_side_is_zero():
    def by_both(a, b):
        slope_a = grad(lambda x: grad(ad.hypot, 0)(x, b))(a)
        slope_b = grad(lambda y: grad(ad.hypot, 1)(a, y))(b)
        return slope_a, slope_b

    assert by_both(2.0, 0.0) == (0.0, 0.5)
    assert by_both(0.0, 4.0) == (0.25, 0.0)
