"""What is measured of a step beside its loss: what it did to the same batch, slope and curvature.

Of the loss along a step d from where the gradient g was taken, L(d) = L + g·d + ½ d·Hd + ...
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import Curvature, data_of, gradient_of

from .contradictions import contradictions
from .findings import rounding
from .growth import EXPLOSION, growths_in
from .units import units_in

COLUMNS = ("after", "slope", "curvature", "shorter")
_HALVINGS = (*range(1, 9), 12, 16, *range(20, 1000, 20))  # of a step, till the loss falls along it
_ROWS = 1000  # at most, over which the units of a layer are looked at
_EVERY = 16  # steps from one look at the curvature to the next, where the loss falls


class Probe:
    """Measures each step of a training: see `columns` for what of it.

    `step` is the training's, whose model, loss and buffers are looked at, and left as they are;
    so is what else they hold, as `training.hidden` sees it.
    """

    def __init__(self, step: Any) -> None:
        self.step = step
        self.reached: set[int] = set()  # the parameters that have had a gradient, by place
        self._buffers: Any = None
        self._hidden: Any = None
        self._careful = True  # whether steps change what is no buffer
        self._start: list[Any] = []
        self._gradient: list[Any] = []

    def before(self, batch: tuple[Any, ...], noted: dict[str, Any]) -> None:
        """Keep what the buffers are before a step draws and changes them.

        Of the first batch it is noted how the gradient grows on its way back, since a step, or
        that there can be none, hides it.
        """
        step = self.step
        self._buffers = step.buffers()
        self._hidden = step.hidden() if self._careful else None
        if not step.count:
            hidden = step.hidden()
            try:
                self._note_growth(*self._graph(batch), noted)
            finally:
                step.restore(self._buffers)
                hidden.restore()

    def pulled(self) -> None:
        """Where the parameters are, and the gradient, before it is clipped and stepped by."""
        self._start = [data_of(p) for p in self.step.reached]
        self._gradient = [gradient_of(p) for p in self.step.reached]
        params = list(self.step.optimizer.params)
        for place, p in enumerate(params):
            if place not in self.reached and np.any(gradient_of(p)):
                self.reached.add(place)

    def columns(self, batch: tuple[Any, ...], loss: float) -> dict[str, float]:
        """What the step has done, after it was taken.

        `after` is the loss of the same batch, with the same draws; `slope` is g·d; `curvature` is
        d·Hd, which is asked for where that loss has risen, and now and then: else NaN; `shorter` is
        by how much the step had to be shorter for the loss to fall, where d·Hd does not say so.
        """
        step, now, hidden = self.step, self.step.buffers(), None
        if self._hidden is not None:
            hidden, self._careful = step.hidden(), self._hidden.changed() is not None
        end = [data_of(p) for p in step.reached]
        d = [b - a for a, b in zip(self._start, end, strict=True)]
        try:
            self._go_back()
            after, slope = step.loss_of(batch), _dot(self._gradient, d)
            curvature = shorter = math.nan
            rose = not after - loss <= rounding(loss)
            if rose or step.count % _EVERY == 1:
                curvature = self._curvature(batch, d)
            if rose and slope < 0 and not _says(slope, curvature, after - loss):
                shorter = self._shorter(batch, loss, d)
        finally:
            self._move(end)
            step.restore(now)
            if hidden is not None:
                hidden.restore()
        return {"after": after, "slope": slope, "curvature": curvature, "shorter": shorter}

    def noted(self, drawn: Any, before: Mapping[str, Any]) -> dict[str, Any]:
        """What is looked at after an epoch: the layers' units, parameters without a gradient, data.

        The contradictions in the data are looked for once.
        """
        step, arrays = self.step, getattr(drawn, "arrays", None)
        params = list(step.optimizer.params)
        names = {id(p): name for name, p in step.model.named_parameters()}
        missed = [p for place, p in enumerate(params) if place not in self.reached]
        noted = dict(before)
        noted["unreached"] = [names.get(id(p), p.label()) for p in missed]
        if arrays is not None:
            if "contradictions" not in noted:
                noted["contradictions"] = contradictions(arrays)
            rows = [a[:: -(-len(a) // _ROWS)] for a in arrays]
            self._look_at_layers(rows, noted)
        return noted

    def _look_at_layers(self, rows: list[Any], noted: dict[str, Any]) -> None:
        """Note what the layers do over some rows, in the mode of `eval`."""
        model = self.step.model
        modes = [(module, module.training) for module in model.modules()]
        now, hidden = self.step.buffers(), self.step.hidden()
        try:
            model.eval()
            loss, output = self._graph(rows)
            noted["units"] = [tuple(units) for units in units_in(loss)]
            self._note_growth(loss, output, noted)
        finally:
            self.step.restore(now)
            hidden.restore()
            for module, mode in modes:
                module.training = mode

    def _graph(self, batch: Sequence[Any]) -> tuple[Any, Any]:
        """The loss of some rows, and what the model gives of them."""
        *inputs, target = batch
        output = self.step.model(*inputs)
        return self.step.loss(output, target), output

    def _note_growth(self, loss: Any, output: Any, noted: dict[str, Any]) -> None:
        """Where the gradient grows and fades on its way back.

        Of growing it is noted after how many steps it first was much: a step may hide it.
        """
        growths = growths_in(loss, output) if isinstance(loss, Value) else []
        if not growths:
            return
        most, least = (end(growths, key=lambda growth: growth.factor) for end in (max, min))
        _, before, _ = noted.get("growth", ("", 0.0, 0))
        if before <= min(most.factor, EXPLOSION):
            noted["growth"] = (*most, self.step.count)
        noted["fading"] = tuple(least)

    def _go_back(self) -> None:
        """Let the model and the loss hold what they held before the step."""
        self.step.restore(self._buffers)
        if self._hidden is not None:
            self._hidden.restore()

    def _curvature(self, batch: tuple[Any, ...], d: list[Any]) -> float:
        """d·Hd at the start of the step."""
        self._move(self._start)
        self._go_back()
        loss, _ = self._graph(batch)
        return _dot(d, Curvature(loss, self.step.reached).product(d))

    def _shorter(self, batch: tuple[Any, ...], loss: float, d: list[Any]) -> float:
        """The power of 2 by which the step must be divided for the loss to fall; else infinity."""
        for k in _HALVINGS:
            self._move([a + b * 2.0**-k for a, b in zip(self._start, d, strict=True)])
            self._go_back()
            if self.step.loss_of(batch) < loss:
                return float(2**k)
        return math.inf

    def _move(self, parameters: list[Any]) -> None:
        """Put the parameters there, for the loss to find them wherever it looks for them."""
        for p, data in zip(self.step.reached, parameters, strict=True):
            p.data = data


def _says(slope: float, curvature: float, rise: float) -> bool:
    """Whether slope and curvature tell of a rise, to a half of it."""
    predicted = slope + curvature / 2
    finite = math.isfinite(predicted) and math.isfinite(rise)
    return finite and slope < 0 < curvature and abs(predicted - rise) <= 0.5 * abs(rise)


def _dot(a: list[Any], b: list[Any]) -> float:
    return float(sum(np.vdot(x, y) for x, y in zip(a, b, strict=True)))
