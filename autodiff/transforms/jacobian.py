"""Every derivative of every output: jacobian, hessian."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..graph.messages import checked_function
from ..graph.node import shape_of
from ..graph.order import between
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..operations import joining, shapes
from ..support.numbers import has_nan
from ..support.tree import leaves, unflatten
from .backward import pull_back_recorded
from .grad import grad
from .stacked import FEW, FEW_NUMBERS, pull_units, size
from .tape import Level, Tape, Transformed, constant, one_like, or_zeros

FORWARD = 3  # times as many outputs as inputs, from which on columns are pushed in less time


def jacobian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives every derivative of every output, of shape `out.shape + in.shape`.

    Outputs and arguments may be nested: the answer has the structure of the output, with the
    structure of the argument in the place of each of its leaves. All rows are pulled back in one
    walk, or all columns pushed forward where there are clearly fewer inputs than outputs: see
    `jacrev` and `jacfwd`. Beside the answer and one pass it takes at most 32 MiB for each array
    that is pulled back.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    checked_function(f, "jacobian")
    return Transformed(_jacobian, f, argnums, has_aux)


def jacrev(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """What `jacobian` gives, by rows that are pulled backward: one for each entry of an output.

    >>> jacrev(lambda x: x[:1] * x[1:])(np.array([2.0, 3.0, 4.0]))
    array([[3., 2., 0.],
           [4., 0., 2.]])
    """
    checked_function(f, "jacrev")
    return Transformed(_backward, f, argnums, has_aux)


def jacfwd(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """What `jacobian` gives, by columns that are pushed forward: one for each entry of an input.

    >>> jacfwd(lambda x: x * np.array([1.0, 10.0]))(3.0)
    array([ 1., 10.])
    """
    checked_function(f, "jacfwd")
    return Transformed(_forward, f, argnums, has_aux)


def _jacobian(tape: Tape) -> Any:
    outputs = sum(map(size, tape.nodes))
    if outputs > FEW and FORWARD * sum(map(size, tape.targets)) <= outputs:
        answer = _forward(tape)
        # Forward, a zero that meets an infinity may be NaN where the walk backward stops at it.
        if tape.level.nested or not any(
            map(has_nan, leaves(answer[0] if tape.has_aux else answer))
        ):
            return answer
    return _backward(tape)


def _backward(tape: Tape) -> Any:
    stacks = pulled_rows(tape.level, tape.order, tape.nodes, tape.targets)
    rows = _ranges(tape.nodes)

    def block(out: Value, j: int, target: Value, i: int) -> Any:
        part, shape = _taken(stacks[i], rows[j]), shape_of(out) + shape_of(target)
        return shapes.reshape(_joined(part, target), shape) if shape else _number(part)

    return _answer(tape, block)


def _forward(tape: Tape) -> Any:
    """By the pull-back of the pull-back, as `jvp` is: its rows are columns of the answer."""
    cotangents = [constant(one_like(node), node) for node in tape.nodes]
    with np.errstate(all="ignore"):
        pulled = pull_back_recorded(tape.order, list(zip(tape.nodes, cotangents, strict=True)))
    found = [pulled.get(target) for target in tape.targets]
    moving = [node for node in found if isinstance(node, Value)]
    stacks = pulled_rows(tape.level, between(moving, cotangents), moving, cotangents)
    columns: dict[Any, slice] = dict(zip(moving, _ranges(moving), strict=True))

    def block(out: Value, j: int, target: Value, i: int) -> Any:
        if found[i] not in columns:
            return _nothing(shape_of(out), target)
        part, shape = _taken(stacks[j], columns[found[i]]), shape_of(out) + shape_of(target)
        if not shape:
            return _number(part)
        part = shapes.moveaxis(_joined(part, out), 0, -1)
        if isinstance(part, np.ndarray):
            part = np.ascontiguousarray(part)
        return shapes.reshape(part, shape)

    return _answer(tape, block)


def pulled_rows(
    level: Level, order: Sequence[Value], nodes: Sequence[Value], targets: Sequence[Value]
) -> Sequence[Any]:
    """For each target the rows that the entries of the nodes pull back: a stack, or few rows.

    Where all are numbers they stay numbers, of which no stack is made for a transform around.
    """
    numbers = not any(isinstance(node, Tensor) for node in (*nodes, *targets))
    count = sum(map(size, nodes))
    if count > (FEW_NUMBERS if numbers else FEW) and not (numbers and level.nested):
        return pull_units(level, order, nodes, targets)
    rows = [level.pull(order, [unit]) for node in nodes for unit in _units(node)]
    return [tuple([or_zeros(row.get(target), target) for row in rows]) for target in targets]


def _units(node: Value) -> Iterator[tuple[Value, Any]]:
    """A node, with each of the cotangents that are 1 for one entry."""
    if not isinstance(node, Tensor):
        yield node, 1.0
        return
    for place in np.ndindex(node.shape):
        unit = np.zeros(node.shape, node.dtype)
        unit[place] = 1.0
        yield node, unit


def _ranges(nodes: Sequence[Value]) -> list[slice]:
    """Of all entries of the nodes, one after another, where those of each are."""
    ends = [0, *itertools.accumulate(map(size, nodes))]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def _taken(rows: Any, place: slice) -> Any:
    """Those rows: of all of them no view, which a program would write."""
    return rows if place == slice(0, len(rows)) else rows[place]


def _joined(rows: Any, like: Value) -> Any:
    """A stack as it is, and few rows as one."""
    if not isinstance(rows, tuple):
        return rows
    if any(isinstance(row, Value) for row in rows):
        return joining.stack(rows)
    return np.array(rows) if rows else _nothing((0,), like)


def _number(rows: Any) -> Any:
    """The only row, which is one number: a float, a node, or an array of one's own."""
    row = rows[0]
    return row if type(row) is float or isinstance(row, Value) else np.array(row)


def _answer(tape: Tape, block: Callable[..., Any]) -> Any:
    """The blocks for each output and target, in their structures."""
    places = itertools.count()
    blocks = []
    for out in leaves(tape.out):
        if isinstance(out, Value):
            j = next(places)
            row = [block(out, j, target, i) for i, target in enumerate(tape.targets)]
        else:
            row = [_nothing(shape_of(out), target) for target in tape.targets]
        pairs = zip(row, tape.targets, strict=True)
        blocks.append(tape.structured([_in_kind(part, target) for part, target in pairs]))
    answer = unflatten(tape.out, blocks)
    return (answer, tape.aux) if tape.has_aux else answer


def _nothing(shape: tuple[int, ...], target: Value) -> Any:
    return np.zeros(shape + shape_of(target), getattr(target._data, "dtype", None))


def _in_kind(part: Any, target: Value) -> Any:
    """A block in the dtype of what it is by, as a gradient is; a float by a number."""
    if not isinstance(part, (np.ndarray, Tensor)):
        return part
    dtype = getattr(target._data, "dtype", np.float64)
    part = part if part.dtype == dtype else shapes.cast(part, dtype)
    number = isinstance(part, np.ndarray) and not (part.ndim or isinstance(target, Tensor))
    return part.item() if number else part


def hessian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the second derivatives of f: the Jacobian of its gradient.

    >>> hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 3.0]))
    array([[0., 6.],
           [6., 2.]])
    """
    return jacobian(grad(checked_function(f, "hessian"), argnums, has_aux), argnums, has_aux)
