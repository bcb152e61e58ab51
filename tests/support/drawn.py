"""What is on a picture, as Graphviz reads it and as it draws it."""

import re
from xml.etree import ElementTree

import pytest

pygraphviz = pytest.importorskip("pygraphviz")


def parsed(picture):
    """The graph as Graphviz itself reads it."""
    return pygraphviz.AGraph(string=picture.source)


def edges_of(picture):
    return [(tail, head) for tail, head in parsed(picture).edges()]


def drawn_svg(picture):
    """As an svg, in this process, which takes a tenth of the time that a child does."""
    return pygraphviz.AGraph(string=picture.source).draw(format="svg", prog="dot")


def texts_in(picture):
    root = ElementTree.fromstring(drawn_svg(picture))
    return [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text")]


def cards_of(picture):
    """The words on each card, by the first of them."""
    graph = parsed(picture)
    texts = [re.sub("<[^>]*>", " ", graph.get_node(n).attr["label"]).split() for n in graph]
    return {words_[0]: words_[1:] for words_ in texts}
