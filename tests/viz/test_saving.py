"""save: each ending gives the file that it says, made with the options that this kind uses."""

import re

import pytest
from picture_files import BEGINS, is_one

import viz
from autodiff import Value
from nn import MLP
from viz.saving import ENDINGS, contents, endings_with, options_of

# What is saved with, beside the option, and the option, which makes another file of it.
OPTIONS = {
    "cotangent": ({}, 2.0),
    "style": ({}, "circuit"),
    "direction": ({}, "TB"),
    "theme": ({}, "dark"),
    "detail": ({}, "values"),
    "depth": ({}, 1),
    "expand": ({"depth": 1}, "layers.1"),
}


@pytest.fixture(scope="module")
def graph():
    """Of a network, whose calls are known, so that it can be collapsed."""
    with viz.calls():
        return MLP(2, [2, 1], seed=0)([Value(1.0, name="x"), Value(-0.5, name="y")])


def test_every_ending_is_tried():
    assert {*BEGINS} == {*ENDINGS}
    assert {*OPTIONS} == {option for ending in ENDINGS for option in options_of(ending)}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_file_is_what_its_ending_says(graph, tmp_path, ending):
    path = tmp_path / f"f{ending.upper()}"
    viz.save(graph, path)
    assert is_one(ending, path.read_bytes())
    assert path.read_bytes() == contents(graph, ending)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_option_makes_another_file_or_is_refused(graph, tmp_path, ending, option):
    path, (others, word) = tmp_path / f"f{ending}", OPTIONS[option]
    options = {**others, option: word}
    if ending in endings_with(option):
        viz.save(graph, path, **options)
        assert is_one(ending, path.read_bytes())
        assert path.read_bytes() != contents(graph, ending, **others)
        return
    with pytest.raises(TypeError) as error:
        viz.save(graph, path, **{option: word})
    rule, fix = str(error.value).splitlines()
    assert re.search(rf"for \{ending} they are .*, but here is `{option}`\.$", rule)
    assert fix.startswith("Leave it out, or write to .svg, .png, .pdf, .dot")
    assert not path.exists()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_option_of_no_file_is_refused(graph, tmp_path, ending):
    with pytest.raises(TypeError, match=r"here is `styl`\.\nLeave it out\.$"):
        viz.save(graph, tmp_path / f"f{ending}", styl="circuit")
    assert not list(tmp_path.iterdir())


def test_what_is_no_ending_and_what_is_no_graph(graph, tmp_path):
    with pytest.raises(ValueError, match=r"ending in \.svg, .*not 'f.jpg'"):
        viz.save(graph, tmp_path / "f.jpg")
    with pytest.raises(TypeError, match="takes a Value"):
        viz.save(lambda x: x, tmp_path / "g.tex")
    assert not list(tmp_path.iterdir())
