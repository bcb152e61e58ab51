"""What a training is given: a model, a loss, data and numbers, each checked before it begins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff.extend import Seed, data_of, describe, is_count

from ..data import Batches, batches
from ..groups import positive
from .metrics import named, threshold_of

_BATCH = 32  # rows, where there are as many and it is not said
_TESTED = 256  # rows at least that are predicted at once of other data
_NORM = positive("A greatest norm")


class Settings:
    """The settings that are numbers and functions, checked."""

    def __init__(
        self, epochs: int, clip_norm: float | None, patience: int | None, every: int | None,
        metrics: Any, loss: Any,
    ) -> None:  # fmt: skip
        for name, number in (("epochs", epochs), ("patience", patience), ("every", every)):
            if not (is_count(number) or (number is None and name != "epochs")):
                raise ValueError(f"`{name}` is a whole number from 1 up, but this is {number!r}.")
        self.clip_norm = None if clip_norm is None else _NORM.check(clip_norm)
        self.epochs = int(epochs)
        self.patience, self.every = patience, every
        self.metrics = named(metrics, threshold_of(loss))


def check_model(model: Any, loss: Any) -> None:
    parts = ("parameters", "functional_call", "state_dict")
    if isinstance(model, type) or not all(hasattr(model, name) for name in parts):
        raise TypeError(
            f"What is trained is an nn.Module, but this is {describe(model)}.\n"
            "Make one, of a class whose `forward` computes the output."
        )
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            "A loss is a function of an output and a target, such as `nn.mse`, but this is "
            f"{describe(loss)}."
        )


def check_movers(optimizer: Any, schedule: Any, kept: bool) -> None:
    """TypeError and ValueError for what is no optimiser, no schedule, or no schedule of it.

    Where a checkpoint is kept, both have a state.
    """
    parts = ("step", "zero_grad", "params", "param_groups")
    if isinstance(optimizer, type) or not all(hasattr(optimizer, name) for name in parts):
        raise TypeError(
            "The parameters are moved by an optimiser, but this is "
            f"{describe(optimizer)}.\nMake one, as in `Adam(model.parameters(), lr=0.01)`."
        )
    if schedule is not None:
        _check_schedule(schedule, optimizer)
    for part in (optimizer, schedule):
        has = all(hasattr(part, name) for name in ("state_dict", "load_state_dict"))
        if kept and part is not None and not has:
            raise TypeError(
                f"A checkpoint has the state of all that takes part, but {describe(part)} has "
                "none.\nGive it `state_dict` and `load_state_dict`, or leave `checkpoint` out."
            )


def _check_schedule(schedule: Any, optimizer: Any) -> None:
    try:
        inspect.signature(schedule.step).bind(0.0)
    except (AttributeError, TypeError) as error:
        raise TypeError(
            "A schedule is told the loss after each epoch, by `schedule.step(loss)`, but this is "
            f"{describe(schedule)}: {error}.\nTake one of `optim.schedules`, or inherit from "
            "`optim.schedule.Schedule`."
        ) from error
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ValueError(
            "A schedule sets the learning rate of the optimiser that it was made with, but this "
            "one was made with another.\nMake it of the optimiser that you pass to `train`."
        )


def drawn_from(data: Any, batch_size: int | None, seed: Seed) -> Any:
    """The batches of each epoch."""
    if isinstance(data, tuple):
        size = min(_BATCH, _rows(data)) if batch_size is None else batch_size
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


def _rows(data: tuple[Any, ...]) -> int:
    """How many rows there are, or 1 where `batches` will say what is wrong."""
    try:
        return max(len(data[0]), 1)
    except (LookupError, TypeError):
        return 1


def held_out_from(validation: Any, drawn: Any) -> Batches:
    """Other data, in batches as they stand."""
    if isinstance(validation, Batches):
        validation = tuple(validation.arrays)
    if not isinstance(validation, tuple) or len(validation) < 2:
        raise TypeError(
            f"Validation is a tuple of arrays, as in `(X, y)`, but this is {describe(validation)}."
        )
    if isinstance(drawn, Batches) and len(validation) != len(drawn.arrays):
        raise ValueError(
            "Validation is made as the data is, of inputs and a target, but this has "
            f"{len(validation)} arrays, and the data {len(drawn.arrays)}."
        )
    whole = batches(validation, batch_size=1, shuffle=False)
    whole.batch_size = min(whole.rows, max(getattr(drawn, "batch_size", 0), _TESTED))
    return whole


def checked_batch(batch: Any) -> tuple[Any, ...]:
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise ValueError(
            "A batch is a tuple of inputs and a target, as in `(X, y)`, but this is "
            f"{describe(batch)}."
        )
    parts = tuple([p if isinstance(p, np.ndarray) else np.asarray(data_of(p)) for p in batch])
    if not parts[-1].ndim or not len(parts[-1]):
        raise ValueError(
            "A target has a row for each row of the inputs, and at least one, but this has shape "
            f"{parts[-1].shape}.\nOf a single row make it an array, as in `np.array([target])`."
        )
    return parts
