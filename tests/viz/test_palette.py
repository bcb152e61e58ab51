"""The colours of pictures: text can be read on every ground, in light and in dark."""

import io
import itertools
import math
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from contrast import contrast
from picture_files import SVG

import autodiff as ad
import viz
from autodiff import Value
from viz.palette import (
    CARD,
    DARK,
    GRADIENT,
    INK,
    LEAF,
    LOCAL,
    MARK,
    MARKED,
    OUTPUT,
    PILL,
    VALUE,
    paper,
)  # fmt: skip


@pytest.mark.parametrize("text", [INK, VALUE, GRADIENT])
@pytest.mark.parametrize("ground", [CARD, LEAF, OUTPUT])
def test_text_can_be_read(text, ground):
    assert contrast(text, ground) > 5
    assert contrast(DARK[text], DARK[ground]) > 6


@pytest.mark.parametrize(("text", "ground"), [(LOCAL, PILL), (MARK, MARKED)])
def test_a_pill_can_be_read(text, ground):
    assert contrast(text, ground) > 5
    assert contrast(DARK[text], DARK[ground]) > 6


@pytest.mark.parametrize("text", [INK, VALUE, GRADIENT, LOCAL, MARK])
def test_text_can_be_read_on_the_paper(text):
    assert contrast(text, paper("light")) > 5
    assert contrast(DARK[text], paper("dark")) > 6
    assert paper("auto") is None


def colours_in(svg):
    root = ElementTree.fromstring(svg)
    used = {e.get(a) for e in root.iter() for a in ("fill", "stroke")}
    return used - {None, "none", "transparent"}


@pytest.fixture(scope="module", params=["cards", "circuit"])
def graph(request):
    x, y = Value(2.0, name='color="#ffffff" fill=#1f2328'), Value(math.inf, name="#00694d")
    return {"value": ad.tanh(x * y) + x, "style": request.param}


def drawn(graph, **options):
    return viz.draw(graph["value"], style=graph["style"], **options).pipe(encoding="utf-8")


def test_every_colour_of_a_picture_has_a_dark_one(graph):
    svg = drawn(graph)
    style, used = svg.split("</style>")[0], colours_in(svg)
    assert used - set(DARK) <= {"black"}
    assert len(used) > 5
    for colour in used & set(DARK):
        assert f'[fill="{colour}"]{{fill:{DARK[colour]}}}' in style
    assert "svg:root{color-scheme:light dark}" in style


def test_a_theme_that_is_given_is_the_only_one(graph):
    light, dark = (drawn(graph, theme=theme) for theme in ("light", "dark"))
    assert "<style" not in light + dark
    assert colours_in(light) <= {*DARK, "black"}
    assert colours_in(dark) <= {*DARK.values(), paper("dark"), "black"}
    assert paper("dark") in colours_in(dark)
    for svg in (light, dark):  # a name that looks like an attribute is no colour
        texts = {t.text for t in ElementTree.fromstring(svg).iter(SVG + "text")}
        assert {'color="#ffffff" fill=#1f2328', "#00694d"} <= texts


def test_a_bitmap_is_light_unless_it_is_asked_to_be_dark(graph):
    pixels = {
        theme: matplotlib.image.imread(
            io.BytesIO(viz.draw(graph["value"], style=graph["style"], theme=theme).pipe("png"))
        )[0, 0, :3].mean()
        for theme in ("auto", "light", "dark")
    }
    assert pixels["auto"] == pixels["light"] == 1.0
    assert pixels["dark"] < 0.2


# Of dichromats, as Machado, Oliveira and Fernandes (2009) give them.
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


@pytest.mark.parametrize("matrix", BLIND.values(), ids=BLIND)
def test_value_gradient_and_local_differ_to_colour_blind_eyes(matrix):
    def seen(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.clip(np.array(matrix) @ parts**2.2, 0, 1) ** (1 / 2.2)

    for colours in ((VALUE, GRADIENT, LOCAL), [DARK[c] for c in (VALUE, GRADIENT, LOCAL)]):
        for one, other in itertools.combinations(colours, 2):
            assert np.abs(seen(one) - seen(other)).max() > 0.2
