"""The bar that shows how far a training is: tqdm's, where that is installed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sized
from types import TracebackType
from typing import Any

from .history import History


class Progress:
    """One bar over all steps, with the loss beside it; nothing where none is wanted.

    `shown` is None for a bar on a terminal where tqdm is installed, and else nothing.
    """

    def __init__(self, shown: bool | None, epochs: int, drawn: Any) -> None:
        self.bar: Any = None
        self.epochs, self.each = epochs, len(drawn) if isinstance(drawn, Sized) else None
        if shown is False or (shown is None and not sys.stderr.isatty()):
            return
        try:
            from tqdm import tqdm
        except ImportError as error:
            if shown:
                raise ImportError(
                    "A progress bar is tqdm's, which is not installed.\n"
                    "Install it by `pip install tqdm`, or pass `progress=False`."
                ) from error
            return
        total = None if self.each is None else self.each * epochs
        self.bar = tqdm(desc="training", total=total, unit="step")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self.bar is not None:
            self.bar.close()

    def begin(self, steps: int) -> None:
        """So many steps were taken before."""
        if self.bar is not None:
            self.bar.update(steps)

    def step(self, history: History) -> None:
        """One step more."""
        if self.bar is not None:
            self.bar.update()
            steps = history.steps
            epoch = f"{steps['epoch'][-1]}/{self.epochs}"
            self.bar.set_postfix(epoch=epoch, loss=f"{steps['loss'][-1]:.4g}", refresh=False)

    def say(self, text: str) -> None:
        """A line of its own on the error stream, above the bar if there is one."""
        if self.bar is None:
            print(text, file=sys.stderr)
        else:
            self.bar.write(text, file=sys.stderr)

    def end_epoch(self, row: Mapping[str, Any]) -> None:
        """What an epoch has come to, shown with the next step."""
        if self.bar is not None:
            shown = {n: f"{x:.4g}" for n, x in row.items() if n not in ("epoch", "lr", "time")}
            self.bar.set_postfix(epoch=f"{row['epoch']}/{self.epochs}", **shown)
