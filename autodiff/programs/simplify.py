"""A trace as a short list of steps: each computed once, nothing dead, constants folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph.node import operands_of, parameters_of
from ..graph.order import as_made
from ..graph.value import Value
from ..primitives.laws import COMMUTATIVE
from ..primitives.primitive import Primitive, operation
from .step_laws import simpler_step
from .steps import Step, is_a, key_of, live, operand_shape, uniform
from .tracing.trace import Trace


class StepGraph:
    """The steps of a trace that its outputs need, operands first."""

    def __init__(self, trace: Trace, inputs: Sequence[Value], outputs: Sequence[Any]) -> None:
        self.trace = trace
        self._known: dict[Value, Any] = {}
        self._same: dict[Any, Step] = {}
        self._made: list[Step] = []
        for node in as_made([*inputs, *outputs]):
            self._known[node] = self._step(node)
        self.inputs: list[Step] = [self.of(node) for node in inputs]
        self.outputs = [self.of(out) for out in outputs]
        needed = live(self.outputs)
        self.steps = [step for step in self._made if step in needed]

    def captured(self) -> list[Step]:
        """The steps that are nodes from around the function."""
        return [step for step in self.steps if step.captured is not None]

    def of(self, thing: Any) -> Any:
        """The Step (or constant) that a node became; anything else as it is."""
        return self._known.get(thing) if isinstance(thing, Value) else thing

    def _step(self, node: Value) -> Any:
        pullback = node._pullback
        if pullback is None:
            captured = None if node.traced else node
            return self._new(Step(node._data, captured=captured, draw=self.trace.draws.get(node)))
        operands, params = tuple(map(self.of, operands_of(node))), parameters_of(node)
        backward = self.trace.passes.get(node, 0)
        return self.step(pullback.primitive, operands, params, node._data, backward)

    def step(
        self, primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...],
        example: Any, backward: int,
    ) -> Any:  # fmt: skip
        """An operation on these operands: an older Step where it says the same, or a new one."""
        array = isinstance(example, np.ndarray)
        if array and (primitive.elementwise or primitive.name == "where"):
            operands = _without_broadcasts(operands, example)
        if array and isinstance(primitive.formula.numpy, np.ufunc):
            operands = _without_casts(operands)
        if not any([isinstance(o, Step) for o in operands]):
            return example  # the same for every argument

        if primitive.differentiable and not (np.shape(example) or operand_shape(operands[0])):
            params = _without_axis(primitive, params)

        def make(name: str, *others: Any) -> Any:
            return self.step(operation(name), others, (), example, backward)

        simpler = simpler_step(primitive.name, operands, params, example, make)
        if simpler is not None:
            return simpler
        keys = [key_of(operand) for operand in operands]
        if primitive.name in COMMUTATIVE:
            keys.sort(key=hash)
        key = (primitive.name, *keys, key_of(params))
        if key not in self._same:
            step = Step(example, primitive, operands, params, backward=backward)
            self._same[key] = self._new(step)
        return self._same[key]

    def _new(self, step: Step) -> Step:
        self._made.append(step)
        return step


def _without_broadcasts(operands: tuple[Any, ...], example: Any) -> tuple[Any, ...]:
    """Operands of an elementwise operation, which repeats them by itself."""
    found = list(operands)
    for i, operand in enumerate(operands):
        if is_a(operand, "broadcast_to") or _adds_axes_in_front(operand):
            small = operand.operands[0]
        elif isinstance(operand, np.ndarray) and uniform(operand) and _settles(example, found, i):
            small = operand.flat[0].item()
        else:
            continue
        others = [operand_shape(o) for o in found]
        others[i] = operand_shape(small)
        if np.broadcast_shapes(*others) == np.shape(example):
            found[i] = small
    return tuple(found)


def _without_casts(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands of a ufunc, which by itself computes in the widest type among them."""
    found = list(operands)
    for i, operand in enumerate(operands):
        if is_a(operand, "cast"):
            (small,), wide = operand.operands, operand.dtype
            others = [
                o.dtype for o in found if isinstance(o, (Step, np.ndarray)) and o is not operand
            ]
            if wide in others and np.result_type(small.dtype, wide) == wide:
                found[i] = small
    return tuple(found)


def _without_axis(primitive: Primitive, params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parameters of a reduction of a number, to which NumPy grants an axis and JAX does not."""
    pairs = zip(primitive.defaults, params, strict=True)
    return tuple([None if name == "axis" and type(p) is int else p for name, p in pairs])


def _adds_axes_in_front(operand: Any) -> bool:
    """Whether a step only puts axes of length 1 before those that its operand has."""
    if not (is_a(operand, "expand_dims") or is_a(operand, "reshape")):
        return False
    inner = operand_shape(operand.operands[0])
    return bool(inner) and operand.shape == (1,) * (len(operand.shape) - len(inner)) + inner


def _settles(example: Any, operands: list[Any], place: int) -> bool:
    """Whether the result keeps its dtype with a Python number at this place."""
    others = [o for i, o in enumerate(operands) if i != place and not isinstance(o, (float, int))]
    return np.result_type(0.0, *[o.dtype for o in others]) == np.asarray(example).dtype
