"""Where a training stands, in a file: all that its next step depends on."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autodiff.extend import read_archive, write_archive

from ..data import Batches


class Checkpoint:
    """The file of a training, and what was found in it, to go on from, if that is wanted.

    Raises FileExistsError where there is one that is not to be resumed, and ValueError for one of
    another training; then nothing is changed.
    """

    def __init__(
        self, path: str | os.PathLike[str], parts: Mapping[str, Any], drawn: Any,
        columns: list[str], validated: bool, epochs: int, resume: bool,
    ) -> None:  # fmt: skip
        self.path, self.columns, self.epochs = Path(path), columns, epochs
        self.validated = validated
        self.parts = {name: part for name, part in parts.items() if part is not None}
        if isinstance(drawn, Batches):
            self.parts["data"] = drawn
        self.print = _fingerprint(drawn)
        self.settings = _settings(parts["optimizer"])
        self.found: Mapping[str, Any] | None = None
        if not self.path.exists():
            _check_folder(self.path)
            return
        if not resume:
            raise FileExistsError(
                f"{self.path} is there already, and a checkpoint would take its place.\n"
                "Pass `resume=True` to go on from it, or delete it."
            )
        self.found = self._read()

    def write(self, state: Mapping[str, Any]) -> None:
        """Write where the training stands, all at once or not at all."""
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        write_archive(
            self.path, {**state, "parts": parts, "print": self.print, "settings": self.settings}
        )

    def _read(self) -> Mapping[str, Any]:
        """What is in the file, with the parts of the training put into the states that it has."""
        state: Mapping[str, Any] = read_archive(self.path, self._check)
        before = {name: part.state_dict() for name, part in self.parts.items()}
        try:
            for name, part in self.parts.items():
                part.load_state_dict(state["parts"][name])
        except BaseException:
            for name, part in self.parts.items():
                part.load_state_dict(before[name])
            raise
        return state

    def _check(self, state: Any) -> None:
        """ValueError for the checkpoint of another training, before its arrays are read."""
        expected = {"parts", "print", "settings", "step", "time", "history", "best"}
        if not isinstance(state, dict) or set(state) != expected:
            raise ValueError(f"{self.path} is no checkpoint of a training.\nName another file.")
        own, found = set(self.parts), set(state["parts"])
        if own != found:
            raise ValueError(
                f"A training is resumed with what it had, {_listed(found)}, but this one has "
                f"{_listed(own)}.\nPass the same to `train`."
            )
        if state["print"] != self.print:
            raise ValueError(
                f"A training is resumed with the data that it had, but {self.path} was written "
                "with other.\nPass the same arrays, or train without `resume` from the model's "
                "own file."
            )
        pairs = zip(state["settings"], self.settings, strict=False)
        if other := [(n, a, b[n]) for a, b in pairs for n, a in a.items() if n in b and a != b[n]]:
            name, then, now = other[0]
            raise ValueError(
                f"A training is resumed with the optimiser that it had, which began with "
                f"{name}={then!r}, but this one has {now!r}.\nPass the same, or train on from "
                "`model.load` of the model's own file, without `resume`."
            )
        if (done := len(state["history"]["epochs"]["epoch"])) > self.epochs:
            raise ValueError(
                f"`epochs` counts those before an interruption, too, but {self.path} has "
                f"{done} already, and this is {self.epochs}.\nPass as many as there are in all."
            )
        if done and self.validated != ("validation_loss" in state["history"]["epochs"]):
            raise ValueError(
                "A training is resumed with what it had, but this one has "
                f"{'a' if self.validated else 'no'} validation, and the one in {self.path} "
                f"{'none' if self.validated else 'one'}.\nPass the same to `train`."
            )
        if list(state["history"]["steps"]) != self.columns:
            raise ValueError(
                "A training is resumed with the metrics and measurements that it had, "
                f"{', '.join(state['history']['steps'])}, but these are "
                f"{', '.join(self.columns)}.\nPass the same `metrics` and `diagnose`."
            )


def _settings(optimizer: Any) -> list[dict[str, Any]]:
    """What the groups of an optimiser are set to, as a training begins."""
    return [{n: x for n, x in group.items() if n != "params"} for group in optimizer.param_groups]


def _check_folder(path: Path) -> None:
    """OSError where no checkpoint can be written, before an epoch is trained for it."""
    if not os.access(path.parent, os.W_OK):
        missing = not path.parent.exists()
        kind = FileNotFoundError if missing else PermissionError
        raise kind(
            f"A checkpoint is written into a folder, but {str(path.parent)!r} "
            f"{'is not there' if missing else 'may not be written to'}.\n"
            "Make it, or name another path."
        )


def _fingerprint(drawn: Any) -> list[Any] | None:
    """What tells arrays from others: shapes, dtypes and checksums."""
    if not isinstance(drawn, Batches):
        return None
    return [[list(a.shape), str(a.dtype), zlib.crc32(_bytes(a))] for a in drawn.arrays]


def _bytes(array: np.ndarray[Any, Any]) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
