"""The table of laws: each holds on floats, for whatever its letters stand for."""

import ast
import itertools

import numpy as np
import pytest

from autodiff.primitives import laws

FLOATS = [0.0, -0.0, 1.0, -1.5, 3.0, 1e-310, 1e308, np.inf, -np.inf, np.nan]
WHOLE = [0, 1, -3]
TABLES = (laws.PRODUCTS, laws.UNITS, laws.REPEATED, laws.SIGNS)


@pytest.mark.parametrize("law", [law for table in TABLES for law in table], ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_law_is_exact_on_floats(law):
    left, right, condition = law
    for a, b, c in itertools.product(WHOLE if condition == laws.WHOLE else FLOATS, FLOATS, FLOATS):
        for d in (2.0, -0.5):
            letters = {n: np.float64(v) for n, v in {"a": a, "b": b, "c": c, "d": d}.items()}
            expected, found = (eval(text, {}, letters) for text in (left, right))
            if not exact_range(letters):
                continue
            np.testing.assert_array_equal(found, expected)


def exact_range(letters):
    """Not where a product of two of them leaves the range of floats."""
    sizes = [abs(v) for v in letters.values() if v and np.isfinite(v)]
    return max(sizes, default=1.0) < 1e300 and min(sizes, default=1.0) > 1e-300


def test_numbers_stand_on_either_side():
    of, table = laws.OfSyntax(), laws.laws_of(laws.PRODUCTS, laws.UNITS, laws.SIGNS)
    for text, expected in {
        "x * 1": "x", "1 * x": "x", "x * -1": "-x", "0 + x": "x", "x + 0": "x", "x * 0": "0",
        "-x * y": "-(x * y)", "x * -y": "-(x * y)", "x - 0": "x", "0 - x": None, "1 / x": None,
        "x + y": None, "--x": "x",
    }.items():  # fmt: skip
        tree = ast.parse(text, mode="eval").body
        simple = laws.simpler(table, *laws.parts_of(tree), of)
        assert (simple and ast.unparse(simple)) == expected


def test_the_product_of_a_cotangent_and_a_partial():
    of, ct = laws.OfSyntax(), ast.Name("ct")
    for text, expected in {"1": "ct", "-1": "-ct", "0": "0", "x": "ct * x", "2": "ct * 2"}.items():
        partial = ast.parse(text, mode="eval").body
        assert ast.unparse(laws.product(ct, partial, of)) == expected


def test_a_number_that_a_law_makes_is_written():
    tree = ast.parse("2 * (3 * a)", mode="eval").body
    operation, operands = laws.parts_of(tree)
    table = laws.laws_of(laws.REPEATED)
    assert ast.unparse(laws.simpler(table, operation, operands, laws.OfSyntax())) == "6 * a"
