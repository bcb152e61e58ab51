"""A trace as a short list of steps: each computed once, nothing dead, constants folded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.value import Value
from ..primitives.labels import topological
from ..primitives.primitive import REGISTRY, Primitive
from .tracing.trace import Draw, Trace


@dataclass(eq=False, slots=True, repr=False)
class Step:
    """One line of a program: an argument, a captured node, a random draw, or an operation.

    `operands` are other Steps and plain constants; `example` is a result of the right shape
    and dtype.
    """

    example: Any
    primitive: Primitive | None = None
    operands: tuple[Any, ...] = ()
    params: tuple[Any, ...] = ()
    captured: Value | None = None
    draw: Draw | None = None
    backward: int = 0  # the number of the backward pass that it belongs to

    @property
    def scalar(self) -> bool:
        """Whether it is a Python number."""
        return not isinstance(self.example, np.ndarray)

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.example)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.asarray(self.example).dtype

    def steps(self) -> list[Step]:
        """The operands that are Steps."""
        return [o for o in self.operands if isinstance(o, Step)]


class Graph:
    """The steps of a trace that its outputs need, operands first."""

    def __init__(self, trace: Trace, inputs: Sequence[Value], outputs: Sequence[Any]) -> None:
        self.trace = trace
        self._known: dict[Value, Any] = {}
        self._same: dict[Any, Step] = {}
        self._made: list[Step] = []
        for node in _needed(trace, [*inputs, *outputs]):
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
        link = node._link
        if link is None:
            captured = None if node.traced else node
            return self._new(Step(node._data, captured=captured, draw=self.trace.draws.get(node)))
        operands = tuple(self.of(o) for o in link.operands(node))
        params = tuple(node._y) if link.primitive.general else ()
        return self.step(
            link.primitive, operands, params, node._data, self.trace.passes.get(node, 0)
        )

    def step(
        self, primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...],
        example: Any, backward: int,
    ) -> Any:  # fmt: skip
        """An operation on these operands: an older Step where it says the same, or a new one."""
        array = isinstance(example, np.ndarray)
        if array and (primitive.elementwise or primitive.name == "where"):
            operands = _without_broadcasts(operands, example)
        if not any([isinstance(o, Step) for o in operands]):
            return example  # the same for every argument
        rewrite = REWRITES.get(primitive.name)
        if rewrite is not None:

            def make(name: str, *others: Any) -> Any:
                return self.step(REGISTRY[name], others, (), example, backward)

            simpler = rewrite(make, example, *operands, *params)
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


def live(outputs: Sequence[Any]) -> set[Step]:
    """The Steps that the outputs need."""
    found: set[Step] = set()
    stack = [out for out in outputs if isinstance(out, Step)]
    while stack:
        step = stack.pop()
        if step not in found:
            found.add(step)
            stack.extend(step.steps())
    return found


def _needed(trace: Trace, outputs: Sequence[Any]) -> list[Value]:
    """The nodes behind the outputs in the order in which they were made."""
    reached: dict[Value, None] = {}
    stack = [out for out in outputs if isinstance(out, Value)]
    while stack:
        node = stack.pop()
        if node in reached:
            continue
        reached[node] = None
        if node._link is not None:
            stack.extend(o for o in node._link.operands(node) if isinstance(o, Value))
    outside: dict[Value, None] = {}
    for node in reached:
        if not node.traced:
            outside.update(dict.fromkeys(topological(node)))
    return [*outside, *(node for node in trace.nodes if node in reached)]


def key_of(thing: Any) -> Any:
    """What says of two operands or static values that they are the same."""
    if isinstance(thing, Step):
        return thing
    if isinstance(thing, (tuple, list)):
        return (type(thing), *map(key_of, thing))
    if isinstance(thing, slice):
        return (slice, thing.start, thing.stop, thing.step)
    if isinstance(thing, np.ndarray):
        return (thing.shape, thing.dtype, thing.tobytes())
    return (type(thing), repr(thing))


def _without_broadcasts(operands: tuple[Any, ...], example: Any) -> tuple[Any, ...]:
    """Operands of an elementwise operation, which repeats them by itself."""
    kept = list(operands)
    for i, operand in enumerate(operands):
        if _is(operand, "broadcast_to") or _adds_axes_in_front(operand):
            small = operand.operands[0]
        elif isinstance(operand, np.ndarray) and uniform(operand) and _settles(example, kept, i):
            small = operand.flat[0].item()
        else:
            continue
        others = [_shape(o) for o in kept]
        others[i] = _shape(small)
        if np.broadcast_shapes(*others) == np.shape(example):
            kept[i] = small
    return tuple(kept)


def _adds_axes_in_front(operand: Any) -> bool:
    """Whether a step only puts axes of length 1 before those that its operand has."""
    if not (_is(operand, "expand_dims") or _is(operand, "reshape")):
        return False
    inner = _shape(operand.operands[0])
    return bool(inner) and operand.shape == (1,) * (len(operand.shape) - len(inner)) + inner


def _shape(operand: Any) -> tuple[int, ...]:
    return operand.shape if isinstance(operand, Step) else np.shape(operand)


def uniform(array: Any) -> bool:
    """Whether all entries of an array are the same number, and not just equal zeros."""
    if not array.size or array.dtype.kind not in "fiub":
        return False
    first = array.flat[0]
    same_sign = array.dtype.kind != "f" or (np.signbit(array) == np.signbit(first)).all()
    return bool((array == first).all() and same_sign)


def _settles(example: Any, operands: list[Any], place: int) -> bool:
    """Whether the result keeps its dtype with a Python number at this place."""
    others = [o for i, o in enumerate(operands) if i != place and not isinstance(o, (float, int))]
    return np.result_type(0.0, *[o.dtype for o in others]) == np.asarray(example).dtype


# -- what is the same and simpler ----------------------------------------------------------
# Each takes `make` (a Step of another operation, with the same example), the example, the
# operands and the static parameters, and gives the simpler Step, or None. All are exact in
# floating point, but for the sign of -0.0 + 0: so a program gives the engine's own digits.


def _is(step: Any, name: str) -> bool:
    return isinstance(step, Step) and step.primitive is not None and step.primitive.name == name


def _like(example: Any, operand: Any) -> Any:
    """`operand`, if it can stand in the place of the whole."""
    if not isinstance(operand, Step):
        return None
    same = operand.shape == np.shape(example) and operand.dtype == np.asarray(example).dtype
    return operand if same and operand.scalar == (not isinstance(example, np.ndarray)) else None


def _number(thing: Any) -> float | None:
    return float(thing) if isinstance(thing, (float, int)) else None


def _is_power_of_two(number: float) -> bool:
    """Whether a product with it is exact, and so is that of such products."""
    return abs(math.frexp(number)[0]) == 0.5


def _mul(make: Any, example: Any, a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        factor = _number(one)
        if factor == 0 and isinstance(other, Step) and other.dtype.kind in "biu":
            return np.zeros_like(example) if isinstance(example, np.ndarray) else 0.0
        if factor == 1 and _like(example, other):
            return other
        if factor == -1 and _like(example, other):
            return make("neg", other)
        if factor is not None and _is(other, "mul"):
            inner = [_number(o) for o in other.operands]
            for i, known in enumerate(inner):
                if known is not None and (_is_power_of_two(factor) or _is_power_of_two(known)):
                    return make("mul", factor * known, other.operands[1 - i])
        if _is(other, "pow") and _number(other.operands[1]) == 0 and _like(example, one):
            return one
    if _is(a, "neg"):
        return make("neg", make("mul", a.operands[0], b))
    return make("neg", make("mul", a, b.operands[0])) if _is(b, "neg") else None


def _div(make: Any, example: Any, a: Any, b: Any) -> Any:
    if _number(b) == 1:
        return _like(example, a)
    return make("neg", make("div", a.operands[0], b)) if _is(a, "neg") else None


def _add(make: Any, example: Any, a: Any, b: Any) -> Any:
    if a is b and _like(example, a):
        return make("mul", 2.0, a)
    if _number(a) == 0:
        return _like(example, b)
    if _number(b) == 0:
        return _like(example, a)
    if _is(b, "neg"):
        return make("sub", a, b.operands[0])
    return make("sub", b, a.operands[0]) if _is(a, "neg") else None


def _sub(make: Any, example: Any, a: Any, b: Any) -> Any:
    if _number(b) == 0:
        return _like(example, a)
    if _is(a, "neg") and a.operands[0] is b:
        return make("mul", -2.0, b)
    return make("add", a, b.operands[0]) if _is(b, "neg") else None


def _neg(make: Any, example: Any, x: Any) -> Any:
    return x.operands[0] if _is(x, "neg") else None


def _pow(make: Any, example: Any, a: Any, b: Any) -> Any:
    return _like(example, a) if _number(b) == 1 else None


def _same(make: Any, example: Any, x: Any, *params: Any) -> Any:
    return _like(example, x)


def _transpose(make: Any, example: Any, x: Any, axes: Any) -> Any:
    if axes is None and _is(x, "transpose") and x.params == (None,):
        return x.operands[0]
    return None


COMMUTATIVE = {"add", "mul"}  # in floating point as well

REWRITES: dict[str, Callable[..., Any]] = {
    "identity": _same,
    "positive": _same,
    "cast": _same,
    "reshape": _same,
    "broadcast_to": _same,
    "mul": _mul,
    "div": _div,
    "add": _add,
    "sub": _sub,
    "neg": _neg,
    "pow": _pow,
    "transpose": _transpose,
}
