"""Training: the steps of an optimiser over the batches of an epoch, and epochs."""

from __future__ import annotations

import functools
import math
import os
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.extend import Seed, check_switches, data_of, gradient_of, leaves, tree_map

from ..data import Batches
from ..diagnosis.findings import diagnose as causes
from ..diagnosis.findings import so_far
from ..diagnosis.probe import COLUMNS, Probe
from ..gradients import clip_gradients
from .checkpoint import Checkpoint
from .given import Settings, check_model, check_movers, checked_batch, drawn_from, held_out_from
from .hidden import Hidden
from .history import History
from .metrics import measured
from .progress import Progress
from .step import Pulled, Step, asks_for_loss


def train(
    model: Any,
    loss: Callable[..., Any],
    data: Any,
    optimizer: Any,
    *,
    epochs: int = 1,
    batch_size: int | None = None,
    metrics: Any = None,
    validation: Any = None,
    schedule: Any = None,
    clip_norm: float | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int | None = None,
    resume: bool = False,
    seed: Seed = None,
    compiled: bool | None = None,
    allow_unused: bool = False,
    detect_anomaly: bool = False,
    diagnose: bool = False,
    progress: bool | None = None,
) -> History:
    """Train a model on batches of data, and give the history of its steps and epochs.

    `data` is a tuple of arrays of as many rows, the last of which is the target, drawn in batches
    of `batch_size` (32) by `seed`; or what `batches` made; or any other iterable of such batches,
    begun anew in each epoch. `loss(output, target)` is one number with a graph. Each step clears
    the gradients, pulls the loss back, shortens the gradient to `clip_norm`, and lets the optimiser
    step; it runs as a program where it can, and says once why where it cannot (`compiled` is True
    for a program or an error, False for none). A program has what is no argument, no parameter and
    no buffer as it was at the first step: where a step changes such a thing there is none, and
    whether something else has changed it is looked at in each epoch, and at the steps 1, 2, 4, 8,
    ... An optimiser whose step asks for the loss, as that of LBFGS, gets a closure, by which that
    of the batch is computed again, with the same draws.

    `metrics` are functions of an output and a target, by name, in a list or one alone, or
    "accuracy"; they and the loss are computed of `validation`, a tuple of arrays, after each epoch,
    in the mode of `eval`. Then the `schedule` steps, by the loss of `validation` (else that of the
    epoch) where it looks at one. With `patience`, training ends when that loss has not fallen for
    so many epochs, and the model gets back the parameters of the best.

    A `checkpoint` is written at the end of each epoch, and after `every` so many steps; with
    `resume` training goes on from there, if there is one, to the losses that it would have had,
    and by the settings of the optimiser that it had.
    With `detect_anomaly` the operation is named that makes a NaN; with `diagnose` each step is
    measured, without a program, which of small steps takes several times as long as they do, and
    what `optim.diagnose` finds is said after an epoch in which there is something new. `progress`
    shows a bar, by default on a terminal where tqdm is installed.

    Raises FloatingPointError where a loss or a gradient is not finite, before that step is taken;
    ValueError for data that does not fit, for parameters that are not in the graph of the loss
    (unless `allow_unused`), and for a checkpoint of another training; FileExistsError for one that
    is there and not to be resumed.

    >>> from nn import Linear, mse
    >>> from optim import SGD
    >>> x = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> model = Linear(1, 1, seed=0)
    >>> history = train(model, mse, (x, 3 * x + 1), SGD(model.parameters(), lr=0.5), epochs=50)
    >>> model.weight.data.round(3), model.bias.data.round(3), len(history)
    (array([[3.]]), array([1.]), 50)
    """
    settings = Settings(epochs, clip_norm, patience, every, metrics, loss)
    check_switches(
        resume=resume, allow_unused=allow_unused, detect_anomaly=detect_anomaly, diagnose=diagnose,
        compiled=compiled is None or compiled, progress=progress is None or progress,
    )  # fmt: skip
    check_model(model, loss)
    check_movers(optimizer, schedule, kept=checkpoint is not None)
    if (every is not None or resume) and checkpoint is None:
        raise ValueError(
            "`every` and `resume` are about a checkpoint, but none is named.\n"
            "Pass its path, as in `checkpoint='training.npz'`."
        )
    drawn = drawn_from(data, batch_size, seed)
    if every is not None and not isinstance(drawn, Batches):
        raise ValueError(
            "`every` counts steps, but where an epoch stands is known of arrays and of `batches` "
            "alone.\nLeave it out: a checkpoint is written at the end of each epoch."
        )
    held_out = None if validation is None else held_out_from(validation, drawn)
    look = functools.partial(_look_at_targets, loss, drawn)
    if asks_for_loss(optimizer) and clip_norm is not None:
        raise ValueError(
            "`clip_norm` shortens the gradient that a step is taken by, but "
            f"{type(optimizer).__name__} computes its own.\nLeave it out."
        )
    if detect_anomaly or asks_for_loss(optimizer):
        compiled = False
    step = Step(model, loss, optimizer, compiled, allow_unused, look)
    if held_out is not None:
        inputs = [array[: held_out.batch_size] for array in held_out.arrays]
        _look_at_targets(loss, held_out, inputs, step.predict(inputs))
    probe = Probe(step) if diagnose else None
    history = History(list(settings.metrics), COLUMNS if probe else ())
    history.noted["draws"] = step.draws()
    file = None
    if checkpoint is not None:
        parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
        columns, validated = list(history.steps), held_out is not None
        file = Checkpoint(checkpoint, parts, drawn, columns, validated, epochs, resume)
    training = _Training(step, drawn, held_out, schedule, settings, file, probe, history)
    with Progress(progress, settings.epochs, drawn) as bar:
        return training.run(bar, detect_anomaly)


class _Training:
    """A training under way: where it stands is in its parts, and can be written and read."""

    def __init__(
        self, step: Step, drawn: Any, held_out: Batches | None, schedule: Any,
        settings: Settings, file: Checkpoint | None, probe: Probe | None, history: History,
    ) -> None:  # fmt: skip
        self.step, self.drawn, self.held_out, self.schedule = step, drawn, held_out, schedule
        self.settings, self.file, self.probe, self.history = settings, file, probe, history
        self.by_closure = asks_for_loss(step.optimizer)
        self.told: set[str] = set()  # the kinds of causes that were said
        self.best: tuple[float, int, Any] = (math.inf, 0, None)  # loss, epoch, state
        self.before = 0.0  # the seconds of the part before an interruption
        if file is not None and file.found is not None:
            self._take(file.found)
        self.began = time.perf_counter()

    def run(self, bar: Progress, anomaly: bool) -> History:
        """The epochs that remain."""
        bar.begin(self.step.count)
        self.step.model.train()
        # What overflows is refused where it comes out, and not warned of where it does not.
        with np.errstate(all="ignore"), ad.detect_anomaly() if anomaly else nullcontext():
            while len(self.history) < self.settings.epochs and self.history.stopped is None:
                self._epoch(bar)
        return self.history

    def _epoch(self, bar: Progress) -> None:
        epoch, every = len(self.history) + 1, self.settings.every
        self.step.look_again()
        for batch in self.drawn:
            self._step(epoch, checked_batch(batch))
            bar.step(self.history)
            if every is not None and self.step.count % every == 0:
                self._write()
        if self.history.steps["epoch"][-1:] != [epoch]:
            raise ValueError(
                f"An epoch has at least one batch, but in epoch {epoch} the data gave none.\n"
                "Pass what can be iterated over again: arrays, `batches(...)` or a list."
            )
        row = self.history.end_epoch(self._validated())
        if self.probe is not None:
            self._diagnose(bar)
        watched = row.get("validation_loss", row["loss"])
        self._note_best(watched, epoch)
        if self.schedule is not None:
            self.schedule.step(watched)
        if self.file is not None:
            self._write()
        bar.end_epoch(row)

    def _step(self, epoch: int, batch: tuple[Any, ...]) -> None:
        optimizer, settings = self.step.optimizer, self.settings
        lr, probe = float(optimizer.param_groups[0]["lr"]), self.probe
        arguments = (self.step.closure(batch),) if self.by_closure else ()
        if probe is not None:
            probe.before(batch, self.history.noted)
        pulled = self.step(batch)
        if not (math.isfinite(pulled.loss) and math.isfinite(pulled.norm)):
            self._refuse(epoch, pulled)
        if probe is not None:
            probe.pulled()
        if settings.clip_norm is not None:
            clip_gradients(self.step.reached, norm=settings.clip_norm)
        target = batch[-1]
        found = {n: measured(n, f, pulled.output, target) for n, f in settings.metrics.items()}
        optimizer.step(*arguments)
        if probe is not None:
            found |= probe.columns(batch, pulled.loss)
        self.history.note_step(
            epoch=epoch,
            rows=len(target),
            loss=pulled.loss,
            gradient_norm=pulled.norm,
            lr=lr,
            time=self._time(),
            **found,
        )

    def _time(self) -> float:
        return self.before + time.perf_counter() - self.began

    def _validated(self) -> dict[str, float]:
        """The loss and the metrics of other data, in the mode of `eval`."""
        if self.held_out is None:
            return {}
        model, loss = self.step.model, self.step.loss
        outputs = [model.predict(*inputs) for *inputs, _ in self.held_out]
        output, target = _joined(outputs), self.held_out.arrays[-1]
        with ad.no_grad():
            found = {"validation_loss": float(data_of(loss(output, target)))}
        for name, f in self.settings.metrics.items():
            found[f"validation_{name}"] = measured(name, f, output, target)
        return found

    def _diagnose(self, bar: Progress) -> None:
        """Look at the layers and the data, and say what was not said before."""
        probe: Any = self.probe
        self.history.noted = probe.noted(self.drawn, self.history.noted)
        for finding in causes(self.history).findings:
            if finding.kind not in self.told:
                self.told.add(finding.kind)
                bar.say(finding.message)

    def _note_best(self, loss: float, epoch: int) -> None:
        """Keep the best parameters, and stop where it is long since there were better."""
        patience, model = self.settings.patience, self.step.model
        if patience is None:
            return
        if loss < self.best[0]:
            self.best = loss, epoch, model.state_dict()
        elif epoch - self.best[1] >= patience and self.best[2] is None:
            self.history.stopped = (
                f"Stopped after epoch {epoch}: the loss has not been finite in any, and the model "
                "has the parameters of the last."
            )
        elif epoch - self.best[1] >= patience:
            best = self.best[1]
            self.history.stopped = (
                f"Stopped after epoch {epoch}: the loss has not fallen since epoch {best}, whose "
                "parameters the model has."
            )
            model.load_state_dict(self.best[2])

    def _refuse(self, epoch: int, pulled: Pulled) -> None:
        """FloatingPointError for what is not finite, with the parameter where it can be told."""
        names = [(name, data_of(p), gradient_of(p)) for name, p in _named_in(self.step)]
        where = [f"`{name}` itself" for name, data, _ in names if not _finite(data)]
        where += [f"the gradient of `{name}`" for name, _, g in names if not _finite(g)]
        what = f"the loss is {pulled.loss!r}"
        if math.isfinite(pulled.loss):
            what = "the gradient is not" if where else "the norm of the gradient overflows"
        error = FloatingPointError(
            f"Training goes by finite numbers, but at step {self.step.count}, in epoch {epoch}, "
            f"{what}{'; ' + where[0] + ' is not finite' if where else ''}.\n"
            "That step was not taken. Try a smaller `lr` or `clip_norm`, or have the operation "
            "named by `detect_anomaly=True`."
        )
        if self.probe is not None and (why := so_far(self.history)):
            error.add_note(why)
        raise error

    # -- where it stands -------------------------------------------------------------------

    def _write(self) -> None:
        if self.file is None:
            return
        loss, epoch, state = self.best
        self.file.write(
            {
                "step": self.step.count,
                "time": self._time(),
                "history": self.history.state_dict(),
                "best": {"loss": loss, "epoch": epoch, "state": state},
            }
        )

    def _take(self, state: Mapping[str, Any]) -> None:
        self.step.count, self.before = state["step"], state["time"]
        self.history = History.from_state(state["history"])
        best = state["best"]
        self.best = best["loss"], best["epoch"], best["state"]


def _look_at_targets(loss: Callable[..., Any], drawn: Any, batch: Any, output: Any) -> None:
    """Have the loss look at every target there is, beside an output like the first one.

    It raises what it raises: before the first step, and not in the middle of an epoch.
    """
    rows = len(batch[-1])
    if not isinstance(drawn, Batches) or any(np.shape(o)[:1] != (rows,) for o in leaves(output)):
        return
    target, hidden = drawn.arrays[-1], Hidden(loss)
    with ad.no_grad(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for start in range(0, drawn.rows, rows):
            part = target[start : start + rows]
            loss(tree_map(functools.partial(_first_row, len(part)), output), part)
    hidden.restore()


def _first_row(times: int, output: Any) -> Any:
    return np.broadcast_to(output[:1], (times, *output.shape[1:]))


def _named_in(step: Step) -> list[tuple[str, Any]]:
    names = {id(p): name for name, p in step.model.named_parameters()}
    return [(names.get(id(p), p.label()), p) for p in step.reached]


def _finite(data: Any) -> bool:
    return bool(np.all(np.isfinite(data)))


def _joined(outputs: list[Any]) -> Any:
    """What was predicted batch by batch, as of all rows."""
    first = outputs[0]
    if len(outputs) == 1:
        return first
    if isinstance(first, (list, tuple)):
        return [_joined(list(parts)) for parts in zip(*outputs, strict=True)]
    return np.concatenate([tree_map(np.asarray, o) for o in outputs])
