"""The gradient of one batch: by a program where there can be one, and that is compared with eager.

What a program would keep of a function that is more than its arguments, a counter or a constant
that is changed on the way, is looked at (see `hidden`), and found by trying: the loss of a batch is
computed in both ways at the first step of each shape, and at the second, the fourth, the eighth
and so on, and where an epoch begins after something has changed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value, compile, no_grad, value_and_grad
from autodiff.extend import (
    data_of,
    describe,
    gradient_of,
    leaves,
    set_gradient,
    tree_map,
    warn_user,
)

from .hidden import Hidden

_SHAPES = 16  # so many kinds of batches have a program; others go without
_UNITS = 1e4  # of rounding, by which the loss of a program may differ from that of eager


class Pulled(NamedTuple):
    """What a batch has given: its loss, what the model computed, and the norm of the gradient."""

    loss: float
    output: Any
    norm: float


class Step:
    """The loss of a batch and its gradient, which the parameters of the optimiser are given.

    `compiled` is True for a program or an error, False for none, and None for one where it can be.
    `look(batch, output)` may raise what the first batch is not to be followed by a step for.
    """

    def __init__(
        self, model: Any, loss: Callable[..., Any], optimizer: Any, compiled: bool | None,
        allow_unused: bool, look: Callable[..., None],
    ) -> None:  # fmt: skip
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.compiled, self.allow_unused, self.look = compiled, allow_unused, look
        self.count = 0  # of steps, those before an interruption as well
        self.reached: list[Value] = []
        self._moved: list[Value] = []  # the parameters that the optimiser had at the first step
        self._arguments: list[Value] = []  # the parameters that the program is of
        self._places: list[int] = []  # and which of them have been reached by the last step
        self._program: Any = None
        self._begun = False
        self._equal_at = 0  # the last step that was computed in both ways
        self._held: Hidden | None = None  # what a program does not know, as it was then
        self._doubted = False  # whether it is something else now
        self._known: dict[Any, list[int]] = {}  # which are reached by a batch of these shapes
        self._slots = dict(_slots(model))

    def __call__(self, batch: tuple[Any, ...]) -> Pulled:
        """The gradient of the batch's loss, for the optimiser to step by."""
        self.count += 1
        if not self._begun:
            return self._first(batch)
        if self._program is None:
            return self.eagerly(batch)
        shapes = _shapes(batch)
        if shapes not in self._known and len(self._known) == _SHAPES:
            return self.eagerly(batch)
        if shapes in self._known and self.count & (self.count - 1) and not self._doubted:
            return self._by(self._program, batch, self._known[shapes])
        return self._compared(batch)

    def look_again(self) -> None:
        """Have the next step computed in both ways, if what a program does not know has changed."""
        if self._program is not None and self._held is not None:
            self._doubted = self._held.changed() is not None
            moved = [*self.optimizer.params]  # compared by identity, and not by their numbers
            if [*map(id, moved)] != [*map(id, self._moved)]:
                self._begun, self._known = False, {}

    # -- without a program -----------------------------------------------------------------

    def eagerly(self, batch: tuple[Any, ...]) -> Pulled:
        """The same by recording the graph and walking it backward."""
        *inputs, target = batch
        self.optimizer.zero_grad()
        output = self.model(*inputs)
        loss = checked_loss(self.loss(output, target))
        loss.backward()
        self.reached = [p for p in self.optimizer.params if gradient_of(p) is not None]
        self._places = []
        return Pulled(loss.item(), tree_map(data_of, output), self.norm())

    def closure(self, batch: tuple[Any, ...]) -> Callable[[], Value]:
        """What computes the loss of a batch, each time from the buffers that there are now."""
        *inputs, target = batch
        before = self.buffers()

        def loss() -> Value:
            self.restore(before)
            found: Value = checked_loss(self.loss(self.model(*inputs), target))
            return found

        return loss

    def norm(self) -> float:
        """The norm of all gradients as one vector."""
        total = 0.0
        for p in self.reached:
            g = gradient_of(p)
            if type(g) is not float and g.dtype.itemsize < 4:  # whose squares overflow
                g = g.astype(np.float32)
            total += g * g if type(g) is float else float(np.vdot(g, g))
        return math.sqrt(total)

    # -- with one --------------------------------------------------------------------------

    def _first(self, batch: tuple[Any, ...]) -> Pulled:
        """The first batch: eagerly, so that what is wrong is said in the user's own words."""
        before = self.buffers()
        found = self.eagerly(batch)
        try:
            self._look_at_unused()
            self.look(batch, found.output)
            self._begun = True
            if self.compiled is False:
                return found
            self._program = self._made()
            return self._compared_with(found, batch, before)
        except BaseException:
            self.restore(before)
            self.optimizer.zero_grad()
            raise

    def _compared(self, batch: tuple[Any, ...]) -> Pulled:
        """The batch by its program, after it was computed eagerly."""
        before = self.buffers()
        return self._compared_with(self.eagerly(batch), batch, before)

    def _compared_with(
        self, found: Pulled, batch: tuple[Any, ...], before: dict[str, Any]
    ) -> Pulled:
        """The batch by its program; but if that says other than eager, all is as eager left it."""
        now, reached = self.buffers(), self.reached
        gradients = [gradient_of(p) for p in reached]
        hidden = self.hidden()
        self.restore(before)
        try:
            places = self._places_of(reached)
            other = self._by(self._program, batch, places)
            if what := hidden.changed():
                raise ValueError(
                    f"{what} is changed by a step, and is no buffer: `register_buffer` makes one "
                    "of an array or a generator"
                )
            self._check_equal(found, other)
        except Exception as error:
            hidden.restore()
            if self.compiled:
                raise
            self._program = None
            self._go_without(error)
            self.restore(now)
            self.optimizer.zero_grad()
            for p, gradient in zip(reached, gradients, strict=True):
                p.grad = gradient
            self.reached = reached
            return found
        except BaseException:
            hidden.restore()
            raise
        self._known[_shapes(batch)] = places
        self._held, self._doubted = hidden, False
        return other

    def _places_of(self, reached: list[Value]) -> list[int]:
        places = {id(p): place for place, p in enumerate(self._arguments)}
        if other := [p for p in reached if id(p) not in places]:
            raise ValueError(f"{other[0].label()} is no parameter of the model")
        return [places[id(p)] for p in reached]

    def _made(self) -> Any:
        """The program: of parameters, buffers and a batch, it gives the loss and what changes."""
        names = {id(p): name for name, p in self.model.named_parameters()}
        self._moved = list(self.optimizer.params)
        self._arguments = [p for p in self._moved if id(p) in names]
        order, model, loss = [names[id(p)] for p in self._arguments], self.model, self.loss

        def step(parameters: Any, buffers: Any, inputs: Any, target: Any) -> Any:
            def objective(parameters: Any) -> Any:
                state = {**dict(zip(order, parameters, strict=True)), **buffers}
                output, changed = model.functional_call(state, *inputs)
                return checked_loss(loss(output, target)), (output, changed)

            (value, more), gradient = value_and_grad(objective, has_aux=True)(parameters)
            return value, gradient, *more

        return compile(step)

    def _by(self, program: Any, batch: tuple[Any, ...], places: list[int]) -> Pulled:
        *inputs, target = batch
        buffers = {name: getattr(*slot) for name, slot in self._slots.items()}
        parameters = [data_of(p) for p in self._arguments]
        loss, gradient, output, changed = program(parameters, buffers, tuple(inputs), target)
        for name, buffer in changed.items():
            setattr(*self._slots[name], buffer)
        if places != self._places:  # what is not reached has no gradient, and does not move
            self.optimizer.zero_grad()
            self._places, self.reached = places, [self._arguments[place] for place in places]
        for place in places:
            set_gradient(self._arguments[place], gradient[place])
        return Pulled(float(loss), output, self.norm())

    def _check_equal(self, eager: Pulled, other: Pulled) -> None:
        """ValueError where the program computes something else, and the gradient by the way."""
        outputs = [np.asarray(d).dtype for d in leaves(eager.output)]
        precision = [np.finfo(dtype).eps for dtype in outputs if dtype.kind == "f"]
        slack = _UNITS * max([float(eps) for eps in precision], default=2.0**-52)
        apart = abs(eager.loss - other.loss), abs(eager.norm - other.norm)
        if apart[0] > slack * abs(eager.loss):
            what = f"the loss {other.loss!r}, and not {eager.loss!r}"
        elif apart[1] > math.sqrt(slack) * (eager.norm + slack):
            what = f"a gradient of norm {other.norm!r}, and not {eager.norm!r}"
        else:
            self._equal_at = self.count
            return
        since = f" Since step {self._equal_at} it may have done so." if self._equal_at else ""
        raise ValueError(
            f"at step {self.count} it gives {what}: something has changed that is no argument, or "
            f"the loss is computed from a parameter that the model was not called with.{since}"
        )

    def _go_without(self, error: Exception) -> None:
        reason = " ".join(str(error).split())
        warn_user(
            f"This model is trained without a program, since {_lowered(reason)}\n"
            "Pass `compiled=False` where that is all right.",
            UserWarning,
            "optim",
        )

    # -- what else there is ----------------------------------------------------------------

    def _look_at_unused(self) -> None:
        """ValueError where parameters of the optimiser are not in the graph of the loss."""
        missed = [p for p in self.optimizer.params if gradient_of(p) is None]
        if missed and not self.allow_unused:
            names = ", ".join(p.label() for p in missed[:3]) + ", ..." * (len(missed) > 3)
            raise ValueError(
                "Training moves parameters along the gradient of the loss, but these are not in "
                f"its graph: {names}.\n"
                "Use them in `forward`, leave them out of the optimiser, or pass "
                "`allow_unused=True`."
            )

    def buffers(self) -> dict[str, Any]:
        """What the buffers hold: arrays, and states of generators."""
        return {name: _held(getattr(*slot)) for name, slot in self._slots.items()}

    def restore(self, held: dict[str, Any]) -> None:
        """Give the buffers what they held."""
        for name, content in held.items():
            buffer = getattr(*self._slots[name])
            if isinstance(buffer, np.random.Generator):
                buffer.bit_generator.state = content
            else:
                setattr(*self._slots[name], content)

    def draws(self) -> bool:
        """Whether a generator is among the buffers."""
        return any(isinstance(getattr(*s), np.random.Generator) for s in self._slots.values())

    def hidden(self) -> Hidden:
        """What the model and the loss hold beside parameters and buffers."""
        return Hidden(self.model, self.loss)

    def predict(self, batch: Sequence[Any]) -> Any:
        """What the model predicts of a batch; all that it holds stays what it is."""
        before, hidden = self.buffers(), self.hidden()
        try:
            with np.errstate(all="ignore"):
                return self.model.predict(*batch[:-1])
        finally:
            self.restore(before)
            hidden.restore()

    def loss_of(self, batch: tuple[Any, ...]) -> float:
        """The loss of a batch as the parameters now are; the buffers stay what they are."""
        before = self.buffers()
        *inputs, target = batch
        try:
            with no_grad():
                return float(data_of(self.loss(self.model(*inputs), target)))
        finally:
            self.restore(before)


def asks_for_loss(optimizer: Any) -> bool:
    """Whether a step of the optimiser has to be given a closure, as that of LBFGS.

    It says so itself, or its `step` has a first argument without a default.
    """
    if getattr(optimizer, "asks_for_loss", False):
        return True
    parameters = list(inspect.signature(optimizer.step).parameters.values())
    return bool(parameters) and parameters[0].default is inspect.Parameter.empty


def checked_loss(loss: Any) -> Any:
    """A loss that is one number with a graph; TypeError and ValueError for anything else."""
    if not isinstance(loss, Value):
        raise TypeError(
            "A loss is computed from what the model gives, as one Value or Tensor, but this is "
            f"{describe(loss)}.\nReturn the result of its operations, not its `.data`."
        )
    if getattr(loss, "shape", ()) != ():
        raise ValueError(
            f"A loss is one number, but this one has shape {loss.shape}.\n"
            "Reduce it first, as in `ad.mean(loss)`."
        )
    return loss


def _slots(model: Any) -> Iterator[tuple[str, tuple[Any, str]]]:
    """The names of a model's buffers, and where each stands: its module and attribute."""
    for path, module in model.named_modules():
        for (attribute,) in module.buffers_at:
            yield f"{path}.{attribute}" if path else attribute, (module, attribute)


def _shapes(batch: tuple[Any, ...]) -> Any:
    return tuple([(a.shape, a.dtype) for a in batch])


def _held(buffer: Any) -> Any:
    if isinstance(buffer, np.random.Generator):
        return buffer.bit_generator.state
    return np.array(buffer)  # a module may write into its own


def _lowered(reason: str) -> str:
    """A sentence as the end of another."""
    return (reason[:1].lower() + reason[1:]).rstrip(".") + "."
