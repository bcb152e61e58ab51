"""Descents as files, light and dark, and what is refused before anything is written."""

import matplotlib.image
import numpy as np
import pytest

from viz import descent
from viz.figures import colours_of, rgb

PATHS = {"one": [2.0, -1.0], "two": [[2.0, -1.0], [0.0, 1.0]]}


def f(x):
    return x**2 if np.ndim(x) == 0 else x[0] ** 2 + x[1] ** 2


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_it_is_written_and_the_same_again(tmp_path, path, kind):
    files = [tmp_path / f"{k}.{kind}" for k in range(2)]
    for file in files:
        descent(f, path, file)
    one, other = (file.read_bytes() for file in files)
    assert one == other
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_light_or_dark(tmp_path, path, theme):
    descent(f, path, tmp_path / "d.png", theme=theme)
    corner = matplotlib.image.imread(tmp_path / "d.png")[0, 0, :3]
    np.testing.assert_allclose(corner, rgb(colours_of(theme).paper), atol=0.01)


def test_names_are_text(tmp_path):
    names = ["_hidden", "<b>&\"'", "two\nlines", "x" * 1000, "a\\b"]
    drawn = descent(f, dict.fromkeys(names, PATHS["two"]), tmp_path / "n.svg")
    texts = [text.get_text() for text in drawn.legends[0].texts]
    assert texts[0].strip() == "_hidden"
    assert texts[1] == names[1]
    assert len(texts) >= 5


def test_nothing_is_written_where_something_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, not 'd\.html'"):
        descent(f, [1.0], tmp_path / "d.html")
    with pytest.raises(TypeError, match="path is an array"):
        descent(f, 1.0, tmp_path / "d.png")
    assert not list(tmp_path.iterdir())


def test_neither_the_function_nor_the_path_is_changed():
    path = np.array([[2.0, -1.0], [0.0, 1.0]])
    before = path.copy()
    descent(f, path)
    assert (path == before).all()
