"""How the files of the packages depend on each other: read from every import in the tree."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("autodiff", "nn", "optim", "viz")
# The rooms of autodiff, from the ground up: a file imports from its own or from those below.
ROOMS = ("support", "graph", "primitives", "operations", "transforms", "programs", "testing")


def module_of(path):
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(p): p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))}


def imports_of(module, path):
    """Every module and name that a file imports, within functions and for types alone, too."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def file_of(name):
    """The module that an imported name stands in; None where it is not ours."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def graph_of(files):
    """Of each file those that it imports, itself left out."""
    return {
        module: {file_of(name) for name in imports_of(module, path)} - {None, module}
        for module, path in files.items()
    }


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
