"""Names that are made to break a picture: each is shown, and nothing else comes of it."""

import pytest
from drawn import edges_of, parsed, texts_in
from hypothesis import given
from hypothesis import strategies as st
from names import NASTY, expected, words

import viz
from autodiff import Value

names = st.one_of(
    st.text(st.characters(codec=None, categories=None), max_size=60),
    st.text(alphabet='\\"<>{}|&;#N GEThel\n\r\t/=[]-', max_size=40),
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
)


def check_name(name, style="cards"):
    """Graphviz reads three nodes and two edges, whatever they are called, and shows the name."""
    x = Value(2.0, name=name)
    y = x * Value(3.0, name=name)
    y.name = name
    y.backward()
    picture = viz.draw(y, style=style)
    end = [] if style == "cards" else ["n2o"]
    assert parsed(picture).nodes() == ["n0", "n1", "n2", *end]
    assert edges_of(picture) == [("n0", "n2"), ("n1", "n2"), *(("n2", e) for e in end)]
    cards = [words(text) for text in texts_in(picture)]
    if card := expected(name):
        assert cards.count(card) >= 3, (name, cards)


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("style", ["cards", "circuit"])
def test_nasty_names(name, style):
    check_name(name, style)


@given(names)
def test_any_name(name):
    check_name(name)
