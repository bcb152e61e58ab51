"""The pages that a reader runs: the code of README.md and of docs/ does what it says."""

import inspect
import linecache
import re
from pathlib import Path

import pytest

import autodiff
import autodiff.testing
import nn
import optim
import viz
from autodiff.testing import temporary_operations

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = "<!-- Written by"  # a page of excerpts, which the program that writes it checks
PAGES = [
    page
    for page in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("**/*.md")),
    ]
    if WRITTEN not in page.read_text(encoding="utf-8") and ".template" not in page.name
]
TARGETS = set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def names(pages):
    return [str(page.relative_to(ROOT)) for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_code_runs(page, tmp_path, monkeypatch):
    """Block after block, as in one notebook; then the tests that the page has defined."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    namespace = {"__name__": page.stem.replace("-", "_")}
    with temporary_operations():
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start(1))
            code = "\n" * line + found[1]  # so that an error is at its line of the page
            name = f"{page}:{line}"
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
            exec(compile(code, name, "exec"), namespace)
        for name, thing in list(namespace.items()):
            if name.startswith("test_"):
                thing()


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_what_is_told_to_type_is_there(page):
    """Every target of make, and every file, folder and single test that the page names."""
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= TARGETS
    for path, test in re.findall(r"\b((?:autodiff|tests)/[\w/.]+)(?:::(\w+))?", text):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), test


PACKAGES = (autodiff, autodiff.testing, nn, optim, viz)


def public_things():
    for package in PACKAGES:
        for name in dir(package):
            thing = getattr(package, name)
            if not name.startswith("_") and callable(thing):
                yield f"{package.__name__}.{name}", thing
                if inspect.isclass(thing) and not issubclass(thing, tuple):
                    for part, member in vars(thing).items():
                        if not part.startswith("_") and (
                            callable(member) or isinstance(member, property)
                        ):
                            yield f"{package.__name__}.{name}.{part}", member


def test_everything_public_says_what_it_does():
    silent = [name for name, thing in public_things() if not (inspect.getdoc(thing) or "").strip()]
    assert not silent


def test_what_is_said_to_be_installed_can_be():
    """The project is on no registry: a hint names what is, as setup.cfg does."""
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    folders = [Path(str(package.__file__)).parent for package in (autodiff, nn, optim, viz)]
    for path in [*PAGES, *(file for folder in folders for file in folder.rglob("*.py"))]:
        for hint in re.findall(r"pip install '?([^'`\"\s]+)", path.read_text(encoding="utf-8")):
            known = re.search(rf"^    {re.escape(hint)}", config, re.MULTILINE)
            assert hint.startswith(".") or known, f"{path} says `pip install {hint}`"
