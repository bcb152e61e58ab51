"""Names as Python reads them."""

import pytest

from autodiff.support.identifiers import identifier


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x", "x"),
        ("\N{MATHEMATICAL BOLD SMALL X}2", "x2"),
        ("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"),
        ("\N{LATIN SMALL LIGATURE FI}t", "fit"),
        ("x\N{SUPERSCRIPT TWO}", "x2"),
        ("class", None),
        ("\N{MATHEMATICAL BOLD SMALL I}f", None),
        ("a b", None),
        ("2x", None),
        ("", None),
    ],
)
def test_a_name_is_what_python_reads(text, name):
    assert identifier(text) == name
    if name and text.isidentifier():
        scope = {}
        exec(f"{text} = 1", scope)
        assert name in scope
