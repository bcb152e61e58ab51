"""Many cotangents pulled back in one walk: a stack of rows, along an axis in front of all others.

A rule is linear in its cotangent, and most hold as they are for one with more axes in front: axes
are counted from the end, a shape is the leading axes and the operand's. Which do is found by
trying: at the first use by a kind of node, on a few random rows, all together and one by one.
Where the two differ, that node pulls its rows back one by one, and the stack goes on.

A stack knows which rows it has, so that outputs which share nothing do not pay for each other.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..graph.modes import current_mode, within
from ..graph.node import data_of, operands_of, parameters_of, shape_of
from ..graph.tensor import Tensor
from ..graph.value import Value
from ..operations import joining, reductions, shapes
from ..operations.ties import GraphWantedError, recorded_by
from ..primitives.declare import is_ours
from ..primitives.primitive import forced
from ..primitives.pullback import apply_rule
from ..support.quiet import quiet
from .backward import ON_DATA, Parts, pull_plainly, pull_recorded, walk
from .entries import as_whole
from .rows import Rows
from .tape import Level, constant, or_zeros
from .unbroadcast import ones, unbroadcast

ndarray = np.ndarray

FEW, FEW_NUMBERS = 3, 8  # rows of arrays, and of numbers, that take less time one by one
LARGEST = 2**22  # entries, 32 MiB of float64, of the stacks of one node that are held at once


Seeds = Sequence[tuple[Value, Rows]]


def pull_units(
    level: Level, order: Sequence[Value], nodes: Sequence[Value], targets: Sequence[Value]
) -> list[Any]:
    """For each target what every entry of the nodes pulls back to it, a row for each entry."""
    count = sum(map(size, nodes))
    return _in_blocks(level, order, functools.partial(_units, nodes), targets, count)


def pull_given(
    level: Level, order: Sequence[Value], pairs: Sequence[tuple[Value, Any]],
    targets: Sequence[Value], count: int | None,
) -> list[Any]:  # fmt: skip
    """For each target what the nodes' cotangents pull back to it: stacks of so many, if any."""
    if count is None:
        pulled = level.pull(order, pairs)
        return [or_zeros(pulled.get(target), target) for target in targets]

    def seeds(begin: int, end: int) -> Seeds:
        return [(node, Rows(0, stack[begin:end])) for node, stack in pairs]

    return _in_blocks(level, order, seeds, targets, count)


def _in_blocks(
    level: Level, order: Sequence[Value], seeds: Callable[[int, int], Seeds],
    targets: Sequence[Value], count: int,
) -> list[Any]:  # fmt: skip
    """So many rows, in blocks of which no stack is larger than LARGEST, beside the answer."""
    largest = max(map(size, (*order, *targets)), default=1)
    block = max(1, LARGEST // max(largest, 1))
    if 0 < count <= block:
        return pull_rows(level, order, seeds(0, count), targets, count)
    pulled = (
        pull_rows(level, order, seeds(a, b := min(a + block, count)), targets, b - a)
        for a in range(0, count, block)
    )
    if level.nested and count:
        return [joining.concatenate(parts) for parts in zip(*pulled, strict=True)]
    found = [_all(None, target, count) for target in targets]
    for i, parts in enumerate(pulled):
        for whole, part in zip(found, parts, strict=True):
            whole[i * block : i * block + len(part)] = part
    return found


def _units(nodes: Sequence[Value], begin: int, end: int) -> Seeds:
    """The cotangents that are 1 for one entry: of all entries of the nodes, these."""
    ends = itertools.accumulate((size(node) for node in nodes), initial=0)
    seeds = []
    for node, first in zip(nodes, ends):
        a, b = max(begin, first), min(end, first + size(node))
        if a < b:
            unit = np.zeros((b - a, size(node)), getattr(node._data, "dtype", np.float64))
            unit[np.arange(b - a), np.arange(a - first, b - first)] = 1.0
            seeds.append((node, Rows(a - begin, unit.reshape(b - a, *shape_of(node)))))
    return seeds


def size(node: Value) -> int:
    """How many entries a node has."""
    return getattr(node._data, "size", 1)


def pull_rows(
    level: Level, order: Sequence[Value], seeds: Seeds, targets: Sequence[Value], count: int
) -> list[Any]:
    """The cotangents of each target, stacked: nodes if a transform around may want them."""
    watched = current_mode().lines is not None
    if watched or (count <= FEW and not level.nested):
        return _one_by_one(level, order, seeds, targets, range(count))
    try:
        if level.nested:
            return _recorded(order, seeds, targets, count)
        return _plainly(level, order, seeds, targets, count)
    except GraphWantedError:  # see `operations/ties.py`
        return _one_by_one(level, order, seeds, targets, range(count))


@quiet
def _plainly(
    level: Level, order: Sequence[Value], seeds: Seeds, targets: Sequence[Value], count: int
) -> list[Any]:
    """On plain data. A row with a NaN is pulled back by itself: see `operations/zeros.py`."""
    pulled = walk(order, seeds, _pull_plainly, inner=False)
    found = [_all(pulled.get(target), target, count) for target in targets]
    odd = np.zeros(count, bool)
    for stack in found:
        odd |= np.isnan(stack).any(axis=tuple(range(1, stack.ndim)))
    if odd.any():
        again = np.flatnonzero(odd)
        rows = _one_by_one(level, order, seeds, targets, again.tolist())
        for stack, row in zip(found, rows, strict=True):
            stack[again] = row
    return found


def _recorded(
    order: Sequence[Value], seeds: Seeds, targets: Sequence[Value], count: int
) -> list[Any]:
    """By the project's own operations: the stacks are nodes, with a graph behind."""
    interpreter = current_mode().interpreter
    with (
        np.errstate(all="ignore"), interpreter.backward_pass(), recorded_by(None, ())
    ):  # fmt: skip
        pulled = walk(order, seeds, _pull_recorded)
    interpreter.note_cotangents({node: rows.stack for node, rows in pulled.items()})
    return [_all(pulled.get(target), target, count) for target in targets]


def _all(rows: Rows | None, target: Value, count: int) -> Any:
    """All rows of a target: memory of its own."""
    if rows is None:
        data = target._data
        return np.zeros((count, *np.shape(data)), getattr(data, "dtype", np.float64))
    stack = rows.among(0, count)
    return stack.copy() if type(stack) is ndarray else stack


def _one_by_one(
    level: Level, order: Sequence[Value], seeds: Seeds, targets: Sequence[Value],
    which: Iterable[int],
) -> list[Any]:  # fmt: skip
    """These rows, each by a walk of its own."""
    rows = []
    for i in which:
        own = [
            (node, _row(r.stack, i - r.start, node)) for node, r in seeds if r.start <= i < r.stop
        ]
        pulled = level.pull(order, own)
        rows.append([or_zeros(pulled.get(target), target) for target in targets])
    return [_side_by_side(column) for column in zip(*rows, strict=True)]


def _side_by_side(parts: Iterable[Any]) -> Any:
    """These rows as a stack. NumPy makes numbers of arrays without axes: they keep their dtype."""
    return joining.stack([np.asarray(p) if isinstance(p, np.generic) else p for p in parts])


def _row(stack: Any, i: int, node: Value) -> Any:
    row = stack[i]
    return float(row) if type(stack) is ndarray and not isinstance(node, Tensor) else row


# -- the ways to pull a stack back -----------------------------------------------------------


def _pull_plainly(ct: Rows, node: Value) -> Parts:
    """By functions compiled from the rule, on plain data."""
    pullback: Any = node._pullback
    if pullback.primitive.elementwise or _holds(node):
        pull = pullback.pull_arrays or pullback.compiled("pull_arrays")
        with suppress(ArithmeticError, ValueError):  # as in `pull_plainly`
            return _in_rows(ct, pull(ct.stack, node))
    return _in_rows(ct, _each(pull_plainly, ct.stack, node))


def _pull_recorded(ct: Rows, node: Value) -> Parts:
    """By operations, so that what it gives is nodes with a graph behind them."""
    pullback: Any = node._pullback
    if pullback.primitive.elementwise or _holds(node):
        return _in_rows(ct, pull_recorded(ct.stack, node))
    return _in_rows(ct, _each(pull_recorded, ct.stack, node))


def _in_rows(ct: Rows, parts: Iterable[tuple[Value, Any]]) -> Parts:
    start, entries = ct.start, data_of(ct.stack).size
    found = []
    for operand, part in parts:
        if part is None:
            continue
        data, part = operand._data, as_whole(part)
        as_it_is = type(part) is ndarray is type(data) and part.shape[1:] == data.shape
        if not (as_it_is and part.dtype is data.dtype):
            part = _summed_to(part, operand)
        rows: Rows | None = Rows(start, part)
        # Of what is chosen only few rows may be left. Zeros last in what is no node.
        if type(part) is ndarray and 2 * part.size <= entries:
            rows = Rows(start, part).without_zeros()
        found.append((operand, rows))
    return found


def _each(pull: Callable[..., Any], stack: Any, node: Value) -> Iterator[tuple[Value, Any]]:
    """What each row gives by itself, stacked again: zeros where a row of zeros gives nothing."""
    pullback: Any = node._pullback
    inputs = pullback.inputs(node)
    rows = [
        [part for _, part in pull(_row(stack, i, node), node)] or [None] * len(inputs)
        for i in range(shape_of(stack)[0])
    ]
    for operand, parts in zip(inputs, zip(*rows, strict=True), strict=True):
        if any(part is not None for part in parts):
            yield operand, _side_by_side([_fitted(part, operand, node) for part in parts])


def _fitted(part: Any, operand: Value, node: Value) -> Any:
    return or_zeros(part if part is None else unbroadcast(part, operand, node), operand)


def _summed_to(stack: Any, operand: Value) -> Any:
    """Rows in the shape and dtype of the operand that they are of, broadcasting undone.

    What has fewer axes was the same for each entry along those in front, and is repeated.
    """
    data = operand._data
    shape, dtype = np.shape(data), getattr(data, "dtype", np.dtype(float))
    count, *found = shape_of(stack)
    extra = len(found) - len(shape)
    by_blas = type(stack) is ndarray and stack.dtype.char in "fd"  # in less time
    if found and not shape and by_blas:
        stack = stack.reshape(count, -1).dot(ones(math.prod(found), stack.dtype.char))
    elif extra == 1 and len(found) == 2 and by_blas:
        stack = ones(found[0], stack.dtype.char) @ stack
    elif extra > 0:
        stack = reductions.sum(stack, tuple(range(1, extra + 1)))
    elif extra < 0:
        stack = shapes.reshape(stack, (count, *(1,) * -extra, *found))
    lengths = shape_of(stack)
    axes = tuple(i for i in range(-len(shape), 0) if shape[i] == 1 != lengths[i])
    if axes:
        stack = reductions.sum(stack, axes, True)
    if shape_of(stack) != (count, *shape):
        stack = shapes.broadcast_to(stack, (count, *shape))
    return stack if data_of(stack).dtype == dtype else shapes.cast(stack, dtype)


# -- which rules hold ------------------------------------------------------------------------

_HELD: dict[Any, bool] = {}
_MANY = 10_000  # kinds of nodes, after which all are tried again


def _holds(node: Value) -> bool:
    """Whether the rule of a node pulls a stack back as it pulls each row back.

    A rule of the engine's does for all nodes of a kind, which the tests hold it to. One of a
    user's may for some values and not for others, and is tried at each node.
    """
    pullback: Any = node._pullback
    primitive, operands = pullback.primitive, operands_of(node)
    if not is_ours(primitive.rule):
        return within(ON_DATA, _is_tried, node, (_as_it_is, _in_general))
    key = (primitive, pullback.positions, *map(_kind, (*operands, *parameters_of(node))))
    held = _HELD.get(key)
    if held is None:
        if len(_HELD) >= _MANY:
            _HELD.clear()
        held = _HELD[key] = within(ON_DATA, _is_tried, node, (_in_general,))
    return held


def _kind(thing: Any) -> Any:
    """What of an operand or a static value a rule could ask for: axes, but not their lengths."""
    if thing is None:
        return None
    if type(thing) is int:
        return max(-9, min(thing, 9))
    if type(thing) is slice:
        return slice, _kind(thing.start), _kind(thing.stop), _kind(thing.step)
    data = data_of(thing)
    if type(data) is ndarray:
        return data.dtype.kind, *[2 if length > 2 else length for length in data.shape]
    if isinstance(data, (tuple, list)):
        return type(data), *map(_kind, data)
    if isinstance(data, int):
        return type(data), max(-9, min(data, 9))
    return type(data), repr(data) if isinstance(data, (str, np.dtype)) else None


@quiet
def _is_tried(node: Value, ways: Iterable[Callable[[Any], Any]]) -> bool:
    """Both ways on random rows, of which there are so many as no axis is long.

    What raises or gives another answer does not hold: by itself each row is right, or says why not.
    """
    try:
        return all(_agrees(node, way) for way in ways)
    except GraphWantedError:
        raise
    except Exception:  # a rule of a user's may raise anything
        return False


def _as_it_is(data: Any) -> Any:
    """Floats in a dtype in which a small difference shows; anything else as it is."""
    is_array = isinstance(data, ndarray) and data.dtype.kind == "f"
    return data.astype(np.float64, copy=False) if is_array else data


def _in_general(data: Any) -> Any:
    """The same, with other numbers for 0, infinity and NaN, which could hide what a rule does."""
    data = _as_it_is(data)
    if np.asarray(data).dtype.kind != "f":
        return data
    hides = ~np.isfinite(data) | (np.asarray(data) == 0)
    if not hides.any():
        return data
    found = np.array(data)
    found[hides] = np.random.default_rng(1).uniform(0.5, 1.5, np.count_nonzero(hides))
    return found if isinstance(data, ndarray) else float(found)


def _agrees(node: Value, way: Callable[[Any], Any]) -> bool:
    """Whether a stack pulled back is its rows pulled back, at such numbers."""
    pullback: Any = node._pullback
    operands, z = [way(data_of(o)) for o in operands_of(node)], way(node._data)
    inputs: list[Any] = [constant(operands[i], operands_of(node)[i]) for i in pullback.positions]
    lengths = {n for data in (z, *operands) for n in np.shape(data)}
    count = next(n for n in itertools.count(2) if n not in lengths)
    rows = np.random.default_rng(0).normal(size=(count, *np.shape(z)))

    def pulled(ct: Any) -> list[Any]:
        returned = apply_rule(pullback.primitive, ct, z, operands, node)
        return [as_whole(forced(returned[i])) for i in pullback.positions]

    one_by_one = [
        [None if p is None else unbroadcast(p, o, node) for p, o in zip(pulled(row), inputs)]
        for row in rows
    ]
    together = [None if p is None else _summed_to(p, o) for p, o in zip(pulled(rows), inputs)]
    return all(map(_are_alike, together, map(list, zip(*one_by_one, strict=True))))


def _are_alike(stack: Any, rows: list[Any]) -> bool:
    """Whether a stack is these rows, but for roundings."""
    if stack is None or any(row is None for row in rows):
        return stack is None and all(row is None for row in rows)
    expected, found = np.asarray(rows), np.asarray(stack)
    if expected.shape != found.shape:
        return False
    near = math.sqrt(np.finfo(found.dtype).eps)
    size = np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)
    return np.allclose(found, expected, near, near * size, equal_nan=True)
