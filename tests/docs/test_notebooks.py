"""The notebooks of examples/: what stands in them below each cell is what a run shows now."""

import base64
import html
import importlib.util
import os
import re
import runpy
import struct
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest

if os.environ.get("NOTEBOOK_TESTS") != "required":  # as a machine says that is to have them
    for needed in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"There is no {needed}.", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
with warnings.catch_warnings(action="ignore"):
    MADE = runpy.run_path(str(ROOT / "docs" / "notebooks.py"))
NOTEBOOKS = {path.name: path for path in MADE["NOTEBOOKS"]}
WRITE = "write them again: python docs/notebooks.py"
LARGEST = 1_000_000  # bytes of a file
NEAR = 1e-3  # how near a loss is after hundreds of steps, where another processor adds otherwise

pytestmark = pytest.mark.filterwarnings("ignore")  # asyncio and Jupyter's packages warn of theirs


def test_all_are_found():
    names = ("checking", "digits", "lecture", "neuron")
    assert {f"{name}.ipynb" for name in names} <= NOTEBOOKS.keys()


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request):
    """A notebook as it is kept, and as a run makes it."""
    path = NOTEBOOKS[request.param]
    return MADE["nbformat"].read(path, as_version=4), MADE["executed"](path)


def outputs(notebook):
    """Of each cell what is below it: its kind, and what it is by MIME type."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield output.output_type, output.get("data", {"text/plain": output.get("text")})


# A number, and words without them: a sum may be of another order with another NumPy.
_NUMBER = re.compile(r"[-−]?\d+\.?\d*(?:e[-+−]?\d+)?")


def parted(text):
    """The words of a text, and its numbers, which are compared as such."""
    numbers = [float(n.replace("−", "-")) for n in _NUMBER.findall(text)]
    return _NUMBER.sub("#", text), numbers


def words(page):
    """What can be read in a page, without its style; where it stands is left out."""
    text = re.sub(r"(?s)<style>.*?</style>|<path.*?>|<g .*?>", "", page)
    return html.unescape(re.sub("<[^>]*>", " ", text))


def comparable(kind, data):
    if kind == "image/png":
        header = base64.b64decode(data)[:24]
        assert header.startswith(b"\x89PNG")
        return "", list(map(float, struct.unpack(">II", header[16:])))
    if kind == "image/svg+xml":
        root = ElementTree.fromstring(data.encode())
        texts = sorted(e.text for e in root.iter() if e.tag.endswith("}text"))
        return parted("\n".join(texts))
    return parted(words(data) if kind == "text/html" else data)


def test_its_cells_show_what_is_kept(notebook):
    kept, now = (list(outputs(one)) for one in notebook)
    assert [(kind, {*data}) for kind, data in kept] == [(k, {*d}) for k, d in now], WRITE
    for (_, before), (_, after) in zip(kept, now, strict=True):
        for kind in before:
            (words_before, numbers), (words_now, found) = (
                comparable(kind, data[kind]) for data in (before, after)
            )
            assert words_now == words_before, WRITE
            assert found == pytest.approx(numbers, rel=NEAR, abs=1e-6), WRITE


def test_it_says_nothing_of_when_and_where_it_was_run(notebook):
    kept, now = notebook
    MADE["nbformat"].validate(kept)
    assert kept.metadata == now.metadata
    assert now.metadata.language_info == {"name": "python"}
    assert [cell.metadata for cell in kept.cells] == [{}] * len(kept.cells)
    assert [cell.id for cell in kept.cells] == [cell.id for cell in now.cells]
    for _, data in outputs(kept):
        for kind, text in data.items():
            assert kind == "image/png" or not re.search(
                r"\b0x[0-9a-f]{6}|/(?:home|Users|tmp|work|root)/", text
            )


def test_all_that_is_shown_has_a_text_and_no_cell_has_an_error(notebook):
    for one in notebook:
        found = list(outputs(one))
        assert {kind for kind, _ in found} <= {"execute_result", "stream", "display_data"}
        assert all("text/plain" in data for _, data in found)


def test_it_shows_each_kind_of_thing():
    kept = MADE["nbformat"].read(NOTEBOOKS["neuron.ipynb"], as_version=4)
    texts = [data["text/plain"] for kind, data in outputs(kept) if kind == "execute_result"]
    for start in (
        "Value(", '"""The value of neuron', "<Page of", "Tensor(", "Sequential(", "Graph of",
        "<History of",
    ):  # fmt: skip
        assert any(text.startswith(start) for text in texts)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_not_large_and_leads_somewhere(name):
    path = NOTEBOOKS[name]
    assert path.stat().st_size < LARGEST
    for cell in MADE["nbformat"].read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#:\s]+)\)", cell.source):
                assert (path.parent / target).exists()


def test_a_change_would_be_found():
    assert parted("loss 0.0497, 100%") == ("loss #, #%", [0.0497, 100.0])
    assert parted("loss 0.0497")[1] != pytest.approx(parted("loss 0.0498")[1], rel=NEAR, abs=1e-6)
    assert words('<style>a{}</style><pre>x <b>&lt;y</b></pre><path d="1 2"/>').split() == [
        "x", "<y",
    ]  # fmt: skip
