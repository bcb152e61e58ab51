"""What follows from the measurements of a training: each rise of the loss told, other causes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import describe

from .growth import EXPLOSION, VANISHING

_MANY = 0.5  # the share of a layer's units from which on it is what holds the loss up
_SOME = 0.2  # and from which on it is told
_SUDDEN = 100.0  # times the greatest norm of the gradient
_BEFORE = 3  # in so many steps before
_OFTEN = 0.2  # the share of steps that overshoot from which on it is the first thing to mend
_OF_THE_MODEL = 5.0  # the weight of what the model is before any step: other causes follow from it
_LONGER = 30.0  # times as long the best step must be, for one to be called small


class Finding(NamedTuple):
    """One cause that was found: its kind, the step where it shows most, how much it weighs."""

    kind: str
    step: int | None
    weight: float
    message: str


class Diagnosis:
    """Why a loss rose, or did not fall: `findings`, the weightiest first, and each of the `rises`.

    `cause` is the kind of the first finding, None where all is well. `rises` has pairs of a step,
    counted from 1, and "overshoot" or "sampling".
    """

    def __init__(self, findings: Sequence[Finding], rises: Sequence[tuple[int, str]]) -> None:
        self.findings = sorted(findings, key=lambda found: -found.weight)
        self.rises = list(rises)

    @property
    def cause(self) -> str | None:
        """The kind of the weightiest finding."""
        return self.findings[0].kind if self.findings else None

    def __str__(self) -> str:
        if not self.findings:
            return "Nothing was found that holds the loss up."
        return "\n".join(found.message for found in self.findings)

    def __repr__(self) -> str:
        kinds = ", ".join(found.kind for found in self.findings) or "nothing found"
        return f"<Diagnosis: {kinds}>"


def diagnose(history: Any) -> Diagnosis:
    """Why the loss rose in a training, or why it did not fall.

    Of a history that `train(..., diagnose=True)` has given. Each rise of the loss from one step to
    the next is told from the other: an *overshoot*, where the loss of the same batch has risen by
    the step itself, and *sampling*, where that has fallen, but the next batch has a higher one. A
    parabola through the loss, its slope g·d and its curvature d·Hd along the step d, says by what
    factor a step is too long. Others are "small steps", "saturation", "dead units", "explosion",
    "vanishing", "unreached" parameters and "contradiction" of labels.

    Raises ValueError for a history without the measurements, unless each step was of all rows, of a
    model that draws nothing: then the loss of the next step is that of the same batch.

    >>> import numpy as np
    >>> from nn import Linear, mse
    >>> from optim import SGD, train
    >>> x = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> model = Linear(1, 1, seed=0)
    >>> history = train(model, mse, (x, 3 * x), SGD(model.parameters(), lr=3.0), epochs=9,
    ...                 batch_size=20, diagnose=True)
    >>> print(diagnose(history).cause)
    overshoot
    """
    if not isinstance(getattr(history, "steps", None), dict):
        raise TypeError(
            f"A diagnosis is of the history of a training, but this is {describe(history)}.\n"
            "Pass what `train(..., diagnose=True)` has given."
        )
    steps = {name: np.array(column) for name, column in history.steps.items()}
    if not len(steps["loss"]):
        raise ValueError("A diagnosis is of steps, but this history has none.")
    if "after" not in steps:
        steps = _of_all_rows(steps, history.noted.get("draws", False))
    with np.errstate(all="ignore"):  # a loss may be infinite
        return _diagnosed(steps, history.noted)


def so_far(history: Any) -> str:
    """What is found of a training that has ended before its time; "" of one without a cause."""
    if history.steps["loss"]:
        return str(diagnose(history))
    return "\n".join(found.message for found in _explosions((), history.noted))


def _diagnosed(steps: dict[str, Any], noted: dict[str, Any]) -> Diagnosis:
    rises = list(_rises(steps))
    found = [
        *_overshoots(steps, [t for t, kind in rises if kind == "overshoot"]),
        *_samplings(steps, [t for t, kind in rises if kind == "sampling"]),
        *_small_steps(steps, rises),
        *_explosions(steps["gradient_norm"], noted),
        *_noted(noted),
    ]
    return Diagnosis(found, [(t + 1, kind) for t, kind in rises])


def _of_all_rows(steps: dict[str, Any], draws: bool) -> dict[str, Any]:
    """The measurements of steps of all rows: the next loss is that of the same ones."""
    epochs = steps["epoch"]
    if len(set(epochs)) < len(epochs) or len(set(steps["rows"])) > 1 or draws:
        raise ValueError(
            "A rise of the loss is told by the loss of the same batch after the step, which this "
            "history has not.\nTrain with `diagnose=True`."
        )
    count = len(epochs)
    after = np.append(steps["loss"][1:], np.nan)
    return {**steps, "after": after, **dict.fromkeys(_ASKED, np.full(count, np.nan))}


_ASKED = ("slope", "curvature", "shorter")


def _rises(steps: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """The steps after which the loss is higher, and of which kind each is."""
    loss, after = steps["loss"], steps["after"]
    following = np.append(loss[1:], after[-1])
    slack = rounding(loss, loss[0])
    for t in range(len(loss)):
        if following[t] - loss[t] > slack[t]:
            yield t, "overshoot" if not after[t] - loss[t] <= slack[t] else "sampling"


def rounding(loss: Any, first: float = 0.0) -> Any:
    """By how much a loss may rise by rounding alone, in the float type whose numbers losses are.

    Of the loss itself eps^(2/3), 4e-11 for float64, which is far above the rounding of a sum; and
    of the first one 4 eps²: a square of errors that began there is never known more exactly.
    """
    loss = np.asarray(loss, float)
    types = (np.float16, np.float32, np.float64)
    eps = next(float(np.finfo(t).eps) for t in types if np.array_equal(loss, loss.astype(t)))
    return eps ** (2 / 3) * np.abs(loss) + 4 * eps**2 * abs(first)


# -- the two reasons why a loss rises ------------------------------------------------------


def _overshoots(steps: dict[str, Any], at: list[int]) -> Iterator[Finding]:
    if not at:
        return
    rise, share = steps["after"] - steps["loss"], len(at) / len(steps["loss"])
    worst = max(at, key=lambda t: rise[t] if math.isfinite(rise[t]) else math.inf)
    epoch, lr = steps["epoch"][worst], float(steps["lr"][worst])
    yield Finding(
        "overshoot",
        worst + 1,
        share + _height(steps, at, rise) + 2 * (share >= _OFTEN),
        f"Overshoot: after {_times(at, steps)} the loss of the same batch was higher. At step "
        f"{worst + 1}, in epoch {epoch}, it rose from {steps['loss'][worst]:.6g} to "
        f"{steps['after'][worst]:.6g}: {_too_long(steps, worst, lr)}",
    )


def _too_long(steps: dict[str, Any], t: int, lr: float) -> str:
    """By what factor, and what would do."""
    slope, curvature, shorter = (float(steps[name][t]) for name in _ASKED)
    if math.isnan(slope):
        return "try a smaller `lr`."
    if slope >= 0:
        return (
            "the step went uphill from the start, as momentum and decay can carry it. Take less "
            "of them, or a smaller `lr`."
        )
    if math.isnan(shorter):
        factor = curvature / -slope
        text = (
            f"the step was {factor:.3g} times as long as the best one along it, and from 2 times "
            "on the loss rises."
        )
        return f"{text} Along this step the critical `lr` is here {2 * lr / factor:.3g}."
    if math.isinf(shorter):
        return "no shorter step along it makes the loss fall: there is a kink or a jump."
    return f"the loss is no parabola there, and falls along a step {shorter:.3g} times shorter."


def critical_rate(history: Any) -> float:
    """The learning rate from which on plain gradient descent overshoots: the least one measured.

    Of each step whose curvature was asked for it is 2 lr (-g·d) / d·Hd; NaN where none was.
    """
    slope, curvature, lr = (np.array(history.steps[n]) for n in ("slope", "curvature", "lr"))
    asked = (slope < 0) & (curvature > 0)
    rates = 2 * lr[asked] * -slope[asked] / curvature[asked]
    return float(rates.min()) if rates.size else math.nan


def _samplings(steps: dict[str, Any], at: list[int]) -> Iterator[Finding]:
    if not at:
        return
    between = spread(steps)
    jump = np.append(steps["loss"][1:] - steps["after"][:-1], 0.0)
    worst = max(at, key=lambda t: jump[t])
    sizes = sorted(steps["rows"])
    size, rows = int(sizes[len(sizes) // 2]), _rows_of_an_epoch(steps)  # one that there is
    differ = f"batches of {size} differ by {between:.3g} (standard deviation)"
    if size < rows:  # drawn without replacement: the variance is as 1 / size - 1 / rows
        halving = math.ceil(1 / (1 / rows + (1 / size - 1 / rows) / 4))
        differ += f"; batches of {halving} would by half of it."
    else:
        differ += ", though each has all rows: by the draws of the model, such as Dropout's."
    yield Finding(
        "sampling",
        worst + 1,
        min(len(at) / len(steps["loss"]), 0.5),  # that is how it goes: other causes come first
        f"Sampling: after {_times(at, steps)} the loss of the same batch had fallen, and the next "
        f"batch had a higher one, as from step {worst + 1} to {worst + 2}, "
        f"{steps['after'][worst]:.6g} and {steps['loss'][worst + 1]:.6g}. By the same parameters "
        f"{differ}",
    )


def spread(steps: dict[str, Any]) -> float:
    """The standard deviation of the loss between batches, by the same parameters.

    The loss of a batch after its step, and that of the next before its own, are two draws of it.
    """
    differences = np.asarray(steps["loss"])[1:] - np.asarray(steps["after"])[:-1]
    differences = differences[np.isfinite(differences)]
    return float(np.sqrt(np.mean(differences**2) / 2)) if differences.size else 0.0


# -- other causes --------------------------------------------------------------------------


def _small_steps(steps: dict[str, Any], rises: list[tuple[int, str]]) -> Iterator[Finding]:
    """Where the loss moves less than between batches, and steps far longer were right."""
    loss, after = steps["loss"], steps["after"]
    if len(loss) < 10 or any(kind == "overshoot" for _, kind in rises):
        return
    slope, curvature = steps["slope"], steps["curvature"]
    if not np.any(slope) and np.any(steps["gradient_norm"]):
        yield Finding(
            "small steps",
            None,
            1.0,
            f"Small steps: in all {len(loss)} steps no parameter has moved along its gradient, at "
            f"an `lr` of {steps['lr'][-1]:.3g}: try a greater one.",
        )
    asked = (slope < 0) & (curvature > 0)
    if not np.any(asked):
        return
    longer = float(np.median(-slope[asked] / curvature[asked]))
    moved, noise = abs(float(np.sum(after - loss))), spread(steps)
    if longer > _LONGER and moved < max(noise, 1e-3 * abs(float(loss[0]))):
        yield Finding(
            "small steps",
            None,
            1.0,
            f"Small steps: in all {len(loss)} steps the loss has moved by {moved:.3g}, and it "
            f"differs by {noise:.3g} from batch to batch. Steps {longer:.3g} times as long were "
            "the best along them: try a greater `lr`.",
        )


def _explosions(norm: Any, noted: dict[str, Any]) -> Iterator[Finding]:
    """A gradient that grows from layer to layer, or else from one step to the next."""
    layer, factor, step = noted.get("growth", ("", 0.0, 0))
    if factor > EXPLOSION:
        yield Finding(
            "explosion",
            step or 1,
            _OF_THE_MODEL if step == 0 else 2.0,
            f"Explosion: on its way back from the output to `{layer}` the gradient becomes "
            f"{factor:.3g} times as long{' before the first step' * (step == 0)}. Begin with "
            "smaller weights, by an initialiser of nn, normalise between the layers, or shorten "
            "it by `clip_norm`.",
        )
        return
    for t in range(_BEFORE, len(norm)):
        usual = float(np.max(norm[t - _BEFORE : t]))
        if usual > 0 and norm[t] > _SUDDEN * usual:
            yield Finding(
                "explosion",
                t + 1,
                2.0,
                f"Explosion: at step {t + 1} the gradient was {norm[t] / usual:.3g} times as long "
                f"as in the {_BEFORE} before, {norm[t]:.3g}. Shorten it by `clip_norm`, and look "
                "at the layers that it is multiplied through.",
            )
            return


def _noted(noted: dict[str, Any]) -> Iterator[Finding]:
    """What was looked at once in each epoch, as it was in the last, and what was seen before."""
    for layer, kind, count, share in noted.get("units", ()):
        if share < _SOME:
            continue
        weight = 1.5 * share if share >= _MANY else share / 10
        if kind == "relu":
            yield Finding(
                "dead units",
                None,
                weight,
                f"Dead units: {share:.0%} of the {count} ReLUs after `{layer}` are 0 for every "
                "row looked at, and learn no more. Take a smaller `lr`, a LeakyReLU or another "
                "start.",
            )
        else:
            yield Finding(
                "saturation",
                None,
                weight,
                f"Saturation: {share:.0%} of what the {count} units ({kind}) after `{layer}` give "
                "has a local gradient under 1e-4, and teaches next to nothing. Scale the inputs, "
                "or begin with smaller weights.",
            )
    layer, factor = noted.get("fading", ("", 1.0))
    if 0 < factor < VANISHING:
        yield Finding(
            "vanishing",
            None,
            0.7,
            f"Vanishing: on its way back from the output to `{layer}` the gradient becomes "
            f"{1 / factor:.3g} times shorter, so that what is before learns next to nothing. Take "
            "ReLUs for sigmoids, fewer layers, a Residual around some, or normalise between them.",
        )
    if names := noted.get("unreached", ()):
        shown = ", ".join(f"`{name}`" for name in names[:5]) + ", ..." * (len(names) > 5)
        yield Finding(
            "unreached",
            None,
            0.4,
            f"Unreached: no batch has given a gradient other than 0 to {shown}.",
        )
    if twice := noted.get("contradictions"):
        count, first, second, share = twice
        yield Finding(
            "contradiction",
            None,
            0.2 + share,
            f"Contradiction: {count} rows are the same as another and have another target, such "
            f"as the rows {first} and {second} (counted from 0): no model is right in both.",
        )


# -- in words ------------------------------------------------------------------------------


def _height(steps: dict[str, Any], at: list[int], rise: Any) -> float:
    """How high the highest rise is beside the loss, up to 1."""
    highest = max(float(rise[t]) if math.isfinite(rise[t]) else math.inf for t in at)
    return min(highest / (float(np.median(np.abs(steps["loss"]))) or 1.0), 1.0)


def _times(at: list[int], steps: dict[str, Any]) -> str:
    return f"{len(at)} of {len(steps['loss'])} steps"


def _rows_of_an_epoch(steps: dict[str, Any]) -> int:
    return int(np.sum(steps["rows"][steps["epoch"] == steps["epoch"][0]]))
