"""What a training is given: a model, a loss, data and numbers, each checked before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff.extend import Seed, describe, is_count

from ..data import Batches, batches
from ..groups import positive
from .metrics import named

_BATCH = 32  # rows, where there are as many and it is not said
_NORM = positive("A greatest norm")


class Settings:
    """The settings that are numbers and functions, checked."""

    def __init__(
        self, epochs: int, clip_norm: float | None, patience: int | None, every: int | None,
        metrics: Any,
    ) -> None:  # fmt: skip
        for name, number in (("epochs", epochs), ("patience", patience), ("every", every)):
            if not (is_count(number) or (number is None and name != "epochs")):
                raise ValueError(f"`{name}` is a whole number from 1 up, but this is {number!r}.")
        self.clip_norm = None if clip_norm is None else _NORM.check(clip_norm)
        self.epochs = int(epochs)
        self.patience, self.every, self.metrics = patience, every, named(metrics)


def check_model(model: Any, loss: Any) -> None:
    if not all(hasattr(model, name) for name in ("parameters", "functional_call", "state_dict")):
        raise TypeError(
            f"What is trained is an nn.Module, but this is {describe(model)}.\n"
            "Make it a class whose `forward` computes the output."
        )
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            "A loss is a function of an output and a target, such as `nn.mse`, but this is "
            f"{describe(loss)}."
        )


def drawn_from(data: Any, batch_size: int | None, seed: Seed) -> Any:
    """The batches of each epoch."""
    if isinstance(data, tuple):
        rows = np.shape(data[0])[0] if data and np.ndim(data[0]) else 0
        size = min(_BATCH, max(rows, 1)) if batch_size is None else batch_size
        drawn: Any = batches(data, batch_size=size, seed=seed)
    elif batch_size is not None or seed is not None:
        raise ValueError(
            "`batch_size` and `seed` are of arrays, but this data comes in batches of its own.\n"
            "Pass a tuple of arrays, or leave them out."
        )
    elif not isinstance(data, Iterable):
        raise TypeError(
            "Data is a tuple of arrays, as in `(X, y)`, or gives batches, but this is "
            f"{describe(data)}."
        )
    else:
        drawn = data
    if isinstance(drawn, Batches) and len(drawn.arrays) < 2:
        raise ValueError(
            "Data has inputs and targets, but this is one array.\nPass both, as in `(X, y)`."
        )
    return drawn


def held_out_from(validation: Any, drawn: Any) -> Batches:
    """Other data, in batches as they stand."""
    if isinstance(validation, Batches):
        validation = tuple(validation.arrays)
    if not isinstance(validation, tuple) or len(validation) < 2:
        raise TypeError(
            f"Validation is a tuple of arrays, as in `(X, y)`, but this is {describe(validation)}."
        )
    rows = len(validation[0])
    size = min(rows, max(getattr(drawn, "batch_size", 0), 256)) or 1
    return batches(validation, batch_size=size, shuffle=False)


def checked_batch(batch: Any) -> tuple[Any, ...]:
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise ValueError(
            "A batch is a tuple of inputs and a target, as in `(X, y)`, but this is "
            f"{describe(batch)}."
        )
    return tuple(part if isinstance(part, np.ndarray) else np.asarray(part) for part in batch)
