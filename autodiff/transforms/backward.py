"""The backward pass: a walk over the graph, without recursion, that pulls cotangents back."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..graph.modes import MODES, current_mode, postponing, with_care
from ..graph.order import reverse_topological
from ..graph.tensor import ONE, Tensor, as_array
from ..graph.value import Value, brief, describe, is_finite, plain
from ..operations import reductions, shapes
from ..operations.zeros import times, times_choice
from ..primitives.anomaly import pulling_back
from ..primitives.lazy import Postponed, can_wait
from ..primitives.pullback import Link
from ..primitives.trial import check_cotangents

Cotangents = dict[Value, Any]
ndarray = np.ndarray


def backward(self: Value, cotangent: Any = None) -> None:
    """Pull `cotangent` (1 if not given) back through the graph that made this node.

    Sets `grad` on every node that this one depends on: leaves add it to what they have, inner
    nodes are set afresh. Raises ValueError, and changes nothing, for an output of more than
    one element without a cotangent, a cotangent of another shape, and a graph whose leaves
    have been changed since it was recorded.

    A second pass over the same graph adds the same to the leaves again. What was computed within
    `no_grad` is a constant: nothing is pulled back through it, and a node that the pass does not
    reach keeps the gradient it had (zero, if never reached). From a leaf the pass reaches that
    leaf alone. It may be called within `no_grad`, which is about recording, not about reading.

    >>> x = Value(2.0)
    >>> y = x * x * x
    >>> y.backward()
    >>> x.grad
    12.0
    >>> y.backward()
    >>> x.grad
    24.0
    >>> x.zero_grad()
    >>> x.grad
    0.0
    """
    ct = seed(self, cotangent)
    order = reverse_topological([self])
    pulled = pull_back(order, [(self, ct)])
    for node in order:
        node._grad = None
    for node, ct in pulled.items():
        if node._link is None and node._grad is not None:
            ct = node._grad + ct
        node._grad = ct


Value.backward = backward  # type: ignore[method-assign]


def seed(root: Value, cotangent: Any) -> Any:
    """`cotangent`, checked, as data of the shape and dtype of `root`; ones where it is None."""
    if cotangent is None:
        if not isinstance(root, Tensor):
            return 1.0
        if root.size != 1:
            ones = f"np.ones({root.shape})"
            raise ValueError(
                f"backward() starts from a scalar, but this Tensor has shape {root.shape}.\n"
                f"Reduce it first, as in `t.sum().backward()`, or say what to pull back: "
                f"`t.backward({ones})`."
            )
        return ONE if root.dtype == np.float64 and not root.ndim else np.ones_like(root._data)
    if isinstance(cotangent, Value):
        raise TypeError(
            f"The cotangent of backward() is plain numbers, but this is {describe(cotangent)}.\n"
            "Pass its `.data`; for derivatives of derivatives use `autodiff.vjp`."
        )
    if not isinstance(root, Tensor):
        return root._own(cotangent)
    ct = as_array(cotangent, copy=True, promote=True)
    if ct.shape != root.shape:
        raise ValueError(
            f"A cotangent has the shape of the output, {root.shape}, but this one has {ct.shape}.\n"
            f"Broadcast it first, as in `np.broadcast_to(cotangent, {root.shape})`."
        )
    return ct.astype(root.dtype, copy=False)


# No warning comes from here: what is singular has warned in the forward pass.
@np.errstate(all="ignore")
def pull_back(
    order: Sequence[Value], seeds: Sequence[tuple[Value, Any]], inner: bool = True
) -> Cotangents:
    """The cotangent, as plain data, of each node of `order` that one reaches from `seeds`.

    Those of inner nodes can be let go as soon as they are pulled back further (`inner=False`).

    A zero cotangent stops at a partial that is not finite. Floats are stopped at once. For
    arrays the plain product is taken first, which is faster; where that has made a NaN, the
    walk is done again with products that look.
    """
    watched = bool(MODES) and current_mode().lines is not None
    inner = inner or watched
    pulled = _walk(order, seeds, False, inner)
    if _has_nan(pulled):
        with with_care():
            pulled = _walk(order, seeds, True, inner)
    if watched:
        _check_pulled(order, pulled)
    return pulled


def _walk(
    order: Sequence[Value], seeds: Sequence[tuple[Value, Any]], careful: bool, inner: bool
) -> Cotangents:
    pulled: Cotangents = {}
    take: Any = pulled.get if inner else pulled.pop
    for node, ct in seeds:
        pulled[node] = pulled[node] + ct if node in pulled else ct
    for node in order:
        link: Any = node._link
        ct = take(node, None)
        if ct is None:
            continue
        if type(node) is Value:
            if not ct:
                continue
            pull = link.pull_floats
        else:
            pull = link.pull_carefully if careful else link.pull_arrays
        try:
            parts = pull(ct, node)
        except (ArithmeticError, ValueError):
            with with_care():
                parts = link.pull_ieee(ct, node)
        clock = node._clock
        try:
            for operand, part in parts:
                if operand._clock > clock:
                    _refuse_changed(operand, node)
                if part is None:
                    continue
                data = operand._data
                if type(part) is ndarray is type(data):
                    if part.shape != data.shape:
                        part = sum_to(part, data.shape)
                    if part.dtype is not data.dtype:
                        part = part.astype(data.dtype)
                elif type(data) is not float or type(part) is not float:
                    part = _fitted(part, data)
                before = pulled.get(operand)
                pulled[operand] = part if before is None else before + part
        except (ValueError, TypeError):
            found = [part for _, part in pull(ct, node)]
            check_cotangents(link.primitive, found, link.inputs(node), link.positions)
            raise
    return pulled


def _fitted(part: Any, data: Any) -> Any:
    """A cotangent in the shape and dtype of what it is of, with broadcasting undone."""
    if type(data) is float:
        return float(part if isinstance(part, float) else np.sum(part))
    part = np.asarray(part)
    if part.shape != data.shape:
        part = sum_to(part, data.shape)
    return part if part.dtype is data.dtype else part.astype(data.dtype)


def pull_edges(node: Value, ct: Any) -> tuple[Any, ...]:
    """What each of `node.inputs` gets from a cotangent at `node`, edge by edge.

    Raises ValueError where one of them was changed since.
    """
    link = node._link
    if link is None:
        return ()
    for operand in node.inputs:
        if operand._clock > node._clock:
            _refuse_changed(operand, node)
    parts: Any
    with np.errstate(all="ignore"):
        try:
            pull = link.pull_carefully if isinstance(node, Tensor) else link.pull_floats
            parts = pull(ct, node)
        except (ArithmeticError, ValueError):
            with with_care():
                parts = link.pull_ieee(ct, node)
        parts = parts or [(operand, None) for operand in node.inputs]
        return tuple(
            _fitted(0.0 if part is None else part, operand._data) for operand, part in parts
        )


def pull_back_recorded(
    order: Iterable[Value],
    seeds: Iterable[tuple[Value, Any]],
    waiting: Collection[Value] = frozenset(),
) -> Cotangents:
    """The same by the project's own operations: the cotangents are nodes, with a graph behind.

    Those of the nodes `waiting` are pulled back further, perhaps without being looked at.
    """
    interpreter = current_mode().interpreter
    with with_care(), interpreter.pulling():
        pulled = _walk_recorded(order, seeds, waiting)
    interpreter.pulled(pulled)
    return pulled


def _walk_recorded(
    order: Iterable[Value], seeds: Iterable[tuple[Value, Any]], waiting: Collection[Value]
) -> Cotangents:
    watched = current_mode().lines is not None
    pulled: Cotangents = {}
    for node, ct in seeds:
        pulled[node] = pulled[node] + ct if node in pulled else ct
    for node in order:
        link = node._link
        ct = pulled.get(node)
        if link is None or ct is None:
            continue
        with pulling_back(node) if watched else nullcontext():
            _pull_recorded(link, ct, node, pulled, waiting)
    return pulled


def _pull_recorded(
    link: Link, ct: Any, node: Value, pulled: Cotangents, waiting: Collection[Value]
) -> None:
    primitive = link.primitive
    parts, operands = link.recorded(ct, node), link.inputs(node)
    if primitive.elementwise:
        parts = [
            times_choice(ct, part) if primitive.choices[i] else _product(ct, part)
            for i, part in zip(link.positions, parts, strict=True)
        ]
    for operand, part, place in zip(operands, parts, link.positions, strict=True):
        if operand._clock > node._clock:
            _refuse_changed(operand, node)
        if callable(part):
            with postponing() if operand in waiting and can_wait(node, operand) else nullcontext():
                part = part()
        if part is None:
            continue
        try:
            part = _sum_to_recorded(part, operand)
        except (ValueError, TypeError):
            check_cotangents(primitive, [part], [operand], [place])
            raise
        before = pulled.get(operand)
        pulled[operand] = part if before is None else before + part


def _product(ct: Any, partial: Any) -> Any:
    """ct * partial, with nothing recorded for the partials 0 and 1."""
    if isinstance(partial, (int, float)):
        if partial == 0:
            return None
        if partial == 1:
            return ct
        if partial == -1:
            return -ct
        if math.isfinite(partial):  # nothing that a zero of the cotangent must stop
            return ct * partial
    if type(ct) is float and ct == 1.0:
        return partial
    return times(ct, partial)


def _sum_to_recorded(part: Any, operand: Value) -> Any:
    if type(part) is Tensor is type(operand):
        data, like = part._data, operand._data
        if data.shape == like.shape and data.dtype is like.dtype:
            return part
    if type(part) is Postponed:  # its shape and dtype are known to be the operand's
        return part
    if not isinstance(operand, Tensor):
        part = reductions.sum(part) if np.ndim(plain(part)) else part
        narrow = getattr(part, "dtype", np.float64) != np.float64
        return shapes.cast(part, np.float64) if narrow else part
    if not isinstance(part, Value):
        part = np.asarray(part)
    shape, found = operand.shape, np.shape(plain(part))
    if found != shape:
        extra = len(found) - len(shape)
        if extra > 0:
            part = reductions.sum(part, 0 if extra == 1 else tuple(range(extra)))
            found = found[extra:]
        axes = tuple(i for i in range(-len(found), 0) if shape[i] == 1 and found[i] != 1)
        if axes:
            part = reductions.sum(part, axes, True)
        if np.shape(plain(part)) != shape:
            part = shapes.broadcast_to(part, shape)
    dtype = getattr(plain(part), "dtype", operand.dtype)
    if dtype == operand.dtype:
        return part
    # A sum of plain numbers over all axes is a number, which would be taken for a float64.
    return shapes.cast(part if isinstance(part, Value) else np.asarray(part), operand.dtype)


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: the sum over the axes along which `shape` was repeated.

    What has fewer axes than `shape` was the same for each of its entries, and is repeated.
    """
    extra = array.ndim - len(shape)
    if extra == 1 == len(shape) and array.shape[1:] == shape and array.dtype.char in "fd":
        return ones(array.shape[0], array.dtype.char).dot(array)  # BLAS is faster
    if extra > 0:
        array = np.add.reduce(array, axis=tuple(range(extra)))
    if array.shape != shape:
        axes = tuple([i for i in range(-array.ndim, 0) if shape[i] == 1 and array.shape[i] != 1])
        if axes:
            array = array.sum(axis=axes, keepdims=True)
    return array if array.shape == shape else np.broadcast_to(array, shape)


@functools.lru_cache(maxsize=32)
def ones(count: int, char: str) -> Any:
    """A vector of ones, for sums by a product."""
    return np.ones(count, char)


def _has_nan(pulled: Cotangents) -> bool:
    """Whether a NaN has come down to a leaf: it would be what `argmax` finds first."""
    for node, ct in pulled.items():
        if node._link is None:
            if type(ct) is not float:
                ct = ct.item(ct.argmax()) if ct.size else 0.0
            if ct != ct:
                return True
    return False


def _refuse_changed(operand: Value, node: Value) -> None:
    before, clock = getattr(operand, "_before", (None, node._clock + 1))
    values = f"now it is {brief(operand._data)}"
    if clock <= node._clock:
        values = f"its value was {brief(before)}, {values}"
    raise ValueError(
        f"{operand.label()} was changed after `{node._link.primitive.symbol}` had used it "
        f"({values}), so its gradient would be wrong.\n"
        "Run the forward pass again, or draw and pull back before the change."
    )


def _check_pulled(order: Sequence[Value], pulled: Cotangents) -> None:
    """Raise for the first node that makes what is not finite of a cotangent that is."""
    lines: Any = current_mode().lines
    for node in order:
        ct = pulled.get(node)
        if ct is None or not is_finite(ct):
            continue
        for operand, part in zip(node.inputs, pull_edges(node, ct), strict=True):
            if not is_finite(part):
                values = ", ".join(brief(o._data) for o in node.inputs)
                raise FloatingPointError(
                    f"The pull-back of `{node._link.primitive.symbol}` gave {brief(part)} for "
                    f"{operand.label()}, from the cotangent {brief(ct)} at {values}.\n"
                    f"It was recorded here: {lines.get(id(node), 'before detect_anomaly()')}"
                )
