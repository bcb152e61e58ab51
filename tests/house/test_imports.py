"""How the files of the packages depend on each other: read from every import in the tree."""

import ast
import re
from graphlib import CycleError, TopologicalSorter

import pytest
from imports import FILES, file_of, graph_of, imports_of

# The rooms of autodiff, from the ground up: a file imports from its own or from those below.
ROOMS = ("support", "graph", "primitives", "operations", "transforms", "programs", "testing")


def test_no_files_import_each_other_in_a_circle():
    try:
        TopologicalSorter(graph_of(FILES)).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def room_of(module):
    """The floor on which a file of autodiff stands; above all of them, its faces."""
    name = module.split(".")[1] if "." in module else ""
    return ROOMS.index(name) if name in ROOMS else len(ROOMS)


def test_no_file_imports_from_a_room_above_its_own():
    upwards = [
        f"{module} imports {other}"
        for module, others in graph_of(FILES).items()
        if module.startswith("autodiff")
        for other in others
        if room_of(other) > room_of(module)
    ]
    assert not upwards


def test_every_file_of_autodiff_has_its_room():
    outside = [m for m in FILES if m.startswith("autodiff") and room_of(m) == len(ROOMS)]
    assert outside == ["autodiff", "autodiff.extend"]


def test_a_circle_would_be_found(tmp_path):
    for name, text in {
        "a": "import autodiff",
        "b": "def f():\n    from nn import layers",
        "c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import np, render",
    }.items():
        (tmp_path / name).write_text(text)
    found = [set(map(file_of, imports_of(f"viz.{n}", tmp_path / n))) for n in "abc"]
    assert found == [{"autodiff"}, {"nn.layers"}, {None, "viz", "viz.render"}]
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


def test_one_place_reaches_up_by_a_name():
    """What shows things in a notebook is imported when one asks, and no import says so."""
    above = re.compile(r"(nn|optim|viz)(\.\w+)+")
    reaching = {
        module
        for module, path in FILES.items()
        if module.startswith("autodiff")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and above.fullmatch(str(node.value))
    }
    assert reaching == {"autodiff.support.notebook"}


def test_no_file_imports_pickle():
    """Things say by `__reduce__` how they are pickled; what we read never runs code."""
    found = {
        f"{module} imports {name}"
        for module, path in FILES.items()
        for name in imports_of(module, path)
        if name.partition(".")[0]
        in ("pickle", "cPickle", "_pickle", "copyreg", "shelve", "marshal")
    }
    assert not found
