"""Random computation graphs: programs over the registry that run, and print as their source."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..graph.messages import describe
from ..graph.node import operands_of, parameters_of
from ..graph.order import topological
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..primitives.primitive import Primitive, operation
from ..primitives.primitive import operations as registered
from .differences import central
from .oracles import along, direction
from .problem import Problem
from .source import call_text, text_of
from .uses import (
    DOMAINS,
    Array,
    attempt,
    call,
    definite,
    kinds_of,
    parameter_sets,
    primitive_of,
    sample,
    symmetric,
    uses,
)

Caller = Callable[[str, Sequence[Any], dict[str, Any]], Any]

CONSTANTS = (2.0, -0.5, 3.0, 0.7)
_LARGEST, _STEEPEST = 50.0, 100.0


class Ref(NamedTuple):
    """An operand that is a node: the inputs come first, then the steps."""

    node: int


@dataclass(frozen=True)
class Step:
    """One line of an expression: an operation, its operands (nodes or constants), parameters."""

    name: str
    operands: tuple[Any, ...]
    params: dict[str, Any]


class Choice(NamedTuple):
    """What is drawn for a step. Each number is taken modulo what there is to choose from."""

    name: str
    operands: tuple[int, ...]
    params: int
    constant: int


class Expression:
    """A program over the registry that gives one number: call it on `args`, or on nodes.

    `args` are the inputs that it was drawn with, floats and arrays, on which it is finite and
    smooth. It prints as Python source that computes the same: `f` and `args`.
    """

    def __init__(self, args: Sequence[Any], steps: Sequence[Step]) -> None:
        used = {o.node for step in steps for o in step.operands if isinstance(o, Ref)}
        needed = [i for i in range(len(args)) if i in used] or [0]
        moved = {old: new for new, old in enumerate(needed)}
        moved |= {len(args) + i: len(needed) + i for i in range(len(steps))}
        self.args = tuple(args[i] for i in needed)
        self.steps = tuple(
            Step(
                s.name,
                tuple(Ref(moved[o.node]) if isinstance(o, Ref) else o for o in s.operands),
                s.params,
            )
            for s in steps
        )
        used = {o.node for step in self.steps for o in step.operands if isinstance(o, Ref)}
        nodes = range(len(self.args) + len(self.steps))
        self.sinks = tuple(n for n in nodes if n not in used)

    @property
    def operations(self) -> list[str]:
        """The names of the operations, in order."""
        return [step.name for step in self.steps]

    @property
    def parameters(self) -> list[str]:
        """The names of the inputs: letters from a for numbers, from x for arrays."""
        arrays = iter(["x", "y", "z", *[f"x{i}" for i in range(4, 100)]])
        numbers = iter(["a", "b", "c", *[f"a{i}" for i in range(4, 100)]])
        return [
            next(arrays if np.ndim(a) or isinstance(a, np.ndarray) else numbers) for a in self.args
        ]

    def __call__(self, *args: Any) -> Any:
        return self.run(args, call)

    def run(self, args: Sequence[Any], call: Caller) -> Any:
        """The value on these inputs, with `call(name, operands, params)` doing each step."""
        if len(args) != len(self.args):
            raise TypeError(
                f"This expression takes {len(self.args)} arguments, but was given {len(args)}."
            )
        nodes = list(args)
        for step in self.steps:
            given = [nodes[o.node] if isinstance(o, Ref) else o for o in step.operands]
            nodes.append(call(step.name, given, step.params))
        total = None
        for sink in self.sinks:
            part = nodes[sink]
            if (shape := getattr(part, "shape", ())) != ():
                part = call("sum", [call("mul", [part, weights(shape)], {})], {})
            total = part if total is None else call("add", [total, part], {})
        return total

    @property
    def source(self) -> str:
        """Python source that defines `f` and `args`."""
        names = [*self.parameters, *(f"v{i + 1}" for i in range(len(self.steps)))]
        lines = [f"def f({', '.join(self.parameters)}):"]
        for step, name in zip(self.steps, names[len(self.args) :], strict=True):
            given = [names[o.node] if isinstance(o, Ref) else o for o in step.operands]
            lines.append(f"    {name} = {call_text(step.name, given, step.params)}")
        shapes = self.shapes()
        parts = []
        for sink in self.sinks:
            shape = shapes[sink]
            weight = f"np.cos(np.arange({int(np.prod(shape))}.0)).reshape({shape})"
            parts.append(f"ad.sum({names[sink]} * {weight})" if shape else names[sink])
        lines += [f"    return {' + '.join(parts)}", "", ""]
        values = "".join(f"{text_of(a)}, " for a in self.args)
        lines.append(f"args = ({values.rstrip() if len(self.args) == 1 else values[:-2]})")
        imports = ["import numpy as np", "", "import autodiff as ad"]
        if any("operation(" in line for line in lines):  # one that has no public name
            imports.append("from autodiff.extend import operation")
        return "\n".join([*imports, "", "", *lines])

    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each input and of each step."""
        return [np.shape(n) for n in (*self.args, *_values(self.steps, list(self.args)))]

    def __repr__(self) -> str:
        return self.source


def weights(shape: tuple[int, ...]) -> Array:
    """What an array's entries are weighted by, so that none cancels another in the sum."""
    found: Array = np.cos(np.arange(float(np.prod(shape)))).reshape(shape)
    return found


# -- from what is drawn to what is defined -----------------------------------------------------


def build(args: Sequence[Any], choices: Sequence[Choice]) -> Expression:
    """The expression that the choices make of the inputs; what would not be defined is left out."""
    nodes = list(args)
    steps: list[Step] = []
    for choice in choices:
        found = _steps_for(choice, nodes)
        steps += found
        nodes += _values(found, nodes)
    return Expression(args, steps)


def _steps_for(choice: Choice, nodes: list[Any]) -> list[Step]:
    """The operation on nodes that it takes, with steps before it where only they make it fit."""
    primitive = operation(choice.name)
    kinds = kinds_of(primitive)
    if primitive.variadic:
        kinds = kinds[:1] * (2 + choice.constant % 2)
    domains = (symmetric, definite) if uses(primitive.name, 1)[0].symmetric else DOMAINS
    for domain, turn in itertools.product(domains, range(len(nodes))):
        refs = _operands(choice, kinds, len(nodes), turn)
        before, after = _prepared(domain, refs, nodes)
        step = _fitting(primitive, kinds, after, [*nodes, *_values(before, nodes)], choice.params)
        if step is not None:
            return [*before, step]
    return []


def _operands(choice: Choice, kinds: Sequence[str], count: int, turn: int) -> list[Any]:
    """Nodes for the operands that are floats, counted back from the last; None for the others.

    `turn` counts the attempts: each moves all operands but the first of several.
    """
    floats = [i for i, kind in enumerate(kinds) if kind == "f"]
    refs: list[Any] = [None] * len(kinds)
    for k, i in enumerate(floats):
        back = choice.operands[k % len(choice.operands)] + turn * (k > 0 or len(floats) == 1)
        refs[i] = Ref(count - 1 - back % count)
    if len(floats) == 2 == len(kinds) and choice.constant % 4 == 3:
        refs[1] = CONSTANTS[choice.constant // 4 % len(CONSTANTS)]
    return refs


def _prepared(
    domain: Callable[..., Any], refs: list[Any], nodes: list[Any]
) -> tuple[list[Step], list[Any]]:
    """The steps that bring operands into a domain, and the operands then."""
    before: list[Step] = []
    moved: dict[Ref, Ref] = {}
    for ref in refs:
        if isinstance(ref, Ref) and ref not in moved:
            steps = _steps_of(domain, ref, nodes[ref.node], len(nodes) + len(before))
            before += steps
            moved[ref] = Ref(len(nodes) + len(before) - 1) if steps else ref
    return before, [moved.get(ref, ref) if isinstance(ref, Ref) else ref for ref in refs]


def _steps_of(function: Callable[..., Any], ref: Ref, value: Any, start: int) -> list[Step]:
    """A function of one node as steps, read from the graph that it records."""
    leaf = Tensor(value) if isinstance(value, np.ndarray) else Value(value)
    places: dict[Any, Ref] = {leaf: ref}
    steps: list[Step] = []
    for node in topological(function(leaf)):
        if node is leaf or node._pullback is None:
            continue
        operands = tuple(places.get(o, o) if isinstance(o, Value) else o for o in operands_of(node))
        primitive = node._pullback.primitive
        places[node] = Ref(start + len(steps))
        names = zip(primitive.defaults, parameters_of(node), strict=True)
        steps.append(Step(primitive.name, operands, dict(names)))
    return steps


def _values(steps: Sequence[Step], nodes: list[Any]) -> list[Any]:
    """What steps compute, after these nodes."""
    known = list(nodes)
    for step in steps:
        given = [known[o.node] if isinstance(o, Ref) else o for o in step.operands]
        known.append(call(step.name, given, step.params))
    return known[len(nodes) :]


def _fitting(
    primitive: Primitive, kinds: Sequence[str], refs: list[Any], nodes: list[Any], chosen: int
) -> Step | None:
    """The operation on these operands, with the first parameters, from those chosen, that fit."""
    for operands in _with_constants(kinds, refs, nodes):
        given = [nodes[o.node] if isinstance(o, Ref) else o for o in operands]
        sets = parameter_sets(primitive)
        for params in (sets[(chosen + i) % len(sets)] for i in range(len(sets))):
            if _is_smooth(primitive, given, params):
                return Step(primitive.name, tuple(operands), params)
    return None


def _with_constants(kinds: Sequence[str], refs: list[Any], nodes: list[Any]) -> list[list[Any]]:
    """The operands, with conditions and indices of the shapes that may fit in their places."""
    if all(kind == "f" for kind in kinds):
        return [refs]
    rng = np.random.default_rng(0)
    shapes = dict.fromkeys(
        shape
        for ref in refs
        if isinstance(ref, Ref)
        for shape in (np.shape(nodes[ref.node]), np.shape(nodes[ref.node])[:-1])
    )
    return [
        [
            sample(kind, shape, rng) if ref is None else ref
            for kind, ref in zip(kinds, refs, strict=True)
        ]
        for shape in shapes
    ]


def _is_smooth(primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> bool:
    """Whether the result is finite, of moderate size, and smooth within a small step.

    The second difference of a smooth function is small, and grows with the square of the step.
    """
    middle = attempt(primitive.name, operands, params)
    if middle is None or middle.size > 100 or np.abs(middle).max() > _LARGEST:
        return False
    rng, h = np.random.default_rng(1), 1e-3
    moves = [
        rng.choice([-1.0, 1.0], np.shape(o)) if np.asarray(o).dtype.kind == "f" else None
        for o in operands
    ]
    ends = []
    for step in (-2 * h, 2 * h):
        moved = [o if m is None else o + step * m for o, m in zip(operands, moves, strict=True)]
        there = attempt(primitive.name, moved, params)
        if there is None or there.shape != middle.shape:
            return False
        ends.append(there)
    size = 1 + np.abs(middle).max()
    bend = np.abs(ends[0] - 2 * middle + ends[1]).max()
    slope = np.abs(ends[1] - ends[0]).max() / (4 * h)
    return bool(bend <= _STEEPEST * (2 * h) ** 2 * size and slope <= _STEEPEST * size)


def well_defined(expression: Expression) -> bool:
    """Whether the whole is finite and smooth at its inputs, and depends on one of them."""
    if not expression.steps:
        return False
    problem = Problem(expression, expression.args)
    if not np.isfinite(problem.value).all() or abs(problem.value[0]) > 1e4:
        return False
    v = direction(problem, np.random.default_rng(0))
    slope = central(along(problem, v), problem.value, 1.0, problem.eps)
    return bool(slope.smooth.all() and abs(slope.value[0]) < 1e5)


def named(operations: Sequence[str | Callable[..., Any]] | None) -> list[str]:
    """The names of operations, which may be given as functions; all of the registry for None."""
    if operations is None:
        return list(registered())
    if isinstance(operations, (str, bytes)) or not isinstance(operations, Sequence):
        raise TypeError(f"`operations` is a list of names, but it is {describe(operations)}.")
    return [primitive_of(operation).name for operation in operations]
