"""Random programs of every public operation, at special points.

What they compute need not be finite or smooth: whatever the engine says of them is right, and
every other reading is to say it, too.
"""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autodiff as ad
from autodiff.extend import operations
from autodiff.primitives.registry import registry
from autodiff.testing.uses import call, kinds_of, parameter_sets, sample

FLOATS = (0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 3.0, 0.3, -0.0, np.inf, -np.inf, np.nan,
          5e-324, 1e-310, 1e308)  # fmt: skip
REGULAR = (0.7, -1.3, 0.4, 2.1, -0.6, 1.8)
WHOLE = (0, 1, -1, 2, 3)
# What an argument is: its dtype, or Python's kind, and its shape.
FORMS = (
    (float, ()), (np.float64, (3,)), (np.float64, (2, 3)), (np.float64, ()), (np.float64, (0,)),
    (np.float32, (3,)), (np.float32, ()), (int, ()), (bool, ()), (np.int64, (3,)), (bool, (3,)),
)  # fmt: skip
CONSTANTS = (2.0, -0.5, 3, 0.0, 1.0)
MASK = np.array([True, False, True])
LARGEST = 60

# Each of its operations is in here: those that are public by what they are made to take, and
# what is written in them and takes one operand. A step of a recurrence has no meaning alone.
NAMES = tuple(n for n, o in operations().items() if o.public and n != "recurrence")
COMPOSITES = tuple(
    name
    for name, o in registry.operations.items()
    if o.kind == "composite" and o.public and name not in ("stop_gradient", "unique")
    if sum(p.default is p.empty for p in inspect.signature(o.rule).parameters.values()) == 1
)


class Node(int):
    """The number of an argument or a step: what stands for its value."""


@dataclass(frozen=True)
class Step:
    name: str
    operands: tuple[Any, ...]
    params: dict[str, Any]

    def __call__(self, nodes):
        given = [nodes[o] if isinstance(o, Node) else o for o in self.operands]
        found = registry.operations[self.name]
        if found.kind in ("composite", "nondifferentiable"):
            return found.call(*given)
        return call(self.name, given, self.params)

    def __str__(self):
        given = [f"v{o}" if isinstance(o, Node) else repr(o) for o in self.operands]
        named = [f"{name}={value!r}" for name, value in self.params.items()]
        return f"{self.name}({', '.join([*given, *named])})"


@dataclass(frozen=True)
class Program:
    """Steps on arguments; the result is an entry of the last one, or its entries' weighted sum."""

    args: tuple[Any, ...]
    steps: tuple[Step, ...]
    entry: int | None

    def __call__(self, *args):
        nodes = list(args)
        for step in self.steps:
            nodes.append(step(nodes))
        last = nodes[-1]
        size = int(np.prod(np.shape(last)))
        if np.shape(last) == ():
            return last
        if self.entry is None or not size:
            return ad.sum(last * np.cos(np.arange(float(size))).reshape(np.shape(last)))
        return ad.reshape(last, (-1,))[self.entry % size]

    def __repr__(self):
        count = len(self.args)
        lines = [f"v{i} = {a!r}" for i, a in enumerate(self.args)]
        lines += [f"v{count + i} = {step}" for i, step in enumerate(self.steps)]
        return "\n".join(
            ["", *lines, f"result: entry {self.entry}" if self.entry is not None else ""]
        )


def arguments(form, floats=FLOATS):
    """An argument of a form, of special numbers."""
    kind, shape = form
    count = int(np.prod(shape))
    some = (True, False) if kind is bool else WHOLE if kind in (int, np.int64) else floats
    numbers = st.lists(st.sampled_from(some), min_size=count, max_size=count)
    if kind in (float, int) or form == (bool, ()):
        return numbers.map(lambda drawn: kind(drawn[0]))
    return numbers.map(lambda drawn: np.array(drawn, kind).reshape(shape))


@st.composite
def programs(draw):
    """A program, and other arguments of the same forms; it may be traced on regular ones."""
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=2))
    first = draw(st.sampled_from((FLOATS, REGULAR)))
    args, others = (tuple(draw(arguments(form, f)) for form in forms) for f in (first, FLOATS))
    nodes, steps = list(args), []
    for _ in range(draw(st.integers(1, 5))):
        for step in _step(draw, nodes):
            steps.append(step)
            nodes.append(step(nodes))
    if not steps:
        steps = [Step("mul", (Node(0), Node(len(args) - 1)), {})]
    entry = draw(st.one_of(st.none(), st.integers(0, LARGEST - 1)))
    return Program(args, tuple(steps), entry), others


def _step(draw, nodes):
    """An operation on nodes, after the condition that it may need; nothing if they do not fit."""
    composite = draw(st.integers(0, 4)) == 0
    name = draw(st.sampled_from(COMPOSITES if composite else NAMES))
    node = st.integers(0, len(nodes) - 1).map(lambda back: Node(len(nodes) - 1 - back))
    steps = []
    if composite:
        steps.append(Step(name, (draw(node),), {}))
    else:
        primitive = operations()[name]
        kinds = kinds_of(primitive)
        operands = []
        for kind in kinds[:1] * 2 if primitive.variadic else kinds:
            if kind == "f":
                constant = len(kinds) > 1 and draw(st.integers(0, 5)) == 5
                operands.append(draw(st.sampled_from(CONSTANTS)) if constant else draw(node))
            elif kind == "b" and draw(st.booleans()):
                steps.append(Step("greater", (draw(node), 0.3), {}))
                operands.append(Node(len(nodes)))
            elif kind == "b":
                operands.append(draw(st.sampled_from((MASK, True, False))))
            else:
                shape = draw(st.sampled_from(((), (3,), (2, 3))))
                operands.append(sample(kind, shape, np.random.default_rng(0)))
        params = draw(st.sampled_from(parameter_sets(primitive)))
        steps.append(Step(name, tuple(operands), params))
    return steps if _fits(steps, nodes) else []


def _fits(steps, nodes):
    """Whether steps can be computed, and give floats, of nodes that are floats or whole numbers."""
    nodes = list(nodes)
    for step in steps:
        try:
            with np.errstate(all="ignore"):
                nodes.append(step(nodes))
        except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError):
            return False
    last = nodes[-1]
    number = isinstance(last, (float, np.ndarray, np.floating))
    return number and np.asarray(last).dtype.kind == "f" and np.size(last) <= LARGEST


def nudged(arg, steps):
    """An argument with its floats moved by roundings; what is special stays special."""
    data = np.asarray(arg)
    if data.dtype.kind != "f":
        return arg
    moved = (data * (1 + steps * np.finfo(data.dtype).eps)).astype(data.dtype)
    return float(moved) if isinstance(arg, float) else moved


# -- one operation, in every dtype -----------------------------------------------------------

DTYPES = (np.int32, np.float16, bool, np.uint8, np.int8, np.int64, np.float32, np.float64)
# In which NumPy and JAX may compute in different ones, and such as they agree about.
PAIRS = (
    (np.int32, np.float32), (np.float16, np.int64), (bool, bool), (bool, np.float64),
    (bool, np.int8), (np.uint8, np.uint8), (np.uint8, np.float32), (np.float32, np.float64),
)  # fmt: skip


def special_arrays(operands):
    """Of each dtype, or pair of them, arrays of special numbers, in all pairs."""
    for dtypes in [(dtype,) for dtype in DTYPES] if operands == 1 else PAIRS:
        yield [a.flatten() for a in np.meshgrid(*map(_special_array, dtypes))]


def _special_array(dtype):
    kind = np.dtype(dtype).kind
    # XLA takes such small ones for 0, and a product of such large ones in another order.
    floats = [x for x in FLOATS if not (0 < abs(x) < 1e-300 or x == 1e308)]
    some = {"b": (False, True), "u": (0, 1, 2, 3), "i": WHOLE, "f": floats}[kind]
    with np.errstate(over="ignore"):
        return np.array(some, dtype)
