"""Figures: their files, their colours in light and dark, and what is said where none can be."""

import subprocess
import sys
from itertools import combinations

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from contrast import contrast

import viz
from viz import figures
from viz.figures import colours_of, rgb

THEMES = ["light", "dark"]
# How colours look to those who lack the cones of long, middle and short waves: of linear red,
# green and blue (Machado, Oliveira and Fernandes, 2009, severity 1).
EYES = {
    "normal": np.eye(3),
    "long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
             [-0.003882, -0.048116, 1.051998]],
    "middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
              [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
_TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
])  # fmt: skip


def linear(colour):
    c = rgb(colour)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(colour, eyes):
    """CIELAB of a colour as these eyes see it."""
    x = _TO_XYZ @ np.clip(np.array(EYES[eyes]) @ linear(colour), 0, 1)
    f = np.cbrt(np.maximum(x / [0.95047, 1.0, 1.08883], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_any_two_classes_are_told_apart_by_all_eyes(theme, eyes):
    classes = colours_of(theme).classes
    apart = [np.linalg.norm(lab(a, eyes) - lab(b, eyes)) for a, b in combinations(classes, 2)]
    assert min(apart) > 15


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_curves_stand_out_from_the_paper(theme):
    colours = colours_of(theme)
    assert contrast(colours.ink, colours.paper) > 10
    assert min(contrast(c, colours.paper) for c in (colours.first, colours.second)) > 4.5


def test_thirty_classes_look_different():
    colours = colours_of("light")
    assert len({(colours.colour(k), colours.marker(k)) for k in range(30)}) == 30


def test_a_mixture_goes_from_the_paper_to_the_colour():
    colours = colours_of("dark")
    mixed = colours.mixed(rgb(colours.ink), np.array([0.0, 1.0]))
    np.testing.assert_allclose(mixed, [rgb(colours.paper), rgb(colours.ink)])


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_is_the_same_file(tmp_path, kind):
    paths = [tmp_path / f"{i}.{kind}" for i in range(2)]
    for path in paths:
        viz.loss_curve([3.0, 2.0, 1.0], path)
    one, other = (path.read_bytes() for path in paths)
    assert one == other
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


def test_a_dark_figure_is_dark_whatever_the_reader_has_set(tmp_path):
    with matplotlib.rc_context({"figure.facecolor": "red", "lines.linewidth": 9, "font.size": 40}):
        for theme in THEMES:
            viz.loss_curve([3.0, 2.0, 1.0], tmp_path / f"{theme}.png", theme=theme)
        assert matplotlib.rcParams["figure.facecolor"] == "red"
    for theme in THEMES:
        picture = matplotlib.image.imread(tmp_path / f"{theme}.png")
        np.testing.assert_allclose(picture[0, 0, :3], rgb(colours_of(theme).paper), atol=0.01)
    viz.loss_curve([3.0, 2.0, 1.0], tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "light.png").read_bytes()


def test_it_shows_itself_in_a_notebook_and_opens_no_window():
    drawn = viz.loss_curve([3.0, 2.0, 1.0])
    assert drawn._repr_png_().startswith(b"\x89PNG")
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_another_ending_is_refused_before_anything_is_drawn(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, not 'curve\.jpg'"):
        viz.loss_curve([1.0], tmp_path / "curve.jpg")
    with pytest.raises(OSError, match="nowhere"):
        viz.loss_curve([1.0], tmp_path / "nowhere" / "curve.png")
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_told_before_anything_is_drawn(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for path, said in (("none/f.png", "make it first"), ("folder.png", "this is a folder")):
        with (
            pytest.raises(OSError, match=said),
            figures.figure(tmp_path / path, "light", 4, 3),
        ):
            pytest.fail("this is drawn")


@pytest.mark.parametrize("theme", ["auto", "blue", None, True])
def test_a_theme_that_a_figure_cannot_have_is_refused(theme, tmp_path):
    with pytest.raises(ValueError, match=f"`theme` is 'light' or 'dark', but this is {theme!r}"):
        viz.loss_curve([1.0], tmp_path / "curve.png", theme=theme)
    with pytest.raises(TypeError, match="dark"):
        viz.loss_curve([1.0], dark=True)
    assert not list(tmp_path.iterdir())


def test_matplotlib_is_imported_when_a_figure_is_drawn():
    code = (
        "import sys, viz\n"
        "assert 'matplotlib' not in sys.modules\n"
        "viz.loss_curve([1.0])\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_to_install_is_said(monkeypatch):
    figures._figure_type.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        viz.loss_curve([1.0])
