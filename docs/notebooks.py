"""Run the notebooks of examples/, and write what their cells show into them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def executed(path: Path) -> Any:
    """A notebook as it is after a run of its cells in order, in a new kernel and an empty folder.

    What says when it was run, or by which Python, is left out: a second run gives the same file.
    Raises nbclient's CellExecutionError where a cell raises.
    """
    notebook: Any = nbformat.read(path, as_version=4)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=300, startup_timeout=300, kernel_name="python3", record_timing=False,
            resources={"metadata": {"path": folder}},
        ).execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})  # fmt: skip
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> None:
    """Write each notebook anew, with its outputs."""
    for path in NOTEBOOKS:
        nbformat.write(executed(path), path)


if __name__ == "__main__":
    main()
