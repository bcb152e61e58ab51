"""What a training has noted: of each step and of each epoch, printed and saved."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff.extend import mimebundle, read_archive, write_archive

from .shown import table

STEP = ("epoch", "rows", "loss", "gradient_norm", "lr", "time")
EPOCH = ("epoch", "loss", "gradient_norm", "lr", "time")


class History:
    """The steps and the epochs of a training, as columns: `history.steps["loss"]`, a list.

    A step has its epoch (from 1), the rows of its batch, the loss before it was taken, the norm of
    the gradient, the learning rate of the first group, the seconds since the beginning, and the
    metrics of its batch. An epoch has the means of the loss, of the norm and of the metrics over
    its rows, and what there is of `validation_loss` and of `validation_` and a metric. `stopped`
    says why training has ended before its last epoch, if it has. With `diagnose=True` a step has
    what `diagnose` needs, too. `print` shows it as a table, `plot` as a picture.

    >>> history = History()
    >>> history.note_step(epoch=1, rows=2, loss=3.0, gradient_norm=1.0, lr=0.1, time=0.5)
    >>> history.note_step(epoch=1, rows=1, loss=0.0, gradient_norm=1.0, lr=0.1, time=0.75)
    >>> _ = history.end_epoch({})
    >>> print(history)
    epoch  loss  gradient norm   lr   time
        1     2              1  0.1  0.75 s
    """

    _repr_mimebundle_ = mimebundle

    def __init__(self, metrics: Sequence[str] = (), measured: Sequence[str] = ()) -> None:
        self.metrics = list(metrics)
        self.noted: dict[str, Any] = {}  # what `diagnose` is told of the last epoch
        self.steps: dict[str, list[Any]] = {name: [] for name in (*STEP, *metrics, *measured)}
        self.epochs: dict[str, list[Any]] = {name: [] for name in (*EPOCH, *metrics)}
        self.stopped: str | None = None

    def __len__(self) -> int:
        return len(self.epochs["epoch"])

    def note_step(self, **columns: Any) -> None:
        """Note a step, by what each column has of it."""
        for name, column in self.steps.items():
            column.append(columns[name])

    def end_epoch(self, validation: Mapping[str, float]) -> dict[str, Any]:
        """Note an epoch: the means of its steps, and what was found of other data."""
        steps = self.steps
        first = len(steps["epoch"]) - steps["epoch"][::-1].count(steps["epoch"][-1])
        rows = steps["rows"][first:]
        row = {name: steps[name][-1] for name in ("epoch", "lr", "time")}
        for name in ("loss", "gradient_norm", *self.metrics):
            total = math.fsum(x * n for x, n in zip(steps[name][first:], rows, strict=True))
            row[name] = total / sum(rows)
        row |= validation
        for name in row:
            self.epochs.setdefault(name, [])
        for name, column in self.epochs.items():
            column.append(row[name])
        return row

    def __str__(self) -> str:
        return table(self.epochs) + (f"\n{self.stopped}" if self.stopped else "")

    def __repr__(self) -> str:
        steps, epochs = len(self.steps["epoch"]), len(self)
        last = f", loss {self.epochs['loss'][-1]:.6g}" if epochs else ""
        return f"<History of {steps} steps in {epochs} epochs{last}>"

    def plot(self, path: str | os.PathLike[str] | None = None, **settings: Any) -> Any:
        """The curve of the loss and of the metrics, as `viz.loss_curve` draws it.

        Gives a figure of matplotlib, and writes it to `path`. Raises what `viz.loss_curve` does.
        """
        from viz import loss_curve  # which draws without knowing of optim

        return loss_curve(self, path, **settings)

    # -- files -----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All of it, the columns as arrays."""
        return {
            "metrics": list(self.metrics),
            "steps": {name: np.array(column) for name, column in self.steps.items()},
            "epochs": {name: np.array(column) for name, column in self.epochs.items()},
            "noted": dict(self.noted),
            "stopped": self.stopped,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> History:
        """The history that `state_dict` was asked of."""
        history = cls(state["metrics"])
        history.steps = {name: column.tolist() for name, column in state["steps"].items()}
        history.epochs = {name: column.tolist() for name, column in state["epochs"].items()}
        history.noted, history.stopped = state["noted"], state["stopped"]
        return history

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to an `.npz` file, all at once or not at all."""
        write_archive(path, {_WHAT: self.state_dict()})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """The history in a file that `save` wrote; ValueError for any other file."""
        return cls.from_state(read_archive(path, functools.partial(_check, path))[_WHAT])


_WHAT = "history"


def _check(path: str | os.PathLike[str], state: Any) -> None:
    if not isinstance(state, dict) or set(state) != {_WHAT}:
        raise ValueError(
            f"{os.fspath(path)} has no history.\nName a file that `history.save` wrote."
        )
