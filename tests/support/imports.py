"""What the files of the packages import: read from every import in the tree."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autodiff", "nn", "optim", "viz")


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
