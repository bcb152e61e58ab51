"""Pages of graphs and of descents, opened in a browser."""

import pytest
from browser import browser

import viz


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The file of a page, by the function that makes it, or the graph that it is of."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page_of(make):
        if make not in made:
            made[make] = folder / f"{len(made)}.html"
            thing = make()
            page = thing if isinstance(thing, viz.Player) else viz.page(thing)
            page.save(made[make])
        return made[make]

    return page_of


@pytest.fixture
def opened(pages):
    """Opens a page, and afterwards looks what the console has said."""
    window = browser()

    def open_page(make, **wishes):
        return window.open(pages(make), **wishes)

    yield open_page
    assert window.complaints() == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in window.requests())
